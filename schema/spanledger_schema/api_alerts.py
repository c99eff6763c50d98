"""The shapes of alerts on their way out: what is to be told, and what became of each attempt.

As in `api`: times are RFC 3339 in UTC, None is unknown.
"""

from dataclasses import dataclass
from typing import Literal

from spanledger_schema.api_approvals import ApprovalNotice
from spanledger_schema.api_budgets import AlertRow

Event = Literal[
    "fired", "reminded", "recovered",
    "pending", "approved", "denied", "timed_out",
    "test", "report",
]  # fmt: skip
"""What is told: of an alert, of an approval, of neither."""

Outcome = Literal["asked", "delivered", "retry", "dead"]


@dataclass(slots=True)
class Errand:
    """A message that is due on a channel."""

    message_id: str  # stays the same in every attempt: a receiver knows one it has had already
    project_id: str
    event: Event
    channel: str
    attempt: int  # the number of the attempt to make, from 1
    happened_at: str
    alert: AlertRow | None  # None without an approval: a test of the channel
    approval: ApprovalNotice | None = None


@dataclass(slots=True)
class DeliveryRow:
    """One attempt to tell of an alert on a channel."""

    message_id: str
    channel: str
    attempt: int  # 0: a test was asked for
    at: str
    event: Event
    outcome: Outcome
    next_at: str | None  # None: there will be no further attempt
    error: str | None


@dataclass(slots=True)
class TuningRow:
    """What an operator set otherwise about a detector."""

    agent: str  # '': all of them
    limit: str | None  # None: the detector's own
    muted: bool
    by: str
    note: str
    since: str


@dataclass(slots=True)
class DetectorRow:
    """A detector: it tells when a value comes to `limit`, counted in `unit`."""

    name: str
    title: str
    unit: str
    limit: str
    tunings: list[TuningRow]
