"""The LangWatch dialect: `langwatch.*`, spans of its SDK.

Source: langwatch/langwatch, `python-sdk/src/langwatch/attributes.py`, `domain/__init__.py`; captures of
1.4. Inputs and outputs are values beside the name of their type; a call names a model with the route to
it, and counts of its own.
"""

from collections.abc import Mapping, Sequence

from spanledger_collector.dialects import (
    APPLICATION_SESSION,
    counts,
    dollars,
    duration_ns,
    flag,
    mapping,
    number,
    preview,
    text,
    texts,
)
from spanledger_collector.dialects.graph import whose
from spanledger_collector.dialects.messages import arguments, messages
from spanledger_schema.span import Content, Event, Facts, Kind, Span, Value

NAME = "langwatch"

TYPE = "langwatch.span.type"
INPUT, OUTPUT = "langwatch.input", "langwatch.output"
METRICS, PARAMS, TIMES = "langwatch.metrics", "langwatch.params", "langwatch.timestamps"

KINDS: dict[str, Kind] = {
    "llm": "llm",
    "tool": "tool",
    "agent": "agent",
    "rag": "retriever",
    "guardrail": "guardrail",
    "evaluation": "evaluator",
    "workflow": "workflow",
}

COUNTS = {
    "input_tokens": ("prompt_tokens",),
    "output_tokens": ("completion_tokens",),
    "cache_read_tokens": ("cache_read_input_tokens",),
    "cache_write_tokens": ("cache_creation_input_tokens",),
    "reasoning_tokens": ("reasoning_tokens",),
}
MILLISECOND = 1_000_000


def claims(keys: frozenset[str], scope: str) -> bool:
    """Tell whether a span speaks this dialect."""
    return TYPE in keys or "langwatch.thread.id" in keys


def read(span: Span) -> Facts:
    """Return what the span says beyond the GenAI conventions."""
    a = span.attributes
    facts = Facts(dialect=NAME)
    facts.kind = KINDS.get(text(a, TYPE) or "")
    read_whose(a, facts)
    if facts.kind in ("tool", "agent"):
        setattr(facts, facts.kind, span.name)
    if facts.kind == "llm":
        read_call(a, facts)
    elif facts.kind == "guardrail":
        passed = flag(mapping(said(a, OUTPUT)), "passed")
        facts.policy = span.name
        facts.verdict = None if passed is None else "allowed" if passed else "blocked"
    elif facts.kind is None and not span.parent_span_id:
        facts.kind = "workflow"
    facts.preview = preview(said(a, INPUT if facts.kind == "tool" else OUTPUT))
    return facts


def read_whose(attributes: Mapping[str, Value], facts: Facts) -> None:
    """Set session, user and tags: attributes of their own, or the metadata of a trace."""
    metadata = mapping(attributes.get("metadata"))
    if session := text(attributes, "langwatch.thread.id") or text(metadata, "thread_id"):
        facts.session_id, facts.session_rank = session, APPLICATION_SESSION
    facts.user_id = text(attributes, "langwatch.user.id")
    facts.tags = texts(attributes.get("langwatch.labels") or metadata.get("labels"))
    whose(facts, metadata)


def read_call(attributes: Mapping[str, Value], facts: Facts) -> None:
    """Read what a call used, cost, and when its first token came."""
    metrics, times = mapping(attributes.get(METRICS)), mapping(attributes.get(TIMES))
    found = counts(metrics, COUNTS)
    if found or found.invalid:
        found.source = "estimated" if flag(metrics, "tokens_estimated") else found.source
        facts.counts = found
    if cost := dollars(metrics.get("cost")):
        facts.reported_usd, facts.reported_by = cost, METRICS
    facts.streaming = flag(mapping(attributes.get(PARAMS)), "stream")
    began, first = number(times.get("started_at")), number(times.get("first_token_at"))
    if began is not None and first is not None:
        facts.streaming, facts.ttft_ns = True, duration_ns(first - began, MILLISECOND)


def said(attributes: Mapping[str, Value], name: str) -> Value:
    """Return an input or output without the name of its type."""
    told = mapping(attributes.get(name))
    return told.get("value") if "type" in told else attributes.get(name)


def content(span: Span, logs: Sequence[Event]) -> Content:
    """Return the conversation of a call, or arguments and result of a function."""
    a = span.attributes
    given, answered = said(a, INPUT), said(a, OUTPUT)
    if text(a, TYPE) == "tool":
        return Content(arguments=arguments(given), result=arguments(answered))
    settings = mapping(a.get(PARAMS))
    return Content(
        input=messages(given, "user"),
        output=messages(answered, "assistant"),
        tools=settings.get("tools"),
        parameters={k: v for k, v in settings.items() if not isinstance(v, list | dict)},
        state_given=given,
        state_written=answered,
    )
