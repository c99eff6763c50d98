"""Spans that MCP's own SDK makes: the tool's name stands in the span's name alone."""

import pytest

from spanledger_collector import normalise
from spanledger_collector.dialects import mcp_sdk
from spanledger_schema.span import Content
from tests.recorded import made, survives

CALL = {"mcp.method.name": "tools/call", "jsonrpc.request.id": "2"}


@pytest.mark.parametrize("name", ["MCP send tools/call count", "MCP handle tools/call count"])
def test_the_tool_is_the_one_that_the_spans_name_ends_with(name: str):
    facts = normalise.facts(made(name, mcp_sdk.SCOPE, attributes=CALL))
    assert (facts.kind, facts.tool, facts.status) == ("tool", "count", "ok")


def test_conventional_attributes_are_believed_first():
    given = {
        **CALL, "gen_ai.tool.name": "count", "gen_ai.tool.call.arguments": '{"item": "bolt"}',
        "gen_ai.tool.call.result": "14",
    }  # fmt: skip
    span = made("tools/call x", attributes=given)
    assert normalise.facts(span).tool == "count"
    assert mcp_sdk.content(span, ()) == Content(arguments={"item": "bolt"}, result="14")


@pytest.mark.parametrize("method", ["initialize", "tools/list", "ping"])
def test_every_other_request_is_plumbing(method: str):
    span = made(f"MCP send {method}", mcp_sdk.SCOPE, attributes={"mcp.method.name": method})
    assert normalise.facts(span).kind == "span"


def test_garbage_in_any_place_never_raises():
    survives(mcp_sdk, made("MCP send tools/call count", mcp_sdk.SCOPE, attributes=CALL))
