"""Touched traces to rows of `traces`: recomputed whole, never incremented.

Takes the facts that just arrived, joins them to those of the same traces that are stored, asks
`reconcile` and writes the answer. Keeps the facts of recently touched traces at hand, so that a
flush costs what arrived and not what its traces already hold; where others write the same
database that memory would lie, and every touched trace is read back.
"""

from collections import OrderedDict, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, MutableMapping, Sequence
from typing import Any, TypeVar

from spanledger_collector import failpoints
from spanledger_collector.debts import Debts
from spanledger_collector.failpoints import Point
from spanledger_collector.lifetimes import Lifetimes
from spanledger_collector.places import Most, Places
from spanledger_collector.reconcile import Fact, Hint, verdict
from spanledger_collector.reconcile.account import Account, TraceKey
from spanledger_collector.reconcile.across import neighbours, settled
from spanledger_collector.reconcile.lookalikes import MOST_ALIKE
from spanledger_collector.sharing import may_be_shared, sharing_calls
from spanledger_collector.store import Read, Store
from spanledger_collector.totals import TRACE_COLUMNS, Shown, trace_row, weight
from spanledger_collector.understand import ENDED
from spanledger_collector.write import NO_SPAN, columns

__all__ = ["Rollup", "TraceKey"]

T = TypeVar("T")

MOST_FACTS = 200_000
"""Facts kept at hand, about 1 kB each."""


class OpenTrace:
    """Everything known of one trace: the newest fact of each span, and hints from log records.

    `neighbours` are traces that seem to tell of calls of this one; `unasked` are calls for which
    nobody has looked for any yet.
    """

    def __init__(self) -> None:
        self.facts: dict[bytes, Fact] = {}
        self.hints: set[Hint] = set()
        self.unasked: list[Fact] = []
        self.neighbours: set[TraceKey] = set()

    def add(self, facts: Iterable[Fact], hints: Iterable[Hint]) -> None:
        """Take facts and hints in; of two facts about one span the later version stays."""
        for fact in facts:
            if (known := self.facts.get(fact.span_id)) is None or fact.ver >= known.ver:
                self.facts[fact.span_id] = fact
                if may_be_shared(fact):
                    self.unasked.append(fact)
        self.hints.update(hints)

    @property
    def received_ns(self) -> int:
        """Return when the last of its spans was received."""
        return max((fact.ver & ~ENDED for fact in self.facts.values()), default=0)

    def account(self) -> Account:
        """Return what the trace comes to alone."""
        hints = sorted(self.hints, key=lambda h: (h.span_id, h.session_id, h.user_id))
        return Account(self.facts, verdict(list(self.facts.values()), hints))


class Rollup:
    """Keeps `traces` true to `spans`."""

    def __init__(
        self,
        store: Store,
        most_facts: int = MOST_FACTS,
        lifetimes: Lifetimes | None = None,
        most: Most = Most(),  # noqa: B008 – frozen
    ) -> None:
        self._store = store
        self._lifetimes = lifetimes or Lifetimes(store)
        self._places = Places(store.written, most)
        self._most_facts = most_facts
        self._open: OrderedDict[TraceKey, OpenTrace] = OrderedDict()
        self.debts = Debts()
        self.rows_lost = False  # a trace without a row may have spans after all

    def refresh(
        self,
        facts: Mapping[TraceKey, Sequence[Fact]],
        hints: Mapping[TraceKey, Sequence[Hint]],
        put_off: bool = False,
    ) -> None:
        """Recompute the traces of these facts and hints, which are stored already.

        Args:
            facts: by trace.
            hints: by trace.
            put_off: large traces may wait; the caller then has to note durably what `debts` owe.
        """
        touched = list(dict.fromkeys((*facts, *hints)))
        later = self.debts.put_off(touched) if put_off else frozenset()
        at_once = [key for key in touched if key not in later]
        self._read_back([key for key in at_once if key not in self._open])
        failpoints.reach(Point.ROLLUP_READ_BACK)
        for key in touched:
            if key in later and key not in self._open:
                continue  # it is read back when its turn comes; half of it would mislead
            self._open.setdefault(key, OpenTrace()).add(facts.get(key, ()), hints.get(key, ()))
        self._write(at_once)
        self._forget(touched)

    def pay(self, keys: Sequence[TraceKey]) -> None:
        """Recompute traces that were put off."""
        if not keys:
            return
        gone = [key for key in keys if key not in self._open]
        self._read(gone, gone)
        for key in keys:
            if key not in self._open or not self._open[key].facts:
                self.debts.paid(key, 0)  # nothing is stored of it any more
        self._write(keys)

    def recompute(self, keys: Sequence[TraceKey], *, knowing_less: bool = False) -> None:
        """Recompute these traces from what is stored, whatever is at hand.

        `knowing_less`: spans were removed, so that the rows which counted them have to go first.
        """
        self.forget(keys)
        self._read(keys, keys)
        if knowing_less and keys:
            self._store.change("delete_traces", **parameters(keys))
        self._write(keys)

    def sharing(self, keys: Sequence[TraceKey]) -> list[TraceKey]:
        """Return these traces and those that tell of a call of theirs, as far as it is stored."""
        self._read_back([key for key in keys if key not in self._open])
        return self._together(keys)

    def forget(self, keys: Iterable[TraceKey]) -> None:
        """Let go of what is at hand of these traces; the store tells it anew when it is needed."""
        for key in keys:
            self._open.pop(key, None)

    def _write(self, touched: Sequence[TraceKey]) -> None:
        """Write the rows of traces, and of those with which they share a call."""
        due = self._together(touched)
        around = [*dict.fromkeys([*due, *self._neighbours(due)])]
        known = {key: trace for key in around if (trace := self._open.get(key)) and trace.facts}
        told = [key for key in due if key in known]
        rows = columns(TRACE_COLUMNS, trace_rows(known, told, self._places.admitted))
        received = [known[key].received_ns for key in told]
        dated = self._lifetimes.dated({**rows, "received_at": received}, "ledger_days")
        failpoints.reach(Point.ROLLUP_COMPUTED)
        self._store.insert("admitted", self._places.new())  # before what shows it
        self._places.kept(self._store.exclusive)
        self._store.insert("traces", dated)
        failpoints.reach(Point.ROLLUP_STORED)
        for key in told:
            self.debts.paid(key, len(known[key].facts))
        self._forget(due)

    def _together(self, keys: Sequence[TraceKey]) -> list[TraceKey]:
        """Return these traces and those whose calls hang on theirs, by way of others too."""
        found = dict.fromkeys(keys)
        last: Sequence[TraceKey] = keys
        for _ in range(MOST_ALIKE):  # what hangs together further off is not settled at all
            last = [key for key in self._neighbours(last) if key not in found]
            if not last:
                break
            found |= dict.fromkeys(last)
        return [*found]

    def _neighbours(self, keys: Sequence[TraceKey]) -> list[TraceKey]:
        """Return the traces that seem to share a call with one of these, and have them at hand."""
        at_hand = {key: self._open[key] for key in keys if key in self._open}
        unasked = [(key, call) for key, trace in at_hand.items() for call in trace.unasked]
        pairs = [*sharing_calls(self._store.written, unasked)]
        missing = [*dict.fromkeys(other for _, other in pairs if other not in self._open)]
        self._read(missing, missing)
        for trace in at_hand.values():
            trace.unasked.clear()
        note_neighbours(self._open, pairs)
        return self._at_hand({n for trace in at_hand.values() for n in trace.neighbours})

    def _at_hand(self, keys: Collection[TraceKey]) -> list[TraceKey]:
        """Return traces in order, those fetched that were let go of."""
        missing = [key for key in sorted(keys) if key not in self._open]
        self._read(missing, missing)
        return sorted(keys)

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
        for key in filter(self._open.__contains__, touched):
            self._open.move_to_end(key)
        kept = sum(len(trace.facts) for trace in self._open.values())
        while kept > self._most_facts:
            _, trace = self._open.popitem(last=False)
            kept -= len(trace.facts)


def trace_rows(
    known: Mapping[TraceKey, OpenTrace], due: Sequence[TraceKey], shown: Shown
) -> list[tuple[Any, ...]]:
    """Return the rows of some traces.

    Args:
        known: these traces, and all that share a call with one of them, each with a fact at least.
        due: whose rows are wanted.
        shown: says under which name totals show a model or a tag.
    """
    accounts = {key: trace.account() for key, trace in known.items()}
    meeting = {key: accounts[key] for key, trace in known.items() if trace.neighbours}
    beside, verdicts = neighbours(meeting), settled(meeting)
    return [
        trace_row(
            *key,
            list(known[key].facts.values()),
            (verdicts[key] if key in verdicts else accounts[key].verdict),
            len(known[key].hints) + sum(knowledge(known[other]) for other in beside.get(key, ())),
            shown,
        )
        for key in due
    ]


def note_neighbours(
    traces: MutableMapping[TraceKey, OpenTrace], pairs: Iterable[tuple[TraceKey, TraceKey]]
) -> None:
    """Note in both of two traces that they seem to share a call."""
    for one, other in pairs:
        traces.setdefault(one, OpenTrace()).neighbours.add(other)
        traces.setdefault(other, OpenTrace()).neighbours.add(one)


def knowledge(trace: OpenTrace) -> int:
    """Return how much is known of a trace, as versions of rows count it."""
    return len(trace.hints) + weight(list(trace.facts.values()))


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
