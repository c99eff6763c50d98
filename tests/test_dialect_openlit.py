"""Spans of OpenLIT: its OpenAI, Anthropic, LangChain and LangGraph instrumentations, recorded."""

import pytest

from spanledger_collector import normalise
from spanledger_collector.dialects import openlit
from spanledger_collector.usage import usage
from spanledger_schema.span import Counts, Facts
from tests import recorded
from tests.recorded import made, one

CAPTURE = "openlit__openai-anthropic-langgraph"


def test_a_call_has_no_time_to_first_token_unless_it_streams():
    assert openlit.read(one(CAPTURE, "a163")) == Facts(
        kind="llm",
        streaming=False,
        counts=Counts(
            input_tokens=1659,
            output_tokens=237,
            cache_read_tokens=0,
            cache_write_tokens=0,
            includes_cache=True,
            basis="scope",
        ),
        dialect="openlit",
    )


def test_anthropics_input_leaves_cached_tokens_out():
    span = one(CAPTURE, "19f8")
    used = usage(openlit.read(span).counts, provider="anthropic", scope=span.scope)
    assert (used.input_tokens, used.input_uncached_tokens, used.semantics) == (
        2338, 1644, "exclusive",
    )  # fmt: skip


def test_the_usage_it_makes_up_for_a_stream_is_not_usage():
    facts = normalise.facts(one(CAPTURE, "416e"))
    assert (facts.streaming, facts.ttft_ns) == (True, 23_369_551)
    assert (facts.counts, facts.flags) == (None, ("usage_estimated",))


def test_a_stream_that_reported_usage_is_counted():
    facts = normalise.facts(one(CAPTURE, "3744"))
    assert recorded.numbers(facts.counts) == {1950, 324, 657, 0}


def test_a_cost_of_zero_is_no_reported_cost():
    assert normalise.facts(one(CAPTURE, "a163")).reported_usd is None


def test_a_call_that_failed_before_it_had_attributes_is_still_a_call():
    facts = normalise.facts(one(CAPTURE, "5d3a"))
    assert (facts.kind, facts.provider, facts.request_model, facts.error_type) == (
        "llm", "anthropic", "claude-haiku-4-5", "OverloadedError",
    )  # fmt: skip


def test_a_tool_that_a_model_asks_for_was_not_run_by_the_call():
    facts = normalise.facts(one(CAPTURE, "a163"))
    assert (facts.tool, facts.tool_call_id) == (None, None)


def test_a_node_of_a_graph_is_no_agent_and_its_usage_no_calls():
    facts = normalise.facts(one(CAPTURE, "a476"))
    assert (facts.kind, facts.node, facts.agent, facts.usage_role) == (
        "node", "classify", None, "aggregate",
    )  # fmt: skip


def test_a_workflow_repeats_the_usage_of_its_last_call():
    facts = normalise.facts(one(CAPTURE, "58f0"))
    assert (facts.kind, facts.usage_role) == ("workflow", "aggregate")


def test_a_tool_of_langgraph_stands_for_the_node_that_runs_tools():
    assert openlit.read(one(CAPTURE, "64db")) == Facts(
        node="tools",
        error_message="amount exceeds the 100.00 limit",
        preview='{"order_id":"B-2","amount":845.0}',
        dialect="openlit",
    )


def test_a_tool_outside_a_graph_stands_for_no_node():
    given = {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "t"}
    span = made("execute_tool t", "openlit.instrumentation.langchain", attributes=given)
    assert openlit.read(span).node is None


def test_arguments_and_result_come_out_of_their_python_repr():
    content = normalise.content(one(CAPTURE, "48e8"), ())
    assert content.arguments == {"order_id": "B-2"}
    assert content.result == {"order_id": "B-2", "total": 84.5}


@pytest.mark.parametrize("span_id", ["a163", "416e", "19f8", "58f0", "64db", "48e8"])
def test_garbage_in_any_attribute_is_no_number_and_raises_nothing(span_id):
    recorded.survives(openlit, one(CAPTURE, span_id))
