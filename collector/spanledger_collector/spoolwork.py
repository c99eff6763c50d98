"""What an operator does with spools: look at what is held back, try it again or give it up, replay.

All of it is done by the thread that drains, between two rounds, a piece at a time. A retry and a
replay store what the spool still has; what is stored twice is there once.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from spanledger_collector.drain import Drain
from spanledger_collector.handover import Handover
from spanledger_collector.ledger import audit
from spanledger_collector.moments import rfc3339
from spanledger_collector.spool import Batch, Cursor, Held, Reader, spools
from spanledger_collector.spool.follower import Standing, standing
from spanledger_schema.api_spool import Forwarded, HeldBack, Released, Replayed

CHUNK_ITEMS = 5_000  # a piece of a replay, between two rounds

Spools = Mapping[str, tuple[Reader, Cursor]]
"""The spools that are drained, by name."""

Chosen = Callable[[str, Held], bool]
"""Tells whether something held back, in the spool of this name, is meant."""


@dataclass(frozen=True, slots=True)
class Yard:
    """The spools of one store process and the way to the thread that drains them."""

    handover: Handover
    spools: Callable[[], Spools]


def forwarded(folder: Path, targets: Sequence[str]) -> list[Forwarded]:
    """Return how each target of forwarding stands with each spool of a folder."""
    return [
        told(path.name, target, standing(path, target))
        for target in targets
        for path in spools(folder)
    ]


def told(spool: str, target: str, found: Standing) -> Forwarded:
    """Return the standing of a target as the API says it."""
    return Forwarded(
        target=target,
        spool=spool,
        sent=found.sent,
        pending=found.pending,
        refused=found.refused,
        skipped_batches=found.skipped,
        failing_since=rfc3339(found.failing_since_ns) if found.failing_since_ns else None,
        trouble=found.said or None,
    )


def held(yard: Yard) -> list[HeldBack]:
    """Return everything that is held back, oldest first."""
    return yard.handover.do(
        lambda _: [shown(name, each) for name, _c, each in _held(yard.spools())]
    )


def _held(spools: Spools) -> Iterator[tuple[str, Cursor, Held]]:
    return ((name, cursor, each) for name, (_, cursor) in spools.items() for each in cursor.held())


def shown(spool: str, each: Held) -> HeldBack:
    """Return what may be shown of something held back: never what is in it."""
    return HeldBack(
        spool=spool,
        batch=each.batch.seq,
        reason=each.reason,
        signal=each.batch.signal,
        items=each.items,
        project_id=each.batch.project_id,
        received_at=rfc3339(each.batch.received_ns),
        since=rfc3339(each.since_ns),
    )


def retry(yard: Yard, chosen: Chosen) -> Released:
    """Store what was held back as far as that is possible by now."""

    def work(drain: Drain) -> Released:
        stored = still = 0
        for name, cursor, each in _held(yard.spools()):
            if not chosen(name, each):
                continue
            found = drain.again(each)
            spans, records = len(found.understood), len(found.records)
            cursor.release(
                each,
                stored=spans,
                records=records,
                unlinked=found.unlinked,
                quarantined=found.held,
            )
            stored += spans + records + found.unlinked
            still += sum(h.items for h in found.held)
        return Released(stored, 0, still)

    return yard.handover.do(work)


def drop(yard: Yard, chosen: Chosen, now_ns: int, by: str) -> Released:
    """Give up what was held back, for good; that is in the audit."""

    def work(drain: Drain) -> Released:
        dropped = 0
        for name, cursor, each in _held(yard.spools()):
            if not chosen(name, each):
                continue
            entry = audit.Record(
                at_ns=now_ns,
                action="quarantine dropped",
                subject=f"{name} {each.batch.seq}",
                was=shown(name, each),
                became=None,
                actor=by,
                project_id=each.batch.project_id,
            )
            audit.write(drain.store, [entry])
            cursor.release(each, dropped=each.items)
            dropped += each.items
        return Released(0, dropped, 0)

    return yard.handover.do(work)


def replay(yard: Yard, since_ns: int) -> Replayed:
    """Store everything once more that was received since a moment and that the spools still have."""
    batches = spans = 0
    for name in yard.handover.do(lambda _: list(yard.spools())):
        place: int | None = yard.handover.do(before(yard, name, since_ns))
        while place is not None:
            place, more, count = yard.handover.do(chunk(yard, name, place))
            batches, spans = batches + count, spans + more
    return Replayed(batches, spans)


def before(yard: Yard, name: str, since_ns: int) -> Callable[[Drain], int]:
    """Return what finds the last batch of a spool before a moment."""
    return lambda _: yard.spools()[name][0].before(since_ns)


def chunk(yard: Yard, name: str, place: int) -> Callable[[Drain], tuple[int | None, int, int]]:
    """Return what replays the next piece of a spool: where it got to, spans and batches."""

    def work(drain: Drain) -> tuple[int | None, int, int]:
        reader, cursor = yard.spools()[name]
        found = reader.read_from(place, CHUNK_ITEMS)
        done: list[Batch] = [batch for batch in found if batch.seq <= cursor.position()]
        if not done:
            return None, 0, 0  # what comes after is drained for the first time
        return done[-1].seq, drain.replay(done), len(done)

    return work
