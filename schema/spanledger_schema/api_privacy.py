"""Shapes of the query API about what is kept, and for how long."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Retention:
    """How long a project keeps what, in days after receipt; None: for ever."""

    project_id: str  # `*`: every project without a rule of its own
    payload_days: int | None  # prompts, answers, log records, and the lines quoted from them
    ledger_days: int | None  # spans, tokens and dollars
