"""Order of arrival, duplicates, merges, restarts and late prices never change a total."""

from collections.abc import Iterator
from itertools import chain, count, repeat
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spanledger_collector.ledger import own_prices, price_edits
from spanledger_collector.ledger.calls import CallFilter
from spanledger_collector.ledger.recount import recount
from spanledger_collector.ledger.reprice import reprice
from spanledger_collector.listing import Wanted, sessions
from spanledger_collector.query import END_OF_TIME_NS
from spanledger_collector.spool import Batch
from spanledger_collector.store import Store
from tests.finance import call, gpt
from tests.otlp import span, traces
from tests.pipeline import Pipeline, running

STORES = ["chdb"]

TRACE = b"t" * 16
PRICE = {"provider": "vllm", "model": "*", "usd_per_mtok": {"input": "0.10", "output": "0.40"}}

numbers = count(1)


def below(made: Any, parent: int) -> Any:
    """Return a span as part of the one trace, below another one."""
    made.trace_id, made.parent_span_id = TRACE, parent.to_bytes(8)
    return made


SPANS = [
    span(trace_id=TRACE, span_id=(1).to_bytes(8)),
    below(gpt(2), 1),
    below(call(3), 1),
    below(gpt(4, gen_ai__response__id="r1"), 1),
    below(gpt(5, gen_ai__response__id="r1"), 4),  # the client's own span of the same call
    below(call(6, session__id="s", user__id="u"), 2),
    gpt(7, session__id="s"),
]


def version(index: int, *, ended: bool) -> Any:
    """Return one of the spans, ended or still pending."""
    made = type(SPANS[index])()
    made.CopyFrom(SPANS[index])
    if not ended:
        made.end_time_unix_nano = 0
    return made


Delivery = list[tuple[int, bool]]

ENDED: Delivery = [(index, True) for index in range(len(SPANS))]

deliveries = st.lists(st.tuples(st.integers(0, len(SPANS) - 1), st.booleans()), max_size=6).flatmap(
    lambda extra: st.permutations(ENDED + extra)
)
happenings = st.lists(
    st.sampled_from(["", "", "drain", "restart", "merge", "price"]), min_size=13, max_size=13
)


@pytest.fixture
def pipeline(store: Store, tmp_path: Path) -> Iterator[Pipeline]:
    with running(store, tmp_path) as found:
        yield found


def told(pipeline: Pipeline, project: str, delivery: Delivery, between: list[str]) -> Any:
    """Return the sessions that come of spans delivered in this order, with this in between."""
    priced = False
    for (index, ended), happens in zip(delivery, chain(between, repeat("")), strict=False):
        pipeline.now_ns += 1
        body = traces(version(index, ended=ended))
        batch = Batch(0, pipeline.now_ns, project, "", "traces", "protobuf", 1, body)
        pipeline.spool.append(batch).result()
        if happens == "price" and not priced:
            add_price(pipeline, project)
            priced = True
        happen(pipeline, happens)
    if not priced:
        add_price(pipeline, project)
    pipeline.settle()
    everything = CallFilter(project, 0, END_OF_TIME_NS)
    reprice(pipeline.desk, everything, dry_run=False, by="", note="")
    assert recount(pipeline.desk, project).named == []
    return sessions(pipeline.store, project, Wanted(), 10)


def happen(pipeline: Pipeline, what: str) -> None:
    """Have something happen between two deliveries."""
    if what:
        pipeline.settle()
    if what == "restart":
        pipeline.restart()
    elif what == "merge":
        for table in ("spans", "traces"):
            pipeline.store._writer.command(f"OPTIMIZE TABLE {table} FINAL")


def add_price(pipeline: Pipeline, project: str) -> None:
    """Write down the price of our own model for one project."""
    plan = price_edits.append("price", project, PRICE | {"project_id": project})
    own_prices.change(pipeline.desk, plan)


@settings(max_examples=5, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(delivery=deliveries, between=happenings)
def test_totals_are_the_same_however_the_spans_and_the_price_came(
    pipeline: Pipeline, delivery: Delivery, between: list[str]
):
    plain = told(pipeline, f"p{next(numbers)}", ENDED, ["price"])
    rows, _ = plain
    assert [(r.id, r.traces, r.totals.calls, r.totals.cost_usd) for r in rows] == [
        ("s", 2, 5, "0.02926")
    ]
    assert told(pipeline, f"p{next(numbers)}", delivery, between) == plain
