"""Spans of Pydantic AI: version 1 of its instrumentation and the current one, recorded."""

from decimal import Decimal

import pytest

from spanledger_collector import normalise
from spanledger_collector.dialects import pydantic_ai
from spanledger_schema.span import Content, Counts, Facts, Message, Part
from tests import recorded
from tests.recorded import made, one, raised

V1 = "pydantic-ai__bank-tools-v1"
CURRENT = "pydantic-ai__bank-tools-default"
SCOPE = "pydantic-ai"


def test_a_call_of_version_1_keeps_its_conversation_in_events():
    span = one(V1, "7afb")
    assert pydantic_ai.read(span) == Facts(
        counts=Counts(input_tokens=1791, output_tokens=249),
        reported_usd=Decimal("0.0069675"),
        reported_by="operation.cost",
        preview='balance({"account": "acc-?"})',
        dialect="pydantic_ai",
    )
    call = Part("tool_call", name="balance", id="call_010039332186", data={"account": "acc-?"})
    assert pydantic_ai.content(span, ()) == Content(
        input=[
            Message("system", (Part("text", text="You are a bank clerk."),)),
            Message("user", (Part("text", text="What is my balance?"),)),
        ],
        output=[Message("assistant", (call,))],
    )


def test_a_run_of_version_1_is_an_agent_by_the_name_of_its_span():
    facts = normalise.facts(one(V1, "678e"))
    assert (facts.kind, facts.agent, facts.preview) == (
        "agent", "bank_agent", "The balance is 123.45.",
    )  # fmt: skip


def test_a_tool_of_version_1_is_a_tool_call_with_arguments_and_result():
    span = one(V1, "29a5")
    facts = normalise.facts(span)
    assert (facts.kind, facts.tool, facts.tool_call_id) == ("tool", "balance", "call_020039332186")
    assert pydantic_ai.content(span, ()) == Content(
        input=[],
        output=[],
        arguments={"account": "acc-1"},
        result={"account": "acc-1", "balance": 123.45},
    )


def test_the_span_around_several_tools_is_no_tool_call():
    assert normalise.facts(one(V1, "025c")).kind == "span"


def test_a_retry_without_a_message_says_what_the_model_was_told():
    facts = normalise.facts(one(V1, "4589"))
    assert (facts.status, facts.error_type, facts.error_message) == (
        "error", "ToolRetryError", "unknown account, ask for acc-1",
    )  # fmt: skip


def test_a_retry_names_its_cause():
    assert pydantic_ai.read(one(CURRENT, "d257")) == Facts(
        agent="bank_agent",
        reason="model_retry",
        error_message="unknown account, ask for acc-1",
        dialect="pydantic_ai",
    )


def test_a_current_call_counts_cached_tokens_once():
    facts = normalise.facts(one(CURRENT, "4d4c"))
    assert facts.counts == Counts(
        input_tokens=2108, output_tokens=298, cache_read_tokens=683, reasoning_tokens=0
    )


def test_the_aggregated_usage_of_a_run_is_not_read():
    assert recorded.numbers(normalise.facts(one(CURRENT, "c8be")).counts) == set()


def test_cached_tokens_that_only_the_details_tell_are_found():
    given = {
        "gen_ai.operation.name": "chat",
        "gen_ai.usage.input_tokens": 100,
        "gen_ai.usage.details.cache_read_input_tokens": 60,
        "gen_ai.usage.details.thoughts_tokens": 7,
    }
    counts = pydantic_ai.read(made("chat m", SCOPE, attributes=given)).counts
    assert counts == Counts(input_tokens=100, cache_read_tokens=60, reasoning_tokens=7)


@pytest.mark.parametrize("kind", ["ApprovalRequired", "CallDeferred"])
def test_a_tool_that_needs_somebodys_word_waits(kind):
    told = raised(f"pydantic_ai.exceptions.{kind}", "")
    given = {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "refund"}
    span = made("execute_tool refund", SCOPE, error="x", attributes=given, events=[told])
    assert normalise.facts(span).status == "waiting"


@pytest.mark.parametrize(
    ("capture", "span_id"),
    [(V1, "678e"), (V1, "7afb"), (V1, "4589"), (CURRENT, "d257"), (CURRENT, "4d4c")],
)
def test_garbage_in_any_attribute_is_no_number_and_raises_nothing(capture, span_id):
    recorded.survives(pydantic_ai, one(capture, span_id))
