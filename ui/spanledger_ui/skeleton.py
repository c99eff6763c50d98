"""A session's skeleton as the bytes that `replay/model.mjs` reads.

`SessionColumns` come in; one digest and one JSON object of columns go out, so that ten thousand
steps travel once and a rerun that changes nothing is recognised without parsing them.
"""

import json
from collections.abc import Mapping
from datetime import datetime, tzinfo
from hashlib import blake2b
from typing import Any, NamedTuple

from spanledger_schema.api import SessionColumns, SessionEvent, SessionRow
from spanledger_ui import text

PREVIEW_CHARS = 200

Columns = Mapping[str, list[Any]]

PLAIN = {
    "depth": "depth",
    "offset": "offset_ns",
    "duration": "duration_ns",
    "status": "status",
    "error": "error_type",
    "input": "input_tokens",
    "output": "output_tokens",
    "cost": "cost_usd",
    "source": "cost_source",
    "unbilled": "not_billed_because",
    "runningInput": "running_input_tokens",
    "runningOutput": "running_output_tokens",
    "runningCost": "running_cost_usd",
    "runningUnpriced": "running_unpriced_calls",
}
"""Columns of the browser that are the API's."""

SHORT = {
    "agent": "agent",
    "node": "node",
    "from": "state_from",
    "to": "state_to",
    "reason": "reason",
}
"""Columns of the browser that are the API's, cut to what a row can show."""


class Step(NamedTuple):
    """What of a step has to be looked at together."""

    kind: str
    preview: str | None
    error_type: str | None
    verdict: str | None
    reason: str | None
    state_from: str | None
    state_to: str | None
    model: str | None
    tool: str | None
    node: str | None
    agent: str | None


IDS = ("trace_id", "span_id", "parent_span_id")
FIELDS = tuple(dict.fromkeys((*IDS, "name", *PLAIN.values(), *SHORT.values(), *Step._fields)))
"""What is asked of the API."""


def packed(told: SessionColumns, zone: tzinfo, now: datetime) -> bytes:
    """Return the payload: 32 hexadecimal digits, then JSON."""
    session = told.session
    body = {
        "title": one_line(session.name) or session.id,
        "facts": facts(session, zone, now),
        "notes": notes(told),
        "status": session.status,
        "duration": session.duration_ns,
        "total": told.total_events,
        "columns": columns(told.columns),
    }
    # lone surrogates, which some senders cut emoji into, have no UTF-8: "?" stands for them
    payload = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")
    return blake2b(payload, digest_size=16).hexdigest().encode() + payload


def columns(told: Columns) -> dict[str, list[Any]]:
    """Return all steps by column; a parent is its place among them, -1 where it is none of them."""
    traces, spans, above = (told[name] for name in IDS)
    places = {ids: place for place, ids in enumerate(zip(traces, spans, strict=True))}
    steps = list(map(Step, *(told[name] for name in Step._fields)))
    return {
        "key": [f"{trace}.{span}" for trace, span in zip(traces, spans, strict=True)],
        "parent": [places.get(ids, -1) for ids in zip(traces, above, strict=True)],
        "kind": [kind(step) for step in steps],
        "name": [one_line(name) for name in told["name"]],
        "preview": [one_line(preview(step)) or None for step in steps],
        "who": [who(step) for step in steps],
        **{name: told[field] for name, field in PLAIN.items()},
        **{name: [short(text) for text in told[field]] for name, field in SHORT.items()},
    }


def facts(session: SessionRow, zone: tzinfo, now: datetime) -> list[str]:
    """Return what the heading says of a session: who, when, how long, how much."""
    worked = text.duration(session.duration_ns - session.waiting_ns)
    took = text.duration(session.duration_ns)
    if session.waiting_ns:
        took = f"{took} ({worked} work, {text.duration(session.waiting_ns)} wait)"
    who = (session.agent, session.user_id, session.environment)
    return [
        *(one_line(name) for name in who if name),
        text.moment(session.started_at, zone, now),
        took,
        text.spent(session.totals),
        *(one_line(model) for model in session.models),
    ]


def notes(told: SessionColumns) -> list[str]:
    """Return what a reader must know before trusting this view."""
    shown, total = len(told.columns["span_id"]), told.total_events
    left = [f"Showing the first {shown:,} of {total:,} steps"] if shown < total else []
    return [*left, *text.caveats(told.session.totals)]


def first_key(told: SessionColumns) -> str | None:
    """Return the key of the first step, None without one."""
    ids = zip(told.columns["trace_id"], told.columns["span_id"], strict=True)
    return next((f"{trace_id}.{span_id}" for trace_id, span_id in ids), None)


def key(event: SessionEvent) -> str:
    """Return what names a step in the URL: "trace.span"."""
    return f"{event.trace_id}.{event.span_id}"


def who(step: Step) -> str | None:
    """Return the model, tool or node that acted, the agent of an agent."""
    return step.model or step.tool or step.node or (step.agent if step.kind == "agent" else None)


def kind(event: Step | SessionEvent) -> str:
    """Return what a step is to the reader: a plain span that changed a state is a state change."""
    changed = event.state_from is not None or event.state_to is not None
    return "state" if changed and event.kind == "span" else event.kind


def preview(event: Step | SessionEvent) -> str:
    """Return the one line that says what a step was about."""
    if event.state_from or event.state_to:
        change = f"{event.state_from or '…'} → {event.state_to or '…'}"
        return f"{change} · {event.reason}" if event.reason else change
    words = event.preview or event.reason or ""
    verdict = None if words.startswith(event.verdict or "") else event.verdict
    return " · ".join(dict.fromkeys(part for part in (event.error_type, verdict, words) if part))


def short(raw: str | None) -> str | None:
    """Return text as one line, None where there is none."""
    return one_line(raw) or None if raw else None


def one_line(raw: str) -> str:
    """Return text without line breaks, cut to what a row can show."""
    return " ".join(raw[: 2 * PREVIEW_CHARS].split())[:PREVIEW_CHARS]
