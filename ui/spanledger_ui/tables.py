"""Rows of the query API as rows of a ledger: sessions, traces, calls. Pure; knows no Streamlit."""

from datetime import datetime, tzinfo
from urllib.parse import urlencode

from spanledger_schema.api import SessionRow, Totals
from spanledger_schema.api_tables import CallRow, TraceRow
from spanledger_ui import text
from spanledger_ui.components import Cell, Column, Row, columns

SESSIONS = columns({
    "started": "Started", "session": "Session", "user": "User", "steps": "Steps",
    "errors": "Errors", "duration": "Duration", "tokens": "Tokens", "dollars": "USD",
    "left_out": "", "status": "Status",
}, wide="session", numbers="steps errors duration tokens dollars")  # fmt: skip

TRACES: list[Column] = [
    {"key": "started", "label": "Started"},
    {"key": "session", "label": "Trace", "wide": True},
    *SESSIONS[2:],
]

CALLS = columns({
    "started": "Started", "session": "Call", "user": "User", "agent": "Agent",
    "duration": "Duration", "input": "Tokens in", "output": "Tokens out", "dollars": "USD",
    "status": "Status",
}, wide="session", numbers="duration input output dollars")  # fmt: skip


def session_row(session: SessionRow, zone: tzinfo, now: datetime) -> Row:
    """Return the line of one session."""
    href = f"replay?{urlencode({'session': session.id})}"
    return {"href": href, "pick": session.id, "cells": run_cells(session, zone, now)}


def trace_row(trace: TraceRow, zone: tzinfo, now: datetime) -> Row:
    """Return the line of one trace; it opens its session."""
    href = f"replay?{urlencode({'session': trace.session_id})}"
    return {"href": href, "cells": run_cells(trace, zone, now)}


def run_cells(run: SessionRow | TraceRow, zone: tzinfo, now: datetime) -> dict[str, Cell]:
    """Return the cells of a session or a trace."""
    totals = run.totals
    return {
        "started": text.moment(run.started_at, zone, now),
        "session": {
            "text": run.name or run.id,
            "under": run.agent or run.service or "",
            "title": run.id,
        },
        "user": run.user_id or text.UNKNOWN,
        "steps": text.count(run.spans),
        "errors": errors(totals.errors),
        "duration": text.duration(run.duration_ns),
        "tokens": tokens(totals),
        "dollars": dollars(totals),
        "left_out": left_out(totals),
        "status": {"text": run.status, "tone": run.status},
    }


def comparison(left: str, right: str) -> str:
    """Return the address that compares two sessions."""
    return f"compare?{urlencode({'left': left, 'right': right})}"


def errors(number: int) -> dict[str, str] | str:
    """Return the cell of an error count; none is quiet."""
    return {"text": f"{number:,}", "tone": "error"} if number else {"text": "0", "tone": "quiet"}


def left_out(totals: Totals) -> dict[str, str]:
    """Return the cell that says what the dollars beside it leave out."""
    priced = totals.cost_usd is not None
    short = f"+ {totals.unpriced_calls:,} unpriced" if priced and totals.unpriced_calls else ""
    if not short and totals.estimated_calls:
        short = f"≈ {text.estimated_share(totals)}"
    return {"text": short, "title": "; ".join(text.left_out(totals)), "tone": "quiet"}


def call_row(call: CallRow, zone: tzinfo, now: datetime) -> Row:
    """Return the line of one call; it opens its session at this step."""
    step = {"session": call.session_id or call.trace_id, "event": f"{call.trace_id}.{call.span_id}"}
    unpriced = call.cost_usd is None and call.input_tokens is None and call.output_tokens is None
    estimated = call.cost_usd is not None and call.cost_source == "estimated"
    about, source = ("≈ ", ", estimated") if estimated else ("", "")
    return {
        "href": f"replay?{urlencode(step)}",
        "cells": {
            "started": text.moment(call.started_at, zone, now),
            "session": {
                "text": call.model or call.name,
                "under": call.preview or call.name,
                "title": call.name,
            },
            "user": call.user_id or text.UNKNOWN,
            "agent": call.agent or call.node or text.UNKNOWN,
            "duration": text.duration(call.duration_ns),
            "input": exactly(call.input_tokens),
            "output": exactly(call.output_tokens),
            "dollars": {
                "text": text.UNKNOWN if unpriced else f"{about}{text.usd(call.cost_usd)}",
                "title": call.price_reason or f"{text.exact_usd(call.cost_usd)}{source}",
                "tone": "quiet" if call.cost_usd is None else "",
            },
            "status": ended(call.status),
        },
    }


def ended(status: str) -> Cell:
    """Return how a call ended; a sender that reports no status leaves it unknown."""
    return text.UNKNOWN if status == "unset" else {"text": status, "tone": status}


def tokens(totals: Totals) -> dict[str, str]:
    """Return the cell of all tokens of a total."""
    both = text.reported(totals.input_tokens + totals.output_tokens, totals)
    said = f"{totals.input_tokens:,} in, {totals.output_tokens:,} out"
    return {"text": text.compact(both), "title": said}


def dollars(totals: Totals) -> dict[str, str]:
    """Return the cell of the dollars of a total."""
    return {
        "text": text.total_usd(totals),
        "title": text.exact_usd(totals.cost_usd),
        "tone": "quiet" if totals.cost_usd is None else "",
    }


def exactly(number: int | None) -> dict[str, str]:
    """Return a short count whose tooltip is exact."""
    return {"text": text.compact(number), "title": text.count(number)}
