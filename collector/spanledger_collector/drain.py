"""The pipeline on one screen: from the spool into the store.

    spool → decode → normalise (dialects) → usage → price → charge → write → rollup → confirm

Takes what ingest has acknowledged, in order of arrival, and confirms it only when every row of it
and every total it touches is on disk. Whatever stops it in between, the same batches come again
and write the same rows again: `spans` is keyed by span, `traces` is recomputed.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from spanledger_collector import decode, normalise
from spanledger_collector.estimate import covers
from spanledger_collector.pricebook import Pricebook
from spanledger_collector.reconcile import Fact, Hint
from spanledger_collector.rollup import Rollup, TraceKey, by_trace
from spanledger_collector.spool import Batch, Cursor, Reader
from spanledger_collector.store import ClickHouseError, Store
from spanledger_collector.understand import Understood, understand
from spanledger_collector.write import (
    PAYLOAD_COLUMNS,
    RECORD_COLUMNS,
    SPAN_COLUMNS,
    columns,
    fact,
    payload_row,
    record_row,
    span_row,
)
from spanledger_schema.span import Record


@dataclass(slots=True)
class Round:
    """What one round of the drain read from a spool and made of it."""

    understood: list[Understood] = field(default_factory=list)
    records: list[tuple[str, int, Record, Hint]] = field(default_factory=list)
    refused: list[tuple[Batch, str]] = field(default_factory=list)
    unlinked: int = 0  # log records that name no span: nothing to join them to


def read(batches: Iterable[Batch], book: Pricebook, estimated: Collection[str] = ()) -> Round:
    """Return what these batches say. One that cannot be decoded is refused, the rest goes on.

    Args:
        batches: as acknowledged.
        book: the prices in force.
        estimated: the projects whose calls are estimated where they report no usage.
    """
    found = Round()
    for batch in batches:
        if batch.damage:
            found.refused.append((batch, batch.damage))
            continue
        try:
            if batch.signal == "traces":
                project, guess = batch.project_id, covers(batch.project_id, estimated)
                found.understood += (
                    understand(project, batch.received_ns, span, book, estimated=guess)
                    for span in decode.spans(batch.body, batch.encoding).spans
                )
            else:
                read_records(batch, found)
        except decode.Malformed as error:
            found.refused.append((batch, str(error)))
    return found


def read_records(batch: Batch, found: Round) -> None:
    """Add the log records of a batch that name a span."""
    for record in decode.records(batch.body, batch.encoding).records:
        if record.trace_id and record.span_id:
            hint = normalise.hint(record) or Hint(record.span_id)
            found.records.append((batch.project_id, batch.received_ns, record, hint))
        else:
            found.unlinked += 1


class Drain:
    """Moves spools into the store, round by round; the only one that writes spans and totals.

    Only one thread may use it. Others hand their work to that thread (`handover`). `book` may be
    replaced between two rounds.
    """

    def __init__(
        self, store: Store, book: Pricebook, most_items: int, estimated: Collection[str] = ()
    ) -> None:
        self.store = store
        self.book = book
        self._estimated = estimated
        self._most_items = most_items
        self._rollup = Rollup(store)

    def step(self, reader: Reader, cursor: Cursor) -> int:
        """Drain one round of a spool; return how many batches it took, 0 when it is empty.

        Raises:
            ClickHouseError: the store refused or is away; nothing was confirmed, call again.
        """
        batches = reader.read_from(cursor.position(), self._most_items)
        if not batches:
            return 0
        found = read(batches, self.book, self._estimated)
        self._write(found)
        cursor.confirm(
            batches[-1].seq,
            stored=len(found.understood),
            records=len(found.records),
            unlinked=found.unlinked,
            quarantined=found.refused,
        )
        return len(batches)

    def _write(self, found: Round) -> None:
        """Write rows first and totals after them, each on disk before the next begins."""
        understood, records = found.understood, found.records
        self.store.insert("spans", columns(SPAN_COLUMNS, map(span_row, understood)))
        self.store.insert("payloads", columns(PAYLOAD_COLUMNS, map(payload_row, understood)))
        record_rows = (record_row(*record) for record in records)
        self.store.insert("log_records", columns(RECORD_COLUMNS, record_rows))
        self._rollup.refresh(by_trace(facts(understood)), by_trace(hints(records)))

    def rewrite(
        self, spans: Mapping[str, Sequence[Any]], facts: Mapping[TraceKey, Sequence[Fact]]
    ) -> None:
        """Replace spans by later versions of themselves, given as columns and, narrowed, as facts.

        Totals first, unlike `_write`: nothing comes again here by itself. Whoever rewrites looks
        for spans that are to be changed, so those must be the last thing that is.
        """
        try:
            self._rollup.refresh(facts, {})
            self.store.insert("spans", spans)
        except ClickHouseError:
            self._rollup.forget(facts)
            raise

    def recompute(self, keys: Sequence[TraceKey]) -> None:
        """Write the totals of these traces anew from what is stored of them."""
        self._rollup.recompute(keys)


def facts(understood: Sequence[Understood]) -> Iterator[tuple[TraceKey, Fact]]:
    """Yield the narrow facts of spans with the trace they belong to."""
    return (((u.project_id, u.span.trace_id), fact(u)) for u in understood)


def hints(records: Iterable[tuple[str, int, Record, Hint]]) -> Iterator[tuple[TraceKey, Hint]]:
    """Yield what log records know that spans may not."""
    for project_id, _, record, hint in records:
        if hint.session_id or hint.user_id:
            yield (project_id, record.trace_id), hint
