"""One call recorded in two traces, of which one tells no response id.

Takes several traces' accounts, answers with pairs of billed calls that are one. Libraries that watch a
stream often learn no response id. What proves that two spans are one call then: one service, two
libraries that each saw it once, the same counts on every meter that both know, one span all the time
within the other (or begun when the other, which handed its stream on, was over), and a trace that
began with the call, as it does where a client finds no span around it. Each call has one partner at
most, so that equal calls of agents side by side are all billed. Pure; order does not matter.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from spanledger_collector.reconcile.account import Account, Pair, Place, TraceKey
from spanledger_collector.reconcile.alike import encloses, equal_meters, has_usage, same_model
from spanledger_collector.reconcile.siblings import names_model
from spanledger_collector.reconcile.trace import Fact
from spanledger_schema.span import CALLS

SOON_NS = 30_000_000_000
"""A client that is called by a library begins at most so much later than the library's own span."""

MOST_ALIKE = 16
"""Calls that may be one another among which partners are looked for; of more, none is sure."""

Mark = tuple[TraceKey, bytes]


def is_counted(fact: Fact) -> bool:
    """Tell whether a span is a finished call of a known model with known input and output."""
    known = fact.input_tokens is not None and fact.output_tokens is not None
    ended = fact.end_ns is not None and fact.kind in CALLS
    return known and ended and has_usage(fact) and names_model(fact)


def partners(accounts: Mapping[TraceKey, Account]) -> Iterator[Pair]:
    """Yield pairs of billed calls of two traces that are one call."""
    for pairs in bound(accounts):
        if len({mark(place) for pair in pairs for place in pair}) <= MOST_ALIKE:
            yield from chosen(pairs)


def bound(accounts: Mapping[TraceKey, Account]) -> list[list[Pair]]:
    """Return the pairs of calls that may be one, those together that have a call in common."""
    groups: dict[Mark, list[Pair]] = {}
    for pair in candidates(accounts):
        here, there = (groups.setdefault(mark(place), []) for place in pair)
        if here is not there:
            here += there
        here.append(pair)
        groups |= {mark(place): here for known in (*there, pair) for place in known}
    return list({id(pairs): pairs for pairs in groups.values()}.values())


def candidates(accounts: Mapping[TraceKey, Account]) -> Iterator[Pair]:
    """Yield pairs of calls that may be one, first the one around the other or before it."""
    equal: defaultdict[tuple[object, ...], list[Place]] = defaultdict(list)
    for key, account in accounts.items():
        for fact in filter(is_counted, map(account.facts.__getitem__, account.verdict.billed)):
            counted = fact.kind, fact.service, fact.input_tokens, fact.output_tokens
            equal[key[0], *counted].append((key, fact))
    for places in equal.values():
        before: list[Place] = []
        for place in sorted(places, key=began):
            before = [p for p in before if place[1].start_ns - p[1].start_ns <= SOON_NS]
            for other in before:
                if may_be_one(accounts, other, place):
                    yield other, place
            before.append(place)


def may_be_one(accounts: Mapping[TraceKey, Account], one: Place, other: Place) -> bool:
    """Tell whether a call may be the inside, or the continuation, of one in another trace."""
    here, there, outer, inner = accounts[one[0]], accounts[other[0]], one[1], other[1]
    if one[0] == other[0] or outer.scope == inner.scope or not equal_meters(outer, inner):
        return False
    sessions = {here.verdict.session_id, there.verdict.session_id} - {""}
    return (
        (encloses(outer, inner) or is_over(here, outer, inner))
        and not (here.responses(outer) and there.responses(inner))
        and there.began_with(inner)
        and same_model(outer, inner)
        and len(sessions) < 2
        and not here.watchers(outer) & there.watchers(inner)
    )


def is_over(account: Account, outer: Fact, inner: Fact) -> bool:
    """Tell whether a library's span, which knows no response, was over before a client began."""
    return (
        outer.end_ns is not None and outer.end_ns <= inner.start_ns and not account.responses(outer)
    )


def chosen(pairs: Iterable[Pair]) -> Iterator[Pair]:
    """Yield one pair for each call: clients in order of start, each with the tightest span around."""
    taken: set[Mark] = set()
    for outer, inner in sorted(pairs, key=preference):
        both = {mark(outer), mark(inner)}
        if not both & taken:
            taken |= both
            yield outer, inner


def preference(pair: Pair) -> tuple[object, ...]:
    """Return the key that sorts pairs by the client's start, then by how well the other fits."""
    (_, outer), (_, inner) = pair
    inside = encloses(outer, inner)
    return inner.start_ns, mark(pair[1]), not inside, outer.end_ns, outer.start_ns, mark(pair[0])


def began(place: Place) -> tuple[object, ...]:
    """Return the key that sorts calls by start, the longer of two that began at once first."""
    return place[1].start_ns, -(place[1].end_ns or 0), mark(place)


def mark(place: Place) -> Mark:
    """Return what names a call among all traces."""
    return place[0], place[1].span_id
