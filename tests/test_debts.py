"""Large traces wait for their turn, nothing ordinary does, and what waits outlives a kill."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from spanledger_collector.debts import LARGE, SHARE, SPAN_S, Debts
from spanledger_collector.store import Store
from tests.otlp import NOON_NS, span, traces
from tests.pipeline import Pipeline, running

STORES = ["chdb"]

BIG, SMALL = ("p", b"b" * 16), ("p", b"s" * 16)


@pytest.fixture
def pipeline(store: Store, tmp_path: Path) -> Iterator[Pipeline]:
    with running(store, tmp_path) as found:
        yield found


def test_a_large_trace_waits_in_proportion_to_its_size_and_a_small_one_never():
    now = [0.0]
    debts = Debts(lambda: now[0])
    debts.paid(BIG, 10_000)
    debts.paid(SMALL, LARGE - 1)
    assert debts.put_off([BIG, SMALL]) == {BIG}
    now[0] = 10_000 * SPAN_S / SHARE - 0.001
    assert debts.due() == []
    now[0] += 0.002
    assert debts.due() == [BIG]
    assert debts.put_off([BIG]) == frozenset()
    debts.paid(BIG, 10_001)
    assert (debts.owed, debts.due()) == (frozenset(), [])


def test_what_a_predecessor_owed_is_due_at_once():
    debts = Debts(lambda: 0.0)
    debts.owe([BIG])
    assert debts.due() == [BIG]


def large(first: int, count: int, trace_id: bytes = b"b" * 16) -> bytes:
    """Return a request of some spans of one trace, numbered from `first`."""
    ids = range(first, first + count)
    return traces(
        *(span(trace_id=trace_id, span_id=n.to_bytes(8), start_time_unix_nano=NOON_NS) for n in ids)
    )


def shown(store: Store) -> dict[bytes, int]:
    """Return how many spans the newest row of each trace counts."""
    with store.reading() as client:
        rows = client.query("SELECT trace_id, spans FROM traces FINAL").result_rows
    return {row[0]: row[1] for row in rows}


def turned(pipeline: Pipeline) -> None:
    """Drain what is there without being idle afterwards."""
    while pipeline.drain.step(pipeline.reader, pipeline.cursor):
        pass


def late(pipeline: Pipeline) -> None:
    """Leave a large trace whose row is behind its spans."""
    pipeline.drain._rollup.debts = Debts(lambda: 0.0)  # nothing ever has its turn again
    pipeline.send("traces", large(1, LARGE))
    turned(pipeline)
    pipeline.send("traces", large(LARGE + 1, 9))
    pipeline.send("traces", large(1, 3, b"s" * 16))
    turned(pipeline)
    assert shown(pipeline.store) == {b"b" * 16: LARGE, b"s" * 16: 3}


def test_what_was_put_off_is_computed_when_nothing_waits(pipeline: Pipeline):
    late(pipeline)
    ((_, trace_id),) = pipeline.cursor.owed()
    assert trace_id == b"b" * 16
    pipeline.drain.settle()
    assert shown(pipeline.store) == {b"b" * 16: LARGE + 9, b"s" * 16: 3}
    assert pipeline.cursor.owed() == []


def test_what_was_put_off_is_computed_after_a_kill(pipeline: Pipeline):
    late(pipeline)
    pipeline.restart()
    turned(pipeline)
    assert shown(pipeline.store) == {b"b" * 16: LARGE + 9, b"s" * 16: 3}


def test_putting_off_gives_the_rows_that_come_of_not_putting_off(pipeline: Pipeline):
    late(pipeline)
    pipeline.drain.settle()
    found = rows(pipeline.store)
    keys = [(project, trace) for project, trace, *_ in found]
    pipeline.drain.recompute(keys)
    assert rows(pipeline.store) == found


def test_a_trace_that_was_let_go_of_while_it_waited_is_read_back_whole(pipeline: Pipeline):
    late(pipeline)
    pipeline.drain._rollup.forget([(project, t) for project, t in pipeline.cursor.owed()])
    pipeline.send("traces", large(LARGE + 10, 5))
    turned(pipeline)
    pipeline.drain.settle()
    assert shown(pipeline.store)[b"b" * 16] == LARGE + 14


def rows(store: Store) -> list[tuple[Any, ...]]:
    with store.reading() as client:
        found = client.query("SELECT * FROM traces FINAL ORDER BY project_id, trace_id").result_rows
    return [tuple(row) for row in found]


def test_books_that_are_checked_while_totals_are_late_are_clean(pipeline: Pipeline):
    late(pipeline)
    assert pipeline.get("verify")["holds"]
