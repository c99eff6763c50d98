"""Which traces seem to tell of the same call: looked up in the store.

Takes calls, yields pairs of traces; what is found is to be read and compared, since only pointers are
looked at. Refuses to know which of two records is billed (`reconcile.across`).
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
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

Watcher = tuple[str, str, bool]
"""Who tells of calls: a service, its library, and whether with response ids."""

Asked = Sequence[tuple[TraceKey, Fact]]
Sharing = Iterator[tuple[TraceKey, TraceKey]]


def may_be_shared(call: Fact) -> bool:
    """Tell whether another trace may tell of this call too, so that it can be told."""
    return is_answered(call) or is_counted(call)


def sharing_calls(read: Read, calls: Asked) -> Sharing:
    """Yield pairs of these calls' traces and of others that seem to tell of the same call."""
    watchers = told_by(read, {project_id for (project_id, _), _ in calls})
    answered = [
        (key, call)
        for key, call in calls
        if is_answered(call) and seen_elsewhere(call, watchers[key[0]])
    ]
    for of_kind in alike(answered, lambda key, call: (key[0], call.kind)):
        yield from found(read, "shared_calls", shared(read, of_kind), asking)
    counted = [
        (key, call)
        for key, call in calls
        if is_counted(call) and seen_nameless(call, watchers[key[0]])
    ]
    for of_library in alike(counted, lambda _, call: (call.scope, bool(call.response_id))):
        yield from found(read, "alike_calls", of_library, asking_alike)


def told_by(read: Read, projects: Collection[str]) -> Mapping[str, set[Watcher]]:
    """Return who tells of calls, by project.

    Where one library alone does, as in most projects, there are no twins to ask for: that one short
    question spares all the long ones.
    """
    watchers: defaultdict[str, set[Watcher]] = defaultdict(set)
    if projects:
        rows = read("call_watchers", projects=sorted(projects))
        for project_id, service, scope, answered in zip(*rows, strict=True):
            watchers[project_id].add((service, scope, bool(answered)))
    return watchers


def seen_elsewhere(call: Fact, watchers: set[Watcher]) -> bool:
    """Tell whether somebody else tells of calls with a response id."""
    return any(a and (call.service, call.scope) != (service, s) for service, s, a in watchers)


def seen_nameless(call: Fact, watchers: set[Watcher]) -> bool:
    """Tell whether another library of a call's service tells of calls, one of them without an id."""
    return any(
        service == call.service and scope != call.scope and not (answered and call.response_id)
        for service, scope, answered in watchers
    )


def alike(calls: Asked, of: Callable[[TraceKey, Fact], object]) -> list[Asked]:
    """Return calls in groups that have something in common."""
    groups: defaultdict[object, list[tuple[TraceKey, Fact]]] = defaultdict(list)
    for key, call in calls:
        groups[of(key, call)].append((key, call))
    return list(groups.values())


def shared(read: Read, calls: Asked) -> Asked:
    """Return those of some calls, of one project and kind, whose response id others tell as well."""
    twice: set[str] = set()
    for first in range(0, len(calls), MOST_ASKED):
        asked = calls[first : first + MOST_ASKED]
        (project_id, _), one = asked[0]
        rows = read(
            "shared_responses",
            project=project_id,
            kind=one.kind,
            responses=[call.response_id for _, call in asked],
            **span_of_time(asked),
        )
        twice.update(*rows)
    return [(key, call) for key, call in calls if call.response_id in twice]


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
    return {
        **whereabouts(calls),
        **span_of_time(calls),
        "responses": [call.response_id for _, call in calls],
        "scopes": [call.scope for _, call in calls],
        "ends": [call.end_ns or call.start_ns for _, call in calls],
    }


def span_of_time(calls: Asked) -> dict[str, int]:
    """Return between which nanoseconds calls may have begun that run at the same time as these."""
    return {
        "earliest": min(call.start_ns for _, call in calls) - LONGEST_NS,
        "latest": max(call.end_ns or call.start_ns for _, call in calls),
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
