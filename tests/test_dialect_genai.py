"""Spans by the GenAI conventions, of all generations, as they were recorded."""

import pytest

from spanledger_collector import normalise
from spanledger_collector.dialects import genai
from spanledger_schema.span import Counts, Event, Facts, Message, Part, Value
from tests.recorded import NOON_NS, logs, made, one, spans, survives

OFFICIAL = "otel-genai-openai__chat-responses-stream"
GRAPH = "otel-genai-langchain__langgraph-refund-retry"
EVENTS = "otel-openai-v2__events-in-logs"
NO_WORDS = "otel-openai-v2__content-flag-ignored"
AGENTS = "otel-openai-agents-v2__agent-as-tool"


def test_a_call_is_read_by_the_current_names():
    assert genai.read(one(OFFICIAL, "2bc253")) == Facts(
        kind="llm",
        provider="openai",
        request_model="gpt-5-mini",
        response_model="gpt-5-mini-2025-08-07",
        response_id="resp_otel-gen0005",
        finish_reason="stop",
        counts=Counts(
            input_tokens=2025, output_tokens=351, cache_read_tokens=658, reasoning_tokens=136
        ),
        price_context={"service_tier": "default"},
        preview="A reasoned reply.",
        dialect="genai",
    )


def test_the_first_chunk_is_timed_in_seconds():
    streamed = [s for s in spans(OFFICIAL) if "gen_ai.response.time_to_first_chunk" in s.attributes]
    assert [genai.read(s).ttft_ns for s in streamed] == [38_714_324, 18_883_056]
    assert {genai.read(s).streaming for s in streamed} == {True}


def test_an_absent_count_is_unknown_and_a_zero_is_a_zero():
    none = genai.read(made("chat", attributes={"gen_ai.operation.name": "chat"}))
    given = {"gen_ai.operation.name": "chat", "gen_ai.usage.output_tokens": 0}
    assert none.counts is None
    assert genai.read(made("chat", attributes=given)).counts == Counts(output_tokens=0)


@pytest.mark.parametrize("sent", ["12", 12, 12.0])
def test_a_count_may_be_sent_as_any_kind_of_number(sent: object):
    given = {"gen_ai.usage.input_tokens": sent}
    assert genai.read(made("chat", attributes=given)).counts == Counts(input_tokens=12)


@pytest.mark.parametrize("sent", ["12.5", -1, 1.5, True, "NaN", 10**13, [12], "twelve"])
def test_what_is_no_count_is_named_and_never_becomes_one(sent: object):
    found = genai.read(made("chat", attributes={"gen_ai.usage.input_tokens": sent})).counts
    assert found == Counts(invalid=("gen_ai.usage.input_tokens",))


@pytest.mark.parametrize("name", ["cache_write", "cache_creation"])
def test_both_spellings_of_a_cache_write_are_one(name: str):
    given = {f"gen_ai.usage.{name}.input_tokens": 7, "gen_ai.usage.input_tokens": 9}
    found = genai.read(made("chat", attributes=given)).counts
    assert found == Counts(input_tokens=9, cache_write_tokens=7)


def test_an_applications_session_beats_a_conversation_id():
    given = {"gen_ai.conversation.id": "made-up", "session.id": "mine"}
    facts = genai.read(made("chat", attributes=given))
    assert (facts.session_id, facts.session_rank) == ("mine", 0)


def test_an_agent_is_named_by_its_attribute_or_its_span():
    told = {"gen_ai.operation.name": "invoke_agent"}
    assert genai.read(made("invoke_agent Lead", attributes=told)).agent == "Lead"
    named = made("x", attributes={**told, "gen_ai.agent.name": "Analyst"})
    assert genai.read(named).agent == "Analyst"


def test_configuring_an_agent_is_not_running_it():
    assert (
        genai.read(made("x", attributes={"gen_ai.operation.name": "create_agent"})).kind == "span"
    )


def test_a_guardrail_tells_whether_it_let_pass():
    facts = genai.read(one(AGENTS, "e466e0"))
    assert (facts.kind, facts.policy, facts.verdict) == ("guardrail", "sane", "allowed")


def test_a_tool_keeps_arguments_result_and_the_id_of_its_call():
    span = one(GRAPH, "a413c6")
    facts, content = genai.read(span), genai.content(span, ())
    assert (facts.tool, facts.tool_call_id) == ("get_order", "call_030088172605")
    assert content.arguments == {"order_id": "B-2"}
    assert content.result == {"order_id": "B-2", "total": 84.5}


def test_a_conversation_is_read_from_attributes():
    content = genai.content(one(OFFICIAL, "2bc253"), ())
    assert content.input == [
        Message("system", (Part("text", text="Be brief."),)),
        Message("user", (Part("text", text="Think."),)),
    ]
    assert content.output == [
        Message("assistant", (Part("text", text="A reasoned reply."),), "stop")
    ]


def test_a_conversation_that_only_log_records_hold_is_read_from_them():
    span = next(s for s in spans(EVENTS) if s.span_id.hex().startswith("62c4af"))
    content = genai.content(span, logs(EVENTS)[span.span_id])
    assert [m.role for m in content.input] == ["system", "user", "assistant", "tool"]
    assert content.input[3].parts == (
        Part("tool_result", id="call_010047066169", data={"amount": 92.0, "currency": "EUR"}),
    )
    assert content.output == [
        Message("assistant", (Part("text", text="100 USD are 92 EUR."),), "stop")
    ]


def test_an_event_of_the_latest_conventions_holds_a_whole_conversation():
    said: list[Value] = [{"role": "user", "parts": [{"type": "text", "content": "Hi"}]}]
    event = Event(
        "gen_ai.client.inference.operation.details", NOON_NS, {"gen_ai.input.messages": said}
    )
    hello = [Message("user", (Part("text", text="Hi"),))]
    assert genai.content(made("chat"), [event]).input == hello
    assert genai.content(made("chat", events=[event]), ()).input == hello


def test_instructions_that_are_sent_twice_are_shown_once():
    given = {
        "gen_ai.system_instructions": '[{"type": "text", "content": "Be brief."}]',
        "gen_ai.input.messages": '[{"role": "system", "parts": [{"type":"text","content":"Be brief."}]}]',
    }
    assert len(genai.content(made("chat", attributes=given), ()).input) == 1


def test_a_tool_call_is_told_of_even_when_content_is_off():
    span = next(s for s in spans(NO_WORDS) if s.attributes.get("gen_ai.response.finish_reasons"))
    content = genai.content(span, logs(NO_WORDS)[span.span_id])
    assert [p.name for m in content.output for p in m.parts] == ["convert"]


def test_an_error_is_named_by_its_class_alone():
    facts = normalise.facts(one(OFFICIAL, "cd2442"))
    assert (facts.error_type, facts.error_message) == (
        "RateLimitError", "Error code: 429 - Rate limit reached",
    )  # fmt: skip


@pytest.mark.parametrize("capture", [OFFICIAL, GRAPH, EVENTS, AGENTS])
def test_garbage_in_any_place_never_raises_and_never_counts(capture: str):
    for span in spans(capture)[:8]:
        survives(genai, span)


def test_the_id_of_an_answer_that_is_continued_names_no_session():
    told = {"gen_ai.operation.name": "chat", "gen_ai.conversation.id": "resp_0a1b"}
    assert genai.read(made("chat m", attributes=told)).session_id is None
    told["gen_ai.conversation.id"] = "conv_0a1b"
    assert genai.read(made("chat m", attributes=told)).session_id == "conv_0a1b"
