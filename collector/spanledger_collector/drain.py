"""The pipeline on one screen: from the spool into the store.

    spool → decode → normalise (dialects) → usage → price → charge → write → rollup → confirm

Takes what ingest has acknowledged, in order of arrival, and confirms it only when every row of it
and every total it touches is on disk. Whatever stops it in between, the same batches come again
and write the same rows again: `spans` is keyed by span, `traces` is recomputed.
"""

import logging
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from spanledger_collector import failpoints
from spanledger_collector.ahead import Ahead
from spanledger_collector.erased import ERASED, Erased
from spanledger_collector.failpoints import Point
from spanledger_collector.lifetimes import Lifetimes
from spanledger_collector.places import Most
from spanledger_collector.poison import sieve
from spanledger_collector.pricebook import Pricebook
from spanledger_collector.reading import LinkedRecord, Round, held_back, read
from spanledger_collector.reconcile import Fact, Hint
from spanledger_collector.repeats import Key, Repeats
from spanledger_collector.rollup import Rollup, TraceKey, by_trace
from spanledger_collector.spool import Batch, Cursor, Held, Reader, is_full
from spanledger_collector.store import ClickHouseError, Store
from spanledger_collector.understand import ENDED, Understood
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

log = logging.getLogger(__name__)


class Drain:
    """Moves spools into the store, round by round; the only one that writes spans and totals.

    Only one thread may use it. Others hand their work to that thread (`handover`). `book` may be
    replaced between two rounds.
    """

    def __init__(
        self,
        store: Store,
        book: Pricebook,
        most_items: int,
        estimated: Collection[str] = (),
        most: Most = Most(),  # noqa: B008 – frozen
    ) -> None:
        self.store = store
        self.book = book
        self._estimated = estimated
        self._most_items = most_items
        self.lifetimes = Lifetimes(store)
        self.erased = Erased(store)
        self._rollup = Rollup(store, lifetimes=self.lifetimes, most=most)
        self._asked: set[Cursor] = set()  # what they owed when they were opened
        self._repeats = Repeats()
        self._ahead: dict[Cursor, Ahead] = {}

    @property
    def behind(self) -> bool:
        """Tell whether a full round waits. Less than that may wait for company: each round has its price."""
        return bool(self._ahead)

    def doubt_rows(self) -> None:
        """Read every touched trace back from its spans: some rows of traces have been lost."""
        self._rollup.rows_lost = True

    def step(self, reader: Reader, cursor: Cursor) -> int:
        """Drain one round of a spool; return how many batches it took, 0 when it is empty.

        Raises:
            ClickHouseError: the store refused or is away; nothing was confirmed, call again.
        """
        self._pay_what_is_due(cursor)
        batches, found = self._next(reader, cursor)
        if not batches:
            return 0
        failpoints.reach(Point.DRAIN_READ)
        found = self._sieved(self._masked(found), put_off=True)
        if not self.store.exclusive:
            self._rollup.recompute(self.erased.missed(found))
        cursor.confirm(
            batches[-1].seq,
            stored=len(found.understood),
            records=len(found.records),
            unlinked=found.unlinked,
            duplicates=self._repeats.counted(map(span_key, found.understood)),
            quarantined=found.held,
            owed=self._rollup.debts.owed,
        )
        return len(batches)

    def _next(self, reader: Reader, cursor: Cursor) -> tuple[Sequence[Batch], Round]:
        """Return the batches that come next with what they say; begin to read those after them.

        Only a round that is full is read ahead: where little waits, more may come until its turn.
        """
        after, ahead = cursor.position(), self._ahead.pop(cursor, None)
        if ahead is not None and ahead.is_next(after, self.book):
            batches, found = ahead.batches, ahead.round()
        else:
            batches = reader.read_from(after, self._most_items)
            found = read(batches, self.book, self._estimated)
        if is_full(batches, self._most_items):
            after = batches[-1].seq
            more = reader.read_from(after, self._most_items)
            if is_full(more, self._most_items):
                self._ahead[cursor] = Ahead(after, more, self.book, self._estimated)
        return batches, found

    def _pay_what_is_due(self, cursor: Cursor) -> None:
        """Recompute what was put off and has its turn, and what a killed predecessor put off."""
        debts = self._rollup.debts
        if cursor not in self._asked:
            debts.owe(cursor.owed())
            self._asked.add(cursor)
        self._rollup.pay(debts.due())

    def settle(self) -> None:
        """Recompute all that was put off, because nothing waits."""
        self._rollup.pay(sorted(self._rollup.debts.owed))
        for cursor in self._asked:
            cursor.owe(self._rollup.debts.owed)

    def again(self, held: Held) -> Round:
        """Store what was held back, if that is possible by now; return what was and what was not.

        Raises:
            ClickHouseError: the store refused or is away.
        """
        found = self._read([held.batch])
        if not held.places:
            return self._sieved(found)
        wanted = [i for i, (_, place) in enumerate(found.places) if place in held.places]
        part = found.part(wanted)
        part.held = [h for h in found.held if not h.places or set(h.places) & set(held.places)]
        return self._sieved(part)

    def replay(self, batches: Sequence[Batch]) -> int:
        """Store batches once more that were stored before; return how many spans that were.

        What was held back of them stays where it is.

        Raises:
            ClickHouseError: the store refused or is away.
        """
        return len(self._stored(batches).understood)

    def _stored(self, batches: Sequence[Batch]) -> Round:
        """Write what batches say; return it without what had to be held back, which is named."""
        return self._sieved(self._read(batches))

    def _read(self, batches: Sequence[Batch]) -> Round:
        """Return what batches say, without the words of whoever was erased."""
        return self._masked(read(batches, self.book, self._estimated))

    def _masked(self, found: Round) -> Round:
        """Take the words of whoever was erased out of a round, and return it."""
        if not self.store.exclusive:
            self.erased.reload()
        self._rollup.forget(self.erased.mask(found))
        return found

    def _sieved(self, found: Round, put_off: bool = False) -> Round:
        """Write a round; if the store refuses it, all of it but the rows that it will never take."""
        try:
            self._write(found, put_off)
        except Exception:
            if not self.store.takes_rows():
                raise
            log.exception("the store takes rows, but not these; looking for the bad ones")
            refused = sieve(len(found.places), lambda rows: self._write(found.part(rows)))
            reasons = (f"refused: {type(error).__name__}" for error in refused.values())
            places = [found.places[row] for row in refused]
            good = found.part([i for i in range(len(found.places)) if i not in refused])
            good.held = [*found.held, *held_back(places, reasons)]
            good.unlinked = found.unlinked
            return good
        return found

    def _write(self, found: Round, put_off: bool = False) -> None:
        """Write rows first and totals after them, each on disk before the next begins."""
        failpoints.reach(Point.DRAIN_UNDERSTOOD)
        understood, records = found.understood, found.records
        dated = self.lifetimes.dated
        facts_by_trace, hints_by_trace = by_trace(facts(understood)), by_trace(hints(records))
        try:
            spans = columns(SPAN_COLUMNS, map(span_row, understood))
            self.store.insert("spans", dated(spans, "payload_days", "ledger_days"))
            failpoints.reach(Point.SPANS_STORED)
            worded = (u for u in understood if ERASED not in u.facts.flags)
            payloads = columns(PAYLOAD_COLUMNS, map(payload_row, worded))
            self.store.insert("payloads", dated(payloads, "payload_days"))
            failpoints.reach(Point.PAYLOADS_STORED)
            record_rows = (record_row(*record) for record in records)
            self.store.insert(
                "log_records", dated(columns(RECORD_COLUMNS, record_rows), "payload_days")
            )
            failpoints.reach(Point.RECORDS_STORED)
            self._rollup.refresh(facts_by_trace, hints_by_trace, put_off)
        except Exception:
            # What is at hand of these traces may hold a row that will never be stored.
            self._rollup.forget([*facts_by_trace, *hints_by_trace])
            raise

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
            if not self.store.exclusive:
                # Another process may have counted a span of ours at its old price meanwhile.
                self._rollup.recompute(list(facts))
        except ClickHouseError:
            self._rollup.forget(facts)
            raise

    def recompute(self, keys: Sequence[TraceKey], *, knowing_less: bool = False) -> None:
        """Write the totals of these traces anew from what is stored of them, be that less too."""
        self._rollup.recompute(keys, knowing_less=knowing_less)

    def sharing(self, keys: Sequence[TraceKey]) -> list[TraceKey]:
        """Return these traces and those that tell of the same calls: what to recompute after them.

        Whoever removes spans asks before, because afterwards nothing leads from one to the other.
        """
        return self._rollup.sharing(keys)


def span_key(u: Understood) -> Key:
    """Return what a span is recognised by when it comes again."""
    return u.project_id, u.span.trace_id, u.span.span_id, bool(u.ver & ENDED)


def facts(understood: Sequence[Understood]) -> Iterator[tuple[TraceKey, Fact]]:
    """Yield the narrow facts of spans with the trace they belong to."""
    return (((u.project_id, u.span.trace_id), fact(u)) for u in understood)


def hints(records: Iterable[LinkedRecord]) -> Iterator[tuple[TraceKey, Hint]]:
    """Yield what log records know that spans may not."""
    for project_id, _, record, hint in records:
        if hint.session_id or hint.user_id:
            yield (project_id, record.trace_id), hint
