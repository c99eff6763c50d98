"""Repricing: calls of the past under the prices of now, first counted, then written.

Looks for calls whose dollars, bill or status would be others today, day by day. The write goes
through the thread that writes, in small pieces: each rewritten span is its own next version, newer
than what the spool may bring again and older than what its client may send again. What was done is
found done, so a run that was cut off is finished by the same run once more.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from spanledger_collector.bills import columns
from spanledger_collector.charge import charge
from spanledger_collector.drain import Drain
from spanledger_collector.ledger import audit
from spanledger_collector.ledger.calls import BATCH_CALLS, Call, CallFilter, Outcome, batches
from spanledger_collector.ledger.desk import Desk
from spanledger_collector.mends import DAY_NS
from spanledger_collector.moments import rfc3339
from spanledger_collector.money import dollars
from spanledger_collector.pricebook import Pricebook, ToPrice
from spanledger_collector.reconcile import Fact
from spanledger_collector.rollup import TraceKey, by_trace, stored_facts
from spanledger_collector.store import Store
from spanledger_schema.api_ledger import Moved, MovedDay, MovedModel, Repricing
from spanledger_schema.span import Bill

ZERO = Decimal(0)


class Busy(Exception):
    """Another repricing is running."""


@dataclass(frozen=True, slots=True)
class Repriced:
    """A call that would be billed otherwise today."""

    call: Call
    bill: Bill
    after: Outcome


@dataclass(slots=True)
class Sums:
    """What changes for some billed calls."""

    calls: int = 0
    before: Decimal = ZERO
    after: Decimal = ZERO
    unpriced_before: int = 0
    unpriced_after: int = 0

    def add(self, before: Outcome, after: Outcome) -> None:
        """Count one billed call in."""
        self.calls += 1
        self.before += before.usd or ZERO
        self.after += after.usd or ZERO
        self.unpriced_before += before.usd is None
        self.unpriced_after += after.usd is None

    def moved(self) -> Moved:
        """Return the sums as the API says them."""
        return Moved(
            calls=self.calls,
            before_usd=dollars(self.before),
            after_usd=dollars(self.after),
            change_usd=dollars(self.after - self.before),
            unpriced_before=self.unpriced_before,
            unpriced_after=self.unpriced_after,
        )


@dataclass(slots=True)
class Difference:
    """What a repricing moves, by model and by UTC day."""

    spans: int = 0
    traces: set[bytes] = field(default_factory=set)
    total: Sums = field(default_factory=Sums)
    models: dict[tuple[str, str], Sums] = field(default_factory=dict)
    days: dict[str, Sums] = field(default_factory=dict)

    def add(self, changed: Sequence[Repriced]) -> None:
        """Count a batch in. Calls that are not billed change no total, but are rewritten too."""
        self.spans += len(changed)
        self.traces.update(one.call.trace_id for one in changed)
        for one in (one for one in changed if one.call.billed):
            model = one.call.provider, one.call.model
            day = rfc3339(one.call.start_ns)[:10]
            model_sums = self.models.setdefault(model, Sums())
            for sums in (self.total, model_sums, self.days.setdefault(day, Sums())):
                sums.add(one.call.outcome, one.after)


def reprice(desk: Desk, wanted: CallFilter, *, dry_run: bool, by: str, note: str) -> Repricing:
    """Return what a repricing moves; unless it is a dry run, it is written when this returns.

    Raises:
        Busy: another one is running.
    """
    if not desk.repricing.acquire(blocking=False):
        raise Busy("another repricing is running; wait until it is done")
    try:
        book = desk.book
        found = Difference()
        for changed in changes(desk.store, book, wanted):
            found.add(changed)
        said = report(wanted, book, found, dry_run=dry_run)
        if found.spans and not dry_run:
            carry_out(desk, book, wanted, audited(desk, wanted.project, said, by, note))
        return said
    finally:
        desk.repricing.release()


def carry_out(desk: Desk, book: Pricebook, wanted: CallFilter, record: audit.Record) -> None:
    """Write a repricing: its audit first, then batch by batch what is to be changed."""
    desk.handover.do(lambda drain: audit.write(drain.store, [record]))
    for changed in changes(desk.store, book, wanted):
        for start in range(0, len(changed), BATCH_CALLS):  # one trace alone may hold more
            rewrite(desk, wanted.project, changed[start : start + BATCH_CALLS])


def changes(store: Store, book: Pricebook, wanted: CallFilter) -> Iterator[list[Repriced]]:
    """Yield the calls that would be billed otherwise, day by day."""
    for day in days(stored_part(store, wanted)):
        for calls in batches(store, day):
            changed = list(otherwise(calls, book, wanted.project))
            if changed:
                yield changed


def stored_part(store: Store, wanted: CallFilter) -> CallFilter:
    """Return a filter cut to the time of which anything is stored."""
    found = next(store.rows("call_range", project=wanted.project))
    return wanted.within(found["first_ns"], found["last_ns"] + 1)


def days(wanted: CallFilter) -> Iterator[CallFilter]:
    """Yield a filter cut into UTC days."""
    start_ns = wanted.since_ns - wanted.since_ns % DAY_NS
    while start_ns < wanted.until_ns:
        yield wanted.within(start_ns, start_ns + DAY_NS)
        start_ns += DAY_NS


def otherwise(calls: Sequence[Call], book: Pricebook, project_id: str) -> Iterator[Repriced]:
    """Yield the calls whose outcome is another one under these prices."""
    bills = book.bills(
        ToPrice(c.provider, c.model, c.usage, c.priced_ns, c.context, project_id) for c in calls
    )
    for call, bill in zip(calls, bills, strict=True):
        due = charge(bill, call.usage, call.reported_usd, call.provider)
        lines = tuple(zip(*columns(bill.lines), strict=True))
        after = Outcome(due.usd, due.source, bill.status, bill.usd, lines)
        if after != call.outcome:
            yield Repriced(call, bill, after)


def rewrite(desk: Desk, project_id: str, changed: Sequence[Repriced]) -> None:
    """Have changed calls written as the next versions of their spans, totals included."""
    by_span = {(one.call.trace_id, one.call.span_id): one for one in changed}
    keys = [(project_id, trace_id) for trace_id in dict.fromkeys(t for t, _ in by_span)]

    def work(drain: Drain) -> None:
        # Read here and not before: what was erased meanwhile would be written again.
        spans = next_rows(desk.store, project_id, by_span)
        facts = by_trace(next_facts(stored_facts(desk.store.columns, keys), by_span))
        drain.rewrite(spans, facts)

    desk.handover.do(work)


BySpan = Mapping[tuple[bytes, bytes], Repriced]


def next_facts(
    stored: Iterable[tuple[TraceKey, Fact]], changed: BySpan
) -> Iterator[tuple[TraceKey, Fact]]:
    """Yield the facts of changed spans as their next versions say them."""
    for key, fact in stored:
        one = changed.get((key[1], fact.span_id))
        if one is not None and one.call.ver == fact.ver:
            yield (
                key,
                replace(
                    fact,
                    ver=fact.ver + 1,
                    cost_usd=one.after.usd,
                    cost_source=one.after.source,
                    price_status=one.after.status,
                ),
            )


def next_rows(store: Store, project_id: str, changed: BySpan) -> dict[str, list[Any]]:
    """Return the rows of changed spans as their next versions, as columns.

    A span that has a newer version by now is left out: its client sent it again.
    """
    ids = list(changed)
    found = store.rows(
        "span_rows",
        project=project_id,
        traces=[trace_id.hex() for trace_id, _ in ids],
        spans=[span_id.hex() for _, span_id in ids],
    )
    rows = [
        {**row, **priced_columns(one)}
        for row in found
        if (one := changed[row["trace_id"], row["span_id"]]).call.ver == row["ver"]
    ]
    return {name: [row[name] for row in rows] for name in rows[0]} if rows else {"ver": []}


def priced_columns(one: Repriced) -> dict[str, Any]:
    """Return the columns of `spans` that say what a call costs, with the version they make."""
    meters, quantities, rates, usd = zip(*one.after.lines, strict=True) if one.after.lines else NONE
    return {
        "ver": one.call.ver + 1,
        "cost_usd": one.after.usd,
        "cost_source": one.after.source,
        "price_status": one.after.status,
        "price_reason": one.bill.reason,
        "price_id": one.bill.price_id,
        "price_version": one.bill.price_version,
        "model_priced": one.bill.model_priced,
        "computed_usd": one.after.computed_usd,
        "bill_meters": list(meters),
        "bill_quantities": list(quantities),
        "bill_rates_usd": list(rates),
        "bill_usd": list(usd),
    }


NONE: tuple[tuple[Any, ...], ...] = ((), (), (), ())


def report(wanted: CallFilter, book: Pricebook, found: Difference, *, dry_run: bool) -> Repricing:
    """Return a difference as the API says it, the models that move most dollars first."""

    def weight(pair: tuple[tuple[str, str], Sums]) -> tuple[Decimal, tuple[str, str]]:
        return -abs(pair[1].after - pair[1].before), pair[0]

    return Repricing(
        dry_run=dry_run,
        since=rfc3339(wanted.since_ns),
        until=rfc3339(wanted.until_ns),
        model=wanted.model or None,
        only="unpriced" if wanted.only_unpriced else "all",
        price_version=book.version,
        spans=found.spans,
        traces=len(found.traces),
        total=found.total.moved(),
        models=[
            MovedModel(provider or None, model or None, sums.moved())
            for (provider, model), sums in sorted(found.models.items(), key=weight)
        ],
        days=[MovedDay(day, sums.moved()) for day, sums in sorted(found.days.items())],
    )


def audited(desk: Desk, project: str, said: Repricing, by: str, note: str) -> audit.Record:
    """Return the audit record of a repricing that is about to be written."""
    models = [(f"{m.provider or '?'}/{m.model or '?'}", m.moved) for m in said.models]
    return audit.Record(
        at_ns=desk.clock(),
        action="reprice",
        subject=f"{said.since} to {said.until}, {said.model or 'every model'}, {said.only}",
        was={name: (m.calls, m.before_usd, m.unpriced_before) for name, m in models},
        became={name: (m.calls, m.after_usd, m.unpriced_after) for name, m in models},
        actor=by,
        note=note,
        project_id=project,
    )
