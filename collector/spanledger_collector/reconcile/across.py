"""One call recorded in two traces: billed in one of them.

Takes what several traces come to alone, answers with what they come to together. Two libraries that
watch the same client and find no span around them begin a trace each; what they tell of one call has
the provider's response id in common. That alone proves nothing (test servers give every answer the
same id, caches give an old answer again): the two must also have run at the same moment, be of
different libraries or services, and not contradict each other. Where one of them knows no id,
`lookalikes` decides. Pure; order does not matter.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from spanledger_collector.reconcile import Verdict
from spanledger_collector.reconcile.account import Account, Pair, Place, TraceKey, watcher
from spanledger_collector.reconcile.alike import has_usage, meters, same_model, same_usage
from spanledger_collector.reconcile.lookalikes import bound, partners
from spanledger_collector.reconcile.trace import Fact
from spanledger_schema.span import CALLS


def is_answered(fact: Fact) -> bool:
    """Tell whether a span is a finished call that says which response it got."""
    return bool(fact.response_id) and fact.end_ns is not None and fact.kind in CALLS


def neighbours(accounts: Mapping[TraceKey, Account]) -> dict[TraceKey, set[TraceKey]]:
    """Return for each of these traces those others that may tell of a call of it."""
    found: dict[TraceKey, set[TraceKey]] = {key: set() for key in accounts}
    for (one, _), (other, _) in meetings(accounts):
        found[one].add(other)
        found[other].add(one)
    for pairs in bound(accounts):
        together = {key for pair in pairs for key, _ in pair}
        for key in together:
            found[key] |= together - {key}
    return found


def settled(accounts: Mapping[TraceKey, Account]) -> dict[TraceKey, Verdict]:
    """Return what traces come to together: of two records of a call only the better is billed.

    Right for each trace whose neighbours are all there, and theirs. What has a response id in common
    goes first, so that a call without one finds only what is left.
    """
    known = lighter(accounts, same_calls(accounts))
    return {key: account.verdict for key, account in lighter(known, partners(known)).items()}


def lighter(accounts: Mapping[TraceKey, Account], same: Iterable[Pair]) -> dict[TraceKey, Account]:
    """Return accounts in which of each pair, which is one call, only the better is billed."""
    better: defaultdict[TraceKey, dict[bytes, Place]] = defaultdict(dict)
    for both in same:
        (lost_in, lost), winner = sorted(both, key=lambda place: worth(accounts, place))
        known = better[lost_in].setdefault(lost.span_id, winner)
        better[lost_in][lost.span_id] = max(known, winner, key=lambda p: worth(accounts, p))
    left = {k: Account(accounts[k].facts, without(accounts[k].verdict, better[k])) for k in better}
    return {**accounts, **left}


def same_calls(accounts: Mapping[TraceKey, Account]) -> Iterator[Pair]:
    """Yield pairs of billed calls of two traces that got the same response."""
    for one, other in meetings(accounts):
        if (both := same_call(accounts, one, other)) is not None:
            yield both


def meetings(accounts: Mapping[TraceKey, Account]) -> Iterator[Pair]:
    """Yield pairs of calls of two traces: same response id, at one moment, seen by two watchers."""
    answers: defaultdict[tuple[str, str, str], list[Place]] = defaultdict(list)
    for key, account in accounts.items():
        for fact in filter(is_answered, account.facts.values()):
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
    reasons = {s: f"duplicate in trace {key[1].hex()}" for s, (key, _) in lost.items()}
    return replace(
        verdict,
        billed=[span_id for span_id in verdict.billed if span_id not in lost],
        not_billed={**verdict.not_billed, **reasons},
        elsewhere={**verdict.elsewhere}
        | {span_id: winner.span_id for span_id, (_, winner) in lost.items()},
    )
