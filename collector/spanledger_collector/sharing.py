"""Which traces seem to tell of the same call: looked up in the store.

Takes calls, yields pairs of traces; what is found is to be read and compared, since only pointers are
looked at. Refuses to know which of two records is billed (`reconcile.across`).
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from spanledger_collector.reconcile import Fact
from spanledger_collector.reconcile.account import TraceKey
from spanledger_collector.reconcile.across import is_answered
from spanledger_collector.reconcile.lookalikes import SOON_NS, is_counted
from spanledger_collector.store import Read

MOST_ASKED = 1000
"""Calls in one question for others that are the same: they travel in a request's address."""

LONGEST_NS = 86_400_000_000_000
"""A call that runs longer than a day is not looked for in other traces."""

Asked = Sequence[tuple[TraceKey, Fact]]
Sharing = Iterator[tuple[TraceKey, TraceKey]]


def may_be_shared(call: Fact) -> bool:
    """Tell whether another trace may tell of this call too, so that it can be told."""
    return is_answered(call) or is_counted(call)


def sharing_calls(read: Read, calls: Asked) -> Sharing:
    """Yield pairs of these calls' traces and of others that seem to tell of the same call."""
    answered = [(key, call) for key, call in calls if is_answered(call)]
    yield from found(read, "shared_calls", answered, asking)
    for of_library in to_be_compared(read, calls):
        yield from found(read, "alike_calls", of_library, asking_alike)


def to_be_compared(read: Read, calls: Asked) -> list[Asked]:
    """Return calls by library, those with an id only where others told calls without one.

    Nearly all calls have one: that one short question spares most of the long ones.
    """
    counted = [(key, call) for key, call in calls if is_counted(call)]
    projects = sorted({key[0] for key, call in counted if call.response_id})
    nameless: defaultdict[str, set[str]] = defaultdict(set)
    if projects:
        for project_id, scope in zip(*read("nameless_calls", projects=projects), strict=True):
            nameless[project_id].add(scope)
    libraries: defaultdict[tuple[str, bool], list[tuple[TraceKey, Fact]]] = defaultdict(list)
    for key, call in counted:
        if not call.response_id or nameless[key[0]] - {call.scope}:
            libraries[call.scope, bool(call.response_id)].append((key, call))
    return list(libraries.values())


def found(
    read: Read, name: str, calls: Asked, asking: Callable[[Asked], dict[str, Any]]
) -> Sharing:
    """Yield what a question about calls finds, so many calls at a time."""
    for first in range(0, len(calls), MOST_ASKED):
        asked = asking(calls[first : first + MOST_ASKED])
        for project_id, trace_id, other in zip(*read(name, **asked), strict=True):
            yield (project_id, trace_id), (project_id, other)


def asking(calls: Asked) -> dict[str, Any]:
    """Return calls as the parameters of the query for those with the same response."""
    asked = whereabouts(calls)
    return asked | {
        "responses": [call.response_id for _, call in calls],
        "scopes": [call.scope for _, call in calls],
        "ends": (ends := [call.end_ns or call.start_ns for _, call in calls]),
        "earliest": min(asked["starts"]) - LONGEST_NS,
        "latest": max(ends),
    }


def asking_alike(calls: Asked) -> dict[str, Any]:
    """Return calls of one library as the parameters of the query for those with the same usage."""
    asked, (_, one) = whereabouts(calls), calls[0]
    return asked | {
        "inputs": [call.input_tokens for _, call in calls],
        "outputs": [call.output_tokens for _, call in calls],
        "scope": one.scope,
        "answered": [0] if one.response_id else [0, 1],
        "soon": SOON_NS,
        "earliest": min(asked["starts"]) - SOON_NS,
        "latest": max(asked["starts"]) + SOON_NS,
    }


def whereabouts(calls: Asked) -> dict[str, list[Any]]:
    """Return where and when calls were made, a parameter for each column."""
    return {
        "projects": [project_id for (project_id, _), _ in calls],
        "traces": [trace_id.hex() for (_, trace_id), _ in calls],
        "kinds": [call.kind for _, call in calls],
        "services": [call.service for _, call in calls],
        "starts": [call.start_ns for _, call in calls],
    }
