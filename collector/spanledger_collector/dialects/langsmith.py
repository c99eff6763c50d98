"""The `langsmith.*` dialect: runs of LangSmith, exported over OTLP.

Source: langchain-ai/langsmith-sdk, `python/langsmith/_internal/otel/_otel_exporter.py`. Its
`gen_ai.operation.name` calls prompts "chat" and retrievers "embeddings": the run type says what
a run is. Token details come as Python repr, metadata and usage as JSON.
"""

import re
from collections.abc import Sequence

from spanledger_collector.dialects import counts, dollars, fill, flag, parsed, preview, text
from spanledger_collector.dialects.graph import graph_node, routed, whose
from spanledger_collector.dialects.messages import arguments, messages, parameters, tool_message
from spanledger_collector.dialects.raw import answer, usage_counts, whole_object
from spanledger_collector.dialects.structure import python_literal
from spanledger_schema.span import Attributes, Content, Counts, Event, Facts, Kind, Span, Value

NAME = "langsmith"

KINDS: dict[str, Kind] = {
    "llm": "llm",
    "embedding": "embedding",
    "tool": "tool",
    "retriever": "retriever",
    "chain": "span",  # a workflow where it has no parent
    "prompt": "span",
    "parser": "span",
}
CALLS = ("llm", "embedding")

METADATA = "langsmith.metadata."

TEXTS = {
    "provider": (f"{METADATA}ls_provider", "gen_ai.system"),
    "request_model": ("gen_ai.request.model", f"{METADATA}ls_model_name"),
    "response_model": ("gen_ai.response.model",),
    "response_id": ("gen_ai.response.id",),
}

COUNTS = {
    "input_tokens": ("gen_ai.usage.input_tokens",),
    "output_tokens": ("gen_ai.usage.output_tokens",),
    "total_tokens": ("gen_ai.usage.total_tokens",),
}
DETAILS = ("gen_ai.usage.input_token_details", "gen_ai.usage.output_token_details")

MOST_PARSED = 262_144
"""Characters of an answer that are parsed on arrival, for its finish reason and model."""

FIRST_TOKEN = "new_token"
RAISED = re.compile(r"\A([A-Za-z_][\w.]*)\((.*?),?\)\s*(?:Traceback .*)?\Z", re.DOTALL)
"""How LangSmith writes an error: the exception's repr, then its traceback."""


def claims(keys: frozenset[str], scope: str) -> bool:
    """Tell whether a span speaks this dialect."""
    return "langsmith.span.kind" in keys or "langsmith.span.id" in keys


def read(span: Span) -> Facts:
    """Return what the run says."""
    a = span.attributes
    facts = Facts(dialect=NAME)
    kind = text(a, "langsmith.span.kind") or ""
    facts.kind = KINDS.get(kind, "span")
    if not span.parent_span_id:
        facts.kind = "workflow" if kind == "chain" else facts.kind
        facts.trace_name = text(a, "langsmith.trace.name")
    if facts.kind == "tool":
        facts.tool = text(a, "gen_ai.tool.name") or span.name
    facts.tags = tags(a)
    metadata = {n[len(METADATA) :]: parsed(v) for n, v in a.items() if n.startswith(METADATA)}
    graph_node(facts, metadata, span.name)
    if kind == "chain" and facts.node is None:
        routed(facts, metadata, span.name, bare(parsed(a.get("gen_ai.completion"))))
    whose(facts, metadata)
    facts.counts = usage(a)
    if facts.kind in CALLS:
        read_call(span, facts)
    read_error(span, facts)
    facts.preview = preview(a.get("gen_ai.prompt" if facts.kind == "tool" else "gen_ai.completion"))
    return facts


def tags(attributes: Attributes) -> tuple[str, ...]:
    """Return the tags of a run, which are joined by commas."""
    joined = text(attributes, "langsmith.span.tags") or ""
    return tuple(tag for part in joined.split(",") if (tag := part.strip()))


def usage(attributes: Attributes) -> Counts | None:
    """Return the counts: LangChain's usage metadata if they are there whole, else put together."""
    if found := usage_counts(attributes.get(f"{METADATA}usage_metadata")):
        return found
    plain = counts(attributes, COUNTS)
    inside, outside = (whole_object(attributes.get(name)) for name in DETAILS)
    if not plain or not (inside or outside):
        return plain if plain or plain.invalid else None
    whole: dict[str, Value] = {name: attributes.get(keys[0]) for name, keys in COUNTS.items()}
    whole |= {"input_token_details": inside, "output_token_details": outside}
    return usage_counts(whole) or plain


def read_call(span: Span, facts: Facts) -> None:
    """Add what a model run says of its call."""
    a = span.attributes
    fill(facts, a, TEXTS)
    completion = a.get("gen_ai.completion")
    if isinstance(completion, str) and len(completion) <= MOST_PARSED:
        said = answer(completion)
        facts.response_model = facts.response_model or said.model
        facts.response_id = facts.response_id or said.id
        facts.finish_reason = said.finish_reason
        facts.counts = facts.counts or said.counts
    reasons = text(a, "gen_ai.response.finish_reasons")
    if reasons and reasons[0] != "[":
        facts.finish_reason = reasons.partition(",")[0]  # one for each choice
    facts.streaming = flag(a, "langsmith.request.streaming")
    first = next((e for e in span.events if e.name == FIRST_TOKEN), None)
    if first is not None:
        facts.streaming = True
        facts.ttft_ns = first.time_ns - span.start_ns if first.time_ns > span.start_ns > 0 else None
    if tier := text(a, "gen_ai.response.service_tier"):
        facts.price_context = {"service_tier": tier}
    totals = whole_object(a.get(f"{METADATA}usage_metadata"))
    if total := dollars(totals.get("total_cost")):
        facts.reported_usd, facts.reported_by = total, f"{METADATA}usage_metadata"


def read_error(span: Span, facts: Facts) -> None:
    """Take the exception out of the text in which LangSmith hands it on.

    It records one for a run that failed and for no other, whatever status the span got afterwards.
    """
    told = next((e for e in span.events if e.name == "exception"), None)
    facts.status = "error" if told else None
    raised = RAISED.match(text(told.attributes, "exception.message") or "") if told else None
    if raised:
        facts.error_type = raised[1].rpartition(".")[2]
        words = python_literal(raised[2])
        facts.error_message = words if isinstance(words, str) else raised[2]


def content(span: Span, logs: Sequence[Event]) -> Content:
    """Return what went into the run and what came out."""
    a = span.attributes
    given, answered = parsed(a.get("gen_ai.prompt")), parsed(a.get("gen_ai.completion"))
    if text(a, "langsmith.span.kind") == "tool":
        result = arguments(tool_message(bare(answered)))
        return Content(arguments=arguments(bare(given)), result=result)
    return Content(
        input=messages(given, "user"),
        output=messages(answered, "assistant"),
        tools=arguments(a.get("gen_ai.tool.definitions")),
        parameters=parameters(a, "gen_ai.request."),
    )


def bare(value: Value) -> Value:
    """Return what a run was given or answered, out of its `input` or `output`."""
    for key in ("input", "output"):
        if isinstance(value, dict) and value.keys() == {key}:
            value = value[key]
    return value
