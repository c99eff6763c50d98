"""The record of who changed what, when and why: written before the change itself, never changed."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import orjson

from spanledger_collector.moments import rfc3339
from spanledger_collector.store import Store
from spanledger_schema.api_ledger import AuditEntry, AuditPage


@dataclass(frozen=True, slots=True)
class Record:
    """One change. `was` and `became` are plain values, None for nothing."""

    at_ns: int
    action: str
    subject: str
    was: Any
    became: Any
    actor: str = ""
    note: str = ""
    project_id: str = ""


def write(store: Store, records: Iterable[Record]) -> None:
    """Write changes down; they are on disk when it returns. For the thread that writes."""
    rows = list(records)
    store.insert(
        "audit",
        {
            "at": [r.at_ns for r in rows],
            "project_id": [r.project_id for r in rows],
            "actor": [r.actor for r in rows],
            "action": [r.action for r in rows],
            "subject": [r.subject for r in rows],
            "was": [as_json(r.was) for r in rows],
            "became": [as_json(r.became) for r in rows],
            "note": [r.note for r in rows],
        },
    )


def as_json(value: Any) -> bytes:
    """Return a plain value as JSON, nothing for None; amounts and moments as strings."""
    return b"" if value is None else orjson.dumps(value, default=str)


def page(store: Store, before_ns: int, limit: int, only: str | None = None) -> AuditPage:
    """Return the changes before a moment, newest first: of every project, or those of one alone."""
    asked = {"every": only is None, "project": only or "", "before_ns": before_ns}
    rows = list(store.rows("audit_page", **asked, limit=limit + 1))
    items = [
        AuditEntry(
            at=rfc3339(row["at_ns"]),
            actor=row["actor"] or None,
            action=row["action"],
            subject=row["subject"],
            before=orjson.loads(row["was"]) if row["was"] else None,
            after=orjson.loads(row["became"]) if row["became"] else None,
            note=row["note"] or None,
        )
        for row in rows[:limit]
    ]
    return AuditPage(items, items[-1].at if len(rows) > limit else None)
