"""Spans of the Agent Development Kit: recorded 2.13, and those before 1.18 as its source writes."""

import json
from dataclasses import replace
from typing import Any

import pytest

from spanledger_collector import decode, normalise
from spanledger_collector.dialects import adk
from spanledger_collector.explain import explain
from spanledger_collector.pricebook import Pricebook
from spanledger_collector.usage import usage
from spanledger_schema.span import Content, Facts, Message, Part, Scope
from tests import recorded
from tests.recorded import made, one

CAPTURE = "google-adk__sub-agent-tool"
SCOPE = "gcp.vertex.agent"

USAGE = {
    "prompt_token_count": 100, "candidates_token_count": 20, "thoughts_token_count": 30,
    "cached_content_token_count": 60, "total_token_count": 150,
}  # fmt: skip
CALL_LLM = {
    "gen_ai.system": "gcp.vertex.agent",
    "gen_ai.request.model": "gemini-2.5-flash",
    "gen_ai.usage.input_tokens": 100,
    "gen_ai.usage.output_tokens": 20,
    "gcp.vertex.agent.session_id": "s-1",
    "gcp.vertex.agent.llm_request": json.dumps(
        {
            "model": "gemini-2.5-flash",
            "config": {"system_instruction": "Water.", "temperature": 0.2, "tools": [{"x": 1}]},
            "contents": [{"role": "user", "parts": [{"text": "Water my fern"}]}],
        }
    ),
    "gcp.vertex.agent.llm_response": json.dumps(
        {
            "content": {"role": "model", "parts": [{"text": "Watered."}]},
            "finish_reason": "STOP",
            "usage_metadata": USAGE,
        }
    ),
}
TOOL = {
    "gen_ai.operation.name": "execute_tool",
    "gen_ai.tool.name": "water",
    "gcp.vertex.agent.tool_call_args": '{"plant": "fern"}',
    "gcp.vertex.agent.tool_response": '{"status": "ok"}',
}


def test_the_session_is_the_runners():
    assert adk.read(one(CAPTURE, "9b22")) == Facts(
        session_id="adk-sess-1", session_rank=4, dialect="adk"
    )


def test_a_call_is_read_by_the_conventions():
    facts = normalise.facts(one(CAPTURE, "9b22"))
    assert (facts.kind, facts.provider, facts.request_model, facts.agent) == (
        "llm", "google", "gemini-2.5-flash", "root_agent",
    )  # fmt: skip


def test_messages_are_in_the_log_record_beside_the_span():
    span = one(CAPTURE, "bb2e")
    content = normalise.content(span, recorded.logs(CAPTURE)[span.span_id])
    call = Part("tool_call", name="water", id="water_0", data={"plant": "cactus"})
    assert content.output == [Message("assistant", (call,), "stop")]


def test_the_transfer_to_an_agent_is_a_hand_off():
    assert adk.read(one(CAPTURE, "e0b3")) == Facts(
        kind="handoff", state_from="root_agent", preview="root_agent → ?", dialect="adk"
    )


def test_a_transfer_with_arguments_says_to_whom():
    given = TOOL | {
        "gen_ai.tool.name": "transfer_to_agent",
        "gen_ai.agent.name": "root",
        "gcp.vertex.agent.tool_call_args": '{"agent_name": "gardener"}',
    }
    facts = adk.read(made("execute_tool transfer_to_agent", SCOPE, attributes=given))
    assert (facts.state_from, facts.state_to, facts.preview) == (
        "root", "gardener", "root → gardener",
    )  # fmt: skip


def test_an_older_calls_thoughts_are_added_to_its_output():
    span = made("call_llm", SCOPE, attributes=CALL_LLM)
    facts = normalise.facts(span)
    used = usage(facts.counts, provider=facts.provider, scope=span.scope)
    assert (facts.kind, facts.session_id, facts.finish_reason) == ("llm", "s-1", "STOP")
    assert (used.input_tokens, used.cache_read_tokens) == (100, 60)
    assert (used.output_tokens, used.reasoning_tokens, used.semantics_basis) == (50, 30, "raw")


def test_an_older_call_shows_geminis_request_and_response():
    assert adk.content(made("call_llm", SCOPE, attributes=CALL_LLM), ()) == Content(
        input=[
            Message("system", (Part("text", text="Water."),)),
            Message("user", (Part("text", text="Water my fern"),)),
        ],
        output=[Message("assistant", (Part("text", text="Watered."),))],
        tools=[{"x": 1}],
        parameters={"temperature": 0.2},
    )


def test_an_older_tool_call_shows_arguments_and_result():
    span = made("execute_tool water", SCOPE, attributes=TOOL)
    assert adk.content(span, ()) == Content(arguments={"plant": "fern"}, result={"status": "ok"})


@pytest.mark.parametrize("nothing", ["{}", "N/A", {}])
def test_placeholders_are_neither_arguments_nor_results(nothing):
    given = TOOL | {
        "gcp.vertex.agent.tool_call_args": nothing,
        "gcp.vertex.agent.tool_response": nothing,
    }
    assert adk.content(made("execute_tool water", SCOPE, attributes=given), ()) == Content()


def test_merged_tool_calls_are_no_tool_call_of_their_own():
    given = {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "(merged tools)"}
    assert normalise.facts(made("execute_tool (merged tools)", SCOPE, attributes=given)).kind == (
        "span"
    )


def test_an_older_run_names_its_agent_in_brackets():
    facts = adk.read(made("agent_run [gardener]", SCOPE))
    assert (facts.kind, facts.agent) == ("agent", "gardener")


@pytest.mark.parametrize("attributes", [CALL_LLM, TOOL], ids=["call", "tool"])
def test_garbage_in_any_attribute_is_no_number_and_raises_nothing(attributes):
    recorded.survives(adk, made("call_llm", SCOPE, attributes=attributes))


def test_tool_calls_take_arguments_and_results_from_the_conversation_by_name_and_order():
    told = explained()
    calls = [(t["name"], t["args"], t["result"]) for t in told["traces"][0]["tool_calls"]]
    assert calls == [
        (
            "water",
            {"plant": "cactus"},
            {"status": "error", "error_message": "cactus must not be watered"},
        ),
        ("water", {"plant": "fern"}, {"status": "ok", "litres": 2}),
    ]


def test_a_streamed_answer_that_was_recorded_in_pieces_is_one_text():
    (call,) = explained()["traces"][1]["llm_calls"]
    assert call["output_text"] == "It was two litres, streamed."


def explained() -> dict[str, Any]:
    """Return what the whole capture is explained as."""
    body = (recorded.DATA / f"{CAPTURE}.logs.pb").read_bytes()
    records = decode.records(body, "protobuf").records
    return explain(recorded.spans(CAPTURE), records, Pricebook())


@pytest.mark.parametrize(
    ("model", "version", "output"),
    [
        ("openai/gpt-5-mini", "2.13.0", 217),
        ("gemini/gemini-2.5-pro", "2.13.0", 217),
        ("gpt-5-mini", "2.4.1", 217),
        ("openai/gpt-5-mini", "2.14.0", 250),  # nobody has looked at it yet
        ("gemini-2.5-pro", "2.13.0", 250),
        ("claude-sonnet-4-5", "2.13.0", 250),
        ("models/gemini-2.5-pro", "2.13.0", 250),
    ],
)
def test_reasoning_is_taken_out_again_where_adk_added_it_to_what_contains_it(
    model: str, version: str, output: int
):
    told = {
        "gen_ai.operation.name": "generate_content", "gen_ai.request.model": model,
        "gen_ai.usage.output_tokens": 250, "gen_ai.usage.reasoning.output_tokens": 33,
    }  # fmt: skip
    span = replace(made("generate_content", attributes=told), scope=Scope(SCOPE, version))
    counted = normalise.facts(span).counts
    assert counted is not None
    assert (counted.output_tokens, counted.reasoning_tokens) == (output, 33)
