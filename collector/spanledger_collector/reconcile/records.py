"""Records of usage beside the steps that they speak of: which of them repeat what is billed.

A framework may record what a step used in all, a sub-agent's task say, whether or not the step's own
calls have spans. Takes a tree and what is billed of it, answers with the records that sum up billed
calls: they lie below one step beside the record, begun before it, and add up to it exactly. Pure.
"""

from collections import defaultdict
from collections.abc import Iterable

from spanledger_collector.reconcile.alike import has_usage
from spanledger_collector.reconcile.trace import Fact, Tree

STEPS = frozenset({"tool", "agent", "handoff", "node", "workflow"})


def summing_up(tree: Tree, billed: Iterable[bytes]) -> set[bytes]:
    """Return the ids of the records that repeat billed calls; any other is told by nothing else.

    A record that counts adds to the steps around it, so that one of those may sum it up in turn.
    """
    records = [f for f in tree.order if f.usage_role == "record" and has_usage(f)]
    if not records:
        return set()
    below: defaultdict[bytes, list[Fact]] = defaultdict(list)
    for span_id in billed:
        put_below(tree, tree.by_id[span_id], below)
    told: defaultdict[bytes, set[bytes]] = defaultdict(set)  # by the parent of the records
    repeating = set()
    for record in records:
        calls = summed_up(tree, record, below, told[record.parent_span_id])
        if calls:
            told[record.parent_span_id] |= {call.span_id for call in calls}
            repeating.add(record.span_id)
        else:
            put_below(tree, record, below)
    return repeating


def put_below(tree: Tree, call: Fact, below: defaultdict[bytes, list[Fact]]) -> None:
    """Add a call to what lies below each of its ancestors."""
    for above in tree.ancestors(call):
        below[above.span_id].append(call)


def summed_up(
    tree: Tree, record: Fact, below: defaultdict[bytes, list[Fact]], told: set[bytes]
) -> list[Fact]:
    """Return the calls below one step beside a record that come to it, none that another took."""
    for step in tree.order:
        if step.start_ns > record.start_ns:
            break
        calls = below.get(step.span_id, [])
        if (
            calls
            and step.kind in STEPS
            and totals(calls) == (record.input_tokens, record.output_tokens)
            and is_beside(tree, step, record)
            and told.isdisjoint(call.span_id for call in calls)
        ):
            return calls
    return []


def totals(calls: Iterable[Fact]) -> tuple[int, int]:
    """Return input and output of calls in all; what is unknown adds nothing."""
    pairs = [(call.input_tokens or 0, call.output_tokens or 0) for call in calls]
    return sum(given for given, _ in pairs), sum(answered for _, answered in pairs)


def is_beside(tree: Tree, step: Fact, record: Fact) -> bool:
    """Tell whether a step has the parent of a record, or lies below one that has."""
    return any(f.parent_span_id == record.parent_span_id for f in (step, *tree.ancestors(step)))
