"""Spans of Logfire: its own, its OpenAI integration's and the logs beside them, recorded."""

from decimal import Decimal

import pytest

from spanledger_collector import normalise
from spanledger_collector.dialects import logfire
from spanledger_collector.explain import explain
from spanledger_collector.pricebook import Pricebook
from spanledger_schema.span import Counts, Facts
from tests import recorded
from tests.recorded import made, one

CAPTURE = "logfire__openai-and-pydantic-ai"


def test_a_call_has_the_providers_own_counts_and_a_reported_cost():
    assert logfire.read(one(CAPTURE, "feed")) == Facts(
        session_id="lf-1",
        session_rank=0,
        counts=Counts(
            input_tokens=2311,
            output_tokens=377,
            total_tokens=2688,
            cache_read_tokens=684,
            reasoning_tokens=136,
            includes_cache=True,
            includes_reasoning=True,
            basis="raw",
        ),
        reported_usd=Decimal("0.00117785"),
        reported_by="operation.cost",
        dialect="logfire",
    )


def test_the_log_of_a_finished_stream_speaks_for_the_request_beside_it():
    facts = normalise.facts(one(CAPTURE, "1471"))
    assert (facts.kind, facts.usage_role, facts.streaming) == ("llm", "event", True)
    assert recorded.numbers(facts.counts) == {2214, 348, 2562, 681, 0}


def test_the_request_of_a_stream_has_no_usage_of_its_own():
    facts = normalise.facts(one(CAPTURE, "3a23"))
    assert (facts.kind, facts.usage_role) == ("llm", "")
    assert recorded.numbers(facts.counts) == set()


def test_a_scrubbed_session_is_none():
    facts = normalise.facts(one(CAPTURE, "e2ea"))
    assert (facts.session_id, facts.session_rank) == (None, 99)


def test_an_own_root_names_the_trace_and_tags_it():
    assert logfire.read(one(CAPTURE, "e2ea")) == Facts(
        trace_name="handle turn-1", tags=("fx",), preview="handle turn-1", dialect="logfire"
    )


def test_the_tag_that_its_integration_sets_is_not_the_applications():
    assert logfire.read(one(CAPTURE, "8673")).tags == ()


def test_a_pending_span_only_announces_another():
    given = {"logfire.span_type": "pending_span", "gen_ai.operation.name": "chat"}
    assert normalise.facts(made("chat", "logfire.openai", attributes=given)).kind == "event"


def test_a_log_that_is_about_no_call_is_an_event():
    given = {"logfire.span_type": "log", "logfire.msg": "hello"}
    assert normalise.facts(made("hello", "logfire", attributes=given)).kind == "event"


@pytest.mark.parametrize("span_id", ["e2ea", "8673", "1471", "feed", "86f1"])
def test_garbage_in_any_attribute_is_no_number_and_raises_nothing(span_id):
    recorded.survives(logfire, one(CAPTURE, span_id))


def test_a_stream_is_one_call_that_its_log_tells_the_answer_of():
    turn = explain(recorded.spans(CAPTURE), (), Pricebook())["traces"][1]
    streams = [c for c in turn["llm_calls"] if c["streaming"]]
    assert [(c["output_text"], c["finish_reason"], c["input_tokens_total"]) for c in streams] == [
        ("A streamed reply without usage.", "stop", None),
        ("A streamed reply with usage.", "stop", 2214),
    ]
