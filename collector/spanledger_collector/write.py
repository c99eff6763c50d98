"""Understood spans as columns of `spans` and `payloads`, in the order in which they are inserted.

Takes what the stages before made of a span and lays it out; decides nothing. Empty strings and
zero ids stand where a column cannot be NULL, exactly as the migration's comments say.
"""

from collections.abc import Callable, Iterable, Sequence
from hashlib import blake2b
from operator import attrgetter
from typing import Any

from spanledger_collector.bills import columns as bill_columns
from spanledger_collector.mends import flags
from spanledger_collector.origins import json
from spanledger_collector.reconcile import Fact, Hint
from spanledger_collector.understand import Understood, priced_ns
from spanledger_schema.span import Event, Record, Usage

NO_SPAN = bytes(8)


OTHER_METERS = (
    "cache_read_audio_tokens", "input_audio_tokens", "input_image_tokens", "output_audio_tokens",
    "output_image_tokens", "tool_prompt_tokens", "web_searches", "rerank_searches",
)  # fmt: skip
other_counts: Callable[[Usage], tuple[int | None, ...]] = attrgetter(*OTHER_METERS)
NO_COUNTS = (None,) * len(OTHER_METERS)

SPAN_COLUMNS = (
    "project_id", "trace_id", "span_id", "parent_span_id", "ver", "received_at", "started_at",
    "ended_at", "kind", "name", "status", "error_type", "error_message", "service", "environment",
    "release", "scope", "dialect", "session_id", "session_rank", "user_id", "trace_name", "tags",
    "agent", "node", "node_run", "node_step", "tool", "tool_call_id", "provider", "request_model",
    "response_model", "response_id", "streaming", "finish_reason", "ttft_ns", "usage_role",
    "usage_state", "usage_source", "semantics", "semantics_basis", "input_tokens",
    "output_tokens", "cache_read_tokens", "cache_write_tokens", "cache_write_1h_tokens",
    "reasoning_tokens", "other_meters", "cost_usd", "cost_source", "price_status",
    "price_reason", "price_id", "price_version", "model_priced", "bill_meters",
    "bill_quantities", "bill_rates_usd", "bill_usd", "computed_usd", "reported_usd",
    "reported_by", "price_context", "priced_at", "state_from", "state_to", "reason", "verdict",
    "policy", "actor", "preview", "flags", "estimate_method", "estimate_error_pct",
)  # fmt: skip


def span_row(u: Understood) -> tuple[Any, ...]:
    """Return one row of `spans`, in the order of SPAN_COLUMNS."""
    span, facts, usage, bill, origin = u.span, u.facts, u.usage, u.bill, u.origin
    return (
        u.project_id, span.trace_id, span.span_id, span.parent_span_id or NO_SPAN, u.ver,
        u.received_ns, u.started_ns, u.ended_ns,
        facts.kind or "span", span.name, facts.status or "unset", facts.error_type or "",
        facts.error_message or "", origin.service, origin.environment, origin.release,
        span.scope.name, facts.dialect,
        facts.session_id or "", facts.session_rank, facts.user_id or "", facts.trace_name or "",
        facts.tags, facts.agent or "", facts.node or "", facts.node_run or "", facts.node_step,
        facts.tool or "", facts.tool_call_id or "", facts.provider or "",
        facts.request_model or "", facts.response_model or "", facts.response_id or "",
        facts.streaming, facts.finish_reason or "", facts.ttft_ns, facts.usage_role, usage.state,
        usage.source, usage.semantics, usage.semantics_basis, usage.input_tokens,
        usage.output_tokens, usage.cache_read_tokens, usage.cache_write_tokens,
        usage.cache_write_1h_tokens, usage.reasoning_tokens, other_meters(usage), u.usd,
        u.cost_source, bill.status, bill.reason, bill.price_id, bill.price_version,
        bill.model_priced, *bill_columns(bill.lines), bill.usd,
        facts.reported_usd, facts.reported_by or "", facts.price_context or {},
        priced_ns(span, u.received_ns), facts.state_from or "", facts.state_to or "",
        facts.reason or "", facts.verdict or "", facts.policy or "", facts.actor or "",
        facts.preview or "", flags(span, facts, usage, u.started_ns),
        u.estimate.method if u.estimate else "", u.estimate.error_pct if u.estimate else None,
    )  # fmt: skip


def other_meters(usage: Usage) -> dict[str, int]:
    """Return the rarer meters of a call, those that were reported."""
    if usage.state == "absent" or (counts := other_counts(usage)) == NO_COUNTS:
        return {}
    return {m: n for m, n in zip(OTHER_METERS, counts, strict=True) if n is not None}


PAYLOAD_COLUMNS = (
    "project_id", "trace_id", "span_id", "ver", "received_at", "attributes", "events", "links",
    "resource", "scope",
)  # fmt: skip


def payload_row(u: Understood) -> tuple[Any, ...]:
    """Return one row of `payloads`: everything as it was sent, as JSON."""
    span = u.span
    return (
        u.project_id, span.trace_id, span.span_id, u.ver, u.received_ns, json(span.attributes),
        json([event_json(e) for e in span.events]) if span.events else b"",
        json([link_json(link) for link in span.links]) if span.links else b"",
        u.origin.resource, u.origin.scope,
    )  # fmt: skip


def event_json(event: Event) -> dict[str, Any]:
    """Return a span event as it is stored."""
    return {"name": event.name, "time_ns": event.time_ns, "attributes": event.attributes}


def link_json(link: Any) -> dict[str, Any]:
    """Return a span link as it is stored."""
    return {
        "trace_id": link.trace_id.hex(),
        "span_id": link.span_id.hex(),
        "attributes": link.attributes,
    }


def fact(u: Understood) -> Fact:
    """Return what reconciliation needs of a span; reading its row back gives the same."""
    span, facts, usage = u.span, u.facts, u.usage
    return Fact(
        span_id=span.span_id,
        parent_span_id=span.parent_span_id,
        ver=u.ver,
        kind=facts.kind or "span",
        name=span.name,
        status=facts.status or "unset",
        start_ns=u.started_ns,
        end_ns=u.ended_ns,
        scope=span.scope.name,
        dialect=facts.dialect,
        session_id=facts.session_id or "",
        session_rank=facts.session_rank,
        user_id=facts.user_id or "",
        trace_name=facts.trace_name or "",
        tags=facts.tags,
        service=u.origin.service,
        environment=u.origin.environment,
        agent=facts.agent or "",
        node=facts.node or "",
        node_run=facts.node_run or "",
        tool=facts.tool or "",
        error_type=facts.error_type or "",
        provider=facts.provider or "",
        request_model=facts.request_model or "",
        response_model=facts.response_model or "",
        response_id=facts.response_id or "",
        usage_role=facts.usage_role,
        usage_state=usage.state,
        usage_source=usage.source,
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        cache_read_tokens=usage.cache_read_tokens,
        cache_write_tokens=usage.cache_write_tokens,
        reasoning_tokens=usage.reasoning_tokens,
        cost_usd=u.usd,
        cost_source=u.cost_source,
        price_status=u.bill.status,
    )


RECORD_COLUMNS = (
    "project_id", "trace_id", "span_id", "record_id", "received_at", "time_ns", "event_name",
    "severity", "body", "attributes", "scope", "session_id", "session_rank", "user_id",
)  # fmt: skip


def record_row(project_id: str, received_ns: int, record: Record, hint: Hint) -> tuple[Any, ...]:
    """Return one row of `log_records`; its id is a hash of the record, so a resend is the same."""
    body = json(record.body) if record.body is not None else b""
    attributes = json(record.attributes)
    told = b"%d %b %b %b" % (record.time_ns, record.event_name.encode(), body, attributes)
    return (
        project_id, record.trace_id, record.span_id,
        int.from_bytes(blake2b(told, digest_size=8).digest()), received_ns, record.time_ns,
        record.event_name, str(record.severity), body, attributes, record.scope.name,
        hint.session_id, hint.session_rank, hint.user_id,
    )  # fmt: skip


def columns(names: Sequence[str], rows: Iterable[tuple[Any, ...]]) -> dict[str, Sequence[Any]]:
    """Return rows as columns: name → values."""
    turned = list(zip(*rows, strict=True))
    return dict(zip(names, turned, strict=True)) if turned else dict.fromkeys(names, ())
