"""What of the findings is news: told once, held while it lasts, recovered when it is over.

Pure: what is already told and what is found now in, events out. A finding is told once for each
detector, subject and day, and not again while it lasts. Alerts are those of budgets, with the
detector where the budget stands, so that they leave by the same outbox.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from spanledger_collector.budgets.alarm import Alert, Event, hashed
from spanledger_collector.budgets.period import Span
from spanledger_collector.detectors.catalogue import DETECTORS
from spanledger_collector.detectors.finding import Finding

Place = tuple[str, str, str]
"""Project, detector as an alert names it, and group."""


def news(
    told: Mapping[tuple[str, str], Alert], findings: Sequence[Finding], now: datetime
) -> Iterator[tuple[Event, Alert]]:
    """Yield what changes.

    Args:
        told: the alerts of detectors, by project and id.
        findings: all that is found now.
        now: the moment, UTC.
    """
    open_ = {place(a) for a in told.values() if a.recovered_at is None}
    found = {place(made): made for made in (alert(each, now) for each in findings)}
    for where, made in found.items():
        if where not in open_ and (made.project_id, made.id) not in told:
            yield "fired", made
    for known in told.values():
        if known.recovered_at is None and place(known) not in found:
            yield "recovered", replace(known, recovered_at=now)


def place(a: Alert) -> Place:
    """Return what an alert is about, whenever it was told."""
    return a.project_id, a.budget_id, a.group


def alert(found: Finding, now: datetime) -> Alert:
    """Return a finding as an alert of its day."""
    start = now.replace(hour=0, minute=0, second=0, microsecond=0)
    detector = DETECTORS[found.detector]
    source, subject = f"detector:{found.detector}", f"found:{found.subject}"
    about = (source, found.name, start.isoformat(), subject, detector.unit)
    return Alert(
        id=hashed(about, found.limit, 0),
        budget_id=source,
        project_id=found.project_id,
        name=detector.title,
        group=found.name,
        threshold=subject,
        severity="warning",
        measure=detector.unit,
        span=Span(start, start + timedelta(days=1)),
        fired_at=now,
        spent=found.value,
        limit=found.limit,
        at_least=found.at_least,
        unpriced_calls=0,
        estimated_usd=found.value * 0,
        told_at=now,
        detail=found.said,
    )
