"""The spans of Gemini CLI: `gen_ai.*` with operations of its own, whole tool calls as messages.

Source: google-gemini/gemini-cli 0.61, `packages/core/src/telemetry`; captures. Its counts are the
API's, of which it leaves out what was cached and what was thought.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from spanledger_collector.dialects import mapping, preview, text
from spanledger_collector.dialects.messages import arguments
from spanledger_schema.span import Attributes, Content, Event, Facts, Kind, Span, Value

NAME = "gemini_cli"
SCOPE = "gemini-cli"

KINDS: dict[str, Kind] = {"llm_call": "llm", "tool_call": "tool", "agent_call": "agent"}

INPUT, OUTPUT = "gen_ai.input.messages", "gen_ai.output.messages"


def claims(keys: frozenset[str], scope: str) -> bool:
    """Tell whether a span speaks this dialect."""
    return scope == SCOPE


def read(span: Span) -> Facts:
    """Return what the span says beyond the GenAI conventions."""
    a = span.attributes
    facts = Facts(dialect=NAME, kind=KINDS.get(text(a, "gen_ai.operation.name") or "", "span"))
    if facts.kind == "tool":
        facts.tool_call_id = text(a, "gen_ai.tool.call_id")
        facts.preview = preview(called_with(a))
        told = mapping(a.get(OUTPUT))
        if told.get("status") == "error":
            facts.status, facts.error_message = "error", text(response(told), "error")
    return facts


def called_with(a: Attributes) -> Value:
    """Return the arguments of a tool, out of the request to call it."""
    return arguments(mapping(a.get(INPUT)).get("args"))


def response(told: Mapping[str, Value]) -> dict[str, Any]:
    """Return what a function answered, out of the call as it ended; {} without an answer."""
    whole = told.get("response")
    parts = whole.get("responseParts") if isinstance(whole, dict) else None
    part = parts[0] if isinstance(parts, list) and parts else None
    answer = part.get("functionResponse") if isinstance(part, dict) else None
    found = answer.get("response") if isinstance(answer, dict) else None
    return found if isinstance(found, dict) else {}


def content(span: Span, logs: Sequence[Event]) -> Content:
    """Return arguments and result of a tool; the conversations are told as the conventions want."""
    a = span.attributes
    if text(a, "gen_ai.operation.name") != "tool_call":
        return Content()
    told = response(mapping(a.get(OUTPUT)))
    return Content(arguments=called_with(a), result=arguments(told.get("output", told or None)))
