"""What is to be told on which channel now, and when to try again what did not go out.

Pure: alerts, the channels there are and how each message stands in, errands out. What is told of an
alert is its last number (fired, or a reminder that takes the place of an earlier one) and then its
recovery; of an approval that it is asked for, and then what was said. A message keeps its id through
every attempt.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from spanledger_collector.approvals.approval import Approval
from spanledger_collector.budgets.alarm import Alert
from spanledger_collector.budgets.rule import Budget
from spanledger_collector.moments import SECOND_NS
from spanledger_schema.api_alerts import Event, Outcome
from spanledger_schema.api_budgets import PROOF_CHANNEL

Place = tuple[str, str, str]
"""Project, message and channel."""

STALE = timedelta(days=7)
"""What nobody delivered for so long is no news: it stays in the list of alerts."""

LATE = timedelta(days=1)
"""The same for a call that waits for nobody any more."""

GIVE_UP = timedelta(days=1)
"""For how long after its first attempt a message is tried."""

FIRST_PAUSE = timedelta(seconds=10)
LONGEST_PAUSE = timedelta(hours=2)


@dataclass(frozen=True, slots=True)
class State:
    """How a message stands on a channel after its last attempt."""

    event: Event
    attempts: int
    first_at: datetime
    outcome: Outcome
    next_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """What there is to tell: of an alert, of an approval, or neither, to test a channel."""

    id: str
    project_id: str
    event: Event
    happened_at: datetime
    alert: Alert | None = None
    approval: Approval | None = None


Due = tuple[Message, str, int]
"""A message, the channel it is due on, and the number of the attempt."""


def errands(
    alerts: Iterable[Alert],
    budgets: Iterable[Budget],
    channels: Sequence[str],
    states: Mapping[Place, State],
    now: datetime,
    approvals: Iterable[Approval] = (),
    quiet: Collection[str] = (),
) -> Iterator[Due]:
    """Yield what is due: message, channel and the number of the attempt, what came first first.

    Approvals come before alerts: somebody waits.

    Args:
        alerts: what was told of thresholds, in any order.
        budgets: all that hold; an alert of one that was withdrawn is not told any more.
        channels: names of those that can be told on.
        states: how each message stands on each channel it was tried on.
        now: the moment.
        approvals: as they stand now, in the order they were asked for.
        quiet: channels that are told only what is critical now, and tests.
    """
    loud = [name for name in channels if name not in quiet]
    for approval in approvals:
        for channel in routes(approval, loud):
            stale = STALE if approval.verdict == "pending" else LATE
            yield from in_order(approval_messages(approval), channel, states, now, stale)
    wanted = {(b.project_id, b.id): routes(b, channels) for b in budgets}
    everybody = told_of_all(channels)
    for alert in sorted(alerts, key=lambda a: (a.fired_at, a.id)):
        found = everybody if alert.detail else ()  # what a detector found goes to them all
        for channel in wanted.get((alert.project_id, alert.budget_id), found):
            if channel in quiet and alert.severity != "critical":
                continue
            yield from in_order(alert_messages(alert), channel, states, now, STALE)
    for (project_id, id_, channel), state in states.items():
        if state.event == "test" and channel in channels and is_due(state, now):
            test = Message(id_, project_id, "test", state.first_at)
            yield test, channel, state.attempts + 1


def at_most(found: Iterable[Due], each: int) -> Iterator[Due]:
    """Yield the first of each channel: one that takes nothing keeps nothing from another."""
    count: Counter[str] = Counter()
    for due in found:
        count[due[1]] += 1
        if count[due[1]] <= each:
            yield due


def routes(about: Budget | Approval, channels: Sequence[str]) -> Sequence[str]:
    """Return the channels that are told of something: those it names, else every one."""
    if about.channels:
        return [name for name in channels if name in about.channels]
    return told_of_all(channels)


def told_of_all(channels: Sequence[str]) -> Sequence[str]:
    """Return the channels that are told of what names none: all but that of the synthetic alert."""
    return [name for name in channels if name != PROOF_CHANNEL]


def in_order(
    messages: Iterable[Message],
    channel: str,
    states: Mapping[Place, State],
    now: datetime,
    stale: timedelta,
) -> Iterator[Due]:
    """Yield what is due of one thing on one channel: each message waits for the one before it."""
    for message in messages:
        state = states.get((message.project_id, message.id, channel))
        if state is None and now - message.happened_at > stale:
            continue
        if is_due(state, now):
            yield message, channel, state.attempts + 1 if state else 1
        if state is None or state.outcome == "retry":
            return


def alert_messages(alert: Alert) -> Iterator[Message]:
    """Yield what there is to tell of an alert, in its order."""
    event: Event = "fired" if alert.told == 1 else "reminded"
    at = alert.told_at or alert.fired_at
    yield Message(f"{alert.id}.{alert.told}", alert.project_id, event, at, alert)
    if alert.recovered_at is not None:
        id_ = f"{alert.id}.recovered"
        yield Message(id_, alert.project_id, "recovered", alert.recovered_at, alert)


def approval_messages(a: Approval) -> Iterator[Message]:
    """Yield what there is to tell of an approval, in its order."""
    yield Message(f"{a.id}.pending", a.project_id, "pending", moment(a.asked_ns), approval=a)
    if a.verdict != "pending":
        at = moment(a.expires_ns if a.decided_ns is None else a.decided_ns)
        yield Message(f"{a.id}.decided", a.project_id, a.verdict, at, approval=a)


def moment(at_ns: int) -> datetime:
    """Return nanoseconds since the epoch as a moment."""
    return datetime.fromtimestamp(at_ns / SECOND_NS, UTC)


def is_due(state: State | None, now: datetime) -> bool:
    """Tell whether a message is to be sent now."""
    if state is None or state.outcome == "asked":
        return True
    return state.outcome == "retry" and state.next_at is not None and state.next_at <= now


def next_at(attempt: int, first_at: datetime, now: datetime) -> datetime | None:
    """Return when to try again what has just failed, None when it was tried long enough.

    Pauses treble from ten seconds to two hours: some twenty attempts in a day.
    """
    pause = min(FIRST_PAUSE * 3 ** min(attempt - 1, 10), LONGEST_PAUSE)
    return now + pause if now + pause - first_at <= GIVE_UP else None
