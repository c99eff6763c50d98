"""Answers of the query API for tests of the screens, made with only what a test is about."""

from dataclasses import MISSING, fields
from typing import Any

from spanledger_schema.api import SessionEvent, SessionRow, SpanDetail, Totals

START = "2026-11-21T11:00:00.000000000Z"

EMPTY: dict[str, Any] = {
    "lines": [], "parameters": {}, "input": [], "output": [], "attributes": {}, "events": [],
    "logs": [], "links": [], "resource": {}, "scope": {}, "flags": [],
}  # fmt: skip


def span_detail(**known: Any) -> SpanDetail:
    """Return a call that says nothing but what is `known`."""
    given = {
        "trace_id": "1" * 32, "span_id": "2" * 16, "session_id": "s", "name": "chat", "kind": "llm",
        "dialect": "genai", "status": "ok", "started_at": START, "billed": True,
    }  # fmt: skip
    return SpanDetail(**filled(SpanDetail, EMPTY | given | known))


def session_event(number: int = 0, **known: Any) -> SessionEvent:
    """Return step `number` of a session."""
    given = {
        "seq": number, "trace_id": "1" * 32, "span_id": f"{number:016x}", "depth": 0, "kind": "llm",
        "name": "chat", "started_at": START, "offset_ns": number * 10**9, "duration_ns": 10**9,
        "status": "ok", "billed": True, "running_input_tokens": 0, "running_output_tokens": 0,
        "running_cost_usd": "0", "running_unpriced_calls": 0,
    }  # fmt: skip
    return SessionEvent(**filled(SessionEvent, given | known))


def session_row(**known: Any) -> SessionRow:
    """Return a session of one call."""
    given = {
        "id": "s", "reported": True, "name": "refund", "status": "ok", "started_at": START,
        "ended_at": START, "duration_ns": 10**9, "waiting_ns": 0, "traces": 1, "spans": 1,
        "totals": Totals(),
    }  # fmt: skip
    return SessionRow(**filled(SessionRow, given | known))


def filled(shape: Any, known: dict[str, Any]) -> dict[str, Any]:
    """Return values for all fields that a shape requires: None for what is not known."""
    required = [f.name for f in fields(shape) if f.default is f.default_factory is MISSING]
    return dict.fromkeys(required) | known
