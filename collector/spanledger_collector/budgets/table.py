"""Budgets and their alerts in the store: what was written down in, rules and alerts out.

Every change of a budget adds a row to `budgets` and one to `audit`; nothing is overwritten. Alerts
are kept by id, so that one told twice by two processes is one. For the thread that writes, but for
what says otherwise.
"""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from spanledger_collector.budgets.alarm import Alert, renamed
from spanledger_collector.budgets.period import BEGINNING, Span
from spanledger_collector.budgets.rule import Budget, budget
from spanledger_collector.ledger import audit
from spanledger_collector.store import Store

NO_END = datetime(2100, 1, 1, tzinfo=UTC)
"""What stands in the table for a period without an end."""


class NoBudget(LookupError):
    """There is no budget of this id, or it was withdrawn."""


class BudgetTaken(ValueError):
    """There is a budget of this id already."""


@dataclass(frozen=True, slots=True)
class Edit:
    """A budget as it shall be from now on: `after` is None to withdraw it."""

    project_id: str
    id: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None


def standing_rows(store: Store, project: str = "") -> list[Mapping[str, Any]]:
    """Return the rows of all budgets that hold, of one project or of all. Any thread may ask."""
    return list(store.rows("budgets", project=project))


def budgets(rows: Iterable[Mapping[str, Any]]) -> list[Budget]:
    """Return rows as the budgets they say."""
    return [
        budget(
            {**orjson.loads(row["said"]), "id": row["id"], "project_id": row["project_id"]},
            row["last_ns"],
            row["limit_ns"] if row["limit_ns"] > row["first_ns"] else 0,
        )
        for row in rows
    ]


def write(store: Store, edits: Sequence[Edit], now_ns: int, by: str, note: str) -> None:
    """Write edits down, in the audit first."""
    words = {(True, False): "added", (False, True): "withdrawn", (False, False): "changed"}
    audit.write(
        store,
        (
            audit.Record(
                at_ns=now_ns,
                action=f"budget {words[e.before is None, e.after is None]}",
                subject=e.id,
                was=e.before,
                became=e.after,
                actor=by,
                note=note,
                project_id=e.project_id,
            )
            for e in edits
        ),
    )
    store.insert(
        "budgets",
        {
            "project_id": [e.project_id for e in edits],
            "id": [e.id for e in edits],
            "written": [audit.as_json(e.before if e.after is None else e.after) for e in edits],
            "withdrawn": [e.after is None for e in edits],
            "created_at": [now_ns] * len(edits),
            "created_by": [by] * len(edits),
            "note": [note] * len(edits),
        },
    )


ALERT_COLUMNS = (
    "project_id", "id", "ver", "budget_id", "name", "group_value", "threshold", "severity",
    "measure", "period_start", "period_end", "fired_at", "spent", "limit_amount", "at_least",
    "unpriced_calls", "estimated_usd", "forecast", "recovered_at", "told_at", "told", "detail",
)  # fmt: skip


def keep(store: Store, alerts: Sequence[Alert], now_ns: int) -> None:
    """Write alerts as they are now; they are on disk when it returns."""
    rows = [alert_row(alert, now_ns) for alert in alerts]
    turned = zip(*rows, strict=True) if rows else ([] for _ in ALERT_COLUMNS)
    store.insert("alerts", dict(zip(ALERT_COLUMNS, map(list, turned), strict=True)))


def alert_row(a: Alert, now_ns: int) -> tuple[Any, ...]:
    """Return one row of `alerts`, in the order of ALERT_COLUMNS."""
    return (
        a.project_id, a.id, now_ns, a.budget_id, a.name, a.group, a.threshold, a.severity,
        a.measure, a.span.start, a.span.end or NO_END, a.fired_at, a.spent, a.limit, a.at_least,
        a.unpriced_calls, a.estimated_usd, a.forecast, a.recovered_at, a.told_at, a.told, a.detail,
    )  # fmt: skip


def alerts(store: Store, since: datetime, project: str = "") -> list[Alert]:
    """Return the alerts of periods that end after a moment, newest first. Any thread may ask."""
    return [stored_alert(row) for row in store.rows("alerts", project=project, since=since)]


def rename_group(store: Store, project: str, kind: str, group: str, alias: str) -> None:
    """Let what was told of a user or a session be told of its alias, and of nobody else.

    Deliveries go along, so that nobody is told twice. For the thread that writes.
    """
    known = {b.id: b for b in budgets(standing_rows(store, project))}
    for row in list(store.rows("alerts_of_group", project=project, group=group)):
        was = stored_alert(row)
        rule = known.get(was.budget_id)
        if rule and rule.each != kind:
            continue  # a team may be called as the user is
        if was.detail and was.threshold != f"found:{kind}":
            continue  # so may an agent
        became = renamed(was, alias, rule.limit_ns if rule else 0)
        keep(store, [became], time.time_ns())
        if became.id != was.id:
            ids = {"project": project, "was": was.id}
            store.change("delivery_copy", **ids, became=became.id)
            store.change("delivery_delete", **ids)
            store.change("alert_delete", **ids)


def stored_alert(row: Mapping[str, Any]) -> Alert:
    """Return a row of `alerts` as the alert it says."""
    start, end = aware(row["period_start"]), aware(row["period_end"])
    return Alert(
        id=row["id"],
        budget_id=row["budget_id"],
        project_id=row["project_id"],
        name=row["name"],
        group=row["group_value"],
        threshold=row["threshold"],
        severity=row["severity"],
        measure=row["measure"],
        span=Span(start or BEGINNING, None if end == NO_END else end),
        fired_at=aware(row["fired_at"]) or BEGINNING,
        spent=row["spent"],
        limit=row["limit_amount"],
        at_least=row["at_least"],
        unpriced_calls=row["unpriced_calls"],
        estimated_usd=row["estimated_usd"],
        forecast=row["forecast"],
        recovered_at=aware(row["recovered_at"]),
        told_at=aware(row["told_at"]),
        told=row["told"],
        detail=row["detail"],
    )


def aware(at: datetime | None) -> datetime | None:
    """Return a moment of the store with its zone, UTC, written down."""
    return None if at is None else at.replace(tzinfo=UTC) if at.tzinfo is None else at


RECALL = timedelta(days=1)
"""How long after its period an alert can still matter: data that comes late."""
