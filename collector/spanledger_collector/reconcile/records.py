"""Records of usage beside the steps that they speak of: which of them repeat what is billed.

A framework may record what a step used in all, a sub-agent's task say, whether or not the step's own
calls have spans. Takes a tree and what is billed of it, answers with the records that sum up billed
calls: they lie below one step beside the record, begun before it, and add up to it exactly. Pure.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator
from itertools import islice

from spanledger_collector.reconcile.alike import has_usage
from spanledger_collector.reconcile.trace import Fact, Tree

STEPS = frozenset({"tool", "agent", "handoff", "node", "workflow"})
DEEPEST = 64  # levels between a call and a step that it belongs to: no trace shall cost its square
MOST_ALIKE = 64  # steps of one sum that are looked at for one record

Totals = tuple[int, int]
"""Input and output tokens; what is unknown adds nothing."""


def summing_up(tree: Tree, billed: Collection[bytes]) -> set[bytes]:
    """Return the ids of the records that repeat billed calls; any other is told by nothing else.

    A record that counts adds to the steps around it, so that one of those may sum it up in turn.
    """
    records = [f for f in tree.order if f.usage_role == "record" and has_usage(f)]
    if not records:
        return set()
    sums = Sums(tree)
    for fact in tree.order:
        if fact.span_id in billed:
            sums.add(fact)
    told: defaultdict[bytes, set[bytes]] = defaultdict(set)  # by the parent of the records
    repeating = set()
    for record in records:
        if calls := summed_up(tree, record, sums, told[record.parent_span_id]):
            told[record.parent_span_id] |= calls
            repeating.add(record.span_id)
        else:
            sums.add(record)
    return repeating


class Sums:
    """What the calls below each step come to, and which steps come to the same."""

    def __init__(self, tree: Tree) -> None:
        self.calls: defaultdict[bytes, set[bytes]] = defaultdict(set)
        self.alike: defaultdict[Totals, dict[bytes, Fact]] = defaultdict(dict)
        self._totals: defaultdict[bytes, Totals] = defaultdict(lambda: (0, 0))
        self._tree = tree

    def add(self, call: Fact) -> None:
        """Add a call to the steps around it."""
        for step in around(self._tree, call):
            if step.kind in STEPS:
                given, answered = self._totals[step.span_id]
                self.alike[given, answered].pop(step.span_id, None)
                now = given + (call.input_tokens or 0), answered + (call.output_tokens or 0)
                self._totals[step.span_id] = now
                self.alike[now][step.span_id] = step
                self.calls[step.span_id].add(call.span_id)


def summed_up(tree: Tree, record: Fact, sums: Sums, told: set[bytes]) -> set[bytes]:
    """Return the calls below one step beside a record that come to it, none that another took."""
    alike = sums.alike.get((record.input_tokens or 0, record.output_tokens or 0), {})
    for step in islice(alike.values(), MOST_ALIKE):
        calls = sums.calls[step.span_id]
        if (
            step.start_ns <= record.start_ns
            and is_beside(tree, step, record)
            and told.isdisjoint(calls)
        ):
            del alike[step.span_id]  # what it comes to is told now
            return calls
    return set()


def is_beside(tree: Tree, step: Fact, record: Fact) -> bool:
    """Tell whether a step has the parent of a record, or lies below one that has."""
    parent = record.parent_span_id
    return step.parent_span_id == parent or any(
        f.parent_span_id == parent for f in around(tree, step)
    )


def around(tree: Tree, fact: Fact) -> Iterator[Fact]:
    """Yield the nearest ancestors of a span."""
    return islice(tree.ancestors(fact), DEEPEST)
