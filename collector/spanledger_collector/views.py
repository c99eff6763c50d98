"""Saved views in the store: written, withdrawn and listed. Writing is for the thread that writes."""

from dataclasses import dataclass

from spanledger_collector.ledger import audit
from spanledger_collector.moments import rfc3339
from spanledger_collector.store import Store
from spanledger_schema.api_views import Page, View

MOST = 500


class NoView(LookupError):
    """No view of this name is kept."""


class TooManyViews(Exception):
    """A project has as many views as it may have."""


@dataclass(frozen=True, slots=True)
class Change:
    """A view as it is to be, or that it is to go where `asks` is None."""

    project_id: str
    page: Page
    name: str
    asks: str | None
    by: str
    at_ns: int


def views(store: Store, project: str) -> list[View]:
    """Return the views of a project, by page and name."""
    return [
        View(row["page"], row["name"], row["last_asks"], rfc3339(row["changed_ns"]),
             row["last_by"] or None)
        for row in store.rows("views", project=project)
    ]  # fmt: skip


def write(store: Store, change: Change) -> None:
    """Write a view down, or that it is withdrawn, in the audit first.

    Raises:
        NoView: there is none to withdraw.
        TooManyViews: it would be one too many.
    """
    known = views(store, change.project_id)
    was = next((v.asks for v in known if (v.page, v.name) == (change.page, change.name)), None)
    if was is None and change.asks is None:
        raise NoView(f"no view {change.name!r} of {change.page}, or it was withdrawn")
    if was is None and len(known) >= MOST:
        raise TooManyViews(f"the project has {MOST} views; withdraw one first")
    record(store, change, was)
    store.insert(
        "views",
        {
            "project_id": [change.project_id],
            "page": [change.page],
            "name": [change.name],
            "asks": [change.asks or ""],
            "withdrawn": [change.asks is None],
            "changed_by": [change.by],
            "changed_at": [change.at_ns],
        },
    )


def record(store: Store, change: Change, was: str | None) -> None:
    """Write a change into the audit."""
    entry = audit.Record(
        at_ns=change.at_ns,
        action="view withdrawn" if change.asks is None else "view saved",
        subject=f"{change.page} {change.name}",
        was=was,
        became=change.asks,
        actor=change.by,
        project_id=change.project_id,
    )
    audit.write(store, [entry])
