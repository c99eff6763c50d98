"""The OpenInference dialect: `openinference.span.kind`, `llm.*`, `input.value`, `output.value`.

Source: Arize-ai/openinference, `spec/semantic_conventions.md` and the instrumentations' sources.
Its instrumentations add cached tokens to the prompt and reasoning to the completion.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from spanledger_collector.dialects import (
    counts,
    fill,
    mapping,
    preview,
    text,
    texts,
    usd,
)
from spanledger_collector.dialects.details import detailed
from spanledger_collector.dialects.graph import graph_node, routed, whose
from spanledger_collector.dialects.llama_index import asking_agent, tool_output
from spanledger_collector.dialects.messages import arguments, flattened, messages, refused
from spanledger_collector.dialects.raw import Answer
from spanledger_collector.dialects.raw import answer as provider_answer
from spanledger_collector.dialects.structure import called_with as unwrapped
from spanledger_collector.dialects.structure import nested, structure, whole_fields
from spanledger_schema.span import Content, Counts, Event, Facts, Kind, Span, Value

NAME = "openinference"

KINDS: dict[str, Kind] = {
    "LLM": "llm",
    "EMBEDDING": "embedding",
    "RERANKER": "rerank",
    "RETRIEVER": "retriever",
    "TOOL": "tool",
    "AGENT": "agent",
    "GUARDRAIL": "guardrail",
    "EVALUATOR": "evaluator",
}

TEXTS = {
    "session_id": ("session.id",),
    "user_id": ("user.id",),
    "provider": ("llm.provider", "llm.system"),
    "request_model": ("llm.request.model_name",),
    "response_model": ("llm.response.model_name",),
    "finish_reason": ("llm.finish_reason",),
    "tool": ("tool.name", "tool_call.function.name"),
    "tool_call_id": ("tool_call.id", "tool.id"),
    "agent": ("agent.name", "graph.node.id"),
}

COUNTS = {
    "input_tokens": ("llm.token_count.prompt",),
    "output_tokens": ("llm.token_count.completion",),
    "total_tokens": ("llm.token_count.total",),
    "cache_read_tokens": (
        "llm.token_count.prompt_details.cache_read",
        "llm.token_count.prompt_details.cache_input",
        "metadata.usage.cached_prompt_tokens",  # BeeAI
    ),
    "cache_write_tokens": (
        "llm.token_count.prompt_details.cache_write",
        "metadata.usage.cached_creation_tokens",
    ),
    "reasoning_tokens": ("llm.token_count.completion_details.reasoning",),
    "input_audio_tokens": ("llm.token_count.prompt_details.audio",),
    "output_audio_tokens": ("llm.token_count.completion_details.audio",),
}

REQUEST = re.compile(r'\A\{\s*"messages"\s*:')
ANSWERED = ("llm.output_messages.", "llm.token_count.")

MOST_PARSED = 32_768
"""Characters of an answer that are parsed on arrival; of a longer one the preview is its start."""

FIRST_TOKEN = "First Token Stream Event"
METHODS = (".__call__", ".run", ".call", ".acall", ".arun", ".invoke", ".ainvoke")
METHOD = re.compile(r"(?<=\w)\._?[a-z]\w*\Z")
"""What some put behind the name of an agent: which of its methods ran."""

VERSION = re.compile(r"[-@](?:\d{4}-\d\d-\d\d|\d{3,8})")
"""What an answer adds to the name of the model that was asked: which version of it answered."""

STREAMED = re.compile(r"Stream|_stream\Z")

HANDOFF, OF_HANDOFF = "handoff to ", "handoff_to_"
TRIPPED = re.compile(r"\AGuardrail tripwire triggered: .*?'guardrail': '([^']*)'")


def claims(keys: frozenset[str], scope: str) -> bool:
    """Tell whether a span speaks this dialect."""
    return (
        "openinference.span.kind" in keys
        or "llm.token_count.prompt" in keys
        or scope.startswith("openinference.")
    )


def read(span: Span) -> Facts:
    """Return what the span says; a count that was not sent stays None."""
    a = span.attributes
    facts = Facts(dialect=NAME)
    fill(facts, a, TEXTS)
    facts.kind = KINDS.get(text(a, "openinference.span.kind") or "")
    if facts.kind == "llm" and span.status_code != 2 and prepares(a):
        facts.kind = "span"
    if (text(a, "metadata.path") or "").endswith(f".{span.name}"):
        facts.kind = "event"  # what BeeAI's emitter said: no step, whatever it is called
        return facts
    if facts.session_id:
        facts.session_rank = 0
    facts.tags = texts(a.get("tag.tags"))
    metadata = whole_fields(a.get("metadata"))
    if metadata:
        whose(facts, metadata)
    answer = answered(a)
    facts.counts = usage(a)
    if facts.kind in ("llm", "embedding", "rerank"):
        read_call(span, facts, answer)
    elif facts.kind == "tool":
        read_tool(span, facts, answer)
    else:
        read_step(span, facts, metadata)
    facts.preview = facts.preview or preview(answer)
    return facts


def answered(a: Mapping[str, Value]) -> Value:
    """Return the output, as a structure where it is small JSON."""
    value = a.get("output.value")
    if isinstance(value, str) and len(value) <= MOST_PARSED:
        return structure(value) if value[:1] in "[{" else value
    return value


def usage(a: Mapping[str, Value]) -> Counts | None:
    """Return the token counts of a span; those of an agent are what its calls add up to."""
    found = counts(a, COUNTS)
    return found if found or found.invalid else None


def prepares(a: Mapping[str, Value]) -> bool:
    """Tell whether a span put a request together and sent none: it gave back the messages."""
    output = a.get("output.value")
    return (
        isinstance(output, str)
        and REQUEST.match(output) is not None
        and not any(name.startswith(ANSWERED) for name in a)
    )


def read_call(span: Span, facts: Facts, answer: Value) -> None:
    """Read a model call: models, usage, how it was answered."""
    a = span.attributes
    told = provider_answer(answer) if isinstance(answer, dict) else Answer()
    facts.counts = detailed(facts.counts, told, a.get("output.value"))
    if reported := usd(a, "llm.cost.total"):
        facts.reported_usd, facts.reported_by = reported
    request = mapping(
        a.get("llm.invocation_parameters") or a.get("embedding.invocation_parameters")
    )
    of_application(facts, request)
    response = answer if isinstance(answer, dict) else {}
    read_models(span, facts, request)
    named = facts.response_model
    if named and told.model and VERSION.fullmatch(told.model.removeprefix(named)):
        facts.response_model = told.model
    facts.response_id = response_id(response) or told.id or response_id(request)
    if response.get("object") == "response":
        facts.finish_reason = text(response, "status")  # not the "stop" that some put there
    facts.streaming = True if in_chunks(response) else streaming(span, request)
    first = next((e for e in span.events if e.name == FIRST_TOKEN), None)
    if first is not None:
        facts.streaming = True
        if first.time_ns >= span.start_ns > 0:
            facts.ttft_ns = first.time_ns - span.start_ns
    if isinstance(tier := response.get("service_tier"), str):
        facts.price_context = {"service_tier": tier}
    facts.preview = said(a) or preview(answer)


def of_application(facts: Facts, request: Mapping[str, Value]) -> None:
    """Take session and user from what an application wrote into its request."""
    if isinstance(metadata := request.get("metadata"), dict):
        whose(facts, metadata)
        facts.user_id = facts.user_id or text(metadata, "trace_user_id")  # as LiteLLM spells it
    facts.user_id = facts.user_id or text(request, "user")


def in_chunks(response: Mapping[str, Any]) -> bool:
    """Tell whether LangChain put an answer together from the chunks of a stream."""
    found = response.get("generations")
    while isinstance(found, list) and found:
        found = found[0]
    if not isinstance(found, dict):
        return False
    message = found.get("message")
    kind = message.get("id") if isinstance(message, dict) else None  # in JavaScript
    return found.get("type") == "ChatGenerationChunk" or (
        isinstance(kind, list) and kind[-1:] == ["AIMessageChunk"]
    )


def streaming(span: Span, request: Mapping[str, Value]) -> bool | None:
    """Return whether an answer was streamed: where the request is known, it says so or it was not."""
    if isinstance(stream := request.get("stream"), bool):
        return stream
    if STREAMED.search(span.name):
        return True
    asked = "model" in request or "llm.request.model_name" in span.attributes
    return False if asked and not response_id(request) else None


def read_models(span: Span, facts: Facts, request: Mapping[str, Value]) -> None:
    """Tell the requested from the answering model: both go by `llm.model_name`, one after the other.

    What the request's own parameters name was asked for, unless they are the answer's (they bear
    its id). The other name answered if there was an answer at all.
    """
    a = span.attributes
    asked = text(request, "model", "model_name") if not response_id(request) else None
    facts.request_model = facts.request_model or asked
    last = text(a, "llm.model_name", "embedding.model_name", "reranker.model_name")
    if last is None:
        return
    if facts.counts and span.status_code != 2:
        facts.response_model = facts.response_model or last
    elif facts.request_model is None:
        facts.request_model = last
    elif span.status_code != 2 and last != facts.request_model:
        facts.response_model = facts.response_model or last


def response_id(response: Mapping[str, Any]) -> str | None:
    """Return the provider's id of an answer, also from inside a LangChain result."""
    for key in ("id", "response_id"):
        if isinstance(found := response.get(key), str) and found:
            return found
    output = response.get("llm_output")
    return text(output, "id") if isinstance(output, dict) else None


def said(a: Mapping[str, Value]) -> str | None:
    """Return one line of the answer: its text, or the tool that it calls."""
    for start in ("llm.output_messages.0.message.", "llm.output_messages.1.message."):
        words = text(a, f"{start}content", f"{start}contents.0.message_content.text")
        if words and a.get(f"{start}contents.0.message_content.type") != "reasoning":
            return words
        call = f"{start}tool_calls.0.tool_call.function."
        if name := text(a, f"{call}name"):
            return f"{name}({text(a, f'{call}arguments') or ''})"
    return None


def read_tool(span: Span, facts: Facts, answer: Value) -> None:
    """Read a tool call; a hand-off is recorded as one, from its input to its output."""
    a = span.attributes
    if span.name.startswith(HANDOFF) and facts.tool in (None, OF_HANDOFF + after(span.name)):
        facts.kind, facts.tool = "handoff", None
        facts.state_from = party(a.get("input.value"), "from_agent")
        facts.state_to = party(a.get("output.value"), "to_agent") or after(span.name)
        facts.agent = facts.state_from
        facts.preview = f"{facts.state_from or '?'} → {facts.state_to}"
        return
    if facts.tool is None:
        method = next((m for m in METHODS if span.name.endswith(m)), "")
        facts.tool = span.name.removesuffix(method)
    facts.agent = None
    if (words := refused(answer)) is not None:
        facts.status, facts.error_message = "error", words
    if isinstance(answer, dict) and facts.tool_call_id is None:
        inner = answer.get("data") or answer.get("kwargs") or answer.get("output") or answer
        if isinstance(inner, dict):
            inner = inner.get("kwargs") or inner
        if isinstance(inner, dict):
            facts.tool_call_id = text(inner, "tool_call_id")
    facts.preview = preview(called_with(a)) or preview(answer)


def after(name: str) -> str:
    """Return the agent that the name of a hand-off's span tells."""
    return name.removeprefix(HANDOFF)


def party(value: Value, role: str) -> str | None:
    """Return one of the agents of a hand-off: sent as its name, or as `{"from_agent": …}`."""
    told = structure(value)
    return text(told, role) if isinstance(told, dict) else text({role: value}, role)


def read_step(span: Span, facts: Facts, metadata: Mapping[str, Value]) -> None:
    """Read an agent, a guardrail, a chain: where it stands in a graph, what it decided."""
    a = span.attributes
    if facts.kind == "agent" and facts.agent is None:
        if "openai_agents" in span.scope.name.replace("-", "_"):
            facts.kind = "workflow"  # the trace itself is recorded as an agent
        else:
            facts.agent = METHOD.sub("", span.name)
    if facts.kind is None and (agent := asking_agent(a.get("input.value"))):
        facts.kind, facts.agent = "agent", agent
    if facts.counts:
        read_run(a, facts)
    if metadata:
        graph_node(facts, metadata, span.name)
        if facts.node is None:
            routed(facts, metadata, span.name, a.get("output.value"))
        else:
            facts.agent = None
    if facts.kind == "guardrail":
        facts.policy = span.name
    if tripped := TRIPPED.match(span.status_message):
        facts.verdict, facts.policy = "blocked", tripped[1]
    if facts.kind is None:
        facts.kind = "workflow" if not span.parent_span_id else "span"


def read_run(a: Mapping[str, Value], facts: Facts) -> None:
    """Read model and dollars of a run that tells its own usage: its calls may have no spans."""
    facts.response_model = facts.response_model or text(a, "llm.model_name")
    if reported := usd(a, "llm.cost.total"):
        facts.reported_usd, facts.reported_by = reported


def called_with(a: Mapping[str, Value]) -> Value:
    """Return the arguments of a tool, out of the wrapping that some instrumentations add."""
    return unwrapped(arguments(a.get("input.value")))


def returned(value: Value) -> Value:
    """Return what a tool returned, out of a serialised tool message or a tool's output object."""
    found = structure(value)
    if (output := tool_output(found)) is not None:
        return output["raw_output"]
    if isinstance(found, dict):
        told = found["output"] if found.keys() == {"output"} else found  # as JavaScript wraps it
        inner = (told.get("data") or told.get("kwargs")) if isinstance(told, dict) else None
        if isinstance(inner, dict) and "tool_call_id" in inner:
            return structure(inner.get("content"))
    return found


def content(span: Span, logs: Sequence[Event]) -> Content:
    """Return the conversation from the flattened messages, else from raw input and output."""
    a = span.attributes
    request = mapping(
        a.get("llm.invocation_parameters") or a.get("embedding.invocation_parameters")
    )
    if a.get("openinference.span.kind") == "TOOL":
        return Content(arguments=called_with(a), result=returned(a.get("output.value")))
    offered = [t.get("tool") for t in nested(a, "llm.tools.") if isinstance(t, dict)]
    tools = [structure(t.get("json_schema")) for t in offered if isinstance(t, dict)]
    said_in = flattened(a, "llm.input_messages.", "user")
    said_out = flattened(a, "llm.output_messages.", "assistant")
    if not any(message.parts for message in said_out):  # some flatten no tool calls
        said_out = messages(a.get("output.value"), "assistant") or said_out
    return Content(
        input=said_in or messages(a.get("input.value"), "user"),
        output=said_out,
        tools=tools or None,
        parameters={k: v for k, v in request.items() if k not in ("model", "tools", "messages")},
        state_given=structure(a.get("input.value")),
        state_written=structure(a.get("output.value")),
    )
