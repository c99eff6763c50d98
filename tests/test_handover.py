"""Work that other threads hand to the one that writes."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from spanledger_collector.app import Draining
from spanledger_collector.drain import Drain
from spanledger_collector.handover import Closing, Handover
from spanledger_collector.pricebook import Pricebook
from spanledger_collector.settings import Settings, load
from spanledger_collector.spool import Batch, Spool, of_worker
from spanledger_collector.store import Store
from tests.otlp import NOON_NS, span, traces

STORES = ["chdb"]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load({"data": str(tmp_path), "drain_wait_s": "3600"}, {})


@pytest.fixture
def draining(store: Store, settings: Settings) -> Iterator[Draining]:
    """Return a drain that runs and, once its spool is empty, waits for an hour."""
    thread = Draining(store, Pricebook(), settings)
    thread.start()
    yield thread
    thread.stop()


def test_work_is_done_on_the_thread_that_writes_and_wakes_it(draining: Draining):
    names = [draining.handover.do(lambda _: threading.current_thread().name) for _ in range(3)]
    assert names == ["drain"] * 3


def test_what_goes_wrong_is_raised_where_it_was_handed_in_and_the_drain_goes_on(
    draining: Draining,
):
    with pytest.raises(ZeroDivisionError):
        draining.handover.do(lambda _: 1 // 0)
    assert draining.handover.do(lambda _: "next") == "next"


def test_a_new_book_is_that_of_the_next_round(draining: Draining):
    book = Pricebook()

    def swap(drain: Drain) -> None:
        drain.book = book

    draining.handover.do(swap)
    assert draining.handover.book is book


def test_only_a_full_round_is_taken_at_once_what_is_less_waits_for_company(
    store: Store, settings: Settings, monkeypatch: pytest.MonkeyPatch
):
    spool = Spool(of_worker(settings.spool_dir, 1))
    for number in range(3):
        body = traces(span(span_id=(number + 1).to_bytes(8)))
        spool.append(Batch(0, NOON_NS, "default", "", "traces", "protobuf", 1, body)).result()
    spool.close()
    draining = Draining(store, Pricebook(), replace(settings, drain_spans=1))
    waits: list[float] = []

    def take(_: Handover, wait_s: float) -> None:
        waits.append(wait_s)
        if wait_s:
            draining._stopping.set()

    monkeypatch.setattr(Handover, "take", take)
    draining.start()
    draining.join(60)
    draining.stop()
    assert waits == [0, 0, 3600]


def test_nothing_is_taken_once_the_drain_has_stopped(store: Store, settings: Settings):
    draining = Draining(store, Pricebook(), settings)
    draining.start()
    draining.stop()
    with pytest.raises(Closing, match="ask again when it is back"):
        draining.handover.do(lambda _: None)


def test_who_waits_when_the_drain_stops_is_sent_away(store: Store):
    handover = Handover(Drain(store, Pricebook(), 1000))
    waiting = threading.Thread(target=lambda: refusals.append(refusal(handover)))
    refusals: list[str] = []
    waiting.start()
    while waiting.is_alive():  # whether it comes before the door is shut or after
        handover.close()
        waiting.join(0.01)
    assert refusals == ["the store is stopping; ask again when it is back"]


def refusal(handover: Handover) -> str:
    """Return what somebody is told who hands in work that is never done."""
    with pytest.raises(Closing) as refused:
        handover.do(lambda _: None)
    return str(refused.value)
