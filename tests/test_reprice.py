"""Prices that come late: what they would move, what they move, and that they move it once."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from spanledger_collector.drain import Drain
from spanledger_collector.pricebook import Pricebook
from spanledger_collector.spool import Cursor
from spanledger_collector.store import ClickHouseError, Store
from tests.finance import PRICE, add_price, balanced, call, gpt, reprice, spent
from tests.otlp import CAPTURES, NOON_NS, traces
from tests.pipeline import Pipeline, running
from tests.stores import both_stores

STORES = ["chdb"]

MOVED = {
    "calls": 7, "before_usd": "0", "after_usd": "0.00266", "change_usd": "0.00266",
    "unpriced_before": 7, "unpriced_after": 0,
}  # fmt: skip
PRICED = ("ver", "cost_usd", "cost_source", "price_status", "price_reason", "price_id",
          "price_version", "model_priced", "computed_usd", "bill_meters", "bill_quantities",
          "bill_rates_usd", "bill_usd")  # fmt: skip


@pytest.fixture
def beside(clickhouse: str, database: str, tmp_path: Path) -> Iterator[tuple[Pipeline, Pipeline]]:
    """Return two pipelines, each with a spool of its own, before one database of a server."""
    with ExitStack() as stack:
        found = []
        for name in ("a", "b"):
            (tmp_path / name).mkdir()
            store = stack.enter_context(closing(Store(clickhouse, database=database, readers=1)))
            found.append(stack.enter_context(running(store, tmp_path / name)))
        yield found[0], found[1]


def at_next(
    store: Store, table: str, act: Callable[[], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Do something else just before a store next writes a table."""
    write = store.insert

    def insert(name: str, columns: Any, token: str = "") -> None:
        if name == table:
            monkeypatch.setattr(store, "insert", write)
            act()
        write(name, columns, token)

    monkeypatch.setattr(store, "insert", insert)


def test_a_count_of_before_a_repricing_that_is_written_after_it_does_not_hold(
    beside: tuple[Pipeline, Pipeline], monkeypatch: pytest.MonkeyPatch
):
    here, there = beside
    here.post("traces", traces(call(1)))
    add_price(here)
    # `there` has read the facts of before, and its row lands last
    at_next(there.store, "traces", lambda: reprice(here), monkeypatch)
    there.drain.recompute([("default", (1).to_bytes(16))])
    assert spent(here) == ("0.00038", 0)
    assert balanced(here)


def test_a_span_that_another_process_counts_in_the_middle_of_a_repricing_undoes_none_of_it(
    beside: tuple[Pipeline, Pipeline], monkeypatch: pytest.MonkeyPatch
):
    here, there = beside
    here.post("traces", traces(call(1)))
    add_price(here)
    other = gpt(2)
    other.trace_id = (1).to_bytes(16)
    # totals of the new price are written, the repriced span is not yet
    at_next(here.store, "spans", lambda: there.post("traces", traces(other)), monkeypatch)
    assert reprice(here)["spans"] == 1
    assert spent(here) == ("0.00988", 0)
    assert balanced(here)


@pytest.fixture
def pipeline(store: Store, tmp_path: Path) -> Iterator[Pipeline]:
    with running(store, tmp_path) as found:
        yield found


def row(store: Store, number: int) -> dict[str, Any]:
    """Return every column of the span of a call."""
    ids = {"project": "default", "traces": [number.to_bytes(16).hex()]}
    (found,) = store.rows("span_rows", **ids, spans=[number.to_bytes(8).hex()])
    return found


@both_stores
def test_a_price_added_late_is_shown_dry_then_written_audited_and_moves_nothing_twice(
    pipeline: Pipeline,
):
    pipeline.post("traces", traces(*(call(n, days_ago=n) for n in range(1, 8)), gpt(9)))
    add_price(pipeline)
    dry = reprice(pipeline, dry_run=True)
    assert (dry["total"], dry["spans"], dry["traces"]) == (MOVED, 7, 7)
    assert dry["models"] == [{"provider": "vllm", "model": "llama-3.3-70b", "moved": MOVED}]
    assert [(d["day"], d["moved"]["change_usd"]) for d in dry["days"]] == [
        (f"2026-11-{day}", "0.00038") for day in range(14, 21)
    ]
    assert spent(pipeline) == ("0.0095", 7)

    assert reprice(pipeline, by="ann", note="invoice of October") == dry | {"dry_run": False}
    assert spent(pipeline) == ("0.01216", 0)
    assert balanced(pipeline)
    (entry,) = [e for e in pipeline.get("audit")["items"] if e["action"] == "reprice"]
    assert entry == {
        "at": "2026-11-21T12:00:00.000000000Z", "actor": "ann", "action": "reprice",
        "subject": "2026-11-01T00:00:00.000000000Z to 2026-12-01T00:00:00.000000000Z, every model,"
        " unpriced",
        "before": {"vllm/llama-3.3-70b": [7, "0", 7]},
        "after": {"vllm/llama-3.3-70b": [7, "0.00266", 0]},
        "note": "invoice of October",
    }  # fmt: skip

    assert reprice(pipeline, only="all")["spans"] == 0
    assert spent(pipeline) == ("0.01216", 0)
    assert len([e for e in pipeline.get("audit")["items"] if e["action"] == "reprice"]) == 1


def test_a_rewritten_span_keeps_every_column_that_no_price_decides(
    pipeline: Pipeline, store: Store
):
    pipeline.post("traces", traces(call(1, session__id="s", user__id="ü")))
    before = row(store, 1)
    add_price(pipeline)
    reprice(pipeline)
    after = row(store, 1)
    assert after["ver"] == before["ver"] + 1
    assert after["bill_usd"] == [Decimal("0.0003"), Decimal("0.00008")]
    assert {k: v for k, v in after.items() if k not in PRICED} == {
        k: v for k, v in before.items() if k not in PRICED
    }
    pipeline.restart()
    assert pipeline.get("sessions/s")["totals"]["cost_usd"] == "0.00038"


def test_only_what_was_asked_for_is_priced_anew(pipeline: Pipeline):
    pipeline.post("traces", traces(gpt(1), gpt(2, days_ago=5), call(3), call(4, days_ago=5)))
    add_price(pipeline)
    add_price(
        pipeline, id="deal", provider="openai", model="*", usd_per_mtok=None, multiplier="0.9"
    )
    day = {"from": "2026-11-16T00:00:00Z", "to": "2026-11-17T00:00:00Z"}
    asked: dict[str, dict[str, Any]] = {
        "unpriced": {}, "all": {"only": "all"}, "day": day, "all of a day": day | {"only": "all"},
        "model": {"only": "all", "model": "gpt-4o-2024-08-06"},
        "provider": {"only": "all", "provider": "vllm"},
    }  # fmt: skip
    moved = {
        name: reprice(pipeline, dry_run=True, **how)["total"]["change_usd"]
        for name, how in asked.items()
    }
    assert moved == {
        "unpriced": "0.00076", "all": "-0.00114", "day": "0.00038", "all of a day": "-0.00057",
        "model": "-0.0019", "provider": "0.00076",
    }  # fmt: skip


def test_an_upgraded_catalogue_changes_nothing_by_itself(
    pipeline: Pipeline, store: Store, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("spanledger_collector.prices.catalogue.VERSION", "genai-prices-0.1.0")
    then = {"id": "then", "provider": "openai", "model": "*", "multiplier": "2"}
    pipeline.ask("POST", "prices", 201, json=then)  # stands for what another catalogue says
    pipeline.post("traces", traces(gpt(1)))
    pipeline.ask("DELETE", "prices/then")
    monkeypatch.undo()
    pipeline.restart()
    pipeline.post("traces", traces(gpt(2)))
    for _ in range(2):
        assert pipeline.drain.book.version.startswith("genai-prices-0.2.3")
        assert row(store, 1)["price_version"].startswith("genai-prices-0.1.0")
        assert row(store, 1)["cost_usd"] == 2 * row(store, 2)["cost_usd"] == Decimal("0.019")
        assert spent(pipeline) == ("0.0285", 0)
        assert reprice(pipeline)["spans"] == 0  # only what has no price, unless told otherwise
        pipeline.drain.recompute([("default", (1).to_bytes(16))])
    assert reprice(pipeline, only="all", dry_run=True)["total"]["change_usd"] == "-0.0095"


def test_a_replay_of_the_spool_is_older_than_a_repricing_and_a_resend_is_newer(
    pipeline: Pipeline, store: Store, tmp_path: Path
):
    pipeline.post("traces", traces(call(1)))
    add_price(pipeline)
    reprice(pipeline)
    again = Cursor(tmp_path / "again.spool")
    without_prices = Drain(store, Pricebook(), most_items=1000)
    assert without_prices.step(pipeline.reader, again) == 1
    again.close()
    assert spent(pipeline) == ("0.00038", 0)
    assert balanced(pipeline)

    pipeline.now_ns += 1_000_000_000
    pipeline.send("traces", traces(call(1, gen_ai__usage__output_tokens=0)))
    pipeline.settle()
    assert spent(pipeline) == ("0.0003", 0)
    assert balanced(pipeline)


@pytest.mark.parametrize("refused", ["audit", "spans", "traces"])
def test_a_repricing_that_was_cut_off_is_finished_by_the_next(
    pipeline: Pipeline, store: Store, refused: str, monkeypatch: pytest.MonkeyPatch
):
    pipeline.post("traces", traces(call(1), call(2)))
    add_price(pipeline)
    insert = store.insert

    def failing(table: str, columns: Any) -> None:
        if table == refused:
            raise ClickHouseError("away")
        insert(table, columns)

    monkeypatch.setattr(store, "insert", failing)
    pipeline.ask("POST", "reprice", 503, json={"from": "2026-11-01T00:00:00Z",
                 "to": "2026-12-01T00:00:00Z", "dry_run": False})  # fmt: skip
    monkeypatch.undo()
    assert reprice(pipeline)["spans"] == 2
    assert spent(pipeline) == ("0.00076", 0)
    assert balanced(pipeline)


def test_a_call_that_its_trace_counts_elsewhere_moves_no_dollars(pipeline: Pipeline):
    name = "openinference-langchain__langgraph-refund-retry"
    pipeline.post("traces", (CAPTURES / f"{name}.pb").read_bytes())
    before = spent(pipeline)[0]
    half = {"id": "half", "provider": "openai", "model": "*", "multiplier": "0.5"}
    pipeline.ask("POST", "prices", 201, json=half)
    found = reprice(pipeline, only="all")
    assert found["total"]["before_usd"] == before
    assert spent(pipeline)[0] == found["total"]["after_usd"]
    assert balanced(pipeline)


def test_one_repricing_runs_at_a_time(pipeline: Pipeline):
    with pipeline.desk.repricing:
        said = pipeline.ask("POST", "reprice", 409, json={
            "from": "2026-11-01T00:00:00Z", "to": "2026-12-01T00:00:00Z"})  # fmt: skip
    assert said["detail"] == "another repricing is running; wait until it is done"
    assert reprice(pipeline)["spans"] == 0


def test_a_call_of_an_impossible_clock_is_priced_anew_at_the_moment_it_names(
    pipeline: Pipeline, store: Store
):
    pipeline.post("traces", traces(call(1, days_ago=60)))
    assert row(store, 1)["started_at"] == NOON_NS
    add_price(pipeline)
    assert reprice(pipeline)["spans"] == 0
    add_price(pipeline, id="september", effective_from="2026-09-01T00:00:00Z",
              effective_to=PRICE["effective_from"])  # fmt: skip
    assert reprice(pipeline)["total"]["after_usd"] == "0.00038"
