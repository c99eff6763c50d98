"""Attempts to tell of alerts, in the store: what became of each in, how each message stands out.

Written by the thread that writes; any thread may ask.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from spanledger_collector.budgets.outbox import Place, State
from spanledger_collector.budgets.table import aware
from spanledger_collector.store import Store
from spanledger_schema.api_alerts import Event, Outcome


@dataclass(frozen=True, slots=True)
class Delivery:
    """One attempt, and what became of it."""

    project_id: str
    message_id: str
    channel: str
    attempt: int
    at: datetime
    event: Event
    outcome: Outcome
    next_at: datetime | None = None
    error: str = ""


def keep(store: Store, d: Delivery) -> None:
    """Write an attempt down; it is on disk when this returns."""
    store.insert(
        "deliveries",
        {
            "project_id": [d.project_id],
            "message_id": [d.message_id],
            "channel": [d.channel],
            "attempt": [d.attempt],
            "at": [d.at],
            "event": [d.event],
            "outcome": [d.outcome],
            "next_at": [d.next_at],
            "error": [d.error],
        },
    )


def states(store: Store, since: datetime) -> dict[Place, State]:
    """Return how every message stands on every channel that it was tried on since a moment."""
    return {
        (row["project_id"], row["message_id"], row["channel"]): state(row)
        for row in store.rows("delivery_states", since=since)
    }


def state(row: Mapping[str, Any]) -> State:
    """Return a row of `delivery_states.sql` as the state it says."""
    first_at = aware(row["first_at"])
    assert first_at is not None  # the column takes no NULL
    return State(row["about"], row["attempts"], first_at, row["became"], aware(row["due_at"]))


def log(store: Store, project: str, since: datetime, limit: int) -> list[Delivery]:
    """Return the attempts of a project since a moment, newest first."""
    return [
        Delivery(
            **{**row, "at": aware(row["at"]), "next_at": aware(row["next_at"])}, project_id=project
        )
        for row in store.rows("deliveries", project=project, since=since, limit=limit)
    ]
