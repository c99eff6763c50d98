"""What operators have set otherwise about detectors, in the store. Writing is for the thread that writes."""

from spanledger_collector.detectors.tuning import Tuning
from spanledger_collector.ledger import audit
from spanledger_collector.store import Store


def tunings(store: Store, project: str = "") -> list[Tuning]:
    """Return what holds now, of one project or of all."""
    return [
        Tuning(row["project_id"], row["detector"], row["agent"], row["bound"], row["silent"],
               row["who"], row["why"], row["since_ns"])
        for row in store.rows("tunings", project=project)
    ]  # fmt: skip


def write(store: Store, tuning: Tuning, now_ns: int) -> None:
    """Write a tuning down, in the audit first; one that says nothing takes the last one back."""
    became = {"limit": tuning.limit, "muted": tuning.muted}
    subject = f"{tuning.detector} {tuning.agent}".strip()
    record = audit.Record(
        now_ns, "detector tuned", subject, None, became, tuning.by, tuning.note, tuning.project_id
    )
    audit.write(store, [record])
    store.insert(
        "tunings",
        {
            "project_id": [tuning.project_id],
            "detector": [tuning.detector],
            "agent": [tuning.agent],
            "limit_amount": [tuning.limit],
            "muted": [tuning.muted],
            "created_by": [tuning.by],
            "note": [tuning.note],
            "created_at": [now_ns],
        },
    )
