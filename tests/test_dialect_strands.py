"""Spans of Strands Agents: recorded with the latest conventions, older ones as its source writes."""

import pytest

from spanledger_collector import normalise
from spanledger_collector.dialects import strands
from spanledger_collector.usage import usage
from spanledger_schema.span import Content, Counts, Event, Facts, Message, Part
from tests import recorded
from tests.recorded import NOON_NS, made, one

CAPTURE = "strands-agents__anthropic-tools"
SCOPE = "strands.telemetry.tracer"


def test_a_call_counts_once_what_two_names_say():
    assert strands.read(one(CAPTURE, "d2b4")) == Facts(
        tags=("depot",),
        streaming=True,
        finish_reason="tool_use",
        ttft_ns=101_000_000,
        counts=Counts(
            input_tokens=2088, output_tokens=276, total_tokens=2364, cache_write_tokens=451
        ),
        preview='stock({"item":"unicorn"})',
        dialect="strands",
    )


def test_an_agents_usage_is_that_of_its_whole_life_and_never_a_calls():
    assert strands.read(one(CAPTURE, "24f2")) == Facts(
        tags=("depot",),
        finish_reason="end_turn",
        usage_role="aggregate",
        preview="Nothing else.",
        dialect="strands",
    )


def test_the_framework_is_not_the_provider():
    assert normalise.facts(one(CAPTURE, "d2b4")).provider == "anthropic"


def test_a_cycle_is_a_step_with_its_own_key():
    assert strands.read(one(CAPTURE, "3b6b")) == Facts(
        kind="node",
        tags=("depot",),
        node_run="91f46bdf-e77f-420d-acd1-cba8ffbd453a",
        dialect="strands",
    )


def test_a_failed_tool_call_keeps_its_arguments_and_what_the_model_was_told():
    span = one(CAPTURE, "3592")
    assert strands.content(span, ()) == Content(
        arguments={"item": "unicorn"}, result="Error: unknown item: unicorn"
    )
    facts = normalise.facts(span)
    assert (facts.status, facts.error_type, facts.error_message) == (
        "error", "ValueError", "unknown item: unicorn",
    )  # fmt: skip


def test_the_only_content_block_of_a_result_is_the_result():
    assert strands.content(one(CAPTURE, "a088"), ()).result == "14 in stock"


def test_messages_are_read_from_events():
    call = Part("tool_call", name="stock", id="toolu_010085264301", data={"item": "unicorn"})
    assert strands.content(one(CAPTURE, "d2b4"), ()) == Content(
        input=[
            Message("system", (Part("text", text="You know the depot."),)),
            Message("user", (Part("text", text="How many unicorns or bolts?"),)),
        ],
        output=[Message("assistant", (call,), "tool_use")],
    )


def test_messages_of_the_older_conventions_are_an_event_each():
    events = [
        Event("gen_ai.user.message", NOON_NS, {"content": '[{"text": "Bolts?"}]'}),
        Event(
            "gen_ai.choice", NOON_NS, {"message": '[{"text": "14."}]', "finish_reason": "end_turn"}
        ),
    ]
    span = made("chat", SCOPE, attributes={"gen_ai.operation.name": "chat"}, events=events)
    assert strands.content(span, ()) == Content(
        input=[Message("user", (Part("text", text="Bolts?"),))],
        output=[Message("assistant", (Part("text", text="14."),), "end_turn")],
    )
    facts = strands.read(span)
    assert (facts.finish_reason, facts.preview) == ("end_turn", "14.")


def test_arguments_and_result_of_an_older_tool_span_are_events():
    events = [
        Event("gen_ai.tool.message", NOON_NS, {"content": '{"item": "bolt"}', "id": "t"}),
        Event("gen_ai.choice", NOON_NS, {"message": '[{"json": {"n": 14}}]', "id": "t"}),
    ]
    given = {"gen_ai.operation.name": "execute_tool"}
    span = made("execute_tool stock", SCOPE, attributes=given, events=events)
    assert strands.content(span, ()) == Content(arguments={"item": "bolt"}, result={"n": 14})


def test_a_total_above_input_and_output_shows_that_cached_tokens_are_apart():
    given = {
        "gen_ai.operation.name": "chat",
        "gen_ai.usage.input_tokens": 10,
        "gen_ai.usage.output_tokens": 5,
        "gen_ai.usage.total_tokens": 105,
        "gen_ai.usage.cache_read_input_tokens": 90,
    }
    span = made("chat", SCOPE, attributes=given)
    used = usage(strands.read(span).counts, provider="bedrock", scope=span.scope)
    assert (used.input_tokens, used.semantics) == (100, "exclusive")


def test_an_interrupted_agent_waits():
    choice = Event("gen_ai.choice", NOON_NS, {"message": "?", "finish_reason": "interrupt"})
    given = {"gen_ai.operation.name": "invoke_agent"}
    span = made("invoke_agent a", SCOPE, attributes=given, events=[choice])
    assert normalise.facts(span).status == "waiting"


@pytest.mark.parametrize("operation", ["invoke_swarm", "invoke_graph"])
def test_several_agents_together_are_a_workflow(operation):
    span = made(operation, SCOPE, attributes={"gen_ai.operation.name": operation})
    assert strands.read(span).kind == "workflow"


@pytest.mark.parametrize("span_id", ["eba5", "3b6b", "d2b4", "3592", "a088"])
def test_garbage_in_any_attribute_is_no_number_and_raises_nothing(span_id):
    recorded.survives(strands, one(CAPTURE, span_id))


def test_a_tool_that_an_early_version_says_has_failed_has_failed():
    told = {"gen_ai.operation.name": "execute_tool", "tool.status": "error"}
    span = made("Tool: find", strands.SCOPE, attributes=told)
    assert strands.read(span).status == "error"
