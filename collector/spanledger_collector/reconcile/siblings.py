"""One call that two libraries recorded side by side, below one parent.

Takes the calls below one span in order of start, answers with pairs that are the same call. A
library describes a call once, so that two spans of one library are always two calls. Pure.
"""

from collections.abc import Iterator, Sequence

from spanledger_collector.reconcile.alike import encloses, may_be_same, same_usage
from spanledger_collector.reconcile.trace import Fact

MOST_OPEN = 128
"""Calls side by side among which a marker, or another library's span, looks for its own."""


def watched_twice(siblings: list[Fact]) -> Iterator[tuple[Fact, Fact]]:
    """Yield pairs of siblings in which one library's span lies within another's of the same call.

    A library describes a call once, so that each call has one span of it at most, the first that
    lies within; calls made side by side stay apart.
    """
    watchers: dict[bytes, set[str]] = {}  # the libraries that saw a call, by each of its spans
    running: list[Fact] = []
    for call in siblings:
        running = [f for f in running if f.end_ns is None or f.end_ns >= call.start_ns]
        watchers[call.span_id] = {call.scope}
        for outer in reversed(running[-MOST_OPEN:]):
            if (
                call.scope not in watchers[outer.span_id]
                and encloses(outer, call)
                and may_be_same(outer, call)
                and same_usage(outer, call)
            ):
                watchers[call.span_id] = watchers[outer.span_id]
                watchers[outer.span_id].add(call.scope)
                yield outer, call
                break
        running.append(call)


def taken_up(siblings: Sequence[Fact]) -> Iterator[tuple[Fact, Fact]]:
    """Yield pairs in which a library handed a stream on, and its client called when it was read.

    The library's span is over before the client's begins, and knows no response id. Spans pair up
    in order of start, those of the first library each with one of the second. If one of them finds
    none, the second does not watch what the first does, and none is paired.
    """
    handed_on: list[Fact] = []
    found: list[tuple[Fact, Fact]] = []
    for call in siblings:
        before = next((f for f in handed_on[-MOST_OPEN:] if takes_up(f, call)), None)
        if before is not None:
            handed_on.remove(before)
            found.append((before, call))
        elif not call.response_id:
            handed_on.append(call)
    alone = {f.scope for f in handed_on}
    yield from (pair for pair in found if pair[0].scope not in alone)


def takes_up(handed_on: Fact, call: Fact) -> bool:
    """Tell whether a call can be what another library's span, which was over before, was about."""
    return (
        handed_on.end_ns is not None
        and handed_on.end_ns <= call.start_ns
        and call.scope != handed_on.scope
        and names_model(handed_on)
        and names_model(call)
        and may_be_same(handed_on, call)
        and same_usage(handed_on, call)
        and (handed_on.status == "error") == (call.status == "error")
    )


def names_model(fact: Fact) -> bool:
    """Tell whether a span says which model it called."""
    return bool(fact.request_model or fact.response_model)
