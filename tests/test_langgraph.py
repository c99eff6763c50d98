"""LangGraph's own callbacks as graphs, nodes and transitions, where no instrumentor records them."""

import asyncio
import operator
from collections.abc import Iterator
from typing import Annotated, Any, TypedDict

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, StateGraph
from langgraph.types import Command, RetryPolicy, interrupt
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

import spanledger
from spanledger.instrument import instrument
from spanledger.langgraph import GraphHook
from tests.sdk import Receiver, configured, receiving, said


class Work(TypedDict, total=False):
    seen: Annotated[list[str], operator.add]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as server, configured(server.url):
        yield server


def arrived(receiver: Receiver) -> list[Span]:
    """Return all spans, in order of their beginning."""
    spanledger.flush()
    return sorted(receiver.spans(), key=lambda span: span.start_time_unix_nano)


def ways(spans: list[Span]) -> list[tuple[str | None, str]]:
    """Return the transitions that were recorded; those of one step in the order of their names."""
    told = [said(span) for span in spans]
    states = [one for one in told if one.get("spanledger.kind") == "state"]
    return [(s.get("spanledger.state.from"), s["spanledger.state.to"]) for s in states]


def below(spans: list[Span]) -> dict[str, str | None]:
    """Return by the name of each span, but for transitions, that of the span it lies in."""
    names = {span.span_id: span.name for span in spans}
    return {
        span.name: names.get(span.parent_span_id)
        for span in spans
        if said(span).get("spanledger.kind") != "state"
    }


@spanledger.tool
def look_up() -> str:
    return "look_up"


def first(state: Work) -> Work:
    return {"seen": [look_up()]}


async def first_later(state: Work) -> Work:
    return first(state)


def then(state: Work) -> Work:
    return {"seen": ["then"]}


def fork(beginning: Any = first) -> Any:
    """Return a graph whose first node leads to two at once, and both to the last."""
    builder = StateGraph(Work)
    builder.add_node("first", beginning)
    for name in ("left", "right", "last"):
        builder.add_node(name, then)
    builder.add_edge(START, "first")
    builder.add_edge("first", "left")
    builder.add_edge("first", "right")
    builder.add_edge(["left", "right"], "last")
    builder.add_edge("last", END)
    return builder.compile(name="fork")


WAYS = [(None, "first"), ("first", "left"), ("first", "right"), ("left, right", "last")]


def test_a_graph_is_a_workflow_of_its_nodes_and_every_way_is_a_transition(receiver: Receiver):
    with spanledger.session("s"):
        done = fork().invoke({}, {"callbacks": [GraphHook()]})
    assert done == {"seen": ["look_up", "then", "then", "then"]}
    spans = arrived(receiver)
    assert [sorted(ways(spans)[:3], key=str), ways(spans)[3:]] == [
        sorted(WAYS[:3], key=str),
        WAYS[3:],
    ]
    assert below(spans) == {
        "invoke_workflow fork": None,
        "first": "invoke_workflow fork",
        "execute_tool look_up": "first",
        "left": "invoke_workflow fork",
        "right": "invoke_workflow fork",
        "last": "invoke_workflow fork",
    }
    assert {said(span)["session.id"] for span in spans} == {"s"}
    (node,) = (said(span) for span in spans if span.name == "first")
    assert node.pop("spanledger.node.run").startswith("first:")
    assert node == {
        "session.id": "s", "spanledger.kind": "node", "spanledger.node.name": "first",
        "spanledger.node.step": 1, "spanledger.input": '{"seen":[]}',
        "spanledger.output": '{"seen":["look_up"]}',
    }  # fmt: skip


def test_coroutines_leave_the_span_of_their_caller_as_it_was(receiver: Receiver):
    async def main() -> None:
        with spanledger.span("caller"):
            await fork(first_later).ainvoke({}, {"callbacks": [GraphHook()]})
            spanledger.escalation("over")

    asyncio.run(main())
    spans = arrived(receiver)
    assert sorted(ways(spans), key=str) == sorted(WAYS, key=str)
    found = below(spans)
    assert (found["invoke_workflow fork"], found["escalation"]) == ("caller", "caller")
    assert {found[name] for name in ("first", "left", "right", "last")} == {"invoke_workflow fork"}


def test_what_runs_after_a_graph_or_is_left_early_is_in_no_node(receiver: Receiver):
    for _ in fork().stream({}, {"callbacks": [GraphHook()]}):
        break
    spanledger.escalation("over")
    spanledger.flush()
    (after,) = (span for span in receiver.spans() if span.name == "escalation")
    assert after.parent_span_id == b""


def test_a_node_that_is_tried_again_is_two_runs_and_one_transition(receiver: Receiver):
    tries = iter([True, False])

    def shaky(state: Work) -> Work:
        if next(tries):
            raise ConnectionError("away")
        return {"seen": ["shaky"]}

    builder = StateGraph(Work)
    builder.add_node("shaky", shaky, retry_policy=RetryPolicy(initial_interval=0.001, jitter=False))
    builder.add_edge(START, "shaky")
    builder.compile().invoke({}, {"callbacks": [GraphHook()]})
    spans = arrived(receiver)
    runs = [span for span in spans if span.name == "shaky" and "spanledger.node.run" in said(span)]
    assert [span.status.code for span in runs] == [
        Status.STATUS_CODE_ERROR,
        Status.STATUS_CODE_UNSET,
    ]
    assert len({said(span)["spanledger.node.run"] for span in runs}) == 1
    assert ways(spans) == [(None, "shaky")]


def test_a_graph_that_waits_for_a_person_goes_on_where_it_was(receiver: Receiver):
    def approve(state: Work) -> Work:
        return {"seen": [interrupt("May I?")]}

    builder = StateGraph(Work)
    builder.add_node("approve", approve)
    builder.add_node("pay", then)
    builder.add_edge(START, "approve")
    builder.add_edge("approve", "pay")
    graph = builder.compile(checkpointer=InMemorySaver())
    where: Any = {"configurable": {"thread_id": "t"}, "callbacks": [GraphHook()]}
    graph.invoke({}, where)
    assert graph.invoke(Command(resume="yes"), where) == {"seen": ["yes", "then"]}
    spans = arrived(receiver)
    assert ways(spans) == [(None, "approve"), (None, "approve"), ("approve", "pay")]
    (waiting, *_) = (
        said(span) for span in spans if span.name == "approve" and span.HasField("status")
    )
    assert waiting["error.type"] == "langgraph.errors.GraphInterrupt"


def test_a_graph_inside_a_node_has_transitions_of_its_own(receiver: Receiver):
    builder = StateGraph(Work)
    builder.add_node("outer", fork())
    builder.add_edge(START, "outer")
    builder.compile(name="whole").invoke({}, {"callbacks": [GraphHook()]})
    spans = arrived(receiver)
    assert sorted(ways(spans), key=str) == sorted([*WAYS, (None, "outer")], key=str)
    found = below(spans)
    assert (found["outer"], found["first"], found["last"]) == (
        "invoke_workflow whole", "outer", "outer",
    )  # fmt: skip


def test_a_limit_of_the_session_stops_the_graph_at_its_next_node(receiver: Receiver):
    with (
        spanledger.session("s", max_steps=2),
        pytest.raises(spanledger.BudgetExceeded, match="max_steps: 2 of 2 used"),
    ):
        fork().invoke({}, {"callbacks": [GraphHook()]})  # the node and its tool are two


def test_where_the_instrumentor_is_on_the_transitions_alone_are_recorded(receiver: Receiver):
    from openinference.instrumentation.langchain import LangChainInstrumentor

    instrument("langchain")
    try:
        fork().invoke({}, {"callbacks": [GraphHook()]})
    finally:
        LangChainInstrumentor().uninstrument()
    spans = arrived(receiver)
    assert sorted(ways(spans), key=str) == sorted(WAYS, key=str)
    assert [span.name for span in spans if "spanledger.node.run" in said(span)] == []
    assert below(spans).keys() >= {"fork", "first", "left", "right", "last"}  # the instrumentor's
