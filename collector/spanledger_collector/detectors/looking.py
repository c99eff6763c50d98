"""What is stored, as the values that detectors look at.

One look is a few queries over `traces`. The steps of a session are read only where it has grown since
the last look and has enough of them, and what its tools were called with only where one tool was
called often: what that costs follows what arrived.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
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


@dataclass(slots=True)
class Memory:
    """The steps that were read of active sessions, by project and id, each with what it knew then."""

    tails: dict[tuple[str, str], tuple[int, Sequence[Step]]] = field(default_factory=dict)


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
    left = MOST_READ
    for row in rows:
        left -= refresh(store, row, memory, loops) if left else 0
        yield session(row, memory)


def refresh(store: Store, row: Mapping[str, Any], memory: Memory, loops: Limit) -> bool:
    """Read the steps of a session anew; tell whether that was needed."""
    key = row["project_id"], row["session_key"]
    least = loops(key[0], row["of_agent"])
    if row["call_steps"] < LEAST_CALLS and (least is None or row["tool_steps"] < least):
        return False
    if key in memory.tails and memory.tails[key][0] == row["known"]:
        return False
    memory.tails[key] = row["known"], tail(store, *key, least)
    return True


def session(row: Mapping[str, Any], memory: Memory) -> Session:
    """Return a row of `active_sessions.sql` as the session it says."""
    key = row["project_id"], row["session_key"]
    return Session(
        *key,
        row["of_agent"],
        row["steps"],
        row["hour_usd"],
        row["hour_unpriced"],
        memory.tails.get(key, (0, ()))[1],
    )


def tail(store: Store, project: str, session_id: str, least: Any) -> Sequence[Step]:
    """Return the last steps of a session, oldest first, with arguments where it may be a loop."""
    asked = {"project": project, "session": session_id, "limit": TAIL}
    rows = list(store.rows("session_tail", **asked))[::-1]
    steps = [step(row) for row in rows]
    tools = sorted(suspects(steps, least)) if least is not None else []
    if not tools:
        return steps
    given = dict(arguments(store.rows("tool_payloads", **asked, tools=tools)))
    return [
        replace(each, arguments=given.get(row["span_id"]))
        for each, row in zip(steps, rows, strict=True)
    ]


def step(row: Mapping[str, Any]) -> Step:
    """Return a row of `session_tail.sql` as the step it says."""
    is_call = row["kind"] == "llm"
    return Step(
        row["kind"], row["agent"], row["tool"], None, row["error"], row["state_to"],
        row["input_tokens"] if is_call else None,
    )  # fmt: skip


def arguments(rows: Iterator[dict[str, Any]]) -> Iterator[tuple[bytes, str]]:
    """Yield what tools were called with, as canonical text, by span; nothing where it is unknown."""
    for row in rows:
        given = normalise.content(as_sent(row), ()).arguments
        if given is not None:
            options = orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS
            yield row["span_id"], orjson.dumps(given, default=str, option=options).decode()


def as_sent(row: Mapping[str, Any]) -> Span:
    """Return a tool call as it was sent, as far as its arguments need it."""
    return Span(
        b"", row["span_id"], b"", row["name"], 0, 0,
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
