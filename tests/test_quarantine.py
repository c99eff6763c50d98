"""What the store refuses for ever is set aside, alone; and what was lost can be replayed."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from clickhouse_connect.driver.exceptions import DatabaseError
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord

from spanledger_collector.poison import sieve
from spanledger_collector.store import ClickHouseError, Store, connect
from spanledger_collector.understand import understand
from tests.otlp import CAPTURES, NOON_NS, SPAN, TRACE, logs, span, traces
from tests.pipeline import Pipeline, running

STORES = ["chdb"]

MINUTE_NS = 60_000_000_000


@pytest.fixture
def pipeline(store: Store, tmp_path: Path) -> Iterator[Pipeline]:
    with running(store, tmp_path) as found:
        yield found


@pytest.fixture
def alter(store: Store) -> Callable[[str], None]:
    """Return what runs a statement in the database of the store, as its owner could."""

    def run(statement: str) -> None:
        with connect(store.dsn, database=store._database) as client:
            client.command(statement)

    return run


Refuse = Callable[[str, str], Callable[[], None]]


@pytest.fixture
def refuse(store: Store, alter: Callable[[str], None], monkeypatch: pytest.MonkeyPatch) -> Refuse:
    """Return what makes a table refuse rows of some name, and returns what ends that.

    The engine does it itself, by a constraint; the test server's inserts do not look at those.
    """
    insert = store.insert

    def refused(table: str, name: str) -> Callable[[], None]:
        column = "event_name" if table == "log_records" else "name"
        if store.exclusive:
            alter(f"ALTER TABLE {table} ADD CONSTRAINT refused CHECK NOT match({column}, '{name}')")
            return lambda: alter(f"ALTER TABLE {table} DROP CONSTRAINT refused")

        def picky(to: str, columns: Any, token: str = "") -> None:
            if to == table and any(re.search(name, each) for each in columns[column]):
                raise DatabaseError("Code: 469. DB::Exception: Constraint violated")
            insert(to, columns, token)

        monkeypatch.setattr(store, "insert", picky)
        return lambda: monkeypatch.setattr(store, "insert", insert)

    return refused


def numbered(count: int, *poison: int) -> bytes:
    """Return a request of spans in traces of their own, some of them named poison."""
    return traces(
        *(
            span(trace_id=(n + 1).to_bytes(16), name="poison" if n in poison else f"span {n}")
            for n in range(count)
        )
    )


def names(pipeline: Pipeline) -> set[str]:
    return {session["name"] for session in pipeline.sessions()}


def test_a_span_that_the_store_refuses_is_set_aside_and_all_others_are_stored(
    pipeline: Pipeline, refuse: Refuse
):
    refuse("spans", "poison")
    pipeline.send("traces", numbered(30, 7, 19))
    pipeline.send("traces", traces(span(name="next")))
    pipeline.settle()
    assert names(pipeline) == {*(f"span {n}" for n in range(30) if n not in (7, 19)), "next"}
    (held,) = pipeline.get("quarantine")
    assert (held["spool"], held["batch"], held["items"]) == ("0001.spool", 1, 2)
    assert held["reason"].startswith("refused: ")
    integrity = pipeline.get("integrity")
    assert integrity["holds"]
    assert integrity["accounts"][0] == {
        "spool": "0001.spool", "signal": "traces", "received": 31, "rejected": 0, "stored": 29,
        "pending": 0, "quarantined": 2, "dropped": 0, "duplicates": 0, "waiting_since": None,
        "holds": True,
    }  # fmt: skip


def test_what_was_set_aside_is_stored_once_that_is_possible(pipeline: Pipeline, refuse: Refuse):
    cure = refuse("spans", "poison")
    pipeline.post("traces", numbered(9, 4))
    assert pipeline.ask("POST", "quarantine/retry", json={}) == {
        "stored": 0, "dropped": 0, "held": 1,
    }  # fmt: skip
    cure()
    assert pipeline.ask("POST", "quarantine/retry", json={"batch": 99})["stored"] == 0
    assert pipeline.ask("POST", "quarantine/retry", json={"batch": 1})["stored"] == 1
    assert pipeline.get("quarantine") == []
    assert "poison" in names(pipeline)
    tally = pipeline.cursor.tally()
    assert (tally["stored"], tally["quarantined_traces"]) == (9, 0)


def test_what_was_set_aside_is_given_up_only_by_name_and_on_record(
    pipeline: Pipeline, refuse: Refuse
):
    refuse("spans", "poison")
    pipeline.post("traces", numbered(2, 1))
    pipeline.ask("POST", "quarantine/drop", 400, json={})
    dropped = pipeline.ask("POST", "quarantine/drop", json={"batch": 1, "by": "me"})
    assert dropped == {"stored": 0, "dropped": 1, "held": 0}
    account = pipeline.get("integrity")["accounts"][0]
    assert (account["stored"], account["quarantined"], account["dropped"]) == (1, 0, 1)
    assert account["holds"]
    (entry,) = pipeline.get("audit")["items"]
    assert (entry["action"], entry["actor"], entry["before"]["items"]) == (
        "quarantine dropped", "me", 1,
    )  # fmt: skip


def test_a_store_that_takes_nothing_puts_nothing_aside(
    pipeline: Pipeline, store: Store, monkeypatch: pytest.MonkeyPatch
):
    def away(*_: Any) -> None:
        raise ClickHouseError("away")

    pipeline.send("traces", numbered(3))
    monkeypatch.setattr(store, "insert", away)
    with pytest.raises(ClickHouseError):
        pipeline.settle()
    monkeypatch.undo()
    pipeline.settle()
    assert pipeline.get("quarantine") == []
    assert len(names(pipeline)) == 3


def test_a_table_that_takes_no_row_at_all_puts_nothing_aside(pipeline: Pipeline, refuse: Refuse):
    cure = refuse("spans", ".")
    pipeline.send("traces", numbered(3))
    with pytest.raises(ClickHouseError):
        pipeline.settle()
    cure()
    pipeline.settle()
    assert (pipeline.get("quarantine"), len(names(pipeline))) == ([], 3)


def test_a_span_that_we_cannot_read_stops_no_other(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    def mistaken(project: str, received_ns: int, found: Any, *rest: Any, **more: Any) -> Any:
        if any(span.name == "poison" for span in found):
            raise KeyError("a mistake of ours")
        return understand(project, received_ns, found, *rest, **more)

    monkeypatch.setattr("spanledger_collector.reading.understand", mistaken)
    pipeline.post("traces", numbered(5, 2, 4))
    (held,) = pipeline.get("quarantine")
    assert (held["reason"], held["items"]) == ("not understood: KeyError", 2)
    assert "a mistake of ours" in caplog.text
    monkeypatch.undo()  # the upgrade that mends it
    pipeline.ask("POST", "quarantine/retry", json={})
    assert len(pipeline.sessions()) == 5


def test_a_log_record_that_the_store_refuses_is_set_aside_too(pipeline: Pipeline, refuse: Refuse):
    cure = refuse("log_records", "poison")
    body = logs(
        LogRecord(event_name="fine", trace_id=TRACE, span_id=SPAN),
        LogRecord(event_name="poison", trace_id=TRACE, span_id=SPAN),
        LogRecord(event_name="unlinked"),
    )
    pipeline.post("logs", body)
    (held,) = pipeline.get("quarantine")
    assert (held["signal"], held["items"]) == ("logs", 1)
    assert pipeline.get("integrity")["accounts"][1]["stored"] == 2
    cure()
    assert pipeline.ask("POST", "quarantine/retry", json={})["stored"] == 1
    assert pipeline.get("integrity")["holds"]


@given(st.data(), st.integers(2, 60))
def test_the_sieve_leaves_exactly_the_bad_ones(data: st.DataObject, count: int):
    bad = data.draw(st.sets(st.integers(0, count - 1), max_size=count - 1))
    written: set[int] = set()

    def write(rows: Any) -> None:
        if bad.intersection(rows):
            raise ValueError(rows)
        written.update(rows)

    assert sieve(count, write).keys() == bad
    assert written == set(range(count)) - bad


def test_the_sieve_does_not_blame_rows_for_a_store_that_takes_none():
    def write(rows: Any) -> None:
        raise ValueError("away")

    with pytest.raises(ValueError, match="away"):
        sieve(4, write)
    assert sieve(1, write).keys() == {0}


def test_a_replay_brings_back_what_the_store_has_lost_and_counts_nothing_twice(
    pipeline: Pipeline, alter: Callable[[str], None]
):
    for name in (
        "openinference-langchain__langgraph-refund-retry",
        "openinference-crewai__two-agents",
    ):
        pipeline.post("traces", (CAPTURES / f"{name}.pb").read_bytes())
    before = pipeline.sessions()
    tally = pipeline.cursor.tally()
    for table in ("spans", "payloads", "traces"):
        alter(f"TRUNCATE TABLE {table}")
    pipeline.restart()
    assert pipeline.sessions() == []
    for _ in range(2):
        found = pipeline.ask("POST", "replay", json={"since": "2026-11-21T00:00:00Z"})
        assert found["batches"] == 2
        assert pipeline.sessions() == before
    assert pipeline.cursor.tally() == tally


def test_a_replay_begins_where_it_is_told(pipeline: Pipeline):
    for n in range(3):
        pipeline.now_ns = NOON_NS + n * MINUTE_NS
        pipeline.post("traces", numbered(n + 1))
    pipeline.send("traces", numbered(1))  # not stored yet: no business of a replay
    found = pipeline.ask("POST", "replay", json={"since": "2026-11-21T12:01:00Z"})
    assert found == {"batches": 2, "spans": 5}
    late = pipeline.ask("POST", "replay", json={"since": "2026-11-21T12:03:00Z"})
    assert late == {"batches": 0, "spans": 0}
