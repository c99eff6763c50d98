"""Touched traces to rows of `traces`: recomputed whole, never incremented.

Takes the facts that just arrived, joins them to those of the same traces that are stored, asks
`reconcile` and writes the answer. Keeps the facts of recently touched traces at hand, so that a
flush costs what arrived and not what its traces already hold; where others write the same
database that memory would lie, and every touched trace is read back.
"""

from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from spanledger_collector import failpoints
from spanledger_collector.failpoints import Point
from spanledger_collector.lifetimes import Lifetimes
from spanledger_collector.reconcile import Fact, Hint, verdict
from spanledger_collector.store import Store
from spanledger_collector.totals import TRACE_COLUMNS, trace_row
from spanledger_collector.understand import ENDED
from spanledger_collector.write import NO_SPAN, columns

TraceKey = tuple[str, bytes]
Read = Callable[..., Sequence[Sequence[Any]]]
"""The name of a query and its parameters in, columns out: `Store.written` or `Store.columns`."""

T = TypeVar("T")

MOST_FACTS = 200_000
"""Facts kept at hand, about 1 kB each."""


class OpenTrace:
    """Everything known of one trace: the newest fact of each span, and hints from log records."""

    def __init__(self) -> None:
        self.facts: dict[bytes, Fact] = {}
        self.hints: set[Hint] = set()

    def add(self, facts: Iterable[Fact], hints: Iterable[Hint]) -> None:
        """Take facts and hints in; of two facts about one span the later version stays."""
        for fact in facts:
            if (known := self.facts.get(fact.span_id)) is None or fact.ver >= known.ver:
                self.facts[fact.span_id] = fact
        self.hints.update(hints)

    @property
    def received_ns(self) -> int:
        """Return when the last of its spans was received."""
        return max((fact.ver & ~ENDED for fact in self.facts.values()), default=0)


class Rollup:
    """Keeps `traces` true to `spans`."""

    def __init__(
        self, store: Store, most_facts: int = MOST_FACTS, lifetimes: Lifetimes | None = None
    ) -> None:
        self._store = store
        self._lifetimes = lifetimes or Lifetimes(store)
        self._most_facts = most_facts
        self._open: OrderedDict[TraceKey, OpenTrace] = OrderedDict()
        self.rows_lost = False  # a trace without a row may have spans after all

    def refresh(
        self, facts: Mapping[TraceKey, Sequence[Fact]], hints: Mapping[TraceKey, Sequence[Hint]]
    ) -> None:
        """Recompute the traces of these facts and hints, which are stored already."""
        touched = list(dict.fromkeys((*facts, *hints)))
        self._read_back([key for key in touched if key not in self._open])
        failpoints.reach(Point.ROLLUP_READ_BACK)
        for key in touched:
            self._open.setdefault(key, OpenTrace()).add(facts.get(key, ()), hints.get(key, ()))
        self._write([key for key in touched if self._open[key].facts])
        self._forget(touched)

    def recompute(self, keys: Sequence[TraceKey]) -> None:
        """Recompute these traces from what is stored, whatever is at hand."""
        self.forget(keys)
        self._read(keys, keys)
        found = [key for key in keys if key in self._open]  # the others have nothing stored
        self._write([key for key in found if self._open[key].facts])
        self._forget(found)

    def forget(self, keys: Iterable[TraceKey]) -> None:
        """Let go of what is at hand of these traces; the store tells it anew when it is needed."""
        for key in keys:
            self._open.pop(key, None)

    def _write(self, keys: Sequence[TraceKey]) -> None:
        rows = columns(TRACE_COLUMNS, map(self._row, keys))
        received = [self._open[key].received_ns for key in keys]
        dated = self._lifetimes.dated({**rows, "received_at": received}, "ledger_days")
        failpoints.reach(Point.ROLLUP_COMPUTED)
        self._store.insert("traces", dated)
        failpoints.reach(Point.ROLLUP_STORED)

    def _row(self, key: TraceKey) -> tuple[object, ...]:
        trace = self._open[key]
        facts = list(trace.facts.values())
        hints = sorted(trace.hints, key=lambda h: (h.span_id, h.session_id, h.user_id))
        return trace_row(*key, facts, verdict(facts, hints), len(hints))

    def _read_back(self, missing: Sequence[TraceKey]) -> None:
        """Fetch what is stored of these traces; one that has no row yet has no spans stored.

        That holds because a batch is confirmed only after its traces were written: what has no
        row comes again with its batch.
        """
        if not missing:
            return
        with_row = missing
        if self._store.exclusive and not self.rows_lost:
            rows = self._store.written("known_traces", **parameters(missing))
            known = set(zip(*rows, strict=True))
            with_row = [key for key in missing if key in known]
        self._read(with_row, missing)

    def _read(self, with_spans: Sequence[TraceKey], with_records: Sequence[TraceKey]) -> None:
        """Fetch the facts of some traces, and the hints of some."""
        for key, fact in stored_facts(self._store.written, with_spans):
            self._open.setdefault(key, OpenTrace()).add([fact], ())
        for key, hint in stored_hints(self._store.written, with_records):
            self._open.setdefault(key, OpenTrace()).add((), [hint])

    def _forget(self, touched: Sequence[TraceKey]) -> None:
        """Let go of what was not touched for longest, or of everything where others write too."""
        if not self._store.exclusive:
            self._open.clear()
            return
        for key in touched:
            self._open.move_to_end(key)
        kept = sum(len(trace.facts) for trace in self._open.values())
        while kept > self._most_facts:
            _, trace = self._open.popitem(last=False)
            kept -= len(trace.facts)


def parameters(keys: Sequence[TraceKey]) -> dict[str, list[str]]:
    """Return trace keys as the parameters of a query over some traces."""
    return {"projects": [p for p, _ in keys], "traces": [t.hex() for _, t in keys]}


def stored_facts(read: Read, keys: Sequence[TraceKey]) -> Iterator[tuple[TraceKey, Fact]]:
    """Yield the facts of some traces as they are stored, newest version of each span."""
    if not keys:
        return
    for project_id, trace_id, *values in zip(*read("facts", **parameters(keys)), strict=True):
        fact = Fact(*values)  # the query and the class keep one order
        if fact.parent_span_id == NO_SPAN:
            fact.parent_span_id = b""
        fact.tags = tuple(fact.tags)
        yield (project_id, trace_id), fact


def stored_hints(read: Read, keys: Sequence[TraceKey]) -> Iterator[tuple[TraceKey, Hint]]:
    """Yield what the stored log records of some traces know about them."""
    if not keys:
        return
    for project_id, trace_id, *values in zip(*read("trace_hints", **parameters(keys)), strict=True):
        yield (project_id, trace_id), Hint(*values)


def by_trace(items: Iterable[tuple[TraceKey, T]]) -> dict[TraceKey, list[T]]:
    """Return items grouped by their trace."""
    found: defaultdict[TraceKey, list[T]] = defaultdict(list)
    for key, item in items:
        found[key].append(item)
    return dict(found)
