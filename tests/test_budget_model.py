"""Budgets on the engine against a plain account: whatever comes, late, twice, with a new price or limit."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from spanledger_collector.ledger import own_prices, price_edits
from spanledger_collector.ledger.calls import CallFilter
from spanledger_collector.ledger.reprice import reprice
from spanledger_collector.query import END_OF_TIME_NS
from spanledger_collector.spool import Batch
from spanledger_collector.store import Store
from tests.finance import call
from tests.otlp import traces
from tests.pipeline import Pipeline, running

HOUR_NS = 3_600_000_000_000
BERLIN = ZoneInfo("Europe/Berlin")
BEGAN = datetime(2026, 10, 24, 20, tzinfo=UTC)  # the day after has 25 hours there
LIMITS = Decimal("0.02"), Decimal("0.01"), Decimal("0.05")
PERCENTS = (40, 100, 130)

GPT_USD, LLAMA_USD = Decimal("0.0095"), Decimal("0.00038")
PRICE = {"provider": "vllm", "model": "llama-3.3-70b",
         "usd_per_mtok": {"input": "0.10", "output": "0.40"}}  # fmt: skip

projects = count(1)


@dataclass
class Account:
    """What a plain addition says: the calls that arrived, and every threshold ever crossed."""

    calls: dict[int, tuple[datetime, bool]] = field(default_factory=dict)
    priced: bool = False
    limit: Decimal = LIMITS[0]
    limits: int = 1
    """How many limits there were, one after the other."""
    crossed: set[tuple[str, str, int]] = field(default_factory=set)

    written: datetime = BEGAN
    """When the budget was last written down."""

    def spent(self, now: datetime) -> Decimal:
        """Return what the calls of the day of `now` cost, on the clock of Berlin."""
        return self.spent_on(now.astimezone(BERLIN).date())

    def spent_on(self, today: date) -> Decimal:
        """Return what the calls of a day cost."""
        ours = [
            is_gpt for at, is_gpt in self.calls.values() if at.astimezone(BERLIN).date() == today
        ]
        llama = LLAMA_USD if self.priced else Decimal(0)
        return sum((GPT_USD if is_gpt else llama for is_gpt in ours), Decimal(0))

    def look(self, now: datetime) -> None:
        """Note what is crossed at the moment of an evaluation, under the limit that holds.

        Today, and yesterday for a day after it, unless the budget was written down since.
        """
        today = now.astimezone(BERLIN).date()
        self.look_at(today)
        if now - midnight(today) <= timedelta(days=1) and self.written < midnight(today):
            self.look_at(today - timedelta(days=1))

    def look_at(self, day: date) -> None:
        """Note what is crossed on a day."""
        begins = f"{midnight(day):%Y-%m-%dT%H:%M}"
        spent = self.spent_on(day)
        self.crossed |= {
            (begins, f"actual:{percent}", self.limits)
            for percent in PERCENTS
            if spent >= self.limit * percent / 100
        }


def midnight(day: date) -> datetime:
    """Return the first moment of a day in Berlin."""
    return datetime.combine(day, datetime.min.time(), BERLIN).astimezone(UTC)


HAPPENINGS = st.lists(
    st.one_of(
        st.tuples(st.just("call"), st.integers(0, 6), st.integers(0, 30)),
        st.tuples(st.just("pass"), st.integers(1, 14), st.just(0)),
        st.tuples(st.just("limit"), st.integers(0, 2), st.just(0)),
        st.tuples(st.sampled_from(["restart", "price"]), st.just(0), st.just(0)),
    ),
    min_size=4,
    max_size=14,
)
"""A call of this number that began so many hours ago, hours that pass, a limit, a restart, a price."""


LONG_DAY = [
    ("pass", 3, 0), ("call", 0, 0), ("call", 2, 2), ("call", 0, 0), ("restart", 0, 0), ("call", 1, 3),
    ("pass", 14, 0), ("call", 4, 0), ("price", 0, 0), ("pass", 9, 0), ("call", 4, 0), ("call", 6, 4),
]  # fmt: skip
"""Into the day of 25 hours and past it: a call twice, one moved to another day, late ones, a price."""


OTHER_LIMITS = [
    ("call", 0, 0), ("limit", 1, 0), ("limit", 1, 0), ("call", 2, 0), ("limit", 2, 0), ("restart", 0, 0),
    ("limit", 1, 0), ("limit", 0, 0), ("pass", 14, 0), ("call", 4, 0), ("limit", 1, 0),
]  # fmt: skip
"""Less, the same again, more than is spent, a limit that held before, and the first one; a new day."""


OF_YESTERDAY = [
    ("call", 0, 0), ("pass", 5, 0), ("call", 2, 6), ("call", 4, 6), ("restart", 0, 0), ("call", 1, 6),
    ("limit", 1, 0), ("call", 6, 6),
]  # fmt: skip
"""Calls of the day before, until another limit holds."""


@pytest.fixture
def pipeline(embedded: Store, tmp_path: Path) -> Iterator[Pipeline]:
    with running(embedded, tmp_path) as found:
        yield found


class Run:
    """One history: a project with a budget of its own, on the clock of the pipeline."""

    def __init__(self, pipeline: Pipeline) -> None:
        self.pipeline, self.project = pipeline, f"p{next(projects)}"
        self.account = Account()
        pipeline.now_ns = round(BEGAN.timestamp()) * 1_000_000_000
        self.ask("POST", "budgets", 201, json=self.wanted())

    def wanted(self) -> dict[str, Any]:
        """Return the budget as the account has it; its note is another every time."""
        return {"id": self.project, "name": "all", "limit": str(self.account.limit),
                "thresholds": [{"percent": p} for p in PERCENTS], "note": str(self.pipeline.now_ns),
                "period": {"unit": "day", "zone": "Europe/Berlin"}}  # fmt: skip

    @property
    def now(self) -> datetime:
        return datetime.fromtimestamp(self.pipeline.now_ns // 1_000_000_000, UTC)

    def ask(self, method: str, path: str, status: int = 200, **how: Any) -> Any:
        headers = {"x-spanledger-project": self.project}
        return self.pipeline.ask(method, path, status, headers=headers, **how)

    def happen(self, what: str, number: int, hours_ago: int) -> None:
        """Have something happen, here and in the plain account; a minute later than the last."""
        self.pipeline.now_ns += 60_000_000_000
        if what == "call":
            self.call(number, hours_ago)
        elif what == "pass":
            self.pipeline.now_ns += number * HOUR_NS
        elif what == "restart":
            self.pipeline.restart()
        elif what == "limit":
            self.change_limit(LIMITS[number])
        elif not self.account.priced:
            self.price()
        self.pipeline.settle()
        self.pipeline.budgets.run()
        self.account.look(self.now)

    def call(self, number: int, hours_ago: int) -> None:
        """Deliver a call; one that was there already is replaced, as when an exporter repeats it."""
        self.pipeline.now_ns += 1
        at_ns = self.pipeline.now_ns - hours_ago * HOUR_NS
        is_gpt = number % 2 == 0
        model: dict[str, Any] = {
            "gen_ai__provider__name": "openai",
            "gen_ai__response__model": "gpt-4o-2024-08-06",
        }
        made = call(number + 1, now_ns=at_ns, **(model if is_gpt else {}))
        body = traces(made)
        batch = Batch(0, self.pipeline.now_ns, self.project, "", "traces", "protobuf", 1, body)
        self.pipeline.spool.append(batch).result()
        at = datetime.fromtimestamp(at_ns // 1_000_000_000, UTC)
        self.account.calls[number] = at, is_gpt

    def change_limit(self, limit: Decimal) -> None:
        """Write the budget down anew; where its limit is what it was, only the note changes."""
        self.pipeline.now_ns += 1
        if limit != self.account.limit:
            self.account.limit, self.account.limits = limit, self.account.limits + 1
        self.account.written = self.now
        self.ask("PUT", f"budgets/{self.project}", json=self.wanted())

    def price(self) -> None:
        """Give our own model its price, for the calls of the past too."""
        self.account.priced = True
        own_prices.change(
            self.pipeline.desk,
            price_edits.append("price", self.project, PRICE | {"project_id": self.project}),
        )
        everything = CallFilter(self.project, 0, END_OF_TIME_NS)
        reprice(self.pipeline.desk, everything, dry_run=False, by="", note="")

    def fired(self) -> Counter[tuple[str, str]]:
        """Return how often each threshold of each period was told."""
        found: Counter[tuple[str, str]] = Counter()
        for alert in self.ask("GET", "alerts", params={"days": 3660}):
            found[alert["period_start"][:16], alert["threshold"]] += alert["told"]
        return found


@settings(
    max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(happenings=HAPPENINGS)
@example(happenings=LONG_DAY)
@example(happenings=OTHER_LIMITS)
@example(happenings=OF_YESTERDAY)
def test_exactly_the_thresholds_of_a_plain_addition_are_told_once_each(
    pipeline: Pipeline, happenings: list[tuple[str, int, int]]
):
    run = Run(pipeline)
    for happening in happenings:
        run.happen(*happening)
    assert run.fired() == Counter((begins, key) for begins, key, _ in run.account.crossed)
    (standing,) = run.ask("GET", "budgets/standings")["standings"]
    assert Decimal(standing["spent"]) == run.account.spent(run.now)
    pipeline.api.delete(
        f"/api/v1/budgets/{run.project}", headers={"x-spanledger-project": run.project}
    )
