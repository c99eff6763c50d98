"""The LiteLLM dialect: spans of its `otel` callback, in the SDK and in the proxy.

Source: BerriAI/litellm, `litellm/integrations/opentelemetry.py`; captures of 1.106. Its usage
object speaks OpenAI's terms for every provider: input includes cached, output reasoning tokens.
"""

from collections.abc import Sequence

from spanledger_collector.dialects import (
    METADATA_SESSION,
    compact,
    fill,
    flag,
    mapping,
    one_line,
    text,
    usd,
)
from spanledger_collector.dialects.messages import messages
from spanledger_collector.dialects.raw import usage_counts
from spanledger_collector.dialects.structure import nested
from spanledger_schema.span import Attributes, Content, Event, Facts, Kind, Message, Span, Value

NAME = "litellm"

RAW = "raw_gen_ai_request"  # the provider's own answer, below the call

KINDS: dict[str, Kind] = {
    # call types; the asynchronous ones have an "a" in front
    "completion": "llm",
    "text_completion": "llm",
    "responses": "llm",
    "anthropic_messages": "llm",
    "generate_content": "llm",
    "embedding": "embedding",
    "rerank": "rerank",
}

TEXTS = {
    "provider": ("gen_ai.system", "gen_ai.provider.name", "error.llm_provider"),
    "session_id": ("metadata.session_id", "metadata.litellm_session_id", "litellm.session_id"),
    "user_id": (
        "llm.user",
        "metadata.trace_user_id",
        "metadata.user_api_key_end_user_id",
        "metadata.user_api_key_user_id",
    ),
    "error_type": ("error.type",),
    "error_message": ("error.message",),
}

USAGE = "metadata.usage_object"
FIRST_CALL = "gen_ai.completion.0.function_call."
COST = "gen_ai.cost.total_cost"
PARAMS_COST = "response_cost"  # in `hidden_params`


def claims(keys: frozenset[str], scope: str) -> bool:
    """Tell whether a span speaks this dialect."""
    return scope == "litellm" or "litellm.call_id" in keys


def read(span: Span) -> Facts:
    """Return what the span says; the raw request below a call is its transport."""
    a = span.attributes
    facts = Facts(dialect=NAME)
    if span.name == RAW:
        facts.kind = "http"
        return facts
    fill(facts, a, TEXTS)
    facts.session_rank = METADATA_SESSION if facts.session_id else 99
    kind = text(a, "llm.request.type") or ""
    facts.kind = KINDS.get(kind) or KINDS.get(kind.removeprefix("a"))
    if facts.provider is None:  # embeddings name it only in front of the model
        route, slash, _ = (text(a, "litellm.provider.model") or "").partition("/")
        facts.provider = route if slash else None
    facts.streaming = flag(a, "llm.is_streaming")
    facts.counts = usage_counts(a.get(USAGE))
    if facts.counts is not None:
        facts.counts.source, facts.counts.includes_reasoning = "gateway", True
    read_cost(a, facts)
    if name := text(a, f"{FIRST_CALL}name"):
        facts.preview = one_line(f"{name}({compact(a.get(f'{FIRST_CALL}arguments') or '')})")
    return facts


def read_cost(attributes: Attributes, facts: Facts) -> None:
    """Add the reported cost."""
    reported = usd(attributes, COST) or usd(mapping(attributes.get("hidden_params")), PARAMS_COST)
    if reported:
        facts.reported_usd, facts.reported_by = reported


def called(attributes: Attributes) -> list[dict[str, Value]]:
    """Return the tool calls of an answer, which its message leaves out."""
    return [
        call
        for item in nested(attributes, "gen_ai.completion.")
        if isinstance(item, dict) and isinstance(call := item.get("function_call"), dict)
    ]


def content(span: Span, logs: Sequence[Event]) -> Content:
    """Return the answer with its tool calls; all else is where the conventions have it."""
    a = span.attributes
    calls: list[Value] = [dict(call) for call in called(a)]
    if not calls:
        return Content()
    said = messages(a.get("gen_ai.output.messages"), "assistant")
    made = messages({"role": "assistant", "tool_calls": calls}, "assistant")
    parts = tuple(part for message in (*said, *made) for part in message.parts)
    return Content(output=[Message("assistant", parts, said[0].finish_reason if said else None)])
