"""One call recorded in two traces: billed in one of them.

Takes what several traces come to alone, answers with what they come to together. Two libraries that
watch the same client and find no span around them begin a trace each; what they tell of one call has
the provider's response id in common. That alone proves nothing (test servers give every answer the
same id, caches give an old answer again): the two must also have run at the same moment, be of
different libraries or services, and not contradict each other. Pure; order does not matter.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from spanledger_collector.reconcile import Verdict
from spanledger_collector.reconcile.alike import has_usage, meters, same_model, same_usage
from spanledger_collector.reconcile.trace import Fact
from spanledger_schema.span import CALLS

TraceKey = tuple[str, bytes]
Place = tuple[TraceKey, Fact]
Pair = tuple[Place, Place]


@dataclass(frozen=True)
class Account:
    """One trace's own account of what happened: its facts, and what they come to alone."""

    facts: Mapping[bytes, Fact]
    verdict: Verdict

    @cached_property
    def billed(self) -> frozenset[bytes]:
        """Return the spans that count, as a set."""
        return frozenset(self.verdict.billed)

    def stands_for(self, span_id: bytes) -> Fact | None:
        """Return the billed span that stands for a call, None when nothing of it is billed."""
        billed = self.verdict.same_as.get(span_id, span_id)
        return self.facts[billed] if billed in self.billed else None

    def watchers(self, billed: Fact) -> set[tuple[str, str]]:
        """Return which libraries of which services told this trace of a call."""
        twins = (s for s, other in self.verdict.same_as.items() if other == billed.span_id)
        return {watcher(self.facts[s]) for s in (billed.span_id, *twins)}


def is_answered(fact: Fact) -> bool:
    """Tell whether a span is a finished call that says which response it got."""
    return bool(fact.response_id) and fact.end_ns is not None and fact.kind in CALLS


def watcher(fact: Fact) -> tuple[str, str]:
    """Return who recorded a span."""
    return fact.service, fact.scope


def neighbours(facts: Mapping[TraceKey, Iterable[Fact]]) -> dict[TraceKey, set[TraceKey]]:
    """Return for each of these traces those others that may tell of a call of it."""
    found: dict[TraceKey, set[TraceKey]] = {key: set() for key in facts}
    for (one, _), (other, _) in meetings(facts):
        found[one].add(other)
        found[other].add(one)
    return found


def settled(accounts: Mapping[TraceKey, Account]) -> dict[TraceKey, Verdict]:
    """Return what traces come to together: of two records of a call only the better is billed.

    Right for each trace whose neighbours are all there.
    """
    better: defaultdict[TraceKey, dict[bytes, Place]] = defaultdict(dict)
    for one, other in meetings({key: a.facts.values() for key, a in accounts.items()}):
        if (both := same_call(accounts, one, other)) is None:
            continue
        (lost_in, lost), winner = sorted(both, key=lambda place: worth(accounts, place))
        known = better[lost_in].setdefault(lost.span_id, winner)
        better[lost_in][lost.span_id] = max(known, winner, key=lambda p: worth(accounts, p))
    return {key: without(a.verdict, better.get(key, {})) for key, a in accounts.items()}


def meetings(facts: Mapping[TraceKey, Iterable[Fact]]) -> Iterator[Pair]:
    """Yield pairs of calls of two traces: same response id, at one moment, seen by two watchers."""
    answers: defaultdict[tuple[str, str, str], list[Place]] = defaultdict(list)
    for key, told in facts.items():
        for fact in filter(is_answered, told):
            answers[key[0], fact.kind, fact.response_id].append((key, fact))
    for places in answers.values():
        running: list[Place] = []
        for place in sorted(places, key=lambda p: (p[1].start_ns, p[0], p[1].span_id)):
            key, call = place
            running = [p for p in running if (p[1].end_ns or 0) >= call.start_ns]
            yield from (
                (other, place)
                for other in running
                if other[0] != key and watcher(other[1]) != watcher(call)
            )
            running.append(place)


def same_call(accounts: Mapping[TraceKey, Account], one: Place, other: Place) -> Pair | None:
    """Return the billed spans that stand for two calls which are one, None when they are two."""
    here, there = accounts[one[0]], accounts[other[0]]
    first, second = here.stands_for(one[1].span_id), there.stands_for(other[1].span_id)
    if first is None or second is None or here.watchers(first) & there.watchers(second):
        return None
    if not same_model(one[1], other[1]) or not same_usage(first, second):
        return None
    return (one[0], first), (other[0], second)


def worth(accounts: Mapping[TraceKey, Account], place: Place) -> tuple[object, ...]:
    """Return what makes one of two records of a call the one that is billed.

    Usage from the provider, then a session for the dollars to be seen in, then more meters. The
    library's name comes before the clock, so that many calls at once are all settled alike.
    """
    key, call = place
    session = bool(accounts[key].verdict.session_id)
    return has_usage(call), session, *meters(call), call.scope, -call.start_ns, key, call.span_id


def without(verdict: Verdict, lost: Mapping[bytes, Place]) -> Verdict:
    """Return a verdict without the calls that other traces are billed for."""
    if not lost:
        return verdict
    reasons = {s: f"duplicate in trace {key[1].hex()}" for s, (key, _) in lost.items()}
    return replace(
        verdict,
        billed=[span_id for span_id in verdict.billed if span_id not in lost],
        not_billed={**verdict.not_billed, **reasons},
        elsewhere={span_id: winner.span_id for span_id, (_, winner) in lost.items()},
    )
