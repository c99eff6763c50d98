"""Which thresholds a standing crosses that nobody was told of yet.

Pure: what is already told in, what is to be told out. A threshold is told once in a period. What
is spent can fall again (a new price, an erasure): then the alert recovers, and if it rises once
more nobody is told twice. A rolling period never begins anew, so there a threshold that recovered
may be told again. Under another limit everything is told anew, and what was told under the last one
recovers, also where a limit comes back that held before. An alert's id is made of what it is about: told by two processes, or again
after a kill, it is the same alert.
"""

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from hashlib import blake2b
from itertools import product
from typing import Literal

from spanledger_collector.budgets.period import Span
from spanledger_collector.budgets.rule import Severity, Threshold
from spanledger_collector.budgets.standing import Standing
from spanledger_collector.moments import SECOND_NS

Event = Literal["fired", "reminded", "recovered"]


@dataclass(frozen=True, slots=True)
class Alert:
    """A threshold that was crossed: once told, and what has become of it since."""

    id: str
    budget_id: str
    project_id: str
    name: str
    group: str
    threshold: str
    severity: Severity
    measure: str
    span: Span
    fired_at: datetime
    spent: Decimal
    limit: Decimal
    at_least: bool
    unpriced_calls: int
    estimated_usd: Decimal
    forecast: Decimal | None = None
    recovered_at: datetime | None = None
    told_at: datetime | None = None
    """When it was last told, a reminder included."""
    told: int = 1
    """How many times it was told."""
    detail: str = ""
    """What a detector found, in words; '' of a budget."""


Told = Mapping[str, Alert]
"""What was told of one budget and group, by id."""


def step(told: Told, standing: Standing, now: datetime) -> Iterator[tuple[Event, Alert]]:
    """Yield what changes for one standing: alerts that fire, are due again, or recover."""
    current = set()
    for threshold in standing.budget.thresholds:
        crossed = standing.crossed(threshold)
        if not crossed and not told:
            continue
        known = latest(told, standing, threshold)
        current.add(known.id if known else "")
        if crossed:
            yield from risen(known, standing, threshold, now)
        elif known is not None and known.recovered_at is None:
            yield "recovered", replace(known, recovered_at=now)
    yield from outdated(told, standing, current, now)


def outdated(
    told: Told, standing: Standing, current: Container[str], now: datetime
) -> Iterator[tuple[Event, Alert]]:
    """Yield the recovery of what was told in this period under a limit that holds no more."""
    rolling = standing.budget.period.unit == "rolling"
    for known in told.values():
        here = rolling or known.span.start == standing.span.start
        if here and known.recovered_at is None and known.id not in current:
            yield "recovered", replace(known, recovered_at=now)


def risen(
    known: Alert | None, standing: Standing, threshold: Threshold, now: datetime
) -> Iterator[tuple[Event, Alert]]:
    """Yield what there is to tell of a threshold that is crossed now."""
    if known is None:
        yield "fired", alert(standing, threshold, now, 0)
    elif known.recovered_at is not None:
        if standing.budget.period.unit == "rolling":
            yield "fired", alert(standing, threshold, now, episode(known) + 1)
    elif is_due(known, standing.budget.remind_hours, now):
        yield "reminded", replace(known, told_at=now, told=known.told + 1)


def is_due(known: Alert, remind_hours: int, now: datetime) -> bool:
    """Tell whether an alert that still holds is to be told again."""
    since = known.told_at or known.fired_at
    return remind_hours > 0 and now - since >= timedelta(hours=remind_hours)


def latest(told: Told, standing: Standing, threshold: Threshold) -> Alert | None:
    """Return the alert of a threshold in this period, of a rolling one the last of them."""
    found, number = None, 0
    while known := told.get(alert_id(standing, threshold, number)):
        found, number = known, number + 1
    return found


def episode(known: Alert) -> int:
    """Return how many alerts of the same threshold came before this one."""
    return int(known.id.rpartition("-")[2])


def alert_id(standing: Standing, threshold: Threshold, number: int) -> str:
    """Return the id of an alert: what it is about, hashed, and its number among those.

    The limit, the measure and, where it was changed in this period, since when the limit holds are part
    of it, so a changed amount may fire anew; a changed note or owner may not.
    """
    budget, begins = standing.budget, standing.span.start
    start = "" if budget.period.unit == "rolling" else begins.isoformat()
    is_new = budget.limit_ns > (begins.timestamp() if start else 0) * SECOND_NS
    since = (str(budget.limit_ns),) if is_new else ()
    about = (budget.id, standing.group, start, threshold.key, budget.measure, *since)
    return hashed(about, budget.limit, number)


def hashed(about: tuple[str, ...], limit: Decimal, number: int) -> str:
    """Return the id of an alert about something: budget, group, start, threshold and measure."""
    words = chr(0).join((*about, f"{limit.normalize():f}"))
    return f"{blake2b(words.encode(), digest_size=10).hexdigest()}-{number}"


def renamed(known: Alert, group: str, limit_ns: int) -> Alert:
    """Return an alert whose group is called otherwise now, under the id that goes with that.

    `limit_ns` is when the limit of its budget was last changed.
    """
    starts = ("", known.span.start.isoformat())  # "": of a rolling period
    for start, since in product(starts, ((), (str(limit_ns),))):
        about = (start, known.threshold, known.measure, *since)
        if hashed((known.budget_id, known.group, *about), known.limit, episode(known)) == known.id:
            now = (known.budget_id, group, *about)
            return replace(known, id=hashed(now, known.limit, episode(known)), group=group)
    return replace(known, group=group)


def alert(standing: Standing, threshold: Threshold, now: datetime, number: int) -> Alert:
    """Return the alert of a threshold that is crossed for the first time."""
    budget, spent = standing.budget, standing.spent
    return Alert(
        id=alert_id(standing, threshold, number),
        budget_id=budget.id,
        project_id=budget.project_id,
        name=budget.name,
        group=standing.group,
        threshold=threshold.key,
        severity=threshold.severity,
        measure=budget.measure,
        span=standing.span,
        fired_at=now,
        spent=spent.amount,
        limit=budget.limit,
        at_least=standing.at_least,
        unpriced_calls=spent.unpriced_calls,
        estimated_usd=spent.estimated_usd,
        forecast=standing.forecast.amount if standing.forecast else None,
        told_at=now,
    )
