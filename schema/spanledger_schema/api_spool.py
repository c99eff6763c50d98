"""Shapes of the query API about what was received: where it is, and what is held back."""

from dataclasses import dataclass, field

from spanledger_schema.api_budgets import AlertPath


@dataclass(frozen=True, slots=True)
class SpoolAccount:
    """The spans or log records of one spool: received = the sum of all others but `duplicates`."""

    spool: str
    signal: str
    received: int
    rejected: int
    stored: int
    pending: int
    quarantined: int
    dropped: int
    duplicates: int  # of those stored, spans that had come before, as far as the store remembers
    waiting_since: str | None  # when the oldest was received that is pending
    holds: bool


@dataclass(frozen=True, slots=True)
class Forwarded:
    """How a target of forwarding stands with a spool: spans and log records, save where it says so."""

    target: str
    spool: str
    sent: int
    pending: int
    refused: int  # the target said that it will never take them
    skipped_batches: int  # forgotten before they could be sent, or spoiled on the disk
    failing_since: str | None
    trouble: str | None


@dataclass(frozen=True, slots=True)
class Integrity:
    """Whether everything that was received is somewhere, and what is missing in the store."""

    holds: bool
    accounts: list[SpoolAccount]
    degraded: list[str]
    redacted: dict[str, int]  # how often words were taken out before they were kept, by rule
    lost_by_clients: dict[str, int]
    """Spans that SDKs say they could not send, by reason; they were never received."""
    alert_path: AlertPath
    forwarded: list[Forwarded] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class HeldBack:
    """Items of one batch that the store could not take, and why."""

    spool: str
    batch: int
    reason: str
    signal: str
    items: int
    project_id: str
    received_at: str
    since: str


@dataclass(frozen=True, slots=True)
class Released:
    """What became of items that were held back."""

    stored: int
    dropped: int
    held: int  # still


@dataclass(frozen=True, slots=True)
class Replayed:
    """What was stored once more; totals do not move for what was there."""

    batches: int
    spans: int
