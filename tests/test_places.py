"""Totals tell only so many models and tags of a day apart, and always the same ones."""

import logging
from collections import Counter
from decimal import Decimal

import pytest

from spanledger_collector.drain import Drain
from spanledger_collector.ledger.desk import Desk
from spanledger_collector.ledger.recount import recount
from spanledger_collector.places import DAY_NS, Most
from spanledger_collector.pricebook import Pricebook
from spanledger_collector.reconcile import Fact
from spanledger_collector.rollup import Rollup
from spanledger_collector.store import Store
from spanledger_collector.totals import TRACE_COLUMNS
from spanledger_schema.sql import migrations
from tests.facts import NOON_NS, call
from tests.pipeline import AtOnce
from tests.test_rollup import stored

STORES = ["chdb"]

FEW = Most(models=2, tags=1)


def told(store: Store, rollup: Rollup, number: int, model: str, *tags: str, day: int = 0) -> Fact:
    """Store a trace of one call and roll it up."""
    start_ns = NOON_NS + day * DAY_NS
    fact = call(number, response_model=model, tags=tags, start_ns=start_ns, end_ns=start_ns)
    rollup.refresh(stored(store, fact, key=("p", number.to_bytes(16))), {})
    return fact


def shown(store: Store) -> list[tuple[list[str], list[str], Decimal]]:
    """Return models, tags and dollars of every trace, in order of trace id."""
    columns = store.written("trace_rows", project="p", after="00" * 16, until="ff" * 16)
    rows = [dict(zip(TRACE_COLUMNS, row, strict=True)) for row in zip(*columns, strict=True)]
    rows.sort(key=lambda row: row["trace_id"])
    return [(list(r["lines.model"]), list(r["tags"]), r["cost_usd"]) for r in rows]


def models(store: Store) -> list[str]:
    return [name for names, _, _ in shown(store) for name in names]


def holds(store: Store) -> bool:
    """Tell whether counting every trace again comes to what is stored."""
    drain = Drain(store, Pricebook(), 1000)
    return not recount(Desk(store, AtOnce(drain), list), "p").odd_traces


def test_a_model_too_many_shares_a_line_and_keeps_its_dollars(store: Store):
    rollup = Rollup(store, most=FEW)
    for number, model in enumerate(("a", "b", "c", "a", "d"), start=1):
        told(store, rollup, number, model)
    assert models(store) == ["a", "b", "__other__", "a", "__other__"]
    assert [dollars for _, _, dollars in shown(store)] == [Decimal("0.001")] * 5
    assert holds(store)


def test_calls_that_share_a_line_are_added_up_in_it(store: Store):
    rollup = Rollup(store, most=Most(models=1))
    facts = [call(n, response_model=f"model {n}", response_id=f"r{n}") for n in range(1, 4)]
    rollup.refresh(stored(store, *facts), {})
    assert shown(store) == [(["model 1", "__other__"], [], Decimal("0.003"))]


def test_a_day_is_closed_for_good_and_the_next_one_is_open(store: Store):
    rollup = Rollup(store, most=FEW)
    for number, model in enumerate(("a", "b", "c"), start=1):
        told(store, rollup, number, model)
    restarted = Rollup(store, most=Most(models=1000))  # somebody has raised the bound since
    told(store, restarted, 4, "d")
    told(store, restarted, 5, "d", day=1)
    restarted.recompute([("p", n.to_bytes(16)) for n in (3, 2, 1)])
    assert models(store) == ["a", "b", "__other__", "__other__", "d"]
    assert holds(store)


def test_tags_take_one_place_for_each_key(store: Store):
    rollup = Rollup(store, most=FEW)
    told(store, rollup, 1, "a", "team:red")
    told(store, rollup, 2, "a", "team:blue", "user:ada", "vip")
    assert [tags for _, tags, _ in shown(store)] == [["team:red"], ["__other__", "team:blue"]]
    assert holds(store)


def test_whoever_runs_the_server_hears_of_it_once_an_hour(
    store: Store, caplog: pytest.LogCaptureFixture
):
    rollup = Rollup(store, most=FEW)
    with caplog.at_level(logging.WARNING):
        for number in range(1, 6):
            told(store, rollup, number, f"model {number}")
    assert [record.getMessage() for record in caplog.records] == [
        "project p has more than 2 models on one day; totals show the others as __other__"
    ]
    assert list(store.rows("closed_days")) == [{"days": 1}]


def test_what_was_stored_before_there_were_places_has_one(store: Store):
    rollup = Rollup(store)
    told(store, rollup, 1, "a", "team:red")
    told(store, rollup, 2, "b", "team:blue", day=1)
    before = admitted(store)
    (migration,) = [each for each in migrations() if each.name == "admitted"]
    store._writer.command("DROP TABLE admitted")
    store._writer.command(migration.sql)
    assert admitted(store) == before
    assert sum(before.values()) == 4


def admitted(store: Store) -> Counter[tuple[object, ...]]:
    found = store._writer.query("SELECT project_id, dimension, day, digest FROM admitted FINAL")
    return Counter(map(tuple, found.result_rows))
