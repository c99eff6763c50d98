"""Spans of MLflow Tracing: recorded OpenAI autolog, and others as its source writes."""

import json
from typing import Any

import pytest

from spanledger_collector.dialects import mlflow
from spanledger_schema.span import Content, Counts, Facts, Message, Part
from tests import recorded
from tests.recorded import made, one

CAPTURE = "mlflow__openai-manual"


def test_a_chat_model_is_a_call_with_the_providers_own_counts():
    assert mlflow.read(one(CAPTURE, "c646")) == Facts(
        kind="llm",
        request_model="gpt-5-mini",
        response_model="gpt-5-mini-2025-08-07",
        response_id="resp_mlflow__0005",
        finish_reason="completed",
        counts=Counts(
            input_tokens=2047,
            output_tokens=353,
            total_tokens=2400,
            cache_read_tokens=660,
            reasoning_tokens=136,
            includes_cache=True,
            includes_reasoning=True,
            basis="raw",
        ),
        price_context={"service_tier": "default"},
        preview="A reasoned reply.",
        dialect="mlflow",
    )


def test_a_stream_without_usage_has_no_counts_and_a_time_to_its_first_chunk():
    assert mlflow.read(one(CAPTURE, "17fb")) == Facts(
        kind="llm",
        request_model="gpt-4o-mini",
        response_model="gpt-4o-mini-2024-07-18",
        response_id="chatcmpl-mlflow__0003",
        streaming=True,
        finish_reason="stop",
        ttft_ns=40_062_724,
        preview="A streamed reply without usage.",
        dialect="mlflow",
    )


def test_an_embedding_without_a_digest_is_counted_from_its_response():
    facts = mlflow.read(one(CAPTURE, "1a7c"))
    assert (facts.kind, recorded.numbers(facts.counts)) == ("embedding", {43})


def test_a_failed_call_has_been_asked_of_a_model():
    assert mlflow.read(one(CAPTURE, "a56e")) == Facts(
        kind="llm", request_model="gpt-4o", dialect="mlflow"
    )


def test_a_tool_is_a_tool_call_by_the_name_of_its_span():
    assert mlflow.read(one(CAPTURE, "a866")) == Facts(
        kind="tool", tool="convert", preview='{"amount":100,"to":"EUR"}', dialect="mlflow"
    )


def test_a_tool_shows_arguments_and_result():
    assert mlflow.content(one(CAPTURE, "a866"), ()) == Content(
        arguments={"amount": 100, "to": "EUR"}, result={"amount": 92.0, "currency": "EUR"}
    )


def test_a_responses_request_shows_instructions_and_input_as_messages():
    assert mlflow.content(one(CAPTURE, "c646"), ()).input == [
        Message("system", (Part("text", text="Be brief."),)),
        Message("user", (Part("text", text="Think."),)),
    ]


def test_without_a_providers_answer_the_digest_is_counted():
    digest = {"input_tokens": 7, "output_tokens": 2, "total_tokens": 9}
    span = made("ChatOpenAI", attributes=sent("CHAT_MODEL", {"mlflow.chat.tokenUsage": digest}))
    assert mlflow.read(span).counts == Counts(input_tokens=7, output_tokens=2, total_tokens=9)


def test_a_langchain_answers_own_usage_comes_before_the_digest():
    usage = {
        "input_tokens": 100, "output_tokens": 9, "total_tokens": 109,
        "input_token_details": {"cache_read": 60}, "output_token_details": {"reasoning": 4},
    }  # fmt: skip
    outputs = {"generations": [[{"text": "hi", "message": {"usage_metadata": usage}}]]}
    digest = {"input_tokens": 100, "output_tokens": 9, "total_tokens": 109}
    span = made(
        "ChatOpenAI",
        attributes=sent(
            "CHAT_MODEL", {"mlflow.spanOutputs": outputs, "mlflow.chat.tokenUsage": digest}
        ),
    )
    assert mlflow.read(span).counts == Counts(
        input_tokens=100,
        output_tokens=9,
        total_tokens=109,
        cache_read_tokens=60,
        reasoning_tokens=4,
        includes_cache=True,
        includes_reasoning=True,
        basis="raw",
    )


def test_session_and_user_are_read_where_a_version_exports_them():
    span = made("run", attributes=sent("AGENT", {"session.id": "s-1", "mlflow.trace.user": "u-1"}))
    facts = mlflow.read(span)
    assert (facts.session_id, facts.session_rank, facts.user_id) == ("s-1", 0, "u-1")


def test_a_node_of_langgraph_is_told_by_its_metadata():
    metadata = {"langgraph_node": "agent", "langgraph_step": 1, "thread_id": "t"}
    facts = mlflow.read(made("agent", attributes=sent("CHAIN", {"metadata": metadata})))
    assert (facts.kind, facts.node, facts.node_step) == ("node", "agent", 1)
    assert (facts.session_id, facts.session_rank) == ("t", 6)


def test_a_router_is_told_by_the_node_that_it_answers():
    metadata = {"langgraph_node": "classify"}
    given = sent("CHAIN", {"metadata": metadata, "mlflow.spanOutputs": "agent"})
    facts = mlflow.read(made("route", attributes=given))
    assert (facts.state_from, facts.state_to, facts.reason) == ("classify", "agent", "route")


def test_a_reported_cost_is_taken_and_a_cost_of_zero_is_none():
    paid, unknown = (
        mlflow.read(made("m", attributes=sent("LLM", {"mlflow.llm.cost": {"total_cost": usd}})))
        for usd in (0.25, 0.0)
    )
    assert str(paid.reported_usd) == "0.25"
    assert unknown.reported_usd is None


@pytest.mark.parametrize("span_id", ["5a16", "a866", "17fb", "c646", "1a7c", "a56e"])
def test_garbage_in_any_attribute_is_no_number_and_raises_nothing(span_id):
    recorded.survives(mlflow, one(CAPTURE, span_id))


def test_a_root_that_never_came_leaves_its_children_readable():
    spans = recorded.spans("mlflow__openai-manual-root-missing")
    kinds = [mlflow.read(span).kind for span in spans]
    assert kinds == ["llm", "tool", "llm", "llm", "llm", "llm", "embedding", "llm"]


def sent(kind: str, attributes: dict[str, Any]) -> dict[str, Any]:
    """Return attributes as MLflow sends them: each of them JSON."""
    return {name: json.dumps(v) for name, v in {"mlflow.spanType": kind, **attributes}.items()}
