"""Touched traces to rows of `traces`: recomputed whole, never incremented.

Takes the facts that just arrived, joins them to those of the same traces that are stored, asks
`reconcile` and writes the answer. Keeps the facts of recently touched traces at hand, so that a
flush costs what arrived and not what its traces already hold; where others write the same
database that memory would lie, and every touched trace is read back.
"""

from collections import OrderedDict, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

from spanledger_collector.reconcile import Fact, Hint, verdict
from spanledger_collector.store import Store
from spanledger_collector.totals import TRACE_COLUMNS, trace_row
from spanledger_collector.write import NO_SPAN, columns

TraceKey = tuple[str, bytes]
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


class Rollup:
    """Keeps `traces` true to `spans`."""

    def __init__(self, store: Store, most_facts: int = MOST_FACTS) -> None:
        self._store = store
        self._most_facts = most_facts
        self._open: OrderedDict[TraceKey, OpenTrace] = OrderedDict()

    def refresh(
        self, facts: Mapping[TraceKey, Sequence[Fact]], hints: Mapping[TraceKey, Sequence[Hint]]
    ) -> None:
        """Recompute the traces of these facts and hints, which are stored already."""
        touched = list(dict.fromkeys((*facts, *hints)))
        self._read_back([key for key in touched if key not in self._open])
        for key in touched:
            self._open.setdefault(key, OpenTrace()).add(facts.get(key, ()), hints.get(key, ()))
        rows = [self._row(key) for key in touched if self._open[key].facts]
        self._store.insert("traces", columns(TRACE_COLUMNS, rows))
        self._forget(touched)

    def recompute(self, keys: Sequence[TraceKey]) -> None:
        """Recompute these traces from what is stored, whatever is at hand."""
        for key in keys:
            self._open.pop(key, None)
        self._read(keys)
        rows = [self._row(key) for key in keys if key in self._open]
        self._store.insert("traces", columns(TRACE_COLUMNS, rows))
        self._forget(keys)

    def _row(self, key: TraceKey) -> tuple[object, ...]:
        trace = self._open[key]
        facts = list(trace.facts.values())
        hints = sorted(trace.hints, key=lambda h: (h.span_id, h.session_id, h.user_id))
        return trace_row(*key, facts, verdict(facts, hints), len(hints))

    def _read_back(self, missing: Sequence[TraceKey]) -> None:
        """Fetch the traces that are stored among these; one without a row yet has nothing stored.

        That holds because a batch is confirmed only after its traces were written: what has no
        row comes again with its batch.
        """
        if self._store.exclusive and missing:
            known = self._store.written("known_traces", **parameters(missing))
            stored = set(zip(*known, strict=True)) if known else set()
            missing = [key for key in missing if key in stored]
        self._read(missing)

    def _read(self, keys: Sequence[TraceKey]) -> None:
        if not keys:
            return
        found = self._store.written("facts", **parameters(keys))
        for project_id, trace_id, *values in zip(*found, strict=True):
            self._at(project_id, trace_id).add([stored_fact(values)], ())
        found = self._store.written("trace_hints", **parameters(keys))
        for project_id, trace_id, *values in zip(*found, strict=True):
            self._at(project_id, trace_id).add((), [Hint(*values)])

    def _at(self, project_id: str, trace_id: bytes) -> OpenTrace:
        return self._open.setdefault((project_id, trace_id), OpenTrace())

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


def stored_fact(values: Sequence[object]) -> Fact:
    """Return a fact from the columns of `facts.sql`, after the project and the trace."""
    fact = Fact(*values)  # type: ignore[arg-type]  # the query and the class keep one order
    if fact.parent_span_id == NO_SPAN:
        fact.parent_span_id = b""
    fact.tags = tuple(fact.tags)
    return fact


def by_trace(items: Iterable[tuple[TraceKey, T]]) -> dict[TraceKey, list[T]]:
    """Return items grouped by their trace."""
    found: defaultdict[TraceKey, list[T]] = defaultdict(list)
    for key, item in items:
        found[key].append(item)
    return dict(found)
