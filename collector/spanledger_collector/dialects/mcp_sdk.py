"""The spans that MCP's own SDK makes, and the MCP attributes of the conventions.

Source: modelcontextprotocol/python-sdk, `src/mcp/shared/_otel.py`: the tool's name is in the span's
name alone. OpenTelemetry conventions, registry page "MCP".
"""

from collections.abc import Sequence

from spanledger_collector.dialects import preview, text
from spanledger_collector.dialects.messages import arguments
from spanledger_schema.span import Content, Event, Facts, Span

NAME = "mcp_sdk"
SCOPE = "mcp-python-sdk"
CALL = "tools/call"


def claims(keys: frozenset[str], scope: str) -> bool:
    """Tell whether a span speaks of an MCP request."""
    return scope == SCOPE or "mcp.method.name" in keys


def read(span: Span) -> Facts:
    """Return which tool was called; every other request of the protocol is plumbing."""
    a = span.attributes
    facts = Facts(dialect=NAME, kind="span")
    if (text(a, "mcp.method.name") or span.name).find(CALL) < 0:
        return facts
    _, _, named = span.name.partition(CALL)
    facts.kind = "tool"
    facts.tool = text(a, "gen_ai.tool.name") or named.strip() or None
    facts.tool_call_id = text(a, "gen_ai.tool.call.id")
    facts.preview = preview(a.get("gen_ai.tool.call.arguments"))
    return facts


def content(span: Span, logs: Sequence[Event]) -> Content:
    """Return arguments and result where an instrumentation captured them."""
    a = span.attributes
    return Content(
        arguments=arguments(a.get("gen_ai.tool.call.arguments")),
        result=arguments(a.get("gen_ai.tool.call.result")),
    )
