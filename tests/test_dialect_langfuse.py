"""Langfuse observations: spans of its SDK, recorded, and of its LangChain handler, as it writes."""

from typing import Any

import pytest

from spanledger_collector import normalise
from spanledger_collector.dialects import langfuse
from spanledger_collector.usage import usage
from spanledger_schema.span import Content, Counts, Facts, Message, Part, Span
from tests import recorded
from tests.recorded import made, one

CAPTURE = "langfuse__observe-openai-session"

OURS: dict[str, Any] = {
    "session_id": "lf-sess-1",
    "session_rank": 0,
    "user_id": "user-lf",
    "tags": ("fx",),
}
DEFAULT_TIER = {"service_tier": "default"}


def test_a_generation_is_a_call_with_the_providers_own_counts():
    assert langfuse.read(one(CAPTURE, "c591")) == Facts(
        kind="llm",
        **OURS,
        response_model="gpt-5-mini-2025-08-07",
        counts=Counts(
            input_tokens=2025,
            output_tokens=351,
            total_tokens=2376,
            cache_read_tokens=658,
            reasoning_tokens=136,
            includes_cache=True,
            includes_reasoning=True,
            basis="raw",
        ),
        price_context=DEFAULT_TIER,
        preview="A reasoned reply.",
        dialect="langfuse",
    )


def test_a_stream_without_usage_has_no_counts_and_a_time_to_first_token():
    assert langfuse.read(one(CAPTURE, "4263")) == Facts(
        kind="llm",
        **OURS,
        response_model="gpt-4o-mini-2024-07-18",
        streaming=True,
        finish_reason="stop",
        ttft_ns=59_451_159,
        price_context=DEFAULT_TIER,
        preview="A streamed reply without usage.",
        dialect="langfuse",
    )


def test_a_failed_call_costs_nothing_known_and_names_the_requested_model():
    assert langfuse.read(one(CAPTURE, "b816")) == Facts(
        kind="llm",
        **OURS,
        request_model="gpt-4o",
        status="error",
        error_message="Error code: 429 - Rate limit reached",
        dialect="langfuse",
    )


def test_a_tool_observation_is_a_tool_call_by_the_name_of_its_span():
    assert langfuse.read(one(CAPTURE, "2d9d")) == Facts(
        kind="tool", **OURS, tool="convert", preview='{"amount":100,"to":"EUR"}', dialect="langfuse"
    )


def test_a_tool_observation_shows_arguments_and_result():
    assert langfuse.content(one(CAPTURE, "2d9d"), ()) == Content(
        arguments={"amount": 100, "to": "EUR"}, result={"amount": 92.0, "currency": "EUR"}
    )


def test_an_embedding_counts_its_input():
    facts = langfuse.read(one(CAPTURE, "f161"))
    assert (facts.kind, recorded.numbers(facts.counts)) == ("embedding", {43})


def test_an_agent_observation_is_an_agent():
    facts = langfuse.read(one(CAPTURE, "b17b"))
    assert (facts.kind, facts.agent) == ("agent", "fx turn")


def test_the_answer_of_a_responses_call_keeps_its_reasoning_apart():
    assert langfuse.content(one(CAPTURE, "c591"), ()).output == [
        Message("assistant", (Part("reasoning", text="Weighing the options."),)),
        Message("assistant", (Part("text", text="A reasoned reply."),)),
    ]


def test_the_langchain_handlers_parts_add_up_to_inclusive_counts():
    details = (
        '{"input": 100, "input_cache_read": 50, "input_cache_creation": 7, "output": 30,'
        ' "output_reasoning": 12, "total": 199}'
    )
    span = generation({"langfuse.observation.usage_details": details})
    used = usage(langfuse.read(span).counts, provider="anthropic", scope=span.scope)
    assert (
        used.input_tokens,
        used.input_uncached_tokens,
        used.cache_read_tokens,
        used.cache_write_tokens,
        used.output_tokens,
        used.reasoning_tokens,
        used.state,
    ) == (157, 100, 50, 7, 42, 12, "reported")


def test_anthropics_own_usage_leaves_cached_tokens_out_of_the_input():
    details = (
        '{"input_tokens": 10, "output_tokens": 5, "cache_read_input_tokens": 90,'
        ' "cache_creation_input_tokens": 3}'
    )
    span = generation({"langfuse.observation.usage_details": details})
    used = usage(langfuse.read(span).counts, provider="anthropic", scope=span.scope)
    assert (used.input_tokens, used.semantics_basis) == (103, "raw")


def test_a_node_of_langgraph_is_told_by_the_metadata_that_bear_its_name():
    metadata = {
        "langfuse.observation.metadata.langgraph_node": "agent",
        "langfuse.observation.metadata.langgraph_step": 2,
        "langfuse.observation.metadata.langgraph_checkpoint_ns": '"agent:8f"',
        "langfuse.observation.metadata.thread_id": '"thread-1"',
    }
    span = made("agent", attributes={"langfuse.observation.type": "chain", **metadata})
    assert langfuse.read(span) == Facts(
        kind="node",
        node="agent",
        node_run="agent:8f",
        node_step=2,
        session_id="thread-1",
        session_rank=6,
        dialect="langfuse",
    )


def test_a_run_inside_a_node_is_no_node():
    metadata = {"langfuse.observation.metadata.langgraph_node": "agent"}
    span = made("RunnableSequence", attributes={"langfuse.observation.type": "chain", **metadata})
    assert langfuse.read(span).kind == "span"


def test_an_interrupted_graph_waits():
    told = "(Interrupt(value='Refund 84.50?', id='1'),)"
    span = made(
        "approve",
        attributes={
            "langfuse.observation.type": "chain",
            "langfuse.observation.level": "DEFAULT",
            "langfuse.observation.status_message": told,
        },
    )
    facts = normalise.facts(span)
    assert (facts.status, facts.reason, facts.error_message) == ("waiting", told, None)


@pytest.mark.parametrize(("kind", "expected"), [("span", "agent"), ("agent", "agent")])
def test_a_plain_observation_leaves_the_kind_to_other_dialects(kind, expected):
    attributes = {"langfuse.observation.type": kind, "gen_ai.operation.name": "invoke_agent"}
    assert normalise.facts(made("invoke_agent x", attributes=attributes)).kind == expected


@pytest.mark.parametrize("span_id", ["ee54", "2d9d", "4263", "c591", "f161", "b816"])
def test_garbage_in_any_attribute_is_no_number_and_raises_nothing(span_id):
    recorded.survives(langfuse, one(CAPTURE, span_id))


def generation(attributes: dict[str, Any]) -> Span:
    """Return a generation with these attributes."""
    given = {
        "langfuse.observation.type": "generation",
        "langfuse.observation.model.name": "claude-sonnet-4-5",
    }
    return made("ChatAnthropic", attributes=given | attributes)


def test_a_decorated_function_was_called_with_its_arguments_by_name():
    given = '{"args": [], "kwargs": {"city": "Rome"}}'
    told = {"langfuse.observation.type": "tool", "langfuse.observation.input": given}
    assert langfuse.content(made("weather", attributes=told), ()).arguments == {"city": "Rome"}
