"""Batches of the spool to what they say: the first half of a round of the drain.

Acknowledged bytes come in, understood spans and log records go out, each with the place it came
from. What cannot be read is held back with its reason, batch by batch or span by span: a mistake
in one of them, theirs or ours, must not stop the others.
"""

import logging
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from spanledger_collector import decode, normalise
from spanledger_collector.estimate import covers
from spanledger_collector.pricebook import Pricebook
from spanledger_collector.reconcile import Hint
from spanledger_collector.spool import Batch, Held
from spanledger_collector.understand import Understood, understand
from spanledger_schema.span import Record, Span

log = logging.getLogger(__name__)

LinkedRecord = tuple[str, int, Record, Hint]
"""Project, nanosecond of receipt, the record, and what it knows of its trace."""

Place = tuple[Batch, int]
"""Where something came from: a batch, and which of its items, counted from 0, rejected ones not."""


@dataclass(slots=True)
class Round:
    """What one round of the drain read from a spool and made of it."""

    understood: list[Understood] = field(default_factory=list)
    records: list[LinkedRecord] = field(default_factory=list)
    held: list[Held] = field(default_factory=list)
    unlinked: int = 0  # log records that name no span: nothing to join them to
    span_places: list[Place] = field(default_factory=list)  # one for each of `understood`
    record_places: list[Place] = field(default_factory=list)  # one for each of `records`

    @property
    def places(self) -> list[Place]:
        """Return where everything in it came from: spans first, then log records."""
        return [*self.span_places, *self.record_places]

    def part(self, indices: Sequence[int]) -> "Round":
        """Return some of it, by indices into `places`."""
        spans = [i for i in indices if i < len(self.understood)]
        records = [i - len(self.understood) for i in indices if i >= len(self.understood)]
        return Round(
            understood=[self.understood[i] for i in spans],
            records=[self.records[i] for i in records],
            span_places=[self.span_places[i] for i in spans],
            record_places=[self.record_places[i] for i in records],
        )


def read(batches: Iterable[Batch], book: Pricebook, estimated: Collection[str] = ()) -> Round:
    """Return what these batches say. One that cannot be read is held back, the rest goes on.

    Args:
        batches: as acknowledged.
        book: the prices in force.
        estimated: the projects whose calls are estimated where they report no usage.
    """
    found = Round()
    for batch in batches:
        if batch.damage:
            found.held.append(Held(batch, batch.damage))
            continue
        try:
            if batch.signal == "traces":
                read_spans(batch, found, book, covers(batch.project_id, estimated))
            else:
                read_records(batch, found)
        except decode.Malformed as error:
            found.held.append(Held(batch, str(error)))
    return found


def read_spans(batch: Batch, found: Round, book: Pricebook, guess: bool) -> None:
    """Add the spans of a batch."""
    spans = decode.spans(batch.body, batch.encoding).spans
    try:
        made = understand(batch.project_id, batch.received_ns, spans, book, estimated=guess)
        places: Sequence[int] = range(len(spans))
    except Exception:
        log.exception("a batch holds a span that we cannot read; reading the others one by one")
        places, made = one_by_one(batch, spans, found, book, guess)
    found.understood += made
    found.span_places += ((batch, place) for place in places)


def one_by_one(
    batch: Batch, spans: Sequence[Span], found: Round, book: Pricebook, guess: bool
) -> tuple[Sequence[int], list[Understood]]:
    """Return the spans that can be read and their places; hold the others back."""
    places, made = [], list[Understood]()
    odd: list[tuple[Place, str]] = []
    for place, span in enumerate(spans):
        try:
            each = understand(batch.project_id, batch.received_ns, [span], book, estimated=guess)
        except Exception as error:  # noqa: BLE001 – logged by the caller; the span is kept for us
            odd.append(((batch, place), f"not understood: {type(error).__name__}"))
            continue
        places.append(place)
        made += each
    found.held += held_back((place for place, _ in odd), (reason for _, reason in odd))
    return places, made


def read_records(batch: Batch, found: Round) -> None:
    """Add the log records of a batch that name a span."""
    for place, record in enumerate(decode.records(batch.body, batch.encoding).records):
        if record.trace_id and record.span_id:
            hint = normalise.hint(record) or Hint(record.span_id)
            found.records.append((batch.project_id, batch.received_ns, record, hint))
            found.record_places.append((batch, place))
        else:
            found.unlinked += 1


def held_back(places: Iterable[Place], reasons: Iterable[str]) -> Iterator[Held]:
    """Yield items as held back, those of one batch and reason together."""
    by_batch: dict[tuple[int, str], tuple[Batch, list[int]]] = {}
    for (batch, place), reason in zip(places, reasons, strict=True):
        by_batch.setdefault((batch.seq, reason), (batch, []))[1].append(place)
    for (_, reason), (batch, found) in by_batch.items():
        yield Held(batch, reason, tuple(found))
