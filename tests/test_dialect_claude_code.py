"""Spans of Claude Code, recorded with the content of tools and without details of prompts."""

from spanledger_collector.dialects import claude_code
from spanledger_schema.span import Content, Span
from tests import recorded
from tests.recorded import made
from tests.test_frameworks import every_meter, spans, tools, traces

CAPTURE = "claude-code"


def span(start: str) -> Span:
    """Return the first recorded span of a type."""
    return next(s for s in spans(CAPTURE) if s.attributes["span.type"] == start)


def test_a_request_is_a_call_whose_cached_tokens_stand_beside_the_input():
    (trace,) = traces(CAPTURE)
    assert every_meter(trace) == [
        (12582, 3446, 898, 3918),
        (12619, 3457, 901, 3931),
        (12656, 3468, 904, 3944),
        (12693, 3479, 907, 3957),
        (12730, 3490, 910, 3970),
    ]
    call = trace["llm_calls"][0]
    assert (call["provider"], call["request_model"], call["streaming"], call["cost_usd"]) == (
        "anthropic", "claude-sonnet-4-5", True, '0.087885300000',
    )  # fmt: skip


def test_a_tool_is_one_tool_call_with_the_span_inside_that_knows_how_it_ended():
    assert tools(traces(CAPTURE)[0]) == [
        ("Bash", {"full_command": "cat a.txt"}, "hello", False),
        ("Bash", {"full_command": "cat nothing.txt"}, None, True),
        ("Agent", {"subagent_type": "claude"}, None, False),
        ("Bash", {"full_command": "cat a.txt"}, "hello", False),
    ]


def test_what_was_asked_is_a_run_of_the_agent_in_its_session():
    (trace,) = traces(CAPTURE)
    assert trace["session_id"] == "34323e11-b3de-4916-8101-f0b781a51c53"
    assert trace["agents"] == ["claude-code"]


def test_what_is_recorded_whole_is_shown_without_the_line_that_says_what_it_is():
    given = {
        "span.type": "tool", "tool_name": "Bash", "full_command": "cat a.txt",
        "tool_input": '[TOOL INPUT: Bash]\n{"command":"cat a.txt"}',
        "new_context": '[TOOL RESULT: Bash]\n{"stdout":"hello"}',
    }  # fmt: skip
    tool = made("claude_code.tool", claude_code.SCOPE, attributes=given)
    assert claude_code.content(tool, ()) == Content(
        arguments={"command": "cat a.txt"}, result={"stdout": "hello"}
    )


def test_garbage_in_any_attribute_is_no_number_and_raises_nothing():
    for kind in ("interaction", "llm_request", "tool", "tool.execution"):
        recorded.survives(claude_code, span(kind))
