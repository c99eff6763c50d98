"""A session's skeleton as the bytes that `replay/model.mjs` reads.

`SessionEvents` come in; one digest and one JSON object of columns go out, so that ten thousand
steps travel once and a rerun that changes nothing is recognised without parsing them.
"""

import json
from collections.abc import Callable, Sequence
from datetime import datetime, tzinfo
from hashlib import blake2b
from typing import Any

from spanledger_schema.api import SessionEvent, SessionEvents, SessionRow
from spanledger_ui import text

PREVIEW_CHARS = 200

COLUMNS: dict[str, Callable[[SessionEvent], Any]] = {
    "key": lambda e: key(e),
    "depth": lambda e: e.depth,
    "kind": lambda e: kind(e),
    "name": lambda e: one_line(e.name),
    "preview": lambda e: one_line(preview(e)) or None,
    "offset": lambda e: e.offset_ns,
    "duration": lambda e: e.duration_ns,
    "status": lambda e: e.status,
    "error": lambda e: e.error_type,
    "who": lambda e: e.model or e.tool or e.node or (e.agent if e.kind == "agent" else None),
    "agent": lambda e: short(e.agent),
    "node": lambda e: short(e.node),
    "from": lambda e: short(e.state_from),
    "to": lambda e: short(e.state_to),
    "reason": lambda e: short(e.reason),
    "input": lambda e: e.input_tokens,
    "output": lambda e: e.output_tokens,
    "cost": lambda e: e.cost_usd,
    "source": lambda e: e.cost_source,
    "unbilled": lambda e: e.not_billed_because if not e.billed else None,
    "runningInput": lambda e: e.running_input_tokens,
    "runningOutput": lambda e: e.running_output_tokens,
    "runningCost": lambda e: e.running_cost_usd,
    "runningUnpriced": lambda e: e.running_unpriced_calls,
}


def packed(skeleton: SessionEvents, zone: tzinfo, now: datetime) -> bytes:
    """Return the payload: 32 hexadecimal digits, then JSON."""
    session = skeleton.session
    body = {
        "title": one_line(session.name) or session.id,
        "facts": facts(session, zone, now),
        "notes": notes(skeleton),
        "status": session.status,
        "duration": session.duration_ns,
        "total": skeleton.total_events,
        "columns": columns(skeleton.events),
    }
    # lone surrogates, which some senders cut emoji into, have no UTF-8: "?" stands for them
    payload = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")
    return blake2b(payload, digest_size=16).hexdigest().encode() + payload


def columns(events: Sequence[SessionEvent]) -> dict[str, list[Any]]:
    """Return all steps by column; a parent is its place among them, -1 where it is none of them."""
    places = {(e.trace_id, e.span_id): place for place, e in enumerate(events)}
    parents = [places.get((e.trace_id, e.parent_span_id or ""), -1) for e in events]
    return {name: [read(e) for e in events] for name, read in COLUMNS.items()} | {"parent": parents}


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


def notes(skeleton: SessionEvents) -> list[str]:
    """Return what a reader must know before trusting this view."""
    shown, total = len(skeleton.events), skeleton.total_events
    left = [f"Showing the first {shown:,} of {total:,} steps"] if shown < total else []
    return [*left, *text.caveats(skeleton.session.totals)]


def key(event: SessionEvent) -> str:
    """Return what names a step in the URL: "trace.span"."""
    return f"{event.trace_id}.{event.span_id}"


def kind(event: SessionEvent) -> str:
    """Return what a step is to the reader: a plain span that changed a state is a state change."""
    changed = event.state_from is not None or event.state_to is not None
    return "state" if changed and event.kind == "span" else event.kind


def preview(event: SessionEvent) -> str:
    """Return the one line that says what a step was about."""
    if event.state_from or event.state_to:
        change = f"{event.state_from or '…'} → {event.state_to or '…'}"
        return f"{change}  {event.reason}" if event.reason else change
    said: Sequence[str | None] = (event.error_type, event.verdict, event.preview or event.reason)
    return "  ".join(dict.fromkeys(part for part in said if part))


def short(raw: str | None) -> str | None:
    """Return text as one line, None where there is none."""
    return one_line(raw) or None if raw else None


def one_line(raw: str) -> str:
    """Return text without line breaks, cut to what a row can show."""
    return " ".join(raw[: 2 * PREVIEW_CHARS].split())[:PREVIEW_CHARS]
