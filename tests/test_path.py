"""The way a trace took, from what little each library records of it."""

from typing import Any

from spanledger_collector.explain.path import Drawn, Step, agents, transitions, visits


def step(number: int, parent: int = 0, kind: str = "span", **known: Any) -> Step:
    """Return a step that starts at its number."""
    given: dict[str, Any] = {
        "span_id": number.to_bytes(8), "parent_span_id": parent.to_bytes(8) if parent else b"",
        "start_ns": number, "kind": kind, "name": f"span {number}",
    }  # fmt: skip
    return Step(**(given | known))


def node(number: int, name: str, at: int | None = None, run: str = "", **known: Any) -> Step:
    """Return the execution of a node in step `at` of its graph."""
    return step(number, 1, "node", name=name, node=name, node_step=at, node_run=run, **known)


def router(number: int, source: str, target: str, name: str = "route") -> Step:
    return step(number, 1, name=name, state_from=source, state_to=target, reason=name)


def ways(*steps: Step, drawn: Drawn | None = None) -> list[tuple[str | None, str, str | None]]:
    return [(t.from_, t.to, t.reason) for t in transitions(steps, drawn)]


def names(*steps: Step, drawn: Drawn | None = None) -> list[str]:
    return [v.name for v in visits(steps, drawn)]


def test_nodes_follow_one_another_in_order_of_start():
    steps = [node(4, "b", 2), node(2, "a", 1), node(6, "a", 3)]
    assert names(*steps) == ["a", "b", "a"]
    assert ways(*steps) == [("a", "b", None), ("b", "a", None)]


def test_a_router_gives_its_name_as_the_reason():
    assert ways(node(2, "a", 1), router(3, "a", "b", "is_refund"), node(4, "b", 2)) == [
        ("a", "b", "is_refund")
    ]


def test_a_router_that_nobody_named_gives_none():
    steps = [node(2, "a", 1), router(3, "a", "b", "RunnableCallable"), node(4, "b", 2)]
    assert ways(*steps) == [("a", "b", None)]


def test_a_route_that_is_no_node_is_the_reason_itself():
    steps = [node(2, "a", 1), router(3, "a", "refund"), node(4, "b", 2)]
    assert ways(*steps) == [("a", "b", "refund")]


def test_a_text_that_no_node_answers_to_starts_no_transition():
    assert ways(node(2, "a", 1), router(3, "a", "hello")) == []


def test_a_retry_is_another_attempt_and_no_transition():
    steps = [node(2, "a", 1, "a:1", status="error"), node(3, "a", 1, "a:1"), node(4, "b", 2, "b:1")]
    assert [(v.name, v.attempt) for v in visits(steps)] == [("a", 1), ("a", 2), ("b", 1)]
    assert ways(*steps) == [("a", "b", None)]


def test_a_retry_without_a_key_is_one_that_follows_a_failure():
    steps = [node(2, "a", status="error"), node(3, "a"), node(4, "a")]
    assert [v.attempt for v in visits(steps)] == [1, 2, 1]


def test_branches_side_by_side_join_again():
    steps = [node(2, "a", 1), node(3, "b", 2), node(4, "c", 2), node(5, "d", 3)]
    assert ways(*steps) == [
        ("a", "b", None), ("a", "c", None), ("b", "d", None), ("c", "d", None),
    ]  # fmt: skip


def test_a_node_sent_several_times_is_visited_each_time():
    steps = [node(2, "fan", 1), router(3, "fan", "work"), *(node(n, "work", 2) for n in (4, 5))]
    assert names(*steps) == ["fan", "work", "work"]
    assert ways(*steps) == [("fan", "work", "route")]


def test_an_inner_graph_is_not_the_node_again():
    outer = step(2, 1, "node", name="sub", node="sub", node_run="sub:1")
    inner = step(3, 2, "node", name="sub", node="sub", node_run="sub:1")
    deep = step(4, 3, "node", name="x", node="x", node_run="sub:1|x:1")
    assert names(outer, inner, deep) == ["sub", "x"]


def test_an_inner_graphs_nodes_follow_one_another_by_themselves():
    steps = [
        node(2, "a", 1, "a:1"), node(3, "sub", 2, "sub:1"),
        step(4, 3, "node", node="x", node_run="sub:1|x:1", node_step=1),
        step(5, 3, "node", node="y", node_run="sub:1|y:1", node_step=2),
        node(6, "b", 3, "b:1"),
    ]  # fmt: skip
    assert ways(*steps) == [("a", "sub", None), ("x", "y", None), ("sub", "b", None)]


DRAWN = Drawn(("a", "act", "b"), (("a", "act"), ("act", "b")))


def test_a_node_that_merely_runs_tools_is_known_by_the_drawing():
    tools = [step(n, 1, "tool", node="tools") for n in (3, 4)]
    assert names(node(2, "a"), *tools, node(5, "b"), drawn=DRAWN) == ["a", "act", "b"]


def test_without_a_drawing_it_is_called_as_its_tools_say():
    tools = [step(n, 1, "tool", node="tools") for n in (3, 4)]
    assert names(node(2, "a"), *tools, node(5, "b")) == ["a", "tools", "b"]


def test_a_tool_inside_a_node_is_no_node():
    inside = step(3, 2, "tool", node="tools")
    assert names(node(2, "a"), inside, node(5, "b"), drawn=DRAWN) == ["a", "b"]


def test_tools_without_any_graph_are_no_nodes():
    assert names(step(3, 1, "tool", node="tools")) == []


def test_agents_are_listed_in_the_order_they_acted():
    steps = [step(n, kind="agent", agent=a) for n, a in enumerate("aabca", 1)]
    assert agents(steps) == ["a", "b", "c", "a"]


def test_an_agent_that_only_its_calls_name_acted_too():
    assert agents([step(1, kind="llm", agent="x"), step(2, agent="not acting")]) == ["x"]


def test_a_hand_off_to_somebody_unnamed_went_to_who_acted_next():
    steps = [
        step(1, kind="agent", agent="A"), step(2, 1, "handoff", state_from="A"),
        step(3, kind="agent", agent="B"),
    ]  # fmt: skip
    assert ways(*steps) == [("A", "B", None)]


def test_a_hand_off_that_leads_nowhere_is_none():
    assert ways(step(1, kind="handoff", state_from="A")) == []


def test_a_state_change_is_told_with_its_reason():
    change = step(1, kind="state", state_from="planning", state_to="done", reason="enough")
    assert ways(change) == [("planning", "done", "enough")]


def test_parents_in_a_circle_are_survived():
    steps = [step(1, 2, "node", node="a"), step(2, 1, "tool", node="b")]
    assert names(*steps) == ["a"]
