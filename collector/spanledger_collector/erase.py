"""Erasing a user, a session or a trace: the words go, at once and for good; the ledger stays.

    note whom → find their traces → wipe every row → count the traces again → purge files

Runs on the thread that writes (`handover`), so that nothing of theirs can slip in between. What
was wiped is gone for every reader when `erase` returns; files are rewritten in the background.
Done again it finds what was missed, should anything have been.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

from spanledger_collector import spoolwork
from spanledger_collector.budgets import table
from spanledger_collector.drain import Drain
from spanledger_collector.erased import digest
from spanledger_collector.ids import short_id
from spanledger_collector.ledger import audit
from spanledger_collector.moments import rfc3339
from spanledger_collector.rollup import TraceKey
from spanledger_collector.spool import Held
from spanledger_collector.spoolwork import Yard
from spanledger_schema.api_privacy import Receipt

CHUNK_TRACES = 500  # counted again between two rounds of the drain

STAYS = (
    "the ledger: times, kinds and names of spans, models, tokens and dollars, so that bills still add up",
    "requests in the spool, for a replay, until --spool-keep-s after they were stored; a replay keeps to"
    " the erasure",
    "budgets whose scope names them, and the audit of those: change them if that is wanted",
    "files that the database has replaced, for some minutes more",
    "what was forwarded elsewhere, and backups: erase there too",
)


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom or what to erase."""

    project_id: str
    kind: Literal["user", "session", "trace"]
    id: str  # of a trace in hex

    @property
    def told(self) -> str:
        """Return how it is written down: of a person only the hash."""
        return self.id if self.kind == "trace" else digest(self.id)


def erase(yard: Yard, subject: Subject, now_ns: int, by: str) -> Receipt:
    """Erase everything that somebody said and was told; return what that came to."""
    receipt = yard.handover.do(lambda drain: wipe(drain, subject, now_ns, by))
    keys: Sequence[TraceKey] = yard.handover.do(
        lambda drain: drain.erased.pending(subject.project_id, now_ns)
    )
    for i in range(0, len(keys), CHUNK_TRACES):
        some = keys[i : i + CHUNK_TRACES]
        yard.handover.do(partial(Drain.recompute, keys=some))
    spoolwork.retry(yard, lambda _, held: held.batch.project_id == subject.project_id)
    dropped = spoolwork.drop(yard, lambda _, held: mentions(held, subject), now_ns, by)
    yard.handover.do(lambda drain: drain.store.change("erasure_purge"))
    receipt.rows["quarantine"] = dropped.dropped
    return receipt


def wipe(drain: Drain, subject: Subject, now_ns: int, by: str) -> Receipt:
    """Take the words off everything that is stored, and have what arrives masked from now on."""
    store = drain.store
    project_id, kind = subject.project_id, subject.kind
    name = subject.id if kind == "trace" else short_id(subject.id)
    alias = drain.erased.alias(project_id, kind, name) or f"erased-{secrets.token_hex(4)}"
    whom = f"{kind} {subject.told}"
    audit.write(store, [audit.Record(now_ns, "erased", whom, None, alias, by, "", project_id)])
    if kind == "trace":
        drain.erased.note(project_id, "pending", [subject.id], alias, now_ns)
    else:
        drain.erased.note(project_id, kind, [digest(name)], alias, now_ns)
        store.change(
            "erasure_find", project=project_id, kind=kind, id=name, alias=alias, at_ns=now_ns
        )
    counts = drain.erased.wipe(project_id, now_ns, kind, name, alias)
    if kind != "trace":
        table.rename_group(store, project_id, kind, name, alias)
        store.change("erasure_wipe_approvals", project=project_id, kind=kind, id=name, alias=alias)
    return Receipt(
        kind=kind,
        subject=subject.told,
        alias=alias,
        erased_at=rfc3339(now_ns),
        rows=counts,
        stays=list(STAYS),
    )


def mentions(held: Held, subject: Subject) -> bool:
    """Tell whether something that could not be stored names whom we erase."""
    if held.batch.project_id != subject.project_id:
        return False
    body = held.batch.body
    if subject.kind == "trace":
        return bytes.fromhex(subject.id) in body or subject.id.encode() in body.lower()
    return subject.id.encode() in body
