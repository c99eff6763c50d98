"""Rows of the query API as rows of a ledger: sessions, traces, calls. Pure; knows no Streamlit."""

from datetime import datetime, tzinfo
from urllib.parse import urlencode

from spanledger_schema.api import SessionRow, Totals
from spanledger_schema.api_tables import CallRow, TraceRow
from spanledger_ui import text
from spanledger_ui.components import Column, Row

SESSIONS: list[Column] = [
    {"key": "started", "label": "Started"},
    {"key": "session", "label": "Session", "wide": True},
    {"key": "user", "label": "User"},
    {"key": "steps", "label": "Steps", "align": "right"},
    {"key": "errors", "label": "Errors", "align": "right"},
    {"key": "duration", "label": "Duration", "align": "right"},
    {"key": "tokens", "label": "Tokens", "align": "right"},
    {"key": "dollars", "label": "USD", "align": "right"},
    {"key": "left_out", "label": ""},
    {"key": "status", "label": "Status"},
]

TRACES: list[Column] = [
    {"key": "started", "label": "Started"},
    {"key": "session", "label": "Trace", "wide": True},
    *SESSIONS[2:],
]

CALLS: list[Column] = [
    {"key": "started", "label": "Started"},
    {"key": "session", "label": "Call", "wide": True},
    {"key": "user", "label": "User"},
    {"key": "agent", "label": "Agent"},
    {"key": "duration", "label": "Duration", "align": "right"},
    {"key": "input", "label": "Tokens in", "align": "right"},
    {"key": "output", "label": "Tokens out", "align": "right"},
    {"key": "dollars", "label": "USD", "align": "right"},
    {"key": "status", "label": "Status"},
]


def session_row(session: SessionRow, zone: tzinfo, now: datetime) -> Row:
    """Return the line of one session."""
    totals = session.totals
    return {
        "href": f"replay?{urlencode({'session': session.id})}",
        "pick": session.id,
        "cells": {
            "started": text.moment(session.started_at, zone, now),
            "session": {
                "text": session.name or session.id,
                "under": session.agent or session.service or "",
                "title": session.id,
            },
            "user": session.user_id or text.UNKNOWN,
            "steps": text.count(session.spans),
            "errors": errors(totals.errors),
            "duration": text.duration(session.duration_ns),
            "tokens": tokens(totals),
            "dollars": dollars(totals),
            "left_out": left_out(totals),
            "status": {"text": session.status, "tone": session.status},
        },
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


def trace_row(trace: TraceRow, zone: tzinfo, now: datetime) -> Row:
    """Return the line of one trace; it opens its session."""
    totals = trace.totals
    return {
        "href": f"replay?{urlencode({'session': trace.session_id})}",
        "cells": {
            "started": text.moment(trace.started_at, zone, now),
            "session": {
                "text": trace.name or trace.id,
                "under": trace.agent or trace.service or "",
                "title": trace.id,
            },
            "user": trace.user_id or text.UNKNOWN,
            "steps": text.count(trace.spans),
            "errors": errors(totals.errors),
            "duration": text.duration(trace.duration_ns),
            "tokens": tokens(totals),
            "dollars": dollars(totals),
            "left_out": left_out(totals),
            "status": {"text": trace.status, "tone": trace.status},
        },
    }


def call_row(call: CallRow, zone: tzinfo, now: datetime) -> Row:
    """Return the line of one call; it opens its session at this step."""
    step = {"session": call.session_id or call.trace_id, "event": f"{call.trace_id}.{call.span_id}"}
    unpriced = call.cost_usd is None and call.input_tokens is None and call.output_tokens is None
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
                "text": text.UNKNOWN if unpriced else text.usd(call.cost_usd),
                "title": call.price_reason or text.exact_usd(call.cost_usd),
                "tone": "quiet" if call.cost_usd is None else "",
            },
            "status": {"text": call.status, "tone": call.status},
        },
    }


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
