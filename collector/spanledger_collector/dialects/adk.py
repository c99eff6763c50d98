"""The Google ADK dialect: spans of the Agent Development Kit.

Source: google/adk-python, `src/google/adk/telemetry/tracing.py`; captures of 2.13. Current
versions speak the GenAI conventions, with content and user in log records alone; those before
1.18 keep Gemini's own request and response on a span that is called `call_llm`.
"""

import re
from collections.abc import Sequence
from dataclasses import replace

from spanledger_collector.dialects import counts, mapping, preview, text
from spanledger_collector.dialects.messages import arguments, messages
from spanledger_collector.dialects.raw import answer
from spanledger_collector.providers import infer
from spanledger_schema.span import (
    Attributes,
    Content,
    Counts,
    Event,
    Facts,
    Kind,
    Message,
    Part,
    Span,
    Value,
)

NAME = "adk"

SCOPES = ("gcp.vertex.agent",)
OWN = "gcp.vertex.agent."

SPANS: dict[str, Kind] = {"call_llm": "llm", "invocation": "workflow", "send_data": "span"}

TRANSFER = "transfer_to_agent"
MERGED = "(merged tools)"  # repeats tool calls that have spans of their own
RUN = "agent_run ["
TOOL = "execute_tool "

OUTPUT = {
    "output_tokens": ("gen_ai.usage.output_tokens",),
    "reasoning_tokens": ("gen_ai.usage.reasoning.output_tokens",),
}
SUMMING = re.compile(r"2\.(?:\d|1[0-3])(?:\.|\Z)")
"""Versions that add thoughts to an output, as Gemini's API wants it, also where those of LiteLLM and
OpenAI contain them already (its `integrations/openai/_openai_llm.py` says so)."""

NO_OTHER = frozenset({"", "google"})
"""Providers that a model's name gives away where it contradicts nothing that ADK says."""

ADK_SESSION = 4
"""The application gave it to the runner, which is surer than what other libraries make up."""

MOST_PARSED = 262_144
"""Characters of a response that are parsed on arrival, for its usage."""


def claims(keys: frozenset[str], scope: str) -> bool:
    """Tell whether a span speaks this dialect."""
    return scope in SCOPES or any(key.startswith(OWN) for key in keys)


def read(span: Span) -> Facts:
    """Return what the span says beyond the GenAI conventions."""
    a = span.attributes
    facts = Facts(dialect=NAME)
    facts.kind = SPANS.get(span.name)
    if session := text(a, f"{OWN}session_id", "gen_ai.conversation.id"):
        facts.session_id, facts.session_rank = session, ADK_SESSION
    if span.name.startswith(RUN):
        facts.kind, facts.agent = "agent", span.name[len(RUN) :].removesuffix("]")
    model = text(a, "gen_ai.request.model") or ""
    if (maker := infer(model)) not in NO_OTHER:
        facts.provider = maker
    if span.name.startswith(TOOL) and not a:
        facts.kind, facts.tool = "tool", span.name.removeprefix(TOOL)  # it failed, and has no more
    if SUMMING.match(span.scope.version) and (maker == "openai" or (maker and "/" in model)):
        facts.counts = without_repetition(a)
    if facts.kind == "llm":
        read_call(a, facts)
    elif text(a, "gen_ai.operation.name") == "execute_tool":
        read_tool(a, facts)
    return facts


def without_repetition(attributes: Attributes) -> Counts | None:
    """Return the output of a call with its reasoning in it once, None where none is told."""
    told = counts(attributes, OUTPUT)
    if told.invalid or not told.output_tokens or not told.reasoning_tokens:
        return None
    if told.output_tokens < 2 * told.reasoning_tokens:
        return None  # nothing was added to an output that contains its reasoning
    return replace(told, output_tokens=told.output_tokens - told.reasoning_tokens)


def read_call(attributes: Attributes, facts: Facts) -> None:
    """Read a call out of Gemini's response; its output tokens leave the thoughts out."""
    response = attributes.get(f"{OWN}llm_response")
    if isinstance(response, str) and len(response) <= MOST_PARSED:
        said = answer(response)
        facts.counts, facts.finish_reason = said.counts, said.finish_reason
        facts.response_model = said.model
        facts.preview = preview(response)


def read_tool(attributes: Attributes, facts: Facts) -> None:
    """Read a tool call; one tool hands the conversation over to another agent."""
    name = text(attributes, "gen_ai.tool.name")
    given = arguments(attributes.get(f"{OWN}tool_call_args"))
    if name == MERGED:
        facts.kind = "span"
    elif name == TRANSFER:
        facts.kind = "handoff"
        facts.state_from = text(attributes, "gen_ai.agent.name")
        facts.state_to = text(mapping(given), "agent_name")
        facts.preview = f"{facts.state_from or '?'} → {facts.state_to or '?'}"
    elif isinstance(given, dict) and given:
        facts.preview = preview(given)


def content(span: Span, logs: Sequence[Event]) -> Content:
    """Return the content that earlier versions kept on the span."""
    a = span.attributes
    if text(a, "gen_ai.operation.name") == "execute_tool":
        return Content(
            arguments=kept(a.get(f"{OWN}tool_call_args")),
            result=kept(a.get(f"{OWN}tool_response")),
        )
    if streamed := [m for e in logs for m in pieces(e)] or pieces(span):
        return Content(output=[joined(streamed)])
    request = mapping(a.get(f"{OWN}llm_request"))
    config = mapping(request.get("config"))
    return Content(
        input=[
            *messages(config.get("system_instruction"), "system"),
            *messages(request.get("contents"), "user"),
        ],
        output=messages(mapping(a.get(f"{OWN}llm_response")).get("content"), "assistant"),
        tools=config.get("tools"),
        parameters={k: v for k, v in config.items() if is_parameter(k, v)},
    )


def pieces(record: Event | Span) -> list[Message]:
    """Return the pieces of a streamed answer, which are recorded as a message each."""
    said = messages(record.attributes.get("gen_ai.output.messages"), "assistant")
    return said if len(said) > 1 and all(m.role == "assistant" for m in said) else []


def joined(pieces_in_order: Sequence[Message]) -> Message:
    """Return the answer whose text came in pieces, as one message; the last may repeat all others."""
    *earlier, last = pieces_in_order
    if words_of([last]) == words_of(earlier):
        return last
    parts = [part for message in pieces_in_order for part in message.parts]
    words = words_of(pieces_in_order)
    rest = [part for part in parts if part.type != "text"]
    said = [Part("text", text=words)] if words else []
    return Message("assistant", (*said, *rest), pieces_in_order[-1].finish_reason)


def words_of(told: Sequence[Message]) -> str:
    """Return the text of messages, put together."""
    return "".join(p.text or "" for m in told for p in m.parts if p.type == "text")


def is_parameter(name: str, value: Value) -> bool:
    """Tell whether a field of Gemini's config is a setting and none of its contents."""
    return name != "system_instruction" and isinstance(value, str | int | float)


def kept(value: Value) -> Value:
    """Return arguments or a result as a structure; None for the placeholders of none."""
    found = arguments(value)
    return None if found in ({}, "N/A", "<not serializable>") else found
