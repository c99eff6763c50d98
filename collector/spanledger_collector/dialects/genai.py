"""The `gen_ai.*` dialect, current and 1.3x.

Source: OpenTelemetry semantic conventions for generative AI (repository semantic-conventions-genai,
registry pages "Gen AI" and "OpenAI"), and the deprecated names of conventions 1.27 to 1.36.
Counts include cached and reasoning tokens by convention; what older emitters meant is decided
from the numbers (see `usage`).
"""

from collections.abc import Sequence

from spanledger_collector.dialects import (
    APPLICATION_SESSION,
    LIBRARY_SESSION,
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
from spanledger_collector.dialects.structure import structure
from spanledger_schema.span import (
    Attributes,
    Content,
    Event,
    Facts,
    Kind,
    Message,
    Span,
    Value,
)

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
    "total_tokens": ("gen_ai.usage.total_tokens", "llm.usage.total_tokens"),
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
FIRST_CHUNK = (
    "gen_ai.client.operation.time_to_first_chunk",  # the name of a metric, as an attribute
    "gen_ai.response.time_to_first_chunk",
)


TELLTALES = frozenset(
    {
        "gen_ai.operation.name",
        "gen_ai.provider.name",
        "gen_ai.system",
        "gen_ai.request.model",
        "gen_ai.response.model",
        "gen_ai.usage.input_tokens",
        "gen_ai.tool.name",
        "gen_ai.agent.name",
    }
)


def claims(keys: frozenset[str], scope: str) -> bool:
    """Tell whether a span speaks this dialect."""
    return not keys.isdisjoint(TELLTALES)


def read(span: Span) -> Facts:
    """Return what the span says; a count that was not sent stays None."""
    a = span.attributes
    facts = Facts(dialect=NAME)
    fill(facts, a, TEXTS)
    operation = text(a, "gen_ai.operation.name") or ""
    facts.kind = KINDS.get(operation)
    if facts.kind == "agent" and facts.agent is None:
        facts.agent = span.name.partition(f"{operation} ")[2] or None
    elif facts.kind == "guardrail":
        read_guardrail(span, facts)
    if session := text(a, "session.id"):
        facts.session_id, facts.session_rank = session, APPLICATION_SESSION
    elif conversation := conversation_id(a):
        facts.session_id, facts.session_rank = conversation, LIBRARY_SESSION
    read_usage(a, facts)
    facts.streaming = flag(a, "gen_ai.request.stream")
    facts.finish_reason = finish_reason(a)
    for name in FIRST_CHUNK:
        if (first := duration_ns(a.get(name), SECOND)) is not None:
            facts.streaming, facts.ttft_ns = True, first
    if tier := text(a, "openai.response.service_tier", "gen_ai.openai.response.service_tier"):
        facts.price_context = {"service_tier": tier}
    facts.preview = preview(a.get("gen_ai.output.messages") or a.get("gen_ai.tool.call.arguments"))
    return facts


def conversation_id(attributes: Attributes) -> str | None:
    """Return the id of a conversation; an answer of OpenAI's, which the next call continues, is none."""
    found = text(attributes, "gen_ai.conversation.id")
    return None if found and found.startswith(ANSWER_ID) else found


ANSWER_ID = "resp_"


def finish_reason(a: Attributes) -> str | None:
    """Return why the answer ended; Semantic Kernel puts one member of an enumeration there."""
    for reason in texts(a.get("gen_ai.response.finish_reasons")):
        return reason
    member = text(a, "gen_ai.response.finish_reason")
    return member.removeprefix("FinishReason.").lower() if member else None


def read_usage(a: Attributes, facts: Facts) -> None:
    """Set counts and reported cost, if there are any."""
    found = counts(a, COUNTS)
    if found or found.invalid:
        found.legacy_names = "gen_ai.usage.prompt_tokens" in a
        facts.counts = found
    if reported := usd(a, "gen_ai.usage.cost"):
        facts.reported_usd, facts.reported_by = reported


def read_guardrail(span: Span, facts: Facts) -> None:
    """Set what a guardrail decided."""
    facts.policy = text(span.attributes, "gen_ai.guardrail.name") or span.name
    triggered = flag(span.attributes, "gen_ai.guardrail.triggered")
    if triggered is not None:
        facts.verdict = "blocked" if triggered else "allowed"


MESSAGES = ("gen_ai.input.messages", "gen_ai.output.messages", "gen_ai.system_instructions")

ROLES = {
    "gen_ai.system.message": "system",
    "gen_ai.user.message": "user",
    "gen_ai.assistant.message": "assistant",
    "gen_ai.tool.message": "tool",
}
CHOICE = "gen_ai.choice"


def content(span: Span, logs: Sequence[Event]) -> Content:
    """Return the conversation, from the span, its events or the log records beside it."""
    a = span.attributes
    told = [
        e.attributes for e in (*span.events, *logs) if not e.attributes.keys().isdisjoint(MESSAGES)
    ]
    source = next((x for x in (a, *told) if not x.keys().isdisjoint(MESSAGES)), a)
    system = messages(source.get("gen_ai.system_instructions"), role="system")
    asked = messages(source.get("gen_ai.input.messages"), role="user")
    if any(message.role == "system" for message in asked):
        system = []  # some put the instructions into both places
    found = Content(
        input=[*system, *asked],
        output=messages(source.get("gen_ai.output.messages"), role="assistant"),
        arguments=arguments(first(source, a, "gen_ai.tool.call.arguments")),
        result=arguments(first(source, a, "gen_ai.tool.call.result")),
        tools=arguments(first(source, a, "gen_ai.tool.definitions")),
        parameters=parameters(a, "gen_ai.request."),
    )
    if not found.input and not found.output:
        events = sorted((*span.events, *logs), key=lambda e: e.time_ns)
        found.input = [m for e in events if named(e) in ROLES for m in event_messages(e)]
        found.output = [m for e in events if named(e) == CHOICE for m in event_messages(e)]
    return found


def first(source: Attributes, otherwise: Attributes, name: str) -> Value:
    """Return an attribute of the one, or else of the other."""
    value = source.get(name)
    return otherwise.get(name) if value is None else value


def named(event: Event) -> str:
    """Return the name of an event; a log record of Python's `logging` has it among its attributes."""
    return event.name or text(event.attributes, "event.name") or ""


def event_messages(event: Event) -> list[Message]:
    """Return the message of an event of conventions 1.27 to 1.36: body of a log, or attributes.

    Azure's clients keep the body in one attribute.
    """
    body = structure(event.body) or structure(event.attributes.get("gen_ai.event.content"))
    said: Attributes = body if isinstance(body, dict) else event.attributes
    if (name := named(event)) != CHOICE:
        return messages({"role": ROLES[name], **said}, "")
    inner = structure(said.get("message"))
    answer: Attributes = inner if isinstance(inner, dict) else {"content": inner}
    return messages({"role": "assistant", "finish_reason": said.get("finish_reason"), **answer}, "")
