"""Budgets, standings, alerts and stops in the shapes of `spanledger_schema.api_budgets`.

Values in, answers out; amounts and moments are written by `decision`.
"""

from collections.abc import Mapping
from typing import Any

import orjson

from spanledger_collector.approvals.approval import Approval
from spanledger_collector.budgets.alarm import Alert
from spanledger_collector.budgets.decide import Stop
from spanledger_collector.budgets.decision import amount, written
from spanledger_collector.budgets.deliveries import Delivery
from spanledger_collector.budgets.forecast import Forecast
from spanledger_collector.budgets.outbox import Message
from spanledger_collector.budgets.proof import Prover
from spanledger_collector.budgets.standing import Spent, Standing
from spanledger_collector.moments import rfc3339
from spanledger_schema.api_alerts import DeliveryRow, Errand
from spanledger_schema.api_approvals import ApprovalNotice
from spanledger_schema.api_budgets import (
    AlertPath,
    AlertRow,
    BudgetRow,
    CountedRow,
    Outlook,
    PreviewRow,
    StandingRow,
    StopRow,
)


def budget_row(row: Mapping[str, Any]) -> BudgetRow:
    """Return a budget as the API says it."""
    return BudgetRow(
        id=row["id"],
        project_id=row["project_id"],
        written=orjson.loads(row["said"]),
        created_at=rfc3339(row["first_ns"]),
        changed_at=rfc3339(row["last_ns"]),
        changed_by=row["last_by"] or None,
        note=row["last_note"] or None,
    )


def standing_row(s: Standing) -> StandingRow:
    """Return how a budget stands as the API says it."""
    return StandingRow(
        budget_id=s.budget.id,
        name=s.budget.name,
        group=s.group,
        measure=s.budget.measure,
        period_start=written(s.span.start),
        period_end=written(s.span.end) if s.span.end else None,
        spent=amount(s.spent.amount),
        limit=amount(s.budget.limit),
        remaining=amount(s.remaining),
        at_least=s.at_least,
        unpriced_calls=s.spent.unpriced_calls,
        estimated_usd=amount(s.spent.estimated_usd),
        crossed=crossed(s),
        outlook=outlook(s.forecast) if s.forecast else None,
        hard=s.budget.hard,
    )


def counted_row(s: Standing, own: Spent) -> CountedRow:
    """Return a budget that counts a session as the API says it."""
    b = s.budget
    counted, limit, remaining = amount(own.amount), amount(b.limit), amount(s.remaining)
    at_least = own.is_least(b.measure)
    return CountedRow(b.id, b.name, s.group, b.measure, counted, at_least, limit, remaining, b.hard)


def outlook(coming: Forecast) -> Outlook:
    """Return a forecast as the API says it."""
    exhausted = written(coming.exhausted_at) if coming.exhausted_at else None
    return Outlook(amount(coming.amount), amount(coming.low), amount(coming.high), exhausted)


def preview_row(s: Standing) -> PreviewRow:
    """Return a period of the past as the API says it."""
    end = written(s.span.end) if s.span.end else ""
    spent = amount(s.spent.amount)
    return PreviewRow(s.group, written(s.span.start), end, spent, s.at_least, crossed(s))


def crossed(s: Standing) -> list[str]:
    """Return the thresholds that a standing has come to."""
    return [threshold.key for threshold in s.budget.thresholds if s.crossed(threshold)]


def alert_row(a: Alert) -> AlertRow:
    """Return an alert as the API says it."""
    return AlertRow(
        id=a.id,
        budget_id=a.budget_id,
        name=a.name,
        group=a.group,
        threshold=a.threshold,
        severity=a.severity,
        measure=a.measure,
        period_start=written(a.span.start),
        period_end=written(a.span.end) if a.span.end else None,
        fired_at=written(a.fired_at),
        spent=amount(a.spent),
        limit=amount(a.limit),
        at_least=a.at_least,
        unpriced_calls=a.unpriced_calls,
        estimated_usd=amount(a.estimated_usd),
        forecast=None if a.forecast is None else amount(a.forecast),
        recovered_at=written(a.recovered_at) if a.recovered_at else None,
        told_at=written(a.told_at) if a.told_at else None,
        told=a.told,
        detail=a.detail,
    )


def errand_row(message: Message, channel: str, attempt: int) -> Errand:
    """Return something to tell as the API says it."""
    return Errand(
        message.id,
        message.project_id,
        message.event,
        channel,
        attempt,
        written(message.happened_at),
        alert_row(message.alert) if message.alert else None,
        notice(message.approval) if message.approval else None,
    )


def notice(a: Approval) -> ApprovalNotice:
    """Return a call that waits, or waited, as it is told."""
    return ApprovalNotice(
        a.id, a.tool, a.policy, a.session_id, a.user_id, a.agent, a.verdict, a.decided_by, a.reason,
        rfc3339(a.asked_ns), rfc3339(a.expires_ns),
        None if a.decided_ns is None else rfc3339(a.decided_ns),
    )  # fmt: skip


def delivery_row(d: Delivery) -> DeliveryRow:
    """Return an attempt to tell of an alert as the API says it."""
    return DeliveryRow(
        d.message_id,
        d.channel,
        d.attempt,
        written(d.at),
        d.event,
        d.outcome,
        written(d.next_at) if d.next_at else None,
        d.error or None,
    )


def alert_path(prover: Prover) -> AlertPath:
    """Return whether an alert would arrive as the API says it."""
    at, took = prover.known.proven_at, prover.known.took
    seconds = None if took is None else round(took.total_seconds(), 3)
    return AlertPath(written(at) if at else None, seconds, prover.overdue)


def stop_row(s: Stop) -> StopRow:
    """Return a stop as the API says it."""
    return StopRow(s.id, s.subject, s.value, s.reason, s.by, rfc3339(s.since_ns))
