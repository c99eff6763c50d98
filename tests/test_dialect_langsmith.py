"""Runs of LangSmith as its OTLP exporter writes them; nothing recorded exists here."""

import json

import pytest

from spanledger_collector import normalise
from spanledger_collector.dialects import langsmith
from spanledger_schema.span import Content, Counts, Facts, Message, Part
from tests import recorded
from tests.recorded import made, raised

MESSAGE = {
    "lc": 1,
    "type": "constructor",
    "id": ["langchain", "schema", "messages", "AIMessage"],
    "kwargs": {"content": "Paris.", "response_metadata": {"finish_reason": "stop"}},
}
COMPLETION = json.dumps({"generations": [[{"text": "Paris.", "message": MESSAGE}]]})
PROMPT = json.dumps({"messages": [[{"type": "human", "data": {"content": "Capital?"}}]]})

CALL = {
    "langsmith.span.id": "r-1",
    "langsmith.span.kind": "llm",
    "langsmith.span.tags": "prod, eu",
    "langsmith.trace.name": "ChatOpenAI",
    "langsmith.trace.session_name": "a project",
    "langsmith.metadata.ls_provider": "openai",
    "langsmith.metadata.ls_model_name": "gpt-4o",
    "langsmith.metadata.thread_id": "thread-7",
    "langsmith.metadata.user_id": "u-1",
    "langsmith.request.streaming": True,
    "gen_ai.operation.name": "chat",
    "gen_ai.system": "openai",
    "gen_ai.request.model": "gpt-4o",
    "gen_ai.response.model": "gpt-4o-2024-08-06",
    "gen_ai.response.id": "chatcmpl-1",
    "gen_ai.response.finish_reasons": "stop, stop",
    "gen_ai.usage.input_tokens": 100,
    "gen_ai.usage.output_tokens": 20,
    "gen_ai.usage.total_tokens": 120,
    "gen_ai.usage.input_token_details": "{'cache_read': 60, 'audio': 0}",
    "gen_ai.usage.output_token_details": "{'reasoning': 8}",
    "gen_ai.prompt": PROMPT,
    "gen_ai.completion": COMPLETION,
}


def test_a_model_run_is_a_call_whose_details_come_as_python_repr():
    assert langsmith.read(made("ChatOpenAI", scope="langsmith", attributes=CALL)) == Facts(
        kind="llm",
        session_id="thread-7",
        session_rank=6,
        user_id="u-1",
        tags=("prod", "eu"),
        provider="openai",
        request_model="gpt-4o",
        response_model="gpt-4o-2024-08-06",
        response_id="chatcmpl-1",
        streaming=True,
        finish_reason="stop",
        counts=Counts(
            input_tokens=100,
            output_tokens=20,
            total_tokens=120,
            cache_read_tokens=60,
            reasoning_tokens=8,
            input_audio_tokens=0,
            includes_cache=True,
            includes_reasoning=True,
            basis="raw",
        ),
        preview="Paris.",
        dialect="langsmith",
    )


def test_usage_metadata_tell_more_than_the_flat_counts():
    whole = {
        "input_tokens": 100, "output_tokens": 20, "total_tokens": 120,
        "input_token_details": {"cache_creation": 30}, "total_cost": 0.5,
    }  # fmt: skip
    given = CALL | {"langsmith.metadata.usage_metadata": json.dumps(whole)}
    facts = langsmith.read(made("ChatOpenAI", attributes=given))
    assert recorded.numbers(facts.counts) == {100, 20, 120, 30}
    assert str(facts.reported_usd) == "0.5"


def test_counts_without_details_say_nothing_of_what_they_include():
    given = {n: v for n, v in CALL.items() if "details" not in n}
    assert langsmith.read(made("ChatOpenAI", attributes=given)).counts == Counts(
        input_tokens=100, output_tokens=20, total_tokens=120
    )


@pytest.mark.parametrize(
    ("run", "operation", "kind"),
    [
        ("prompt", "chat", "span"),
        ("retriever", "embeddings", "retriever"),
        ("parser", "parser", "span"),
        ("chain", "chain", "span"),
        ("embedding", "embeddings", "embedding"),
    ],
)
def test_the_run_type_says_what_a_run_is_whatever_its_operation_is_called(run, operation, kind):
    given = {"langsmith.span.kind": run, "gen_ai.operation.name": operation}
    assert normalise.facts(made("run", attributes=given)).kind == kind


def test_a_chain_without_a_parent_is_the_workflow_and_names_the_trace():
    given = {"langsmith.span.kind": "chain", "langsmith.trace.name": "LangGraph"}
    facts = langsmith.read(made("LangGraph", parent=b"", attributes=given))
    assert (facts.kind, facts.trace_name) == ("workflow", "LangGraph")


def test_a_node_of_langgraph_is_told_by_its_metadata():
    given = {
        "langsmith.span.kind": "chain",
        "langsmith.metadata.langgraph_node": "agent",
        "langsmith.metadata.langgraph_step": 3,
        "langsmith.metadata.langgraph_checkpoint_ns": "agent:1",
    }
    facts = langsmith.read(made("agent", attributes=given))
    assert (facts.kind, facts.node, facts.node_run, facts.node_step) == (
        "node", "agent", "agent:1", 3,
    )  # fmt: skip


TOOL = {
    "langsmith.span.id": "r-2",
    "langsmith.span.kind": "tool",
    "gen_ai.operation.name": "execute_tool",
    "gen_ai.prompt": json.dumps({"input": "{'city': 'Oslo'}"}),
    "gen_ai.completion": json.dumps(
        {"output": {"lc": 1, "kwargs": {"content": '{"c": 11}', "tool_call_id": "call_1"}}}
    ),
}


def test_a_tool_run_is_a_tool_call_with_arguments_and_result():
    span = made("weather", attributes=TOOL)
    assert (langsmith.read(span).kind, langsmith.read(span).tool) == ("tool", "weather")
    assert langsmith.content(span, ()) == Content(arguments={"city": "Oslo"}, result={"c": 11})


def test_the_project_is_no_session():
    given = {"langsmith.span.kind": "llm", "langsmith.trace.session_id": "p", "x": 1}
    assert langsmith.read(made("m", attributes=given)).session_id is None


def test_an_error_is_taken_out_of_its_repr_and_traceback():
    told = "ValueError('too much')Traceback (most recent call last):\n  File ..."
    span = made("weather", error="x", attributes=TOOL, events=[raised("Exception", told)])
    facts = normalise.facts(span)
    assert (facts.status, facts.error_type, facts.error_message) == (
        "error", "ValueError", "too much",
    )  # fmt: skip


def test_an_interrupt_is_a_wait():
    told = "GraphInterrupt((Interrupt(value='Approve?', id='1'),))Traceback (most recent..."
    given = {"langsmith.span.kind": "chain"}
    span = made("approve", error="x", attributes=given, events=[raised("Exception", told)])
    assert normalise.facts(span).status == "waiting"


def test_prompt_and_completion_are_messages():
    content = langsmith.content(made("ChatOpenAI", attributes=CALL), ())
    assert content.input == [Message("user", (Part("text", text="Capital?"),))]
    assert [p.text for m in content.output for p in m.parts] == ["Paris."]


@pytest.mark.parametrize("attributes", [CALL, TOOL], ids=["call", "tool"])
def test_garbage_in_any_attribute_is_no_number_and_raises_nothing(attributes):
    told = raised("Exception", "ValueError('x')")
    recorded.survives(langsmith, made("run", error="x", attributes=attributes, events=[told]))


def test_an_answer_goes_by_the_providers_id_not_by_the_one_that_langchain_made_up():
    named = {"content": "Paris.", "id": "lc_run--1", "response_metadata": {"id": "msg_1"}}
    message = {**MESSAGE, "kwargs": named}
    answer = {"generations": [[{"text": "Paris.", "message": message}]]}
    attributes = {k: v for k, v in CALL.items() if k != "gen_ai.response.id"}
    attributes["gen_ai.completion"] = json.dumps(answer)
    assert langsmith.read(made("ChatAnthropic", attributes=attributes)).response_id == "msg_1"
