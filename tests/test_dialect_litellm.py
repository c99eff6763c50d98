"""Spans of LiteLLM's `otel` callback, recorded over several providers."""

from decimal import Decimal

import pytest

from spanledger_collector import normalise
from spanledger_collector.dialects import litellm
from spanledger_schema.span import Content, Counts, Facts, Message, Part
from tests import recorded
from tests.recorded import made, one

CAPTURE = "litellm-otel__multi-provider"


def test_a_request_is_a_call_counted_from_its_usage_object():
    assert litellm.read(one(CAPTURE, "2b6f")) == Facts(
        kind="llm",
        user_id="user-ll",
        provider="anthropic",
        streaming=False,
        counts=Counts(
            input_tokens=2577,
            output_tokens=381,
            total_tokens=2958,
            cache_read_tokens=714,
            cache_write_tokens=21,
            cache_write_1h_tokens=0,
            reasoning_tokens=0,
            includes_cache=True,
            includes_reasoning=True,
            basis="raw",
            source="gateway",
        ),
        reported_usd=Decimal("0.01153395"),
        reported_by="gen_ai.cost.total_cost",
        dialect="litellm",
    )


def test_geminis_thoughts_are_inside_the_output():
    counts = litellm.read(one(CAPTURE, "b6f4")).counts
    assert counts is not None
    assert (counts.output_tokens, counts.reasoning_tokens) == (439, 143)
    assert counts.includes_reasoning is True


def test_the_raw_request_below_a_call_is_its_transport():
    assert litellm.read(one(CAPTURE, "6e8a")) == Facts(kind="http", dialect="litellm")


def test_an_embedding_names_its_provider_in_front_of_the_model():
    facts = litellm.read(one(CAPTURE, "3e16"))
    assert (facts.kind, facts.provider, facts.reported_usd) == (
        "embedding", "openai", Decimal("9E-7"),
    )  # fmt: skip


def test_a_stream_is_told_by_a_flag_in_text():
    assert litellm.read(one(CAPTURE, "f061")).streaming is True


def test_a_failed_call_has_its_error_and_no_counts():
    facts = normalise.facts(one(CAPTURE, "94bc"))
    assert (facts.status, facts.error_type, facts.reported_usd) == ("error", "RateLimitError", None)
    assert recorded.numbers(facts.counts) == set()
    assert facts.error_message == (
        "litellm.RateLimitError: RateLimitError: OpenAIException - Rate limit reached"
    )


def test_tool_calls_that_the_message_leaves_out_are_shown():
    span = one(CAPTURE, "d6a2")
    call = Part("tool_call", name="convert", data={"amount": 100})
    assert litellm.content(span, ()) == Content(
        output=[Message("assistant", (call,), "tool_calls")]
    )
    assert litellm.read(span).preview == 'convert({"amount": 100})'


@pytest.mark.parametrize(
    ("call_type", "kind"),
    [("acompletion", "llm"), ("aembedding", "embedding"), ("arerank", "rerank"), ("speech", None)],
)
def test_asynchronous_call_types_are_the_same_calls(call_type, kind):
    given = {"litellm.call_id": "c", "llm.request.type": call_type}
    assert litellm.read(made("litellm_request", attributes=given)).kind == kind


def test_a_cost_of_zero_is_no_reported_cost():
    given = {"litellm.call_id": "c", "gen_ai.cost.total_cost": 0.0}
    assert litellm.read(made("litellm_request", attributes=given)).reported_usd is None


@pytest.mark.parametrize("span_id", ["d6a2", "6e8a", "2b6f", "94bc"])
def test_garbage_in_any_attribute_is_no_number_and_raises_nothing(span_id):
    recorded.survives(litellm, one(CAPTURE, span_id))
