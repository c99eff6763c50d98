"""Traces counted again from their spans: what is stored in `traces` against what should be.

Reads spans and traces in order of id, some thousand spans at a time, and gives those traces whose
row is not what their spans come to. What arrives meanwhile can make a trace look odd for a moment,
so odd ones are looked at again on the thread that writes, where nothing is half done.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from spanledger_collector.drain import Drain
from spanledger_collector.ledger.desk import Desk
from spanledger_collector.ledger.trace_pages import NO_TRACE, trace_batches
from spanledger_collector.places import Places
from spanledger_collector.reconcile import Fact
from spanledger_collector.reconcile.lookalikes import MOST_ALIKE
from spanledger_collector.rollup import (
    OpenTrace,
    TraceKey,
    by_trace,
    note_neighbours,
    stored_facts,
    stored_hints,
    trace_rows,
)
from spanledger_collector.sharing import sharing_calls
from spanledger_collector.store import Read, Store
from spanledger_collector.totals import TRACE_COLUMNS

BATCH_SPANS = 10_000
MOST_NAMED = 5
LOOKS = 3  # on a shared store another process may be in the middle of something, once or twice

AS_A_SET = frozenset({"not_billed.span_id", "not_billed.reason"})
TRACE_ID = TRACE_COLUMNS.index("trace_id")

Stored = dict[bytes, tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Odd:
    """A trace whose row is not what its spans come to."""

    trace_id: bytes
    columns: tuple[str, ...]  # those that differ; none: there is a row too few or too many
    stored: tuple[Any, ...] | None
    due: tuple[Any, ...] | None

    def __str__(self) -> str:
        """Return the trace with what is wrong about it: its dollars, if they are."""
        name = self.trace_id.hex()
        if self.stored is None or self.due is None:
            return f"{name}: " + ("it has no row" if self.stored is None else "it has no spans")
        telling = [name for name in ("cost_usd", *self.columns) if name in self.columns]
        column = next((name for name in telling if name != "ver"), "ver")
        at = TRACE_COLUMNS.index(column)
        return f"{name}: {column} is {self.stored[at]}, its spans say {self.due[at]}"


@dataclass(slots=True)
class Recount:
    """What counting again found; of the odd traces the first few are named."""

    traces: int = 0
    spans: int = 0
    odd_traces: int = 0
    named: list[str] = field(default_factory=list)

    def add(self, odd: Sequence[Odd]) -> None:
        """Count odd traces in."""
        self.odd_traces += len(odd)
        self.named += [str(one) for one in odd[: MOST_NAMED - len(self.named)]]


def recount(desk: Desk, project_id: str) -> Recount:
    """Return what counting every trace of a project again finds."""
    found = Recount()
    after = NO_TRACE
    for traces in chain(stored_traces(desk.store, project_id), [[]]):  # then rows without spans
        until = traces[-1] if traces else b""
        rows = stored_rows(desk.store.columns, project_id, after, until)
        facts = facts_of(desk.store.columns, project_id, traces)
        found.traces += len(traces)
        found.spans += sum(map(len, facts.values()))
        for odd in compared(desk.store.columns, project_id, rows, facts):
            found.add(again(desk, project_id, odd))
        after = until
    return found


def stored_traces(store: Store, project_id: str) -> Iterator[list[bytes]]:
    """Yield the traces of a project that have spans, in order, about a batch of spans in each list."""
    return trace_batches(store, "stored_traces", BATCH_SPANS, project=project_id)


def stored_rows(read: Read, project_id: str, after: bytes, until: bytes) -> Stored:
    """Return the rows of traces after one id and up to another, in the order of TRACE_COLUMNS."""
    asked = {"project": project_id, "after": after.hex(), "until": until.hex()}
    return {row[TRACE_ID]: row for row in zip(*read("trace_rows", **asked), strict=True)}


def facts_of(read: Read, project_id: str, traces: Sequence[bytes]) -> dict[TraceKey, list[Fact]]:
    """Return the facts of some traces."""
    return by_trace(stored_facts(read, [(project_id, trace_id) for trace_id in traces]))


def compared(
    read: Read, project_id: str, rows: Stored, facts: dict[TraceKey, list[Fact]]
) -> list[Odd]:
    """Return the traces whose row and whose facts do not go together."""
    due = due_rows(read, facts)
    return [
        odd
        for trace_id in sorted(rows.keys() | due.keys())
        if (odd := difference(trace_id, rows.get(trace_id), due.get(trace_id)))
    ]


def due_rows(read: Read, facts: dict[TraceKey, list[Fact]]) -> Stored:
    """Return the rows that some traces should have, by what they and their neighbours say."""
    known: defaultdict[TraceKey, OpenTrace] = defaultdict(OpenTrace)
    for key, found in facts.items():
        known[key].add(found, ())
    last: list[TraceKey] = [*known]
    for _ in range(MOST_ALIKE):
        calls = [(key, call) for key in last for call in known[key].unasked]
        pairs = [*sharing_calls(read, calls)]
        last = [*{other for _, other in pairs} - known.keys()]
        note_neighbours(known, pairs)
        for key, fact in stored_facts(read, last):
            known[key].add([fact], ())
    for key, hint in stored_hints(read, [*known]):
        known[key].add((), [hint])
    return {row[TRACE_ID]: row for row in trace_rows(known, list(facts), Places(read).shown)}


def difference(
    trace_id: bytes, stored: tuple[Any, ...] | None, due: tuple[Any, ...] | None
) -> Odd | None:
    """Return how a stored row differs from the one that is due, None when it does not."""
    if stored is None or due is None:
        return Odd(trace_id, (), stored, due)
    columns = tuple(
        name
        for name, here, there in zip(TRACE_COLUMNS, stored, due, strict=True)
        if here != there and plain(name, here) != plain(name, there)
    )
    return Odd(trace_id, columns, stored, due) if columns else None


def plain(name: str, value: Any) -> Any:
    """Return a value as it can be compared: what has no order of its own gets one."""
    if name in AS_A_SET:
        return sorted(value)
    return list(value) if isinstance(value, tuple | list) else value


def again(desk: Desk, project_id: str, odd: Odd) -> list[Odd]:
    """Return a trace that looked odd if it still does where nothing is half done."""

    def work(drain: Drain) -> list[Odd]:
        drain.settle()
        read = drain.store.written
        before = (int.from_bytes(odd.trace_id) - 1).to_bytes(16)
        rows = stored_rows(read, project_id, before, odd.trace_id)
        return compared(read, project_id, rows, facts_of(read, project_id, [odd.trace_id]))

    found = desk.handover.do(work)
    for _ in range(0 if desk.store.exclusive else LOOKS - 1):
        found = desk.handover.do(work) if found else found
    return found
