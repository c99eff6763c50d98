"""Spans of AG2 as its sources write them; recorded ones are in `test_frameworks`."""

import json
from dataclasses import replace

import pytest

from spanledger_collector import normalise
from spanledger_collector.dialects import ag2
from spanledger_collector.explain import explain
from spanledger_collector.pricebook import Pricebook
from spanledger_schema.span import Counts, Facts, Message, Part
from tests import recorded
from tests.recorded import made

SCOPE = "opentelemetry.instrumentation.ag2"

CALL = {
    "ag2.span.type": "llm",
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "anthropic",
    "gen_ai.request.model": "claude-sonnet-4-5",
    "gen_ai.response.model": "claude-sonnet-4-5",
    "gen_ai.response.finish_reasons": ["tool_use"],
    "gen_ai.usage.input_tokens": 10,
    "gen_ai.usage.output_tokens": 5,
    "gen_ai.usage.cache_read_input_tokens": 90,
    "gen_ai.usage.thinking_tokens": 2,
    "gen_ai.output.messages": json.dumps(
        [
            {
                "role": "assistant",
                "content": None,
                "tool_calls": [
                    {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
                ],
            }
        ]
    ),
}
RECORD = {
    "ag2.span.type": "usage",
    "ag2.usage.kind": "model_call",
    "ag2.usage.total_tokens": 105,
    "gen_ai.provider.name": "anthropic",
    "gen_ai.response.model": "claude-sonnet-4-5",
    "gen_ai.usage.input_tokens": 10,
    "gen_ai.usage.output_tokens": 5,
}
HUMAN = {
    "ag2.span.type": "human_input",
    "gen_ai.operation.name": "await_human_input",
    "gen_ai.agent.name": "clerk",
    "ag2.human_input.prompt": "Refund 84.50?",
    "ag2.human_input.response": "yes",
}
COUNTED = Counts(
    input_tokens=10,
    output_tokens=5,
    cache_read_tokens=90,
    reasoning_tokens=2,
    legacy_names=True,
    includes_cache=False,
    includes_reasoning=True,
)


def test_a_call_is_counted_as_its_api_counts():
    assert ag2.read(made("chat claude-sonnet-4-5", SCOPE, attributes=CALL)) == Facts(
        kind="llm",
        provider="anthropic",
        response_model="claude-sonnet-4-5",
        counts=COUNTED,
        dialect="ag2",
    )


def test_messages_in_openais_shape_are_read():
    content = normalise.content(made("chat", SCOPE, attributes=CALL), ())
    call = Part("tool_call", name="f", id="c", data={})
    assert content.output == [Message("assistant", (call,))]


def test_the_record_of_a_calls_usage_repeats_the_call():
    facts = ag2.read(made("record_usage model_call", SCOPE, attributes=RECORD))
    assert (facts.kind, facts.usage_role) == ("llm", "event")
    assert recorded.numbers(facts.counts) == {10, 5, 105}


@pytest.mark.parametrize("kind", ["subtask", "compaction", "aggregation"])
def test_the_record_of_other_usage_may_be_the_only_trace_of_a_call(kind):
    span = made(f"record_usage {kind}", SCOPE, attributes=RECORD | {"ag2.usage.kind": kind})
    facts = ag2.read(span)
    assert (facts.kind, facts.usage_role) == ("llm", "record")


def test_a_call_and_its_record_are_paid_for_once_and_a_lone_record_is_paid_for():
    turn = made("invoke_agent a", SCOPE, parent=b"", attributes={"ag2.span.type": "agent"})
    call = made("chat", SCOPE, parent=turn.span_id, attributes=CALL)
    record = made("record_usage model_call", SCOPE, parent=turn.span_id, attributes=RECORD)
    summary = RECORD | {"ag2.usage.kind": "compaction", "gen_ai.usage.input_tokens": 7}
    other = made("record_usage compaction", SCOPE, parent=turn.span_id, attributes=summary)
    spans = [
        turn,
        *(replace(s, span_id=bytes([i] * 8)) for i, s in enumerate((call, record, other), start=4)),
    ]
    told = explain(spans, (), Pricebook())["traces"][0]
    assert [c["name"] for c in told["llm_calls"]] == ["chat", "record_usage compaction"]
    assert [c["not_billed_because"] for c in told["not_billed"]] == ["event"]


def test_waiting_for_a_human_is_a_decision():
    assert ag2.read(made("await_human_input clerk", SCOPE, attributes=HUMAN)) == Facts(
        kind="decision", actor="human", reason="Refund 84.50?", preview="yes", dialect="ag2"
    )


def test_a_question_and_its_answer_are_messages():
    content = ag2.content(made("await_human_input clerk", SCOPE, attributes=HUMAN), ())
    assert content.input == [Message("assistant", (Part("text", text="Refund 84.50?"),))]
    assert content.output == [Message("user", (Part("text", text="yes"),))]


def test_the_next_speaker_is_a_change_of_state():
    given = {
        "ag2.span.type": "speaker_selection",
        "ag2.speaker_selection.candidates": '["coder", "critic"]',
        "ag2.speaker_selection.selected": "critic",
    }
    assert ag2.read(made("speaker_selection", SCOPE, attributes=given)) == Facts(
        kind="state", state_to="critic", reason="of coder, critic", dialect="ag2"
    )


def test_a_conversation_sums_up_its_calls():
    given = {"ag2.span.type": "conversation", "gen_ai.usage.input_tokens": 10}
    facts = ag2.read(made("conversation a", SCOPE, attributes=given))
    assert (facts.kind, facts.usage_role, facts.counts) == ("workflow", "aggregate", None)


def test_executing_code_is_a_tool_call():
    given = {"ag2.span.type": "code_execution", "gen_ai.operation.name": "code_execution"}
    facts = ag2.read(made("execute_code_blocks", SCOPE, attributes=given))
    assert (facts.kind, facts.tool) == ("tool", "execute_code_blocks")


@pytest.mark.parametrize("attributes", [CALL, RECORD, HUMAN], ids=["call", "record", "human"])
def test_garbage_in_any_attribute_is_no_number_and_raises_nothing(attributes):
    recorded.survives(ag2, made("span", SCOPE, attributes=attributes))
