"""Agents written in JavaScript, as real libraries recorded them."""

import pytest

from spanledger_collector.normalise import facts
from spanledger_schema.span import Event
from tests.recorded import made
from tests.test_frameworks import every_meter, tools, traces


def whose(name: str) -> list[tuple[str | None, str | None]]:
    """Return session and user of each trace of a recording."""
    return [(t["session_id"], t["user_id"]) for t in traces(name)]


def test_whose_a_run_is_stands_in_the_context_that_it_lets_its_telemetry_see():
    assert whose("vercel-ai-7") == [
        ("s-1", "u-1"), ("s-2", "u-2"), ("s-1", None), ("s-1", None), ("s-3", None),
    ]  # fmt: skip
    assert traces("vercel-ai-7")[0]["tags"] == ["a"]


def test_what_the_conventions_have_no_name_for_is_read_from_beside_them():
    run, stream, *_ = traces("vercel-ai-7")
    assert [call["reasoning_tokens"] for call in run["llm_calls"]] == [548, 551, 554]
    assert [(c["streaming"], c["ttft_ms"]) for c in stream["llm_calls"]] == [(True, 77.522033)]
    assert every_meter(stream) == [(8253, 2159, 547, 2397)]


def test_a_tool_of_a_run_that_speaks_the_conventions_fails_and_works():
    assert tools(traces("vercel-ai-7")[0]) == [
        ("lookup", {"id": "B-0"}, None, True),
        ("lookup", {"id": "B-1"}, {"id": "B-1", "price": 9.5}, False),
    ]


def test_a_run_told_in_two_vocabularies_below_one_span_counts_once():
    assert every_meter(traces("vercel-ai-7")[-1]) == [(8364, 2192, None, 2436)]


def test_what_langchain_answered_in_javascript_tells_the_model_and_the_cache_writes():
    run, call, stream, other, _ = traces("langchain-js-openinference")
    assert every_meter(call) == [(10917, 2951, 763, 3333)]
    assert every_meter(stream) == [(10954, 2962, 766, 3347)]  # one more than billed, as it was sent
    assert [c["streaming"] for t in (call, stream, other) for c in t["llm_calls"]] == [
        False, True, True,
    ]  # fmt: skip
    assert [c["response_model"] for t in (run, other) for c in t["llm_calls"]] == [
        "gpt-4o-2024-08-06",
    ] * 3  # fmt: skip
    assert stream["llm_calls"][0]["output_text"] == "Plain words. #242"


def test_a_graph_in_javascript_does_not_visit_its_start():
    run = traces("langchain-js-openinference")[0]
    assert [node["name"] for node in run["nodes"]] == ["agent", "tools", "agent"]


def test_a_tool_of_langchain_in_javascript_failed_without_its_stack_and_returned_its_content():
    run = traces("langchain-js-openinference")[0]
    assert [(t["args"], t["result"], t["error"]) for t in run["tool_calls"]] == [
        ("B-0", None, {"type": "Error", "message": "no order B-0"}),
        ("B-1", {"id": "B-1", "price": 9.5}, None),
    ]


def test_claudes_input_as_traceloop_hands_it_on_in_javascript_leaves_the_cache_out():
    run = traces("traceloop-js")[0]
    assert every_meter(run) == [(11361, 3083, 799, 3489), (None, None, None, None)]
    assert (run["session_id"], run["user_id"]) == ("s-2", "u-2")


def test_a_task_that_executes_a_tool_is_a_tool_call_of_the_tool_that_its_answer_names():
    assert [tools(trace) for trace in traces("traceloop-js")[1:]] == [
        [("DynamicStructuredTool", {"id": "B-0"}, None, True)],
        [("lookup", {"id": "B-4"}, {"id": "B-4", "price": 9.5}, False)],
    ]


@pytest.mark.parametrize(
    ("message", "told"),
    [
        ("no order\n\nOrderError: no order\n    at a (b.js:1:1)\n", ("OrderError", "no order")),
        ("two\nlines\n\nError: two\nlines\n    at b.js:1:1", ("Error", "two\nlines")),
        ("TypeError: x\n    at a (b.js:1:1)\n    at c.js:2:2", ("TypeError", "x")),
        ("no class\n    at the end", (None, "no class")),
        ("where it happened: at home", (None, "where it happened: at home")),
    ],
)
def test_an_error_of_javascript_is_told_by_its_class_and_without_its_stack(
    message: str, told: tuple[str | None, str]
):
    thrown = Event("exception", 0, {"exception.message": message})
    found = facts(made("tool", error="failed", events=(thrown,)))
    assert (found.error_type, found.error_message) == told


def test_the_class_of_an_error_stands_at_the_beginning_of_what_a_dialect_tells():
    a = {
        "langfuse.observation.level": "ERROR",
        "langfuse.observation.status_message": "TypeError: x",
    }
    assert facts(made("tool", attributes=a)).error_type == "TypeError"


def test_session_and_user_are_found_in_the_metadata_of_whichever_library():
    assert whose("mastra") == [("s-1", "u-1"), ("s-2", None)]
    assert every_meter(traces("mastra")[0]) == [
        (14654, 4062, None, 4646), (14691, 4073, None, 4659), (14728, 4084, None, 4672),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("a.metadata.sessionId", ("v", 3, None)),
        ("a.metadata.session.id", ("v", 3, None)),
        ("a.b.metadata.conversation_id", ("v", 3, None)),
        ("a.metadata.threadId", ("v", 6, None)),
        ("metadata.user_id", (None, 99, "v")),
        ("a.metadata.sessionIds", (None, 99, None)),
        ("a.notmetadata.sessionId", (None, 99, None)),
    ],
)
def test_an_attribute_names_a_session_or_a_user_by_how_it_ends(
    name: str, told: tuple[str | None, int, str | None]
):
    found = facts(made("run", attributes={name: "v"}))
    assert (found.session_id, found.session_rank, found.user_id) == told


def test_a_hand_off_tells_both_agents_by_name_or_each_in_an_object():
    given = {
        "openinference.span.kind": "TOOL", "tool.name": "handoff_to_booking",
        "input.value": '{"from_agent":"triage"}', "output.value": '{"to_agent":"booking"}',
    }  # fmt: skip
    found = facts(made("handoff to booking", attributes=given))
    assert (found.kind, found.state_from, found.state_to, found.tool) == (
        "handoff", "triage", "booking", None,
    )  # fmt: skip


def test_the_trace_of_the_agents_sdk_is_no_agent_in_javascript_either():
    scope = "@arizeai/openinference-instrumentation-openai-agents"
    span = made("flow", scope, attributes={"openinference.span.kind": "AGENT"})
    assert (facts(span).kind, facts(span).agent) == ("workflow", None)
