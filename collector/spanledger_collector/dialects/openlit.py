"""The OpenLIT dialect: what its instrumentations send beside the GenAI conventions.

Source: openlit/openlit, `sdk/python/src/openlit/instrumentation/`; captures of 1.34 and 1.45. It calls the
nodes of a graph agents, gives them the usage of their last call, and makes up the usage of a
stream that reported none.
"""

import re
from collections.abc import Mapping, Sequence

from spanledger_collector.dialects import count, counts, duration_ns, flag, preview, text
from spanledger_collector.dialects.messages import arguments
from spanledger_collector.dialects.structure import python_literal
from spanledger_schema.span import Content, Counts, Event, Facts, Kind, Span, Value

NAME = "openlit"

SCOPE = "openlit.instrumentation."
GRAPH = "openlit.instrumentation.langgraph"
EXCLUSIVE = frozenset({f"{SCOPE}anthropic", f"{SCOPE}bedrock"})
"""They hand the API's input on, which leaves cached tokens out; the "total" beside it is a sum."""

CHAIN = "openlit.instrumentation.langchain"
TOOL_NODE = "tools"
"""What LangGraph calls its own node for tools, of which OpenLIT records nothing but the tools.

Whether a tool ran in a node that has a span of its own is for the trace to tell.
"""

KINDS: dict[str, Kind] = {"chat": "llm", "embeddings": "embedding"}

COUNTS = {
    "input_tokens": ("gen_ai.usage.input_tokens",),
    "output_tokens": ("gen_ai.usage.output_tokens",),
    "cache_read_tokens": ("gen_ai.usage.cache_read.input_tokens",),
    "cache_write_tokens": ("gen_ai.usage.cache_creation.input_tokens",),
    "reasoning_tokens": ("gen_ai.usage.reasoning_tokens",),
}
ANSWERED = ("gen_ai.usage.cache_read.input_tokens", "gen_ai.usage.cache_creation.input_tokens")
"""Sent, if only as zero, whenever the provider reported usage."""

OLD_STREAM = "gen_ai.request.is_stream"
"""How older versions, such as 1.34, tell a stream."""

SECOND = 1_000_000_000
MESSAGE = re.compile(r"\Acontent=('(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")", re.DOTALL)
"""How a LangChain tool message reads as text."""


def claims(keys: frozenset[str], scope: str) -> bool:
    """Tell whether a span speaks this dialect."""
    return scope.startswith("openlit.") or "openlit.agent.version_hash" in keys


def read(span: Span) -> Facts:
    """Return what the span says beyond the GenAI conventions."""
    a = span.attributes
    facts = Facts(dialect=NAME)
    operation = text(a, "gen_ai.operation.name") or span.name.partition(" ")[0]
    if operation in KINDS:
        facts.kind = KINDS[operation]
        read_call(span, facts)
    elif span.scope.name == GRAPH:
        facts.usage_role = "aggregate"  # the last call's usage, with its id
        if operation == "invoke_agent":
            facts.kind, facts.node = "node", text(a, "gen_ai.agent.name")
    elif operation == "execute_tool":
        facts.preview = preview(arguments(a.get("gen_ai.tool.call.arguments")))
        if span.scope.name == CHAIN and "gen_ai.conversation.id" in a:
            facts.node = TOOL_NODE
    facts.error_message = text(a, "gen_ai.framework.error.message")
    return facts


def read_call(span: Span, facts: Facts) -> None:
    """Read a model call; one that failed early has no attributes, only its name and library."""
    a = span.attributes
    if "gen_ai.operation.name" not in a:
        facts.provider = span.scope.name.removeprefix(SCOPE)
        facts.request_model = span.name.partition(" ")[2] or None
    facts.streaming = flag(a, "gen_ai.request.stream")
    if facts.streaming is None:
        facts.streaming = flag(a, OLD_STREAM)
    found = counts(a, COUNTS, includes_cache=span.scope.name not in EXCLUSIVE, basis="scope")
    if facts.streaming:
        # also sent for calls that do not stream, where it is how long they took
        facts.ttft_ns = duration_ns(a.get("gen_ai.server.time_to_first_token"), SECOND)
        if found and is_made_up(a):
            found = Counts(found.input_tokens, found.output_tokens, source="estimated")
    facts.counts = found if found or found.invalid else None


def is_made_up(a: Mapping[str, Value]) -> bool:
    """Tell whether OpenLIT counted the tokens of a stream itself.

    Older versions do so for OpenAI's chats even where usage is reported; only chats have a seed.
    """
    if OLD_STREAM in a:
        return text(a, "gen_ai.system") == "openai" and "gen_ai.request.seed" in a
    return count(a, *ANSWERED) is None


def content(span: Span, logs: Sequence[Event]) -> Content:
    """Return the result of a LangChain tool out of the text of its message."""
    told = span.attributes.get("gen_ai.tool.call.result")
    return Content(result=said(told))


def said(told: Value) -> Value:
    """Return the content of a tool message that was sent as its Python repr, or None."""
    match = MESSAGE.match(told) if isinstance(told, str) else None
    return arguments(python_literal(match[1])) if match else None
