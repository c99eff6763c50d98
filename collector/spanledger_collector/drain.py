"""The pipeline on one screen: from the spool into the store.

    spool → decode → normalise (dialects) → usage → price → charge → write → rollup → confirm

Takes what ingest has acknowledged, in order of arrival, and confirms it only when every row of it
and every total it touches is on disk. Whatever stops it in between, the same batches come again
and write the same rows again: `spans` is keyed by span, `traces` is recomputed.
"""

import logging
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from spanledger_collector import decode, normalise
from spanledger_collector.charge import charge
from spanledger_collector.pricebook import Pricebook
from spanledger_collector.reconcile import Fact, Hint
from spanledger_collector.rollup import Rollup, TraceKey, by_trace
from spanledger_collector.spool import Batch, Cursor, Reader
from spanledger_collector.store import ClickHouseError, Store
from spanledger_collector.usage import usage
from spanledger_collector.write import (
    PAYLOAD_COLUMNS,
    RECORD_COLUMNS,
    SPAN_COLUMNS,
    Understood,
    columns,
    fact,
    payload_row,
    record_row,
    span_row,
)
from spanledger_schema.span import CALLS, Bill, Record, Span, Usage

log = logging.getLogger(__name__)

NOT_A_CALL = (Usage(), Bill(None, "no_usage"))


@dataclass(slots=True)
class Round:
    """What one round of the drain read from a spool and made of it."""

    understood: list[Understood] = field(default_factory=list)
    records: list[tuple[str, int, Record, Hint]] = field(default_factory=list)
    refused: list[tuple[Batch, str]] = field(default_factory=list)
    unlinked: int = 0  # log records that name no span: nothing to join them to


def understand(project_id: str, received_ns: int, span: Span, book: Pricebook) -> Understood:
    """Return a span with what it says, what it used and what that costs."""
    facts = normalise.facts(span)
    used, bill = NOT_A_CALL
    if facts.counts is not None or facts.kind in CALLS:
        used = usage(facts.counts, provider=facts.provider, scope=span.scope)
        bill = book.bill(
            facts.provider,
            facts.response_model or facts.request_model,
            used,
            span.start_ns or received_ns,
            facts.price_context,
            project_id,
        )
    due = charge(bill, used, facts.reported_usd, facts.provider)
    return Understood(project_id, received_ns, span, facts, used, bill, due.usd, due.source)


def read(batches: Iterable[Batch], book: Pricebook) -> Round:
    """Return what these batches say. One that cannot be decoded is refused, the rest goes on."""
    found = Round()
    for batch in batches:
        try:
            if batch.signal == "traces":
                spans = decode.spans(batch.body, batch.encoding)
                found.understood += (
                    understand(batch.project_id, batch.received_ns, span, book) for span in spans
                )
            else:
                read_records(batch, found)
        except decode.Malformed as error:
            found.refused.append((batch, str(error)))
    return found


def read_records(batch: Batch, found: Round) -> None:
    """Add the log records of a batch that name a span."""
    for record in decode.records(batch.body, batch.encoding):
        if record.trace_id and record.span_id:
            hint = normalise.hint(record) or Hint(record.span_id)
            found.records.append((batch.project_id, batch.received_ns, record, hint))
        else:
            found.unlinked += 1


class Drain:
    """Moves one spool into the store, round by round. Only one thread may turn it."""

    def __init__(
        self, store: Store, reader: Reader, cursor: Cursor, book: Pricebook, most_items: int
    ) -> None:
        self._store = store
        self._reader = reader
        self._cursor = cursor
        self._book = book
        self._most_items = most_items
        self._rollup = Rollup(store)

    def step(self) -> int:
        """Drain one round; return how many batches it took, 0 when the spool is empty.

        Raises:
            ClickHouseError: the store refused or is away; nothing was confirmed, call again.
        """
        batches = self._reader.read_from(self._cursor.position(), self._most_items)
        if not batches:
            return 0
        found = read(batches, self._book)
        self._write(found)
        self._cursor.confirm(
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
        self._store.insert("spans", columns(SPAN_COLUMNS, map(span_row, understood)))
        self._store.insert("payloads", columns(PAYLOAD_COLUMNS, map(payload_row, understood)))
        record_rows = (record_row(*record) for record in records)
        self._store.insert("log_records", columns(RECORD_COLUMNS, record_rows))
        self._rollup.refresh(by_trace(facts(understood)), by_trace(hints(records)))


def facts(understood: Sequence[Understood]) -> Iterator[tuple[TraceKey, Fact]]:
    """Yield the narrow facts of spans with the trace they belong to."""
    return (((u.project_id, u.span.trace_id), fact(u)) for u in understood)


def hints(records: Iterable[tuple[str, int, Record, Hint]]) -> Iterator[tuple[TraceKey, Hint]]:
    """Yield what log records know that spans may not."""
    for project_id, _, record, hint in records:
        if hint.session_id or hint.user_id:
            yield (project_id, record.trace_id), hint


def run(drain: Drain, stop: threading.Event, wait_s: float) -> None:
    """Drain until told to stop; a store that is away is asked again, ever less often."""
    pause_s = 1.0
    while not stop.is_set():
        try:
            drained = drain.step()
            pause_s = 1.0
        except ClickHouseError:
            log.exception("store refused a round of the drain; trying again in %.0f s", pause_s)
            stop.wait(pause_s)
            pause_s = min(pause_s * 2, 60.0)
            continue
        if not drained:
            stop.wait(wait_s)


def settle(drain: Drain, timeout_s: float) -> bool:
    """Drain what is there now; return whether the spool is empty before the time is over."""
    end = time.monotonic() + timeout_s
    while drain.step():
        if time.monotonic() > end:
            return False
    return True
