"""Shapes of the query API about what is kept, and for how long."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Retention:
    """How long a project keeps what, in days after receipt; None: for ever."""

    project_id: str  # `*`: every project without a rule of its own
    payload_days: int | None  # prompts, answers, log records, and the lines quoted from them
    ledger_days: int | None  # spans, tokens and dollars


@dataclass(slots=True)
class Receipt:
    """What an erasure came to: rows that lost their words or are gone, by table, and what stays."""

    kind: str  # user, session, trace
    subject: str  # of a user or session a hash
    alias: str  # what stands where the id was
    erased_at: str
    rows: dict[str, int]
    stays: list[str]
