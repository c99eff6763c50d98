"""One span with all that is known of it: facts and bill from the ledger, words from the payload.

The conversation is read from the attributes as they were sent, by the same dialects that read the
facts, at the moment somebody looks.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import orjson

from spanledger_collector import normalise
from spanledger_collector.moments import rfc3339
from spanledger_collector.money import dollars
from spanledger_collector.steps import NO_SPAN, is_line
from spanledger_collector.store import Store
from spanledger_schema.api import (
    BillLine,
    ChatMessage,
    MessagePart,
    SpanDetail,
    SpanEvent,
    StateChange,
)
from spanledger_schema.span import Content, Event, Message, Scope, Span, Value

Row = Mapping[str, Any]

NO_PAYLOAD = {"attributes": "{}", "events": "", "links": "", "resource": "{}", "scope": "{}"}

TEXTS_OR_NONE = (
    "error_type", "error_message", "agent", "node", "tool", "tool_call_id", "provider",
    "request_model", "response_model", "response_id", "finish_reason", "state_from", "state_to",
    "reason", "verdict", "usage_source", "semantics_basis", "cost_source", "price_status",
    "price_reason", "price_id", "model_priced", "estimate_method",
)  # fmt: skip

AS_STORED = (
    "name", "kind", "dialect", "status", "ttft_ns", "streaming", "input_tokens",
    "cache_read_tokens", "cache_write_tokens", "output_tokens", "reasoning_tokens",
    "estimate_error_pct",
)  # fmt: skip


def span_detail(store: Store, project: str, trace_id: str, span_id: str) -> SpanDetail | None:
    """Return one span, or None when there is none of these ids (both in hex)."""
    ids = {"project": project, "trace": trace_id, "span": span_id}
    row = next(store.rows("span", **ids), None)
    if row is None:
        return None
    payload = next(store.rows("payload", **ids), None)
    records = [record(r) for r in store.rows("span_records", **ids)]
    span = span_as_sent(row, payload or NO_PAYLOAD)
    content = normalise.content(span, records)
    return SpanDetail(
        **ledger(row),
        **words(content),
        changes=changes(content) if row["node"] else [],
        attributes=dict(span.attributes),
        events=[shown(event) for event in span.events],
        logs=[shown(event) for event in records],
        links=orjson.loads((payload or NO_PAYLOAD)["links"] or "[]"),
        resource=dict(span.resource),
        scope=asdict(span.scope),
        error_stack=error_stack(span.events),
        payload_expired=payload is None,
    )


def ledger(row: Row) -> dict[str, Any]:
    """Return what the row of `spans` and its trace's verdict say, in the names of SpanDetail."""
    reasons = dict(zip(row["not_billed_ids"], row["not_billed_reasons"], strict=True))
    why_not = reasons.get(row["span_id"])
    start_ns, end_ns = row["start_ns"], row["end_ns"]
    return {
        "trace_id": row["trace_id"].hex(),
        "span_id": row["span_id"].hex(),
        "parent_span_id": None if (above := row["parent_span_id"]) == NO_SPAN else above.hex(),
        **{name: row[name] for name in AS_STORED},
        **{name: row[name] or None for name in TEXTS_OR_NONE},
        "session_id": row["session_key"] or row["trace_id"].hex(),
        "user_id": row["trace_user"] or row["user_id"] or None,
        "started_at": rfc3339(start_ns),
        "ended_at": None if end_ns is None else rfc3339(end_ns),
        "duration_ns": None if end_ns is None else end_ns - start_ns,
        "input_uncached_tokens": uncached(row),
        "billed": why_not is None and is_line(row["kind"], row["usage_role"], has_usage(row)),
        "not_billed_because": why_not,
        "cost_usd": amount(row["cost_usd"]),
        "reported_usd": amount(row["reported_usd"]),
        "lines": bill_lines(row),
        "flags": list(row["flags"]),
    }


def amount(usd: Any) -> str | None:
    """Return dollars as a decimal string; None stays None."""
    return None if usd is None else dollars(usd)


def has_usage(row: Row) -> bool:
    """Tell whether a span said anything about tokens."""
    return row["input_tokens"] is not None or row["output_tokens"] is not None


def uncached(row: Row) -> int | None:
    """Return the input tokens that were neither read from nor written to a cache."""
    if not has_usage(row) or row["input_tokens"] is None:
        return None
    cached = (row["cache_read_tokens"] or 0) + (row["cache_write_tokens"] or 0)
    return int(row["input_tokens"]) - cached


def bill_lines(row: Row) -> list[BillLine]:
    """Return the bill of a span line by line."""
    parts = (row["bill_meters"], row["bill_quantities"], row["bill_rates_usd"], row["bill_usd"])
    return [
        BillLine(meter, quantity, dollars(rate), dollars(usd))
        for meter, quantity, rate, usd in zip(*parts, strict=True)
    ]


def span_as_sent(row: Row, payload: Row) -> Span:
    """Return the span as decoding once made it, from what was stored of it."""
    return Span(
        trace_id=row["trace_id"],
        span_id=row["span_id"],
        parent_span_id=row["parent_span_id"],
        name=row["name"],
        start_ns=row["start_ns"],
        end_ns=row["end_ns"] or 0,
        attributes=orjson.loads(payload["attributes"]),
        events=[Event(**event) for event in orjson.loads(payload["events"] or "[]")],
        scope=Scope(**orjson.loads(payload["scope"])),
        resource=orjson.loads(payload["resource"]),
    )


def record(row: Row) -> Event:
    """Return a stored log record as an event beside its span."""
    return Event(
        name=row["event_name"],
        time_ns=row["time_ns"],
        attributes=orjson.loads(row["attributes"] or "{}"),
        body=orjson.loads(row["body"]) if row["body"] else None,
    )


def shown(event: Event) -> SpanEvent:
    """Return an event as the API says it."""
    return SpanEvent(event.name, rfc3339(event.time_ns), dict(event.attributes), event.body)


def error_stack(events: Sequence[Event]) -> str | None:
    """Return the stack trace of the last exception event that has one."""
    for event in reversed(events):
        stack = event.attributes.get("exception.stacktrace")
        if isinstance(stack, str) and stack:
            return stack
    return None


def words(content: Content) -> dict[str, Any]:
    """Return a conversation, arguments and result in the names of SpanDetail."""
    return {
        "input": [chat_message(m) for m in content.input],
        "output": [chat_message(m) for m in content.output],
        "arguments": content.arguments,
        "result": content.result,
        "tools": content.tools,
        "parameters": dict(content.parameters),
    }


def changes(content: Content) -> list[StateChange]:
    """Return the fields of a graph's state that a step wrote, none where it wrote no fields."""
    given, written = content.state_given, content.state_written
    if not (isinstance(given, dict) and isinstance(written, dict)):
        return []
    return [changed(field, given.get(field), value) for field, value in written.items()]


def changed(field: str, before: Value, written: Value) -> StateChange:
    """Return a field with what it was; a history of messages stands in the conversation already."""
    if isinstance(before, list):
        return StateChange(field, None, written, items=len(before))
    return StateChange(field, before, written)


def chat_message(message: Message) -> ChatMessage:
    """Return one message as the API says it."""
    parts = [MessagePart(p.type, p.text, p.name, p.id, p.data) for p in message.parts]
    return ChatMessage(message.role, parts, message.finish_reason)
