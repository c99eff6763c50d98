"""Where much waits, the next round is read while this one is written; nothing else changes."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from spanledger_collector import ahead
from spanledger_collector.drain import Drain
from spanledger_collector.pricebook import Pricebook
from spanledger_collector.reading import read
from spanledger_collector.store import Store
from tests.finance import add_price, call, spent
from tests.otlp import CAPTURES, traces
from tests.pipeline import Pipeline, running

STORES = ["chdb"]


@pytest.fixture
def pipeline(store: Store, tmp_path: Path) -> Iterator[Pipeline]:
    with running(store, tmp_path) as found:
        yield found


def in_small_rounds(pipeline: Pipeline) -> None:
    """Let every round of a pipeline take one request."""
    pipeline.drain = Drain(pipeline.store, Pricebook(), most_items=1)


def step(pipeline: Pipeline) -> int:
    """Take one round."""
    return pipeline.drain.step(pipeline.reader, pipeline.cursor)


def test_a_backlog_comes_to_the_same_as_what_is_stored_one_by_one(
    new_store: Callable[[], Store], tmp_path: Path
):
    bodies = [path.read_bytes() for path in sorted(CAPTURES.glob("openinference-*.pb"))]
    found: list[Any] = []
    for folder, together in (("one", False), ("all", True)):
        with running(new_store(), tmp_path / folder) as pipeline:
            in_small_rounds(pipeline)
            for body in bodies:
                pipeline.send("traces", body)
                while not together and step(pipeline):
                    pass
            pipeline.settle()
            found.append((pipeline.sessions(), pipeline.get("integrity")["accounts"]))
    assert found[0] == found[1]
    assert len(found[0][0]) >= len(bodies)


def test_only_what_is_full_is_read_ahead(pipeline: Pipeline):
    in_small_rounds(pipeline)
    for number in (1, 2, 3):
        pipeline.send("traces", traces(call(number)))
    assert [(step(pipeline), len(pipeline.drain._ahead)) for _ in range(4)] == [
        (1, 1), (1, 1), (1, 0), (0, 0),
    ]  # fmt: skip


def test_a_price_that_is_set_meanwhile_holds_for_what_was_read_ahead(pipeline: Pipeline):
    for number in (1, 2):
        pipeline.send("traces", traces(call(number)))
    pipeline.drain._most_items = 1
    step(pipeline)
    add_price(pipeline)
    pipeline.settle()
    assert spent(pipeline) == ("0.00038", 1)


def test_what_goes_wrong_in_reading_ahead_stops_its_own_round_which_comes_again(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
):
    in_small_rounds(pipeline)
    for number in (1, 2):
        pipeline.send("traces", traces(call(number)))

    def failing(*_: Any) -> None:
        raise MemoryError

    monkeypatch.setattr(ahead, "read", failing)
    assert step(pipeline) == 1
    monkeypatch.setattr(ahead, "read", read)
    with pytest.raises(MemoryError):
        step(pipeline)
    assert pipeline.cursor.tally()["stored"] == 1
    pipeline.settle()
    assert pipeline.cursor.tally()["stored"] == 2
