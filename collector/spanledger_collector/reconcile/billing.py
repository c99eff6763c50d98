"""Which of a trace's spans are billed: every model call once, however many spans describe it.

Takes a `Tree`, answers with the spans that count and, for all others that carry usage, why they
do not. Four things make one call appear more than once: an ancestor that sums up its descendants,
a second library that watched the same call, a marker that repeats its usage, and a record of what a
step used in all.
Each is recognised by ancestry, time and identifiers; no list of names decides.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping

from spanledger_collector.reconcile.alike import (
    has_usage,
    may_be_same,
    meters,
    overlap,
    same_model,
    same_usage,
)
from spanledger_collector.reconcile.records import summing_up
from spanledger_collector.reconcile.siblings import MOST_OPEN, taken_up, watched_twice
from spanledger_collector.reconcile.trace import Fact, Tree
from spanledger_schema.span import CALLS

BOUNDARIES = frozenset({"tool", "agent", "handoff", "node", "workflow", "retriever", "guardrail"})
"""Below one of these, a call is a call of its own and not the inside of a call above it."""


class Billing:
    """The verdict on every span of one trace that carries usage, or is a call or a tool call."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self.billed: set[bytes] = set()
        self.not_billed: dict[bytes, str] = {}
        self.same_as: dict[bytes, bytes] = {}
        calls = [f for f in tree.order if f.kind in CALLS and not f.usage_role]
        around = {c.span_id: a for c in calls if (a := same_call_around(tree, c))}
        for twins in same_calls(self._without_umbrellas(calls, around), around):
            self._bill_one(twins)
        self._bill_events([f for f in tree.order if is_event(f)])
        self.not_billed |= dict.fromkeys(summing_up(tree, self.billed), "rollup")
        self._bill_rest()
        self._drop_covered_estimates()
        self._drop_inner_tools()

    def _without_umbrellas(self, calls: list[Fact], around: Mapping[bytes, Fact]) -> list[Fact]:
        """Set aside each call span that merely encloses several calls which bill themselves."""
        inside: defaultdict[bytes, list[Fact]] = defaultdict(list)
        for call in calls:
            if above := around.get(call.span_id):
                inside[above.span_id].append(call)
        umbrellas = {
            call.span_id
            for call in calls
            if len(within := inside.get(call.span_id, ())) > 1
            and (not has_usage(call) or any(map(has_usage, within)))
        }
        self.not_billed |= dict.fromkeys(umbrellas, "rollup")
        return [call for call in calls if call.span_id not in umbrellas]

    def _bill_one(self, twins: list[Fact]) -> None:
        """Bill the best informed of several spans of one call; the others are its duplicates."""
        best = max(twins, key=self._worth) if len(twins) > 1 else twins[0]
        self.billed.add(best.span_id)
        for twin in twins:
            if twin is not best:
                self.not_billed[twin.span_id] = "duplicate"
                self.same_as[twin.span_id] = best.span_id

    def _worth(self, call: Fact) -> tuple[bool, int, int, int, bool, int, bytes]:
        """Return what makes a span the better witness of its call.

        Usage from the provider first, then more meters (a zero may be one that nobody counted),
        then the innermost, which is nearest to the provider; of two side by side the one that
        knows which answer it got, then the one that encloses the other.
        """
        depth, answered = self._tree.depth[call.span_id], bool(call.response_id)
        return has_usage(call), *meters(call), depth, answered, -call.start_ns, call.span_id

    def _bill_events(self, events: list[Fact]) -> None:
        """Give each marker that carries usage to its call; bill it where its call reports none."""
        if not events:
            return
        calls: defaultdict[bytes, list[Fact]] = defaultdict(list)
        for fact in sorted(self._tree.order, key=lambda f: (f.start_ns, is_event(f))):
            if is_event(fact):
                self._bill_event(fact, calls[fact.parent_span_id])
            elif fact.kind in CALLS and not fact.usage_role:
                calls[fact.parent_span_id].append(fact)

    def _bill_event(self, event: Fact, before: list[Fact]) -> None:
        """Settle one marker; `before` are the calls beside it that are still without one."""
        place = call_of_event(event, before[-MOST_OPEN:])
        if place is None:
            self.billed.add(event.span_id)
            return
        call = before.pop(place - len(before[-MOST_OPEN:]))
        stands_for = self.same_as.get(call.span_id, call.span_id)
        if stands_for in self.billed and not has_usage(self._tree.by_id[stands_for]):
            self._replace(stands_for, event)
        else:
            self.not_billed[event.span_id] = "event"

    def _replace(self, call_id: bytes, event: Fact) -> None:
        """Let a marker stand for its call, because only the marker knows the usage."""
        self.billed.remove(call_id)
        self.billed.add(event.span_id)
        for span_id in [call_id, *(s for s, other in self.same_as.items() if other == call_id)]:
            self.not_billed[span_id] = "duplicate"
            self.same_as[span_id] = event.span_id

    def _bill_rest(self) -> None:
        """Bill usage on other spans where nothing below them bills it, innermost first."""
        covered: set[bytes] = set()
        by_id = self._tree.by_id
        for span_id in self.billed:
            if has_usage(by_id[span_id]):
                self._cover(by_id[span_id], covered)
        for span_id, billed_id in self.same_as.items():  # the call below it is billed elsewhere
            if has_usage(by_id[billed_id]):
                self._cover(by_id[span_id], covered)
        for fact in reversed(self._tree.outward):
            if fact.usage_role == "cost":
                self.billed.add(fact.span_id)
            elif (
                not has_usage(fact)
                or fact.span_id in self.billed
                or fact.span_id in self.not_billed
            ):
                continue
            elif fact.usage_role == "aggregate":
                self.not_billed[fact.span_id] = "aggregate"
            elif fact.span_id in covered:
                self.not_billed[fact.span_id] = "rollup"
            else:
                self.billed.add(fact.span_id)
                self._cover(fact, covered)

    def _cover(self, fact: Fact, covered: set[bytes]) -> None:
        """Mark the ancestors of a span whose usage is billed: what they carry is a sum."""
        for above in self._tree.ancestors(fact):
            if above.span_id in covered:
                return
            covered.add(above.span_id)

    def _drop_covered_estimates(self) -> None:
        """Leave out estimates of calls below a billed span that reports what they used in all."""
        for fact in self._tree.order:
            if fact.usage_source != "estimated" or fact.span_id not in self.billed:
                continue
            around = (f for f in self._tree.ancestors(fact) if f.kind not in CALLS)
            if any(f.span_id in self.billed and has_usage(f) for f in around):
                self.billed.remove(fact.span_id)
                self.not_billed[fact.span_id] = "covered"

    def _drop_inner_tools(self) -> None:
        """Count a tool call once when a span below it tells of the same tool again, or of none."""
        for fact in self._tree.order:
            if fact.kind != "tool" or fact.span_id in self.billed:
                continue
            above = next((f for f in self._tree.ancestors(fact) if f.kind in BOUNDARIES), None)
            if above is not None and above.kind == "tool" and fact.tool in (above.tool, ""):
                self.not_billed[fact.span_id] = "duplicate"
                self.same_as[fact.span_id] = self.same_as.get(above.span_id, above.span_id)


def same_calls(calls: list[Fact], around: Mapping[bytes, Fact]) -> list[list[Fact]]:
    """Return the calls grouped into those that are one and the same, in order of start.

    `around`: the call that may be the same and encloses a call, by the id of the inner one.
    """
    leader: dict[bytes, bytes] = {call.span_id: call.span_id for call in calls}

    def find(span_id: bytes) -> bytes:
        while leader[span_id] != span_id:
            leader[span_id] = span_id = leader[leader[span_id]]
        return span_id

    for one, other in chain_pairs(calls, around):
        if one.span_id in leader and other.span_id in leader:
            leader[find(other.span_id)] = find(one.span_id)
    groups: defaultdict[bytes, list[Fact]] = defaultdict(list)
    for call in calls:
        groups[find(call.span_id)].append(call)
    return list(groups.values())


def chain_pairs(calls: list[Fact], around: Mapping[bytes, Fact]) -> Iterator[tuple[Fact, Fact]]:
    """Yield pairs of spans that describe the same call."""
    by_response: dict[tuple[str, str], Fact] = {}
    side_by_side: defaultdict[bytes, list[Fact]] = defaultdict(list)
    outer: set[bytes] = set()
    for call in calls:
        if call.response_id:
            known = by_response.setdefault((call.kind, call.response_id), call)
            if known is not call and (overlap(known, call) or same_usage(known, call)):
                yield known, call
        if above := around.get(call.span_id):
            outer.add(above.span_id)
            yield above, call
        side_by_side[call.parent_span_id].append(call)
    for parent_id, siblings in side_by_side.items():
        if len({f.scope for f in siblings}) == 1:
            continue  # one library alone describes no call twice
        nested = [*watched_twice(siblings)]
        yield from nested
        if parent_id:
            told = outer | {f.span_id for pair in nested for f in pair}
            yield from taken_up([f for f in siblings if f.span_id not in told])


def same_call_around(tree: Tree, call: Fact) -> Fact | None:
    """Return the nearest call span around a call if it may be the same call.

    None where a tool, agent or step lies between.
    """
    for above in tree.ancestors(call):
        if above.kind in CALLS:
            return above if may_be_same(above, call) else None
        if above.kind in BOUNDARIES:
            return None
    return None


def is_event(fact: Fact) -> bool:
    """Tell whether a span is a marker that repeats what a call used."""
    return fact.usage_role == "event" or (has_usage(fact) and fact.kind == "event")


def call_of_event(event: Fact, before: list[Fact]) -> int | None:
    """Return the place of the call that a marker beside it speaks of: one of the same model.

    The latest with the same usage is surest, then the latest without any, then the latest of all.
    """
    places = [i for i, call in enumerate(before) if same_model(call, event)]
    equal = [i for i in places if has_usage(before[i]) and same_usage(before[i], event)]
    silent = [i for i in places if not has_usage(before[i])]
    found = equal or silent or places
    return found[-1] if found else None
