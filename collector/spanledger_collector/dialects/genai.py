"""The `gen_ai.*` dialect, current and 1.3x.

Source: OpenTelemetry semantic conventions for generative AI (repository semantic-conventions-genai,
registry pages "Gen AI" and "OpenAI"), and the deprecated names of conventions 1.27 to 1.36.
Counts include cached and reasoning tokens by convention; what older emitters meant is decided
from the numbers (see `usage`).
"""

from collections.abc import Sequence

from spanledger_collector.dialects import (
    counts,
    duration_ns,
    fill,
    flag,
    preview,
    text,
    texts,
    usd,
)
from spanledger_collector.dialects.messages import arguments, messages, parameters
from spanledger_schema.span import Content, Event, Facts, Kind, Span

NAME = "genai"

KINDS: dict[str, Kind] = {
    "chat": "llm",
    "text_completion": "llm",
    "generate_content": "llm",
    "embeddings": "embedding",
    "embedding": "embedding",
    "rerank": "rerank",
    "execute_tool": "tool",
    "invoke_agent": "agent",
    "create_agent": "span",  # configuration, not a run
    "invoke_workflow": "workflow",
    "execute_task": "node",
    "retrieval": "retriever",
    "guardrail_check": "guardrail",
    "handoff": "handoff",
    "execute_event_loop_cycle": "node",
}

TEXTS = {
    "provider": ("gen_ai.provider.name", "gen_ai.system"),
    "request_model": ("gen_ai.request.model",),
    "response_model": ("gen_ai.response.model",),
    "response_id": ("gen_ai.response.id",),
    "tool": ("gen_ai.tool.name",),
    "tool_call_id": ("gen_ai.tool.call.id",),
    "agent": ("gen_ai.agent.name",),
}

COUNTS = {
    "input_tokens": ("gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens"),
    "output_tokens": ("gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens"),
    "total_tokens": ("gen_ai.usage.total_tokens",),
    "cache_read_tokens": (
        "gen_ai.usage.cache_read.input_tokens",
        "gen_ai.usage.cache_read_input_tokens",
    ),
    "cache_write_tokens": (
        "gen_ai.usage.cache_write.input_tokens",
        "gen_ai.usage.cache_creation.input_tokens",
        "gen_ai.usage.cache_creation_input_tokens",
    ),
    "reasoning_tokens": (
        "gen_ai.usage.reasoning.output_tokens",
        "gen_ai.usage.reasoning_tokens",
    ),
    "input_audio_tokens": ("gen_ai.usage.audio.input_tokens",),
    "output_audio_tokens": ("gen_ai.usage.audio.output_tokens",),
    "output_image_tokens": ("gen_ai.usage.image.output_tokens",),
}

SECOND = 1_000_000_000


def claims(keys: frozenset[str], scope: str) -> bool:
    """Tell whether a span speaks this dialect."""
    return "gen_ai.operation.name" in keys or "gen_ai.provider.name" in keys


def read(span: Span) -> Facts:
    """Return what the span says; a count that was not sent stays None."""
    a = span.attributes
    facts = Facts(dialect=NAME)
    fill(facts, a, TEXTS)
    facts.kind = KINDS.get(text(a, "gen_ai.operation.name") or "")
    if session := text(a, "session.id"):
        facts.session_id, facts.session_rank = session, 0
    elif conversation := text(a, "gen_ai.conversation.id"):
        facts.session_id, facts.session_rank = conversation, 9  # libraries make these up
    facts.counts = counts(a, COUNTS)
    if reported := usd(a, "gen_ai.usage.cost"):
        facts.reported_usd, facts.reported_by = reported
    facts.streaming = flag(a, "gen_ai.request.stream")
    facts.finish_reason = next(iter(texts(a.get("gen_ai.response.finish_reasons"))), None)
    facts.ttft_ns = duration_ns(a.get("gen_ai.response.time_to_first_chunk"), SECOND)
    if tier := text(a, "openai.response.service_tier", "gen_ai.openai.response.service_tier"):
        facts.price_context = {"service_tier": tier}
    facts.preview = preview(a.get("gen_ai.output.messages") or a.get("gen_ai.tool.call.arguments"))
    return facts


def content(span: Span, logs: Sequence[Event]) -> Content:
    """Return the conversation, from the span or from the log records beside it."""
    a = span.attributes
    details = next((e.attributes for e in logs if "gen_ai.output.messages" in e.attributes), a)
    source = a if "gen_ai.output.messages" in a or "gen_ai.input.messages" in a else details
    system = messages(source.get("gen_ai.system_instructions"), role="system")
    return Content(
        input=[*system, *messages(source.get("gen_ai.input.messages"), role="user")],
        output=messages(source.get("gen_ai.output.messages"), role="assistant"),
        arguments=arguments(a.get("gen_ai.tool.call.arguments")),
        result=arguments(a.get("gen_ai.tool.call.result")),
        tools=arguments(a.get("gen_ai.tool.definitions")),
        parameters=parameters(a, "gen_ai.request."),
    )
