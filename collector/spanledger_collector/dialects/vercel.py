"""The `ai.*` dialect: spans of the Vercel AI SDK, versions 4 to 7.

Source: vercel/ai, `packages/ai/src/telemetry/`, `packages/ai/src/generate-text/` and
`packages/otel/src/`; captures. The wrapper of a run (`ai.generateText`) repeats the sum of its
steps; the steps (`ai.generateText.doGenerate`) are the calls. Version 7 speaks `gen_ai.*` and, where
it is told to, adds what the conventions have no name for under `ai.*`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from spanledger_collector.dialects import (
    METADATA_SESSION,
    compact,
    counts,
    duration_ns,
    fill,
    mapping,
    parsed,
    preview,
    text,
    texts,
)
from spanledger_collector.dialects.messages import arguments, messages, parameters
from spanledger_collector.dialects.raw import flat, usage_counts
from spanledger_schema.span import (
    Attributes,
    Content,
    Counts,
    Event,
    Facts,
    Kind,
    Message,
    Span,
    Value,
)

NAME = "vercel"

STEPS: dict[str, Kind] = {
    "doGenerate": "llm",
    "doStream": "llm",
    "doEmbed": "embedding",
    "doRerank": "rerank",
}

RUNS: dict[str, Kind] = {
    "ai.generateText": "agent",  # a run with steps, tools and a loop
    "ai.streamText": "agent",
    "ai.toolCall": "tool",
}

META = ("ai.telemetry.metadata.", "ai.settings.context.")  # the latter: version 7
SESSIONS = ("sessionId", "session_id", "session.id", "langfuseSessionId", "chatId", "chat_id")
CONVERSATIONS = ("conversationId", "conversation_id", "threadId", "thread_id")
USERS = ("userId", "user_id", "user.id", "userid", "langfuseUserId")

TEXTS = {
    "provider": ("gen_ai.system", "gen_ai.provider.name", "ai.model.provider"),
    "request_model": ("ai.model.id", "gen_ai.request.model"),
    "response_model": ("ai.response.model", "gen_ai.response.model"),
    "response_id": ("ai.response.id", "gen_ai.response.id"),
    "finish_reason": ("ai.response.finishReason",),
    "session_id": tuple(at + name for name in SESSIONS + CONVERSATIONS for at in META),
    "user_id": tuple(at + name for name in USERS for at in META),
    "trace_name": ("ai.telemetry.functionId", "resource.name"),
    "tool": ("ai.toolCall.name",),
    "tool_call_id": ("ai.toolCall.id",),
}

COUNTS = {
    "input_tokens": ("ai.usage.inputTokens", "ai.usage.promptTokens", "gen_ai.usage.input_tokens"),
    "output_tokens": (
        "ai.usage.outputTokens",
        "ai.usage.completionTokens",
        "gen_ai.usage.output_tokens",
    ),
    "total_tokens": ("ai.usage.totalTokens",),
    "cache_read_tokens": (
        "ai.usage.inputTokenDetails.cacheReadTokens",
        "ai.usage.cachedInputTokens",
    ),
    "cache_write_tokens": ("ai.usage.inputTokenDetails.cacheWriteTokens",),
    "reasoning_tokens": (
        "ai.usage.outputTokenDetails.reasoningTokens",
        "ai.usage.reasoningTokens",
    ),
}

EMBEDDED = {"input_tokens": ("ai.usage.tokens", "gen_ai.usage.input_tokens")}

PROVIDERS_OWN = {
    # what version 4 told beside the usage, under the provider's name
    "cache_read_tokens": ("cachedPromptTokens", "cacheReadInputTokens"),
    "cache_write_tokens": ("cacheCreationInputTokens", "usage.cacheWriteInputTokens"),
    "reasoning_tokens": ("reasoningTokens",),
}

ADDED = {"reasoning_tokens": COUNTS["reasoning_tokens"]}

MILLISECOND = 1_000_000
ERROR = 2  # OTLP status code


def claims(keys: frozenset[str], scope: str) -> bool:
    """Tell whether a span speaks this dialect."""
    return "ai.operationId" in keys or any(
        key.startswith(("ai.settings.", "ai.usage.")) for key in keys
    )


def read(span: Span) -> Facts:
    """Return what the span says; a wrapper's counts are the sum of its steps."""
    a = span.attributes
    facts = Facts(dialect=NAME)
    fill(facts, a, TEXTS)
    facts.session_rank = METADATA_SESSION if facts.session_id else 99
    facts.tags = next((tags for at in META if (tags := texts(a.get(f"{at}tags")))), ())
    operation = text(a, "ai.operationId")
    if operation is None:
        facts.counts = counts(a, ADDED)
        return facts
    step = operation.rpartition(".")[2]
    facts.kind = STEPS.get(step) or RUNS.get(operation, "workflow")
    if span.status_code == ERROR and ended_well(span):
        facts.status = "ok"
    if facts.kind == "agent":
        facts.agent = text(a, "ai.telemetry.functionId")
    if facts.kind != "tool":
        facts.counts = usage(a, facts.kind)
    if facts.kind == "llm":
        facts.streaming = step == "doStream"
        facts.ttft_ns = duration_ns(a.get("ai.response.msToFirstChunk"), MILLISECOND)
    facts.preview = preview(
        a.get("ai.toolCall.args")
        or a.get("ai.response.text")
        or a.get("ai.response.object")
        or first_call(a)
    )
    return facts


def ended_well(span: Span) -> bool:
    """Tell whether a span says how it came to its end, and threw nothing on the way.

    OpenInference's processor gives the error of one span to those after it and around it.
    """
    a = span.attributes
    reason = text(a, "ai.response.finishReason") or "error"
    answered = "ai.toolCall.result" in a or reason != "error"
    return answered and not any(event.name == "exception" for event in span.events)


def usage(attributes: Attributes, kind: Kind) -> Counts:
    """Return the counts of a step or a run: the provider's own where they were passed on."""
    if kind == "embedding":
        return counts(attributes, EMBEDDED)
    told = mapping(attributes.get("ai.response.providerMetadata"))
    for own in told.values():
        if isinstance(own, dict) and (raw := own_usage(own)):
            return raw
    known: dict[str, Any] = {}
    if "ai.usage.inputTokenDetails.noCacheTokens" in attributes:
        known = {"includes_cache": True, "basis": "scope"}  # version 6 made all of them inclusive
    found = counts(attributes, COUNTS, **known)
    if found.cache_read_tokens is None and found.cache_write_tokens is None:
        add_own(found, told)
    return found


def own_usage(own: Mapping[str, Value]) -> Counts | None:
    """Return the counts of a provider's usage object if it is there as a whole."""
    for key in ("usage", "usageMetadata"):
        if (found := usage_counts(own.get(key))) and found.input_tokens is not None:
            return found
    return None


def add_own(found: Counts, told: Mapping[str, Value]) -> None:
    """Add the details that version 4 left to the provider's metadata.

    Its Anthropic and Bedrock providers handed the API's input on, which leaves cached tokens out.
    """
    for provider, own in told.items():
        if not isinstance(own, dict):
            continue
        more = counts(flat(own, 0), PROVIDERS_OWN)
        if more:
            found.cache_read_tokens = more.cache_read_tokens
            found.cache_write_tokens = more.cache_write_tokens
            found.includes_cache, found.basis = provider not in ("anthropic", "bedrock"), "scope"
        if found.reasoning_tokens is None:
            found.reasoning_tokens = more.reasoning_tokens


def first_call(attributes: Attributes) -> str | None:
    """Return the first tool call of an answer as `name(arguments)`."""
    calls = parsed(attributes.get("ai.response.toolCalls"))
    call = calls[0] if isinstance(calls, list) and calls else None
    if not isinstance(call, dict) or not isinstance(name := call.get("toolName"), str):
        return None
    return f"{name}({compact(call.get('input', call.get('args')))})"


def content(span: Span, logs: Sequence[Event]) -> Content:
    """Return the conversation of a step or run, or the arguments and result of a tool."""
    a = span.attributes
    if "ai.toolCall.name" in a:
        return Content(
            arguments=arguments(a.get("ai.toolCall.args")),
            result=arguments(a.get("ai.toolCall.result")),
        )
    tools = a.get("ai.prompt.tools")
    return Content(
        input=conversation(parsed(a.get("ai.prompt.messages") or a.get("ai.prompt"))),
        output=answered(a),
        tools=[parsed(tool) for tool in tools] if isinstance(tools, list) else parsed(tools),
        parameters=parameters(a, "ai.settings.") | parameters(a, "gen_ai.request."),
    )


def conversation(given: Value) -> list[Message]:
    """Return the messages of a prompt; a wrapper's has its system prompt beside the others."""
    if not isinstance(given, dict) or "role" in given:
        return messages(given, role="user")
    rest = given.get("messages") or given.get("prompt")
    return [*messages(given.get("system"), role="system"), *messages(rest, role="user")]


def answered(attributes: Attributes) -> list[Message]:
    """Return the answer, whose parts are spread over attributes."""
    words = attributes.get("ai.response.text") or attributes.get("ai.response.object")
    calls = parsed(attributes.get("ai.response.toolCalls"))
    reasoning = attributes.get("ai.response.reasoning")
    if not (words or calls or reasoning):
        return []
    message: dict[str, Value] = {
        "role": "assistant",
        "reasoning": reasoning,
        "content": words,
        "tool_calls": calls,
        "finish_reason": attributes.get("ai.response.finishReason"),
    }
    return messages(message, role="assistant")
