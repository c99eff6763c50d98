"""The shapes of budgets in the query API: rules, how they stand, alerts, stops and decisions.

As in `api`: amounts are decimal strings and None when unknown, times are RFC 3339 in UTC. An amount
is in the budget's own measure: dollars, tokens, calls or failed calls.
"""

from dataclasses import dataclass
from typing import Any, Literal


@dataclass(slots=True)
class BudgetRow:
    """A budget as it was last written down."""

    id: str
    project_id: str
    written: dict[str, Any]
    created_at: str
    changed_at: str
    changed_by: str | None
    note: str | None


@dataclass(slots=True)
class Outlook:
    """What a period will have cost when it ends, and the interval that holds four times in five."""

    amount: str
    low: str
    high: str
    exhausted_at: str | None  # None: not in this period


@dataclass(slots=True)
class StandingRow:
    """How one budget stands for one group in the present period."""

    budget_id: str
    name: str
    group: str  # '' where the budget counts all as one
    measure: str
    period_start: str
    period_end: str | None  # None: it has no end (a session)
    spent: str
    limit: str
    remaining: str  # below zero once the limit is passed
    at_least: bool  # calls without a price are not in `spent`
    unpriced_calls: int
    estimated_usd: str
    crossed: list[str]  # thresholds, as actual:80
    outlook: Outlook | None  # None: nobody asked for one, or too little is known
    hard: bool


PROOF_CHANNEL = "__proof__"
"""The channel of the daily synthetic alert: it tells nobody, its arrival is noted as any is."""


@dataclass(slots=True)
class AlertPath:
    """Whether an alert would arrive, as the last synthetic ones did."""

    proven_at: str | None  # when one last arrived; None: none did yet
    took_s: float | None  # from its crossing on
    overdue: bool  # the last one should have arrived by now


@dataclass(slots=True)
class Standings:
    """How all budgets stand, nearest to the limit first, and when that was worked out."""

    evaluated_at: str | None  # None: not yet
    took_ms: float
    standings: list[StandingRow]
    alert_path: AlertPath


@dataclass(slots=True)
class AlertRow:
    """A threshold that was crossed, or what a detector found: then `budget_id` is detector:<name>."""

    id: str
    budget_id: str
    name: str
    group: str
    threshold: str
    severity: Literal["info", "warning", "critical"]
    measure: str
    period_start: str
    period_end: str | None
    fired_at: str
    spent: str
    limit: str
    at_least: bool
    unpriced_calls: int
    estimated_usd: str
    forecast: str | None
    recovered_at: str | None
    told_at: str | None
    told: int
    detail: str  # what a detector found, in words; '' of a budget


@dataclass(slots=True)
class PreviewRow:
    """What a budget would have come to in one period of the past."""

    group: str
    period_start: str
    period_end: str
    spent: str
    at_least: bool
    crossed: list[str]


@dataclass(slots=True)
class StopRow:
    """Something that an operator has stopped."""

    id: str
    subject: Literal["project", "session", "agent", "user"]
    value: str
    reason: str
    by: str
    since: str


@dataclass(slots=True)
class LeftRow:
    """A budget that applies to a question, and what is left of it."""

    budget_id: str
    name: str
    group: str
    measure: str
    limit: str
    remaining: str
    at_least: bool
    hard: bool


@dataclass(slots=True)
class DecisionRow:
    """Whether a step may be taken, and what is left of the budgets that apply."""

    allowed: bool
    cause: Literal["", "budget", "stop", "policy", "approval"]
    reason: str
    left: list[LeftRow]
    evaluated_at: str | None  # what is left is as of then


@dataclass(slots=True)
class CountedRow:
    """A budget that counts a session, or one group of it, and what it counts of that session."""

    budget_id: str
    name: str
    group: str
    measure: str
    counted: str  # of this session, in the present period
    at_least: bool
    limit: str
    remaining: str  # of the whole budget
    hard: bool
