"""A LangGraph run that asks a person and goes on in another trace, as two libraries record it."""

from pathlib import Path
from typing import Any

import pytest

from spanledger_collector import decode, normalise
from spanledger_collector.explain import explain
from spanledger_collector.pricebook import Pricebook
from spanledger_schema.span import Facts

DATA = Path(__file__).parent / "data" / "dialects"


@pytest.fixture(params=["openinference", "openllmetry"])
def body(request: pytest.FixtureRequest) -> bytes:
    return (DATA / f"langgraph-interrupt-{request.param}.pb").read_bytes()


@pytest.fixture
def turns(body: bytes) -> list[dict[str, Any]]:
    """Return the two traces: until the question, and after the answer."""
    found: list[dict[str, Any]] = explain(decode.spans(body, "protobuf").spans, [], Pricebook())[
        "traces"
    ]
    return found


def nodes(body: bytes, name: str) -> list[Facts]:
    every = sorted(decode.spans(body, "protobuf").spans, key=lambda s: s.start_ns)
    return [facts for span in every if (facts := normalise.facts(span)).node == name]


def test_an_interrupted_run_waits_and_the_resumed_one_does_not(turns: list[dict[str, Any]]):
    assert [turn["status"] for turn in turns] == ["waiting", "ok"]
    assert [turn["errors"] for turn in turns] == [[], []]


def test_both_traces_are_of_one_session(turns: list[dict[str, Any]]):
    assert {(turn["session_id"], turn["user_id"]) for turn in turns} == {("sess-9", "u-9")}


def test_the_nodes_are_visited_in_order_and_an_inner_graph_is_seen(turns: list[dict[str, Any]]):
    assert [[node["name"] for node in turn["nodes"]] for turn in turns] == [
        ["plan", "empty", "none", "work", "work", "work", "ask"],
        ["ask", "sub", "first", "second"],
    ]


def test_each_step_follows_from_the_one_before_with_its_reason(turns: list[dict[str, Any]]):
    ways = [
        [(s["from"], s["to"], s["reason"]) for s in turn["state_changes"]] for turn in turns
    ]  # fmt: skip
    assert ways == [
        [
            ("plan", "empty", None),
            ("empty", "none", None),
            ("none", "work", "fan"),
            ("work", "ask", None),
        ],
        [("ask", "sub", "route"), ("first", "second", None)],
    ]


def test_the_interrupted_node_says_what_it_asked(body: bytes):
    asked, again = nodes(body, "ask")
    assert (asked.status, asked.reason) == ("waiting", '{"question":"Refund 84.50?","amount":84.5}')
    assert again.status in ("ok", "unset")
    assert asked.node_run == again.node_run  # one logical execution, in two traces


def test_a_node_that_returns_nothing_is_not_waiting(body: bytes):
    assert {f.status for f in (*nodes(body, "empty"), *nodes(body, "none"))} <= {"ok", "unset"}
