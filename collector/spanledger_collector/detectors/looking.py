"""What is stored, as the values that detectors look at.

One look is a few queries, however many sessions are active. The steps of a session are read only where
it has grown since the last look and has enough of them, and what its tools were called with only where
one tool was called often: what that costs follows what arrived.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import orjson

from spanledger_collector import normalise
from spanledger_collector.budgets.evaluate import seconds
from spanledger_collector.budgets.period import QUARTER_OF_AN_HOUR, floor
from spanledger_collector.detectors.context import LEAST_CALLS
from spanledger_collector.detectors.finding import (
    Hour,
    Limit,
    Pace,
    Seen,
    Session,
    Silence,
    Step,
    Usual,
)
from spanledger_collector.detectors.loop import suspects
from spanledger_collector.moments import SECOND_NS
from spanledger_collector.store import Store
from spanledger_schema.span import Event, Scope, Span

ACTIVE = timedelta(hours=1)
WEEK = timedelta(days=7)
HISTORY = timedelta(days=28)
WEEKS = 4
TAIL = 200
"""Steps of a session that are looked at, from its end."""
MOST_READ = 50
"""Sessions whose steps are read in one look; the others have their turn in the next one."""


MOST_ASKED = 500
"""Tool calls whose payloads are read at once: they may be long."""

Key = tuple[str, str]
"""A project and a session of it."""

SpanKey = tuple[str, bytes, bytes]
"""A project, a trace and a span."""


@dataclass(slots=True)
class Memory:
    """The steps that were read of active sessions, by project and id, each with what it knew then."""

    tails: dict[Key, tuple[int, Sequence[Step]]] = field(default_factory=dict)


def look(store: Store, now: datetime, memory: Memory, loops: Limit) -> Seen:
    """Return everything there is to look at; `loops` says from how many repeats on one is told."""
    return Seen(
        now,
        list(sessions(store, now, memory, loops)),
        list(paces(store, now)),
        list(silences(store, now)),
        usual(store, now),
    )


def sessions(store: Store, now: datetime, memory: Memory, loops: Limit) -> Iterator[Session]:
    """Yield the sessions that are active, with the steps of those that are worth it."""
    hour = floor(now) - ACTIVE + QUARTER_OF_AN_HOUR
    rows = list(store.rows("active_sessions", active_s=seconds(now - ACTIVE), hour_s=seconds(hour)))
    known = {(row["project_id"], row["session_key"]) for row in rows}
    memory.tails = {key: tail for key, tail in memory.tails.items() if key in known}
    due = [row for row in rows if is_worth_it(row, memory, loops)][:MOST_READ]
    least = {key_of(row): loops(row["project_id"], row["of_agent"]) for row in due}
    found = tails(store, least)
    for row in due:
        memory.tails[key_of(row)] = row["known"], found.get(key_of(row), ())
    return (session(row, memory) for row in rows)


def key_of(row: Mapping[str, Any]) -> Key:
    """Return the project and the id of a session."""
    return row["project_id"], row["session_key"]


def is_worth_it(row: Mapping[str, Any], memory: Memory, loops: Limit) -> bool:
    """Tell whether the steps of a session are to be read: there are enough, and new ones."""
    least = loops(row["project_id"], row["of_agent"])
    if row["call_steps"] < LEAST_CALLS and (least is None or row["tool_steps"] < least):
        return False
    known: int = row["known"]
    return memory.tails.get(key_of(row), (-1,))[0] != known


def session(row: Mapping[str, Any], memory: Memory) -> Session:
    """Return a row of `active_sessions.sql` as the session it says."""
    key = key_of(row)
    return Session(
        *key,
        row["of_agent"],
        row["steps"],
        row["hour_usd"],
        row["hour_unpriced"],
        memory.tails.get(key, (0, ()))[1],
    )


def tails(store: Store, least: Mapping[Key, Decimal | None]) -> dict[Key, Sequence[Step]]:
    """Return the last steps of sessions, oldest first, with arguments where there may be a loop.

    Args:
        store: what is asked, once for all of them.
        least: sessions, and how many repeats of a tool call are worth a look at its arguments.
    """
    if not least:
        return {}
    asked = {"projects": [p for p, _ in least], "sessions": [s for _, s in least], "limit": TAIL}
    rows = list(store.rows("session_tails", **asked))[::-1]
    found: defaultdict[Key, list[tuple[Mapping[str, Any], Step]]] = defaultdict(list)
    for row in rows:
        found[key_of(row)].append((row, step(row)))
    suspected = [row for key, steps in found.items() for row in repeated(steps, least[key])]
    given = arguments(store, suspected)
    return {
        key: [replace(each, arguments=given.get(span_of(row))) for row, each in steps]
        for key, steps in found.items()
    }


def repeated(
    steps: Sequence[tuple[Mapping[str, Any], Step]], least: Decimal | None
) -> Iterator[Mapping[str, Any]]:
    """Yield the rows of the tool calls of one session that may be a loop."""
    tools = suspects([each for _, each in steps], least) if least is not None else ()
    return (row for row, each in steps if each.kind == "tool" and each.tool in tools)


def step(row: Mapping[str, Any]) -> Step:
    """Return a row of `session_tail.sql` as the step it says."""
    is_call = row["kind"] == "llm"
    return Step(
        row["kind"], row["agent"], row["tool"], None, row["error"], row["state_to"],
        row["input_tokens"] if is_call else None,
    )  # fmt: skip


def arguments(store: Store, calls: Sequence[Mapping[str, Any]]) -> dict[SpanKey, str]:
    """Return what tools were called with, as canonical text; nothing where it is unknown."""
    found = {}
    options = orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS
    names = {span_of(call): call["name"] for call in calls}
    for first in range(0, len(calls), MOST_ASKED):
        asked = calls[first : first + MOST_ASKED]
        rows = store.rows(
            "tool_payloads",
            projects=[call["project_id"] for call in asked],
            traces=[call["trace_id"].hex() for call in asked],
            spans=[call["span_id"].hex() for call in asked],
        )
        for row in rows:
            given = normalise.content(as_sent(row, names[span_of(row)]), ()).arguments
            if given is not None:
                found[span_of(row)] = orjson.dumps(given, default=str, option=options).decode()
    return found


def span_of(row: Mapping[str, Any]) -> SpanKey:
    """Return what names a span."""
    return row["project_id"], row["trace_id"], row["span_id"]


def as_sent(row: Mapping[str, Any], name: str) -> Span:
    """Return a tool call as it was sent, as far as its arguments need it."""
    return Span(
        b"", row["span_id"], b"", name, 0, 0,
        attributes=orjson.loads(row["attributes"]),
        events=[Event(**event) for event in orjson.loads(row["events"] or "[]")],
        scope=Scope(**orjson.loads(row["scope"])),
        resource=orjson.loads(row["resource"]),
    )  # fmt: skip


def paces(store: Store, now: datetime) -> Iterator[Pace]:
    """Yield every agent's last hour with the same one of the weeks before."""
    until = floor(now) + QUARTER_OF_AN_HOUR
    found: dict[tuple[str, str], dict[int, Hour]] = {}
    for row in store.rows("agent_hours", until_s=seconds(until)):
        hour = Hour(row["all_calls"], row["failed"], row["unpriced"], row["usd"])
        found.setdefault((row["project_id"], row["of_agent"]), {})[row["weeks_ago"]] = hour
    for key, weeks in found.items():
        before = [weeks.get(ago, Hour()) for ago in range(1, WEEKS + 1)]
        yield Pace(*key, weeks.get(0, Hour()), before)


def silences(store: Store, now: datetime) -> Iterator[Silence]:
    """Yield for how long each project has been silent; after a week nobody waits for it any more."""
    now_ns = round(now.timestamp()) * SECOND_NS
    week_ns = round(WEEK.total_seconds()) * SECOND_NS
    for row in store.rows("last_receipts"):
        project, last_ns = row["project_id"], row["last_ns"]
        minutes = (now_ns - last_ns) // (60 * SECOND_NS)
        if not 1 <= minutes < week_ns // (60 * SECOND_NS):
            continue
        before = [
            next(store.rows("receipts", project=project, since_ns=last_ns + 1 - ago * week_ns,
                            until_ns=now_ns - ago * week_ns))["found"]
            for ago in (1, 2)
        ]  # fmt: skip
        yield Silence(project, minutes, before)


def usual(store: Store, now: datetime) -> dict[tuple[str, str], Usual]:
    """Return how many steps sessions of each agent usually take."""
    rows = store.rows("usual_steps", since_s=seconds(now - HISTORY), active_s=seconds(now - ACTIVE))
    return {(r["project_id"], r["of_agent"]): Usual(r["usual"], r["sessions"]) for r in rows}
