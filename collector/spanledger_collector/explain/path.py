"""The way a trace took: which nodes, which agents, and from where to where with what reason.

Takes the steps of one trace in any order, gives the nodes that were executed and the transitions
between them. Libraries record either the nodes or the transitions, hardly ever both; what one
leaves out follows from the other. Pure, and knows no library.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

ENDS = frozenset({"__end__", "END", "__start__", "START"})
UNNAMED = frozenset({"RunnableCallable", "RunnableLambda", "Branch"})
"""Names of a router that nobody named: no reason to give for a transition."""


@dataclass(frozen=True, slots=True)
class Step:
    """What the way of a trace is made of: one span, narrowed to where it stands."""

    span_id: bytes
    parent_span_id: bytes
    start_ns: int
    kind: str
    name: str
    status: str = ""
    agent: str = ""
    node: str = ""
    node_run: str = ""
    node_step: int | None = None
    state_from: str = ""
    state_to: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Drawn:
    """A graph as it was drawn, whatever way was taken through it."""

    nodes: tuple[str, ...] = ()
    edges: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Visit:
    """One execution of a node. `attempt` counts from 1 within one logical execution."""

    span_id: bytes
    name: str
    status: str
    attempt: int
    step: int | None
    level: str  # the execution of the outer node that this one is part of, '' at the top


@dataclass(frozen=True, slots=True)
class Transition:
    """A change of state, node or agent; `from_` is None where nothing tells it."""

    from_: str | None
    to: str
    reason: str | None
    at_ns: int
    span_id: bytes


def in_order(steps: Sequence[Step]) -> list[Step]:
    """Return steps in order of start."""
    return sorted(steps, key=lambda s: (s.start_ns, s.span_id))


def visits(steps: Sequence[Step], drawn: Drawn | None = None) -> list[Visit]:
    """Return the executions of nodes in order of start; an inner graph's own span is none."""
    by_id = {step.span_id: step for step in steps}
    attempts: defaultdict[str, int] = defaultdict(int)
    found: list[Visit] = []
    for step in in_order(steps):
        if not step.node or step.kind == "tool" or repeats(step, by_id):
            continue
        level, _, _ = step.node_run.rpartition("|")
        attempts[step.node_run] += 1
        attempt = attempts[step.node_run] if step.node_run else tried_again(step, found)
        found.append(Visit(step.span_id, step.node, step.status, attempt, step.node_step, level))
    return with_unseen(found, steps, by_id, drawn or Drawn()) if found else found


def tried_again(step: Step, before: Sequence[Visit]) -> int:
    """Return which attempt an execution is that bears no key: one more after a failed one."""
    last = before[-1] if before else None
    return last.attempt + 1 if last and last.name == step.node and last.status == "error" else 1


def with_unseen(
    seen: list[Visit], steps: Sequence[Step], by_id: Mapping[bytes, Step], drawn: Drawn
) -> list[Visit]:
    """Add the executions that only the tool calls made inside them tell of.

    Some libraries record no span for a node that merely runs tools. A tool call outside every
    node was made by one: by the only one that leads to the next node, if the drawing leaves just
    one, else by that which the tool's own span names.
    """
    found = []
    loose = [s for s in in_order(steps) if s.kind == "tool" and not inside_node(s, by_id)]
    missing = set(drawn.nodes) - {v.name for v in seen}
    for before, after in zip([None, *seen], [*seen, None], strict=False):
        since = by_id[before.span_id].start_ns if before else 0
        until = by_id[after.span_id].start_ns if after else None
        inner = [t for t in loose if since <= t.start_ns and (not until or t.start_ns < until)]
        target = after.name if after else "__end__"
        sources = [name for name, to in drawn.edges if to == target and name in missing]
        name = sources[0] if len(sources) == 1 else inner[0].node if inner else ""
        if inner and name:
            found.append(Visit(inner[0].span_id, name, "", 1, None, ""))
        if after:
            found.append(after)
    return found


def inside_node(step: Step, by_id: Mapping[bytes, Step]) -> bool:
    """Tell whether a span lies below the execution of a node."""
    seen = {step.span_id}
    above = by_id.get(step.parent_span_id)
    while above is not None and above.span_id not in seen:
        if above.node:
            return True
        seen.add(above.span_id)
        above = by_id.get(above.parent_span_id)
    return False


def repeats(step: Step, by_id: Mapping[bytes, Step]) -> bool:
    """Tell whether a span is the inner graph of a node and not the node itself."""
    seen = {step.span_id}
    above = by_id.get(step.parent_span_id)
    while above is not None and above.span_id not in seen:
        if above.node == step.node and above.node_run == step.node_run:
            return True
        if above.node:
            return step.kind == "tool"  # a tool stands for its node only where that has no span
        seen.add(above.span_id)
        above = by_id.get(above.parent_span_id)
    return False


def agents(steps: Sequence[Step]) -> list[str]:
    """Return the agents in the order they acted, else those that calls and tools name."""
    acted = [s.agent for s in in_order(steps) if s.kind == "agent" and s.agent]
    in_turn = [a for a, before in zip(acted, ["", *acted], strict=False) if a != before]
    named = [s.agent for s in in_order(steps) if s.agent and s.kind in ("llm", "tool")]
    return in_turn if in_turn else list(dict.fromkeys(named))


def transitions(steps: Sequence[Step], drawn: Drawn | None = None) -> list[Transition]:
    """Return the transitions of a trace in order: told ones, and those between its nodes."""
    found = [*told(steps), *between_nodes(steps, drawn)]
    found.sort(key=lambda t: (t.at_ns, t.span_id))
    return [t for i, t in enumerate(found) if not says_again(t, found[:i])]


def says_again(transition: Transition, before: Sequence[Transition]) -> bool:
    """Tell whether the transition just before was the same one, seen by another span."""
    last = before[-1] if before else None
    return last is not None and (last.from_, last.to) == (transition.from_, transition.to)


def told(steps: Sequence[Step]) -> list[Transition]:
    """Return the transitions that spans state themselves: state changes and hand-offs."""
    ordered = in_order(steps)
    found = []
    for step in ordered:
        if step.kind not in ("state", "handoff", "agent") or not (step.state_to or step.state_from):
            continue
        target = step.state_to or next_agent(ordered, step)
        if target and target != step.state_from:
            source, reason = step.state_from or None, step.reason or None
            found.append(Transition(source, target, reason, step.start_ns, step.span_id))
    return found


def next_agent(ordered: Sequence[Step], handoff: Step) -> str:
    """Return the agent that took over: the first to start after the hand-off."""
    return next(
        (
            s.agent
            for s in ordered
            if s.kind == "agent"
            and s.start_ns >= handoff.start_ns
            and s.agent != handoff.state_from
        ),
        "",
    )


def between_nodes(steps: Sequence[Step], drawn: Drawn | None) -> list[Transition]:
    """Return the transitions between nodes, each graph and inner graph by itself."""
    by_id = {step.span_id: step for step in steps}
    levels: defaultdict[str, list[Visit]] = defaultdict(list)
    for visit in visits(steps, drawn):
        if visit.attempt == 1:
            levels[visit.level].append(visit)
    routers = [s for s in in_order(steps) if s.kind == "span" and s.state_from and s.state_to]
    return [
        transition
        for level in levels.values()
        for before, after in zip(waves(level), waves(level)[1:], strict=False)
        for visit in after
        for transition in into(visit, before, routers, by_id)
    ]


def waves(visits_in_order: Sequence[Visit]) -> list[list[Visit]]:
    """Return visits grouped by the step of the graph they ran in; each by itself without one."""
    found: list[list[Visit]] = []
    for visit in visits_in_order:
        if found and visit.step is not None and visit.step == found[-1][0].step:
            found[-1].append(visit)
        else:
            found.append([visit])
    return found


def into(
    visit: Visit, before: Sequence[Visit], routers: Sequence[Step], by_id: Mapping[bytes, Step]
) -> list[Transition]:
    """Return how a node was reached: by the router that chose it, else from all that ran before."""
    at_ns = by_id[visit.span_id].start_ns
    since = min(by_id[v.span_id].start_ns for v in before)
    sources = dict.fromkeys(v.name for v in before)
    asked = [r for r in routers if since <= r.start_ns <= at_ns and r.state_from in sources]
    chosen = [r for r in asked if visit.name in r.state_to.split(", ")]
    if not chosen and len(sources) == 1:
        chosen = asked  # what they answered are the names of routes, not of nodes
    if not chosen:
        return [Transition(name, visit.name, None, at_ns, visit.span_id) for name in sources]
    router = chosen[-1]
    return [Transition(router.state_from, visit.name, why(router, visit), at_ns, visit.span_id)]


def why(router: Step, visit: Visit) -> str | None:
    """Return why a router chose a node: the route it answered, else its own name."""
    if visit.name not in router.state_to.split(", "):
        return router.state_to
    return router.reason if router.reason not in UNNAMED else None
