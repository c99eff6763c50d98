"""The drain confirms nothing before it is stored, and stops at nothing."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from spanledger_collector.moments import rfc3339
from spanledger_collector.repeats import Repeats
from spanledger_collector.spool import Batch
from spanledger_collector.store import ClickHouseError, Store
from tests.otlp import CAPTURES, NOON_NS, span, traces
from tests.pipeline import Pipeline, running

CAPTURE = (
    "openinference-google-genai__tools-thinking-stream"  # small: a refused span is looked for alone
)


@pytest.fixture
def pipeline(store: Store, tmp_path: Path) -> Iterator[Pipeline]:
    with running(store, tmp_path) as found:
        yield found


@pytest.mark.parametrize("refused", ["spans", "payloads", "traces"])
def test_a_round_that_the_store_refuses_half_way_is_done_again_whole(
    pipeline: Pipeline, store: Store, refused: str, monkeypatch: pytest.MonkeyPatch
):
    pipeline.send("traces", (CAPTURES / f"{CAPTURE}.pb").read_bytes())
    insert = store.insert

    def failing(table: str, columns: Any) -> None:
        if table == refused:
            raise ClickHouseError("away")
        insert(table, columns)

    monkeypatch.setattr(store, "insert", failing)
    with pytest.raises(ClickHouseError):
        pipeline.settle()
    assert (pipeline.cursor.position(), pipeline.cursor.tally()["stored"]) == (0, 0)
    monkeypatch.undo()
    pipeline.restart()
    pipeline.settle()
    assert pipeline.cursor.tally()["stored"] == 6
    (session,) = pipeline.sessions()
    assert (session["spans"], session["totals"]["cost_usd"]) == (6, "0.00785911")


def test_a_batch_that_cannot_be_read_is_set_aside_and_the_rest_goes_on(pipeline: Pipeline):
    broken = Batch(0, NOON_NS, "default", "", "traces", "protobuf", 5, b"\xff\xff no protobuf")
    pipeline.spool.append(broken).result()
    pipeline.post("traces", traces(span()))
    tally = pipeline.cursor.tally()
    assert (tally["quarantined_traces"], tally["stored"]) == (5, 1)
    assert [s["spans"] for s in pipeline.sessions()] == [1]


def test_spans_received_are_spans_stored_once_the_spool_is_empty(pipeline: Pipeline):
    pipeline.post("traces", traces(span(), span(span_id=b"12345678"), span(trace_id=b"short")))
    stats = pipeline.spool.stats()
    assert (stats.received("traces"), stats.items["traces"]) == (3, 2)
    assert stats.items["traces"] == pipeline.cursor.tally()["stored"]
    assert pipeline.reader.pending(pipeline.cursor.position())["traces"] == 0


def test_a_span_from_an_impossible_clock_counts_when_it_arrived(pipeline: Pipeline):
    pipeline.post("traces", traces(span(start_time_unix_nano=1, end_time_unix_nano=2_000_000_001)))
    (session,) = pipeline.sessions()
    assert session["started_at"] == "2026-11-21T12:00:00.000000000Z"
    assert session["duration_ns"] == 2_000_000_000
    (event,) = pipeline.get(f"sessions/{session['id']}/events")["events"]
    detail = pipeline.get(f"spans/{event['trace_id']}/{event['span_id']}")
    assert detail["flags"] == ["clock_skew"]


def test_spans_that_come_again_are_counted_apart_and_only_once_confirmed(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
):
    whole, goes_on = span(), span(span_id=b"12345678", end_time_unix_nano=0)
    pipeline.post("traces", traces(whole, goes_on))
    pipeline.now_ns += 1
    ended = span(span_id=goes_on.span_id)
    pipeline.send("traces", traces(whole, ended, ended))
    with monkeypatch.context() as away:
        away.setattr(pipeline.store, "insert", refusing)
        with pytest.raises(ClickHouseError):
            pipeline.settle()
    pipeline.settle()
    account = pipeline.get("integrity")["accounts"][0]
    assert (account["stored"], account["duplicates"], account["holds"]) == (5, 2, True)
    assert [s["spans"] for s in pipeline.sessions()] == [2]


def test_what_waits_to_be_stored_says_since_when(pipeline: Pipeline):
    pipeline.send("traces", traces(span()))
    received_ns = pipeline.now_ns
    pipeline.now_ns += 1
    pipeline.send("traces", traces(span(span_id=b"12345678")))
    found = [pipeline.get("integrity")["accounts"][0]]
    pipeline.settle()
    found.append(pipeline.get("integrity")["accounts"][0])
    assert [(each["pending"], each["waiting_since"]) for each in found] == [
        (2, rfc3339(received_ns)), (0, None),
    ]  # fmt: skip


def refusing(table: str, columns: Any) -> None:
    raise ClickHouseError("away")


def test_what_came_before_is_known_for_so_many_spans_back():
    keys = [("p", b"t", bytes([n]), True) for n in range(4)]
    repeats = Repeats(most=3)
    assert repeats.counted([*keys[:3], keys[2]]) == 1
    assert repeats.counted([keys[3]]) == 0
    assert repeats.counted(keys[1:]) == 3
    assert repeats.counted([keys[0]]) == 0
