"""Coding agents that send their own spans: Codex and Gemini CLI, recorded; cut to what is read."""

import pytest

from spanledger_collector.dialects import codex, gemini_cli
from tests import recorded
from tests.test_frameworks import every_meter, spans, tools, traces


def test_a_turn_of_codex_is_billed_with_all_that_its_requests_used():
    (trace,) = traces("codex")
    assert every_meter(trace) == [(38634, 10602, 0, 12066)]
    turn = trace["llm_calls"][0]
    assert (turn["request_model"], turn["reasoning_tokens"], turn["cost_source"]) == (
        "gpt-5-mini", 2796, "priced",
    )  # fmt: skip
    assert [s["not_billed_because"] for s in trace["not_billed"]] == ["aggregate"] * 3


def test_a_turn_of_codex_belongs_to_its_conversation():
    assert traces("codex")[0]["session_id"] == "01a20394-6395-7e10-8d30-a8f846b852d2"


def test_what_a_tool_of_codex_got_and_gave_is_in_its_log_record():
    answered = "unsupported call: shell"
    assert tools(traces("codex")[0]) == [
        ("shell", {"command": ["cat", "a.txt"]}, answered, True),
        ("shell", {"command": ["cat", "nothing.txt"]}, answered, True),
    ]


def test_a_call_of_gemini_cli_used_what_it_says():
    first, _, last = traces("gemini-cli")
    assert every_meter(first) == [(13026, None, None, 3130)]
    assert every_meter(last) == [(13063, None, None, 3140)]
    assert {trace["session_id"] for trace in traces("gemini-cli")} == {
        "2fbb3bfa-c495-4aab-8ed1-8f50821faa80"
    }


def test_tools_of_gemini_cli_stand_whole_in_its_messages():
    tool, failed = traces("gemini-cli")[1]["tool_calls"]
    assert (tool["name"], tool["args"], tool["error"]) == (
        "run_shell_command", {"command": "cat a.txt"}, None,
    )  # fmt: skip
    assert "Output: hello" in tool["result"]
    assert (failed["name"], failed["args"]) == ("read_file", {"file_path": "nothing.txt"})
    assert failed["error"]["message"].startswith("File not found: ")


@pytest.mark.parametrize(("name", "dialect"), [("codex", codex), ("gemini-cli", gemini_cli)])
def test_garbage_in_any_attribute_is_no_number_and_raises_nothing(name, dialect):
    for span in spans(name):
        recorded.survives(dialect, span)
