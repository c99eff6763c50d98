"""Spans of the OpenInference instrumentations, as they were recorded."""

from typing import Any

import pytest

from spanledger_collector import normalise
from spanledger_collector.dialects import openinference
from spanledger_schema.span import Counts, Event, Facts, Message, Part
from tests.recorded import NOON_NS, made, one, raised, spans, survives

OPENAI = "openinference-openai__chat-tools-stream"
GRAPH = "openinference-langchain__langgraph-refund-retry"
AGENTS = "openinference-openai-agents__handoff-guardrail"
LOOKUP = {
    "type": "function",
    "function": {
        "name": "lookup_order",
        "description": "Find an order",
        "parameters": {
            "type": "object",
            "properties": {"order_id": {"type": "string"}},
            "required": ["order_id"],
        },
    },
}
LANGCHAIN = "openinference.instrumentation.langchain"


def oi(kind: str, name: str = "x", scope: str = "", **attributes: Any) -> Facts:
    """Return what a span of this kind says; underscores in names stand for dots."""
    dotted = {key.replace("__", "."): value for key, value in attributes.items()}
    given = {"openinference.span.kind": kind, **dotted}
    return openinference.read(made(name, scope, attributes=given))


def test_a_call_tells_both_models_its_meters_and_its_answer():
    assert openinference.read(one(OPENAI, "913d33")) == Facts(
        kind="llm",
        session_id="sess-oi-1",
        session_rank=0,
        user_id="user-42",
        tags=("support", "eu"),
        provider="openai",
        request_model="gpt-4o",
        response_model="gpt-4o-2024-08-06",
        response_id="chatcmpl-openinfe0001",
        streaming=False,
        finish_reason="tool_calls",
        counts=Counts(
            input_tokens=1978, output_tokens=266, total_tokens=2244, cache_read_tokens=0,
            reasoning_tokens=0, input_audio_tokens=0, output_audio_tokens=0,
        ),
        price_context={"service_tier": "default"},
        preview='lookup_order({"order_id": "A-1001"})',
        dialect="openinference",
    )  # fmt: skip


def test_a_stream_tells_when_its_first_token_came_and_may_be_without_usage():
    facts = openinference.read(one(OPENAI, "5b6542"))
    assert (facts.streaming, facts.counts) == (True, None)
    assert 0 < (facts.ttft_ns or 0) < 53_300_000


def test_a_response_ended_as_the_provider_says():
    assert openinference.read(one(OPENAI, "f3902b")).finish_reason == "completed"


def test_a_failed_call_names_the_model_that_was_asked_for():
    facts = normalise.facts(one(OPENAI, "378847"))
    assert (facts.request_model, facts.response_model) == ("gpt-4o", None)
    assert (facts.status, facts.error_type) == ("error", "RateLimitError")
    assert facts.error_message == "Error code: 429 - Rate limit reached for gpt-4o"


def test_the_parameters_of_an_answer_are_no_request():
    facts = openinference.read(one(AGENTS, "391f47"))
    assert (facts.request_model, facts.response_model) == (None, "gpt-4.1-mini-2025-04-14")
    assert (facts.response_id, facts.streaming) == ("resp_openinfe0005", None)


def test_a_model_that_only_the_request_can_have_named_did_not_answer():
    facts = oi("LLM", llm__model_name="gpt-4o-mini")
    assert (facts.request_model, facts.response_model) == ("gpt-4o-mini", None)


def test_a_langchain_answer_has_the_id_of_its_response():
    llm = next(s for s in spans(GRAPH) if s.name == "ChatOpenAI")
    assert (openinference.read(llm).response_id or "").startswith("chatcmpl-")


def test_a_tool_call_keeps_arguments_and_result():
    span = one(OPENAI, "4324c0")
    facts, content = openinference.read(span), openinference.content(span, ())
    assert (facts.kind, facts.tool, facts.tool_call_id) == (
        "tool", "lookup_order", "call_010074222114",
    )  # fmt: skip
    assert content.arguments == {"order_id": "A-1001"}
    assert content.result == {"order_id": "A-1001", "status": "shipped", "eta_days": 2}


def test_a_tool_message_is_the_result_in_it_and_names_its_call():
    span = one(GRAPH, "7ce553")
    assert openinference.read(span).tool_call_id == "call_030184751918"
    assert openinference.content(span, ()).result == {
        "refund_id": "RF-77", "order_id": "B-2", "amount": 84.5,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("sent", "meant"),
    [
        ('{"kwargs": {"a": 6, "b": 7}}', {"a": 6, "b": 7}),
        ('{"args": [], "kwargs": {"a": 1}, "sanitize_inputs_outputs": true}', {"a": 1}),
        ('{"args": ["x"], "kwargs": {}}', ["x"]),
        ('{"kwargs": {}}', {}),
        ("B-2", "B-2"),
    ],
)
def test_arguments_come_out_of_their_wrapping(sent: str, meant: Any):
    span = made("t", attributes={"openinference.span.kind": "TOOL", "input.value": sent})
    assert openinference.content(span, ()).arguments == meant


@pytest.mark.parametrize(
    ("name", "tool"), [("multiply.__call__", "multiply"), ("search.run", "search"), ("a.b", "a.b")]
)
def test_a_tool_without_a_name_is_called_like_its_span(name: str, tool: str):
    assert oi("TOOL", name).tool == tool


def test_a_hand_off_leads_from_one_agent_to_another():
    facts = openinference.read(one(AGENTS, "c0f51f"))
    assert (facts.kind, facts.state_from, facts.state_to, facts.preview) == (
        "handoff", "Triage agent", "FAQ agent", "Triage agent → FAQ agent",
    )  # fmt: skip


def test_a_tripped_guardrail_is_a_decision_that_blocks():
    (turn,) = (s for s in spans(AGENTS) if s.status_message.startswith("Guardrail"))
    facts = openinference.read(turn)
    assert (facts.verdict, facts.policy) == ("blocked", "no_secrets")


def test_the_span_of_a_whole_agents_run_is_no_agent():
    root = next(s for s in spans(AGENTS) if not s.parent_span_id)
    assert (openinference.read(root).kind, openinference.read(root).agent) == ("workflow", None)


@pytest.mark.parametrize(
    ("name", "agent"),
    [
        ("ToolCallingAgent.run", "ToolCallingAgent"),
        ("Agent._execute_core", "Agent"),
        ("v1.2", "v1.2"),
        ("planner", "planner"),
    ],
)
def test_an_agent_without_a_name_is_called_like_its_span(name: str, agent: str):
    assert oi("AGENT", name).agent == agent


def test_usage_of_an_agent_is_kept_for_the_trace_to_judge():
    assert oi("AGENT", llm__token_count__prompt=5).counts == Counts(input_tokens=5)


def test_a_node_has_its_step_and_the_key_of_its_run():
    node = next(s for s in spans(GRAPH) if s.name == "ledger")
    facts = openinference.read(node)
    assert (facts.kind, facts.node, facts.node_step, facts.agent) == ("node", "ledger", 7, None)
    assert (facts.node_run or "").startswith("ledger:")
    assert (facts.session_id, facts.user_id) == ("thread-900", "user-7")


def test_a_router_tells_which_route_it_took_and_is_no_node():
    routers = [s for s in spans(GRAPH) if s.name == "RunnableCallable"]
    found = [openinference.read(s) for s in routers]
    assert {f.node for f in found} == {None}
    assert (found[0].state_from, found[0].state_to) == ("classify", "refund")


def test_an_interrupted_node_waits_and_does_not_fail():
    metadata = '{"langgraph_node": "ask", "langgraph_checkpoint_ns": "ask:1"}'
    given = {"openinference.span.kind": "CHAIN", "metadata": metadata}
    asked = [raised("langgraph.errors.GraphInterrupt", "(Interrupt(value='ok?', id='1'),)")]
    facts = normalise.facts(made("ask", LANGCHAIN, attributes=given, events=asked))
    assert (facts.status, facts.reason, facts.error_type) == ("waiting", "ok?", None)


def test_what_the_senders_limits_left_of_a_call_is_still_billed():
    facts = openinference.read(one("openinference-openai__attribute-count-limit", "eebde5"))
    assert facts.kind == "llm"
    assert facts.counts is not None
    assert (facts.counts.input_tokens, facts.counts.output_tokens) == (1747, 245)


def test_a_conversation_is_put_together_from_flattened_messages():
    content = openinference.content(one(OPENAI, "126d50"), ())
    assert [m.role for m in content.input] == ["system", "user", "assistant", "tool"]
    assert content.output == [
        Message(
            "assistant", (Part("text", text="Order A-1001 has shipped and arrives in 2 days."),)
        )
    ]
    assert content.tools == [LOOKUP]


def test_first_tokens_before_the_start_are_no_measurement():
    early = Event("First Token Stream Event", NOON_NS - 1, {})
    facts = openinference.read(
        made("x", attributes={"openinference.span.kind": "LLM"}, events=[early])
    )
    assert (facts.streaming, facts.ttft_ns) == (True, None)


@pytest.mark.parametrize(
    "capture",
    [OPENAI, AGENTS, "openinference-anthropic__tools-cache-stream",
     "openinference-crewai__two-agents", "openinference-google-genai__tools-thinking-stream"],
)  # fmt: skip
def test_garbage_in_any_place_never_raises_and_never_counts(capture: str):
    for span in spans(capture)[:8]:
        survives(openinference, span)
