"""Totals under everything that may happen to their spans, against the plainest sum of them.

Spans arrive in any order, late, twice, pending first or last; the drain stops and forgets, tables
are merged, a price comes and history is priced anew, a session is erased. Whenever nothing waits,
each session must show what adding up its spans by hand comes to.
"""

from decimal import Decimal
from itertools import count
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from spanledger_collector import erase
from spanledger_collector.erase import Subject
from spanledger_collector.ledger import own_prices, price_edits
from spanledger_collector.ledger.calls import CallFilter
from spanledger_collector.ledger.recount import recount
from spanledger_collector.ledger.reprice import reprice
from spanledger_collector.listing import Wanted, sessions
from spanledger_collector.query import END_OF_TIME_NS
from spanledger_collector.spool import Batch
from spanledger_collector.spoolwork import Yard
from tests.finance import call
from tests.otlp import NOON_NS, traces
from tests.pipeline import Pipeline

PRICE = {"provider": "vllm", "model": "*", "usd_per_mtok": {"input": "0.10", "output": "0.40"}}
TRACES = [1, 1, 1, 2, 2, 3]
"""Whose trace each call belongs to; the last of the first and the first of the second name `s`."""

SESSIONS = {2: "s", 3: "s"}
projects = count(1)
some = st.lists(st.integers(0, len(TRACES) - 1), min_size=1, max_size=3)


def sent(number: int, ended: bool) -> Any:
    """Return a call, with tokens of its own number, ended or still pending."""
    said: dict[str, str | int] = {"gen_ai__usage__input_tokens": 1000 + number}
    if number in SESSIONS:
        said["session__id"] = SESSIONS[number]
    made = call(number + 1, 0, NOON_NS, **said)
    made.trace_id = TRACES[number].to_bytes(16)
    if not ended:
        made.end_time_unix_nano = 0
    return made


class RollupMachine(RuleBasedStateMachine):
    """One project; `known` are the numbers of the calls that arrived, `alias` stands for `s`."""

    pipeline: ClassVar[Pipeline]

    def __init__(self) -> None:
        super().__init__()
        self.project = f"p{next(projects)}"
        self.known: set[int] = set()
        self.priced = False
        self.alias: dict[str, str] = {}

    @rule(which=some, ended=st.booleans(), drained=st.booleans())
    def arrive(self, which: list[int], ended: bool, drained: bool) -> None:
        self.pipeline.now_ns += 1
        body = traces(*(sent(number, ended) for number in which))
        now_ns = self.pipeline.now_ns
        batch = Batch(0, now_ns, self.project, "", "traces", "protobuf", len(which), body)
        self.pipeline.spool.append(batch).result()
        self.known.update(which)
        if drained:
            self.pipeline.settle()
            self.check()

    @rule(which=some)
    def arrive_after_a_restart(self, which: list[int]) -> None:
        self.pipeline.settle()
        self.pipeline.restart()
        self.arrive(which, ended=True, drained=True)

    @rule()
    def merge(self) -> None:
        for table in ("spans", "traces"):
            self.pipeline.store._writer.command(f"OPTIMIZE TABLE {table} FINAL")

    @precondition(lambda self: self.known)
    @rule()
    def price(self) -> None:
        """Price everything by a price of our own, written down the first time."""
        if not self.priced:
            plan = price_edits.append("price", self.project, PRICE | {"project_id": self.project})
            own_prices.change(self.pipeline.desk, plan)
            self.priced = True
        self.pipeline.settle()
        everything = CallFilter(self.project, 0, END_OF_TIME_NS)
        reprice(self.pipeline.desk, everything, dry_run=False, by="", note="")
        self.check(dollars=True)

    @rule()
    def forget_a_session(self) -> None:
        one = self.pipeline
        yard = Yard(one.desk.handover, lambda: {one.path.name: (one.reader, one.cursor)})
        one.now_ns += 1
        receipt = erase.erase(yard, Subject(self.project, "session", "s"), one.now_ns, "")
        self.alias["s"] = receipt.alias

    def check(self, dollars: bool = False) -> None:
        rows, _ = sessions(self.pipeline.store, self.project, Wanted(), 10)
        shown = {
            r.id: (r.traces, r.spans, r.totals.calls, r.totals.input_tokens, r.totals.output_tokens)
            for r in rows
        }
        expected = self.expected()
        assert shown == {name: plain(numbers) for name, numbers in expected.items()}
        if dollars:
            found = {r.id: Decimal(r.totals.cost_usd or 0) for r in rows}
            assert found == {name: usd(numbers) for name, numbers in expected.items()}

    def expected(self) -> dict[str, set[int]]:
        """Return the calls of each session: a trace without one is its own."""
        named = {TRACES[n]: SESSIONS[n] for n in self.known if n in SESSIONS}
        found: dict[str, set[int]] = {}
        for number in self.known:
            trace = TRACES[number]
            name = named.get(trace, trace.to_bytes(16).hex())
            found.setdefault(self.alias.get(name, name), set()).add(number)
        return found

    def teardown(self) -> None:
        self.pipeline.settle()
        self.check()
        assert recount(self.pipeline.desk, self.project).named == []


def rolling(pipeline: Pipeline) -> type[RollupMachine]:
    """Return the machine of a pipeline."""
    return type("RollupMachine", (RollupMachine,), {"pipeline": pipeline})


def plain(numbers: set[int]) -> tuple[int, int, int, int, int]:
    """Return what some calls come to: traces, spans, calls, tokens in and out."""
    many = len(numbers)
    return len({TRACES[n] for n in numbers}), many, many, many * 1000 + sum(numbers), many * 200


def usd(numbers: set[int]) -> Decimal:
    """Return what some calls cost."""
    _, _, _, tokens_in, tokens_out = plain(numbers)
    return (tokens_in * Decimal("0.10") + tokens_out * Decimal("0.40")) / 1_000_000
