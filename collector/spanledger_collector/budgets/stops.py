"""What an operator has stopped, in the store. Writing is for the thread that writes."""

from hashlib import blake2b

from spanledger_collector.budgets.decide import Stop
from spanledger_collector.ledger import audit
from spanledger_collector.store import Store


class NoStop(LookupError):
    """Nothing of this id is stopped."""


def stops(store: Store, project: str = "") -> list[Stop]:
    """Return what is stopped now, of one project or of all."""
    return [
        Stop(row["id"], row["project_id"], row["what"], row["whom"], row["why"], row["who"],
             row["since_ns"])
        for row in store.rows("stops", project=project)
    ]  # fmt: skip


def stop_id(subject: str, value: str) -> str:
    """Return the id of a stop: the same thing stopped twice is one stop."""
    return blake2b(f"{subject}\0{value}".encode(), digest_size=8).hexdigest()


def write(store: Store, stop: Stop, *, lifted: bool, now_ns: int) -> None:
    """Write a stop down, or that it is lifted, in the audit first."""
    audit.write(
        store,
        [
            audit.Record(
                at_ns=now_ns,
                action="stop lifted" if lifted else "stop",
                subject=f"{stop.subject} {stop.value}".strip(),
                was=None,
                became=None,
                actor=stop.by,
                note=stop.reason,
                project_id=stop.project_id,
            )
        ],
    )
    store.insert(
        "stops",
        {
            "project_id": [stop.project_id],
            "id": [stop.id],
            "subject": [stop.subject],
            "value": [stop.value],
            "lifted": [lifted],
            "reason": [stop.reason],
            "created_by": [stop.by],
            "created_at": [now_ns],
        },
    )
