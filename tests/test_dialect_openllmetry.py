"""Spans of Traceloop's instrumentations, both generations, as they were recorded."""

import pytest

from spanledger_collector import normalise
from spanledger_collector.dialects import openllmetry
from spanledger_collector.usage import usage
from spanledger_schema.span import Counts, Facts, Message, Part
from tests.recorded import made, one, spans, survives

OLD = "openllmetry-0.40-openai__indexed-prompts"
OLD_GRAPH = "openllmetry-0.40-langchain__langgraph-refund-retry"
NEW = "openllmetry-openai__chat-responses-stream"
GRAPH = "openllmetry-langchain__langgraph-refund-retry"
AGENTS = "openllmetry-openai-agents__handoff-responses"
MCP = "openllmetry-mcp__stdio-tools"
SDK = "traceloop-sdk__async-agent-tools"


def test_an_old_call_is_read_with_the_names_of_its_time():
    assert normalise.facts(one(OLD, "011632")) == Facts(
        kind="llm",
        provider="openai",
        request_model="gpt-4o",
        response_model="gpt-4o-2024-08-06",
        response_id="chatcmpl-openllme0002",
        streaming=False,
        finish_reason="stop",
        counts=Counts(
            input_tokens=2020, output_tokens=290, total_tokens=2310, cache_read_tokens=675,
            legacy_names=True,
        ),
        status="unset",
        preview="Hold the button for five seconds.",
        dialect="openllmetry",
    )  # fmt: skip


def test_an_old_stream_says_nothing_about_tokens():
    facts = normalise.facts(one(OLD, "9621a7"))
    assert facts.streaming is True
    assert usage(facts.counts, provider="openai", scope=one(OLD, "9621a7").scope).state == "absent"


def test_a_stream_tells_when_its_first_chunk_came():
    assert 0 < (normalise.facts(one(NEW, "07b7e0")).ttft_ns or 0) < 46_000_000


def test_an_embedding_is_a_call_too():
    assert normalise.facts(one(OLD, "f55b8c")).kind == "embedding"


def test_prompts_that_are_numbered_are_a_conversation():
    content = openllmetry.content(one(OLD, "e2ce31"), ())
    assert [m.role for m in content.input] == ["system", "user"]
    call = Part("tool_call", name="search_kb", id="call_010043771780", data={"query": "reset"})
    assert content.output == [Message("assistant", (call,), "tool_calls")]


def test_the_framework_around_a_model_is_not_its_provider():
    llm = next(s for s in spans(OLD_GRAPH) if s.name == "ChatOpenAI.chat")
    assert normalise.facts(llm).provider == "openai"


def test_two_quotes_are_no_words():
    llm = next(
        s for s in spans(OLD_GRAPH) if s.attributes.get("gen_ai.completion.0.content") == '""'
    )
    assert (normalise.facts(llm).preview or "").startswith("issue_refund({")
    parts = openllmetry.content(llm, ()).output[0].parts
    assert [p.type for p in parts] == ["tool_call"]


@pytest.mark.parametrize("capture", [OLD_GRAPH, GRAPH])
def test_only_what_bears_a_nodes_name_is_the_node(capture: str):
    found = [normalise.facts(s) for s in spans(capture)]
    assert [f.node for f in found if f.node] == [
        "classify", "agent", "tools", "agent", "tools", "agent", "ledger", "ledger", "summarise",
        "classify", "smalltalk",
    ]  # fmt: skip
    assert {f.kind for f in found if f.node} == {"node"}


def test_a_retried_node_runs_under_the_key_of_its_first_attempt():
    first, second = (normalise.facts(s) for s in spans(GRAPH) if s.name == "execute_task ledger")
    assert first.node_run == second.node_run
    assert (first.status, second.status) == ("error", "unset")


@pytest.mark.parametrize(("capture", "session"), [(OLD_GRAPH, "thread-902"), (GRAPH, "thread-901")])
def test_whose_graph_it_is_stands_in_its_metadata(capture: str, session: str):
    told = [normalise.facts(s) for s in spans(capture) if not s.name.startswith("ChatOpenAI")]
    named = [f for f in told if f.session_id and f.session_rank < 9]
    assert {(f.session_id, f.user_id) for f in named} == {(session, "user-7")}


def test_a_whole_graph_is_a_workflow_and_no_agent():
    root = next(s for s in spans(GRAPH) if not s.parent_span_id)
    facts = normalise.facts(root)
    assert (facts.kind, facts.agent) == ("workflow", None)


@pytest.mark.parametrize(("capture", "tool"), [(OLD_GRAPH, "get_order"), (GRAPH, "get_order")])
def test_a_langchain_tool_keeps_arguments_and_result(capture: str, tool: str):
    span = next(s for s in spans(capture) if tool in s.name)
    content = normalise.content(span, ())
    assert normalise.facts(span).tool == tool
    assert content.arguments == {"order_id": "B-2"}
    assert content.result == {"order_id": "B-2", "total": 84.5}


def test_an_mcp_tool_that_failed_says_why():
    span = one(MCP, "feacd2")
    facts, content = normalise.facts(span), normalise.content(span, ())
    assert (facts.kind, facts.tool, facts.status) == ("tool", "count", "error")
    assert facts.error_message == "Error executing tool count: no such item: ghost"
    assert content.arguments == {"item": "ghost"}


def test_plumbing_of_a_protocol_is_no_tool():
    kinds = {normalise.facts(s).kind for s in spans(MCP) if "Stream" in s.name or "init" in s.name}
    assert kinds == {"span"}


def test_a_decorated_tool_keeps_what_it_was_called_with():
    span = one(SDK, "9869a1")
    content = normalise.content(span, ())
    assert (content.arguments, content.result) == ({"minute": 15}, {"slot": 15})
    facts = normalise.facts(span)
    assert (facts.tool, facts.session_id, facts.session_rank, facts.user_id) == (
        "oven_slot", "pizza-1", 1, "u-pizza",
    )  # fmt: skip


def test_an_applications_chat_beats_the_thread_of_a_graph():
    names = ("thread_id", "chat_id", "langgraph_node")
    given = {f"traceloop.association.properties.{n}": f"my {n}" for n in names}
    facts = openllmetry.read(made("x", attributes={**given, "traceloop.span.kind": "task"}))
    assert facts.session_id == "my chat_id"


def test_a_hand_off_to_nobody_named_leaves_its_target_open():
    facts = openllmetry.read(one(AGENTS, "2185ab"))
    assert (facts.kind, facts.state_from, facts.state_to) == ("handoff", "Triage agent", None)


def test_a_hand_off_that_names_its_target_keeps_it():
    given = {"traceloop.span.kind": "handoff"}
    facts = openllmetry.read(made("A → B.handoff", attributes=given))
    assert (facts.state_from, facts.state_to, facts.preview) == ("A", "B", "A → B")


def test_an_interrupt_is_a_wait_and_no_error():
    given = {"traceloop.span.kind": "task", "error.type": "GraphInterrupt"}
    facts = normalise.facts(made("ask.task", error="Interrupt(value='sure?')", attributes=given))
    assert (facts.status, facts.reason) == ("waiting", "sure?")


@pytest.mark.parametrize("capture", [OLD, NEW, AGENTS, MCP, SDK])
def test_garbage_in_any_place_never_raises_and_never_counts(capture: str):
    for span in spans(capture)[:8]:
        survives(openllmetry, span)
