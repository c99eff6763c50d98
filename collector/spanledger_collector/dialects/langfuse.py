"""The `langfuse.*` dialect: observations of the Langfuse SDK and its integrations.

Source: langfuse-python 5, `langfuse/_client/attributes.py`, `langfuse/openai.py`,
`langfuse/langchain/CallbackHandler.py`; captures. Values are JSON where they are no strings.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from spanledger_collector.dialects import (
    APPLICATION_SESSION,
    INVALID,
    dollars,
    fill,
    mapping,
    parsed,
    preview,
    text,
    texts,
    whole,
)
from spanledger_collector.dialects.graph import graph_node, routed, whose
from spanledger_collector.dialects.messages import arguments, messages, tool_message
from spanledger_collector.dialects.raw import usage_counts, whole_object
from spanledger_collector.dialects.structure import called_with
from spanledger_schema.span import Attributes, Content, Counts, Event, Facts, Kind, Span, Value

NAME = "langfuse"

KINDS: dict[str, Kind] = {
    "generation": "llm",
    "embedding": "embedding",
    "tool": "tool",
    "agent": "agent",
    "retriever": "retriever",
    "guardrail": "guardrail",
    "evaluator": "evaluator",
    "event": "event",
    "chain": "span",  # a workflow where it has no parent; plain "span" says nothing of the kind
}

TEXTS = {
    "session_id": ("session.id", "langfuse.session.id"),
    "user_id": ("user.id", "langfuse.user.id"),
    "trace_name": ("langfuse.trace.name",),
}

METADATA = "langfuse.observation.metadata."
USAGE = "langfuse.observation.usage_details"
COST = "langfuse.observation.cost_details"
INPUT = "langfuse.observation.input"
OUTPUT = "langfuse.observation.output"
PARAMETERS = "langfuse.observation.model.parameters"

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def claims(keys: frozenset[str], scope: str) -> bool:
    """Tell whether a span speaks this dialect."""
    return any(key.startswith("langfuse.") for key in keys)


def read(span: Span) -> Facts:
    """Return what the observation says; its type "span" leaves the kind to other dialects."""
    a = span.attributes
    facts = Facts(dialect=NAME)
    fill(facts, a, TEXTS)
    facts.session_rank = APPLICATION_SESSION if facts.session_id else 99
    facts.tags = texts(a.get("langfuse.trace.tags"))
    kind = text(a, "langfuse.observation.type") or ""
    facts.kind = KINDS.get(kind)
    if kind == "chain" and not span.parent_span_id:
        facts.kind = "workflow"
    if facts.kind in ("tool", "agent"):
        setattr(facts, facts.kind, span.name)
    metadata = observation_metadata(a)
    graph_node(facts, metadata, span.name)
    if kind == "chain" and facts.node is None:
        routed(facts, metadata, span.name, a.get(OUTPUT))
    whose(facts, metadata)
    if facts.kind in ("llm", "embedding"):
        read_call(span, facts, metadata)
    read_level(a, facts)
    facts.preview = preview(a.get(INPUT if facts.kind == "tool" else OUTPUT))
    return facts


def observation_metadata(attributes: Attributes) -> dict[str, Value]:
    """Return the metadata of an observation, which are flattened one level deep."""
    found = {
        name[len(METADATA) :]: parsed(value)
        for name, value in attributes.items()
        if name.startswith(METADATA)
    }
    return found or mapping(attributes.get(METADATA[:-1]))


def read_call(span: Span, facts: Facts, metadata: Mapping[str, Value]) -> None:
    """Add what a generation or an embedding says of its call."""
    a = span.attributes
    model = text(a, "langfuse.observation.model.name")
    facts.counts = usage(a.get(USAGE))
    if facts.counts is None and text(a, "langfuse.observation.level") == "ERROR":
        facts.request_model = model  # nothing answered: it can only be what was asked for
    else:
        facts.response_model = model
    if began := moment_ns(a.get("langfuse.observation.completion_start_time")):
        facts.streaming = True
        facts.ttft_ns = began - span.start_ns if began >= span.start_ns > 0 else None
    facts.finish_reason = text(metadata, "finish_reason")
    if tier := text(mapping(a.get(PARAMETERS)), "service_tier"):
        facts.price_context = {"service_tier": tier}
    total = dollars(mapping(a.get(COST)).get("total"))
    if total:  # an error and a model without a price are written as zero
        facts.reported_usd, facts.reported_by = total, COST


def usage(value: Value) -> Counts | None:
    """Return the counts of `usage_details`: a provider's own object, or Langfuse's own keys."""
    details = whole_object(value)
    return own_counts(details) if "input" in details else usage_counts(details)


def own_counts(details: Mapping[str, Value]) -> Counts:
    """Return the counts in Langfuse's keys, which are parts that add up to `total`.

    `input`, `input_cache_read`, `input_audio` … share no token, nor do `output`,
    `output_reasoning` …: the sums are the inclusive counts. Anthropic's own names of cached
    tokens stand beside `input`; what lives for how long is told inside `cache_creation…` again.
    """
    numbers = {name: whole(value) for name, value in details.items() if value is not None}
    invalid = tuple(f"{USAGE}.{name}" for name, number in numbers.items() if number == INVALID)
    parts = {name: number for name, number in numbers.items() if number != INVALID}
    return Counts(
        input_tokens=added(parts, "input", "cache_read", "cache_creation_input"),
        output_tokens=added(parts, "output"),
        total_tokens=parts.get("total"),
        cache_read_tokens=added(parts, "input_cache_read", "input_cached", "cache_read"),
        cache_write_tokens=added(
            parts, "input_cache_creation", "input_ephemeral", "cache_creation_input"
        ),
        cache_write_1h_tokens=added(parts, "input_ephemeral_1h", "cache_creation_ephemeral_1h"),
        reasoning_tokens=added(parts, "output_reasoning"),
        input_audio_tokens=added(parts, "input_audio"),
        output_audio_tokens=added(parts, "output_audio"),
        includes_cache=True,
        includes_reasoning=True,
        basis="raw",
        invalid=invalid,
    )


def added(parts: Mapping[str, int], *starts: str) -> int | None:
    """Return the sum of the parts whose names begin so, None where there are none."""
    found = [number for name, number in parts.items() if name.startswith(starts)]
    return sum(found) if found else None


def read_level(attributes: Attributes, facts: Facts) -> None:
    """Add how the observation ended; an interrupted graph is reported on the default level."""
    message = text(attributes, "langfuse.observation.status_message")
    if text(attributes, "langfuse.observation.level") == "ERROR":
        facts.status, facts.error_message = "error", message
    elif message and "Interrupt(" in message:
        facts.status, facts.reason = "waiting", message


def moment_ns(value: Value) -> int | None:
    """Return an ISO 8601 time, as text or JSON, in UTC nanoseconds; None when it is none."""
    found = parsed(value)
    if not isinstance(found, str):
        return None
    try:
        moment = datetime.fromisoformat(found)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return (moment - EPOCH) // timedelta(microseconds=1) * 1000


def content(span: Span, logs: Sequence[Event]) -> Content:
    """Return what went into the observation and what came out."""
    a = span.attributes
    given, answered = parsed(a.get(INPUT)), parsed(a.get(OUTPUT))
    kind = KINDS.get(text(a, "langfuse.observation.type") or "")
    if kind == "tool":
        return Content(
            arguments=called_with(arguments(given)), result=tool_message(arguments(answered))
        )
    return Content(
        input=messages(given, role="user"),
        output=[] if kind == "embedding" else messages(answered, role="assistant"),
        tools=given.get("tools") if isinstance(given, dict) else None,
        parameters=mapping(a.get(PARAMETERS)),
    )
