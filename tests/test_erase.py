"""What a user, a session or a trace said is gone at once and stays gone; their dollars stay."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord

from spanledger_collector.commands import erase
from spanledger_collector.store import Store
from tests.databases import migrated
from tests.finance import add_price, reprice
from tests.otlp import attribute, logs, span, traces
from tests.pipeline import Pipeline, running
from tests.stores import both_stores

STORES = ["chdb"]

WORDS = "the-words-of-my-life"
ALICE, BOB = "alice@example.org", "bob"
MINE, OTHER = bytes([1]) * 16, bytes([2]) * 16
MODEL: dict[str, Any] = {"gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai",
         "gen_ai.request.model": "gpt-4o", "gen_ai.usage.input_tokens": 1000,
         "gen_ai.usage.output_tokens": 100}  # fmt: skip


@pytest.fixture
def pipeline(store: Store, tmp_path: Path) -> Iterator[Pipeline]:
    """Return a pipeline that knows a trace of Alice and one of Bob."""
    with running(store, tmp_path) as found:
        found.post("traces", request())
        found.post("logs", logs(LogRecord(
            event_name="said", trace_id=MINE, span_id=b"root0001", body=AnyValue(string_value=WORDS),
        )))  # fmt: skip
        yield found


def request(number: int = 1) -> bytes:
    return traces(*alices(MINE, number), call(OTHER, 9, user=BOB, session="bobs"))


def alices(trace_id: bytes, number: int = 1) -> list[Any]:
    """Return a root that says whose it is, and a call below it that does not."""
    root = call(trace_id, number, user=ALICE, session="s-1", span_id=b"root%04d" % number)
    return [root, call(trace_id, number + 1, parent=root.span_id)]


def call(
    trace_id: bytes,
    number: int,
    user: str = "",
    session: str = "",
    span_id: bytes = b"",
    parent: bytes = b"",
) -> Any:
    said = json.dumps([{"role": "user", "parts": [{"type": "text", "content": f"{WORDS} {user}"}]}])
    ids = {"user.id": user, "session.id": session}
    attributes = {**MODEL, "gen_ai.input.messages": said, **{k: v for k, v in ids.items() if v}}
    return span(
        trace_id=trace_id, span_id=span_id or b"call%04d" % number, parent_span_id=parent,
        attributes=[attribute(name, value) for name, value in attributes.items()],
    )  # fmt: skip


def everything(pipeline: Pipeline) -> str:
    """Return all that the query API shows of everything, and the tables below it, as text."""
    shown: list[Any] = [pipeline.get("audit"), pipeline.get("spend", group_by=["user", "session"])]
    for session in pipeline.sessions():
        events = pipeline.get(f"sessions/{session['id']}/events")
        shown += [session, events]
        shown += [pipeline.get(f"spans/{e['trace_id']}/{e['span_id']}") for e in events["events"]]
    for table in ("spans", "payloads", "log_records", "traces", "erasures", "alerts"):
        columns = pipeline.store._writer.query(f"SELECT * FROM {table}").result_rows
        shown.append([str(row) for row in columns])
    return json.dumps(shown)


def spent(pipeline: Pipeline) -> Any:
    return pipeline.get("spend")["total"]


def erased(pipeline: Pipeline, kind: str, name: str) -> Any:
    return pipeline.ask("POST", "erase", json={"kind": kind, "id": name, "by": "me"})


def of_alice(text: str) -> bool:
    """Tell whether anything of Alice is to be read; her words end in her name or in nothing."""
    return ALICE in text or f'{WORDS} "' in text or f"{WORDS}'" in text


@both_stores
def test_a_user_is_gone_at_once_from_every_table_and_the_dollars_stay(pipeline: Pipeline):
    before = spent(pipeline)
    assert of_alice(everything(pipeline))
    receipt = erased(pipeline, "user", ALICE)
    assert receipt["rows"] == {
        "traces": 1, "spans": 2, "payloads": 2, "log_records": 1, "quarantine": 0,
    }  # fmt: skip
    after = everything(pipeline)
    assert not of_alice(after)
    assert f"{WORDS} {BOB}" in after
    assert receipt["alias"] in after
    assert spent(pipeline) == before
    assert pipeline.get("verify")["holds"]
    session = pipeline.get("sessions/s-1/events")
    assert session["session"]["user_id"] == receipt["alias"]
    detail = pipeline.get(f"spans/{MINE.hex()}/{b'root0001'.hex()}")
    assert (detail["payload_expired"], detail["flags"], detail["input"]) == (True, ["erased"], [])
    assert detail["cost_usd"] is not None


def test_alerts_of_a_user_are_those_of_the_alias_and_nobody_is_told_twice(pipeline: Pipeline):
    budget = {"id": "b", "name": "all", "measure": "calls", "limit": "1", "each": "user",
              "period": {"unit": "year"}, "thresholds": [{"percent": 100}]}  # fmt: skip
    pipeline.ask("POST", "budgets", 201, json=budget)
    due = pipeline.ask("GET", "alerts/outbox", params={"channel": ["c"]})
    assert {e["alert"]["group"] for e in due} == {ALICE, BOB}
    for errand in due:
        fields = ("project_id", "message_id", "event", "channel", "attempt")
        pipeline.ask("POST", "alerts/deliveries", 201, json={f: errand[f] for f in fields})
    before = sorted((a["group"], a["spent"], a["fired_at"]) for a in pipeline.get("alerts"))
    alias = erased(pipeline, "user", ALICE)["alias"]
    pipeline.restart()
    assert pipeline.budgets.run() == []
    assert not of_alice(everything(pipeline))
    after = sorted((a["group"], a["spent"], a["fired_at"]) for a in pipeline.get("alerts"))
    renamed = [(alias if group == ALICE else group, *rest) for group, *rest in before]
    assert after == sorted(renamed)
    assert pipeline.ask("GET", "alerts/outbox", params={"channel": ["c"]}) == []


def test_neither_a_resend_nor_a_replay_nor_a_restart_brings_words_back(pipeline: Pipeline):
    before = spent(pipeline)
    erased(pipeline, "user", ALICE)
    pipeline.post("traces", request())
    pipeline.ask("POST", "replay", json={"since": "2000-01-01T00:00:00Z"})
    pipeline.restart()
    pipeline.ask("POST", "replay", json={"since": "2000-01-01T00:00:00Z"})
    pipeline.post("traces", traces(call(MINE, 7)))  # late, and silent about whose it is
    assert not of_alice(everything(pipeline))
    assert spent(pipeline)["calls"] == before["calls"] + 1
    assert pipeline.get("verify")["holds"]


def test_a_new_trace_of_an_erased_user_is_masked_also_where_its_root_comes_last(pipeline: Pipeline):
    erased(pipeline, "user", ALICE)
    root, child = alices(bytes([3]) * 16, 5)
    pipeline.post("traces", traces(child))
    assert of_alice(everything(pipeline))  # nobody can know yet
    pipeline.post("traces", traces(root))
    assert not of_alice(everything(pipeline))
    assert pipeline.get("verify")["holds"]


def test_a_session_goes_by_its_id_and_what_is_left_goes_by_another(pipeline: Pipeline):
    before = spent(pipeline)
    receipt = erased(pipeline, "session", "s-1")
    pipeline.ask("GET", "sessions/s-1", 404)
    assert pipeline.get(f"sessions/{receipt['alias']}")["spans"] == 2
    assert WORDS + " " + BOB in everything(pipeline)
    assert WORDS not in json.dumps(pipeline.get(f"sessions/{receipt['alias']}/events"))
    assert spent(pipeline) == before
    assert pipeline.get("verify")["holds"]


def test_a_trace_goes_alone_and_before_it_arrives(pipeline: Pipeline):
    erased(pipeline, "trace", MINE.hex())
    erased(pipeline, "trace", (bytes([4]) * 16).hex())
    pipeline.post("traces", traces(call(bytes([4]) * 16, 3)))
    shown = pipeline.get(f"spans/{(bytes([4]) * 16).hex()}/{b'call0003'.hex()}")
    assert (shown["input"], shown["attributes"]) == ([], {})
    assert WORDS + " " + BOB in everything(pipeline)


def test_done_again_it_finds_nothing_more_and_says_so(pipeline: Pipeline):
    first = erased(pipeline, "user", ALICE)
    again = erased(pipeline, "user", ALICE)
    assert again["alias"] == first["alias"]
    assert again["rows"] == {
        "traces": 1, "spans": 0, "payloads": 0, "log_records": 0, "quarantine": 0,
    }  # fmt: skip


def test_what_is_set_aside_and_names_the_erased_is_given_up(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
):
    def mistaken(*_: Any, **__: Any) -> Any:
        raise KeyError("a mistake of ours")

    with monkeypatch.context() as patch:
        patch.setattr("spanledger_collector.reading.understand", mistaken)
        pipeline.post("traces", traces(*alices(bytes([5]) * 16)))
        pipeline.post("traces", traces(call(bytes([6]) * 16, 1, user=BOB)))
        receipt = erased(pipeline, "user", ALICE)
        assert receipt["rows"]["quarantine"] == 2
        assert [held["items"] for held in pipeline.get("quarantine")] == [1]
    assert pipeline.get("integrity")["holds"]


def test_another_projects_user_of_that_name_is_somebody_else(pipeline: Pipeline):
    body = {"kind": "user", "id": ALICE}
    pipeline.ask("POST", "erase", json=body, headers={"x-spanledger-project": "other"})
    pipeline.post("traces", request(20))
    assert of_alice(everything(pipeline))


def test_a_repricing_under_way_brings_no_words_back(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
):
    handover, do = pipeline.desk.handover, pipeline.desk.handover.do
    seen: list[Any] = []

    def erase_before_the_second(work: Any) -> Any:
        seen.append(work)
        if len(seen) == 2:  # the first is the audit
            monkeypatch.undo()
            erased(pipeline, "user", ALICE)
        return do(work)

    add_price(pipeline, provider="openai", model="gpt-4o")
    monkeypatch.setattr(handover, "do", erase_before_the_second)
    assert reprice(pipeline, only="all")["spans"] == 3
    assert len(seen) == 2
    assert not of_alice(everything(pipeline))
    assert pipeline.get("verify")["holds"]


def test_an_erasure_is_on_record_without_the_name(pipeline: Pipeline):
    receipt = erased(pipeline, "user", ALICE)
    entry = pipeline.get("audit")["items"][0]
    assert (entry["action"], entry["actor"], entry["subject"]) == (
        "erased", "me", f"user {receipt['subject']}",
    )  # fmt: skip


def test_the_receipt_says_what_went_and_what_stays():
    said = {
        "kind": "trace", "subject": "ab", "alias": "erased-1", "erased_at": "2026-11-21T12:00:00.0Z",
        "rows": {"spans": 12, "log_records": 3}, "stays": ["dollars"],
    }  # fmt: skip
    assert erase.receipt(said) == (
        "Erased trace ab at 2026-11-21T12:00:00Z.\nWhere its id was there is now erased-1.\n\n"
        "Rows that lost their words, or are gone:\n  spans        12\n  log records   3\n\n"
        "What stays:\n  - dollars"
    )


@pytest.fixture
def shared(engine: str, clickhouse: str, database: str) -> Iterator[list[Store]]:
    """Return two stores on one database, as two store processes on a server have them."""
    migrated(engine, database)
    found = [Store(clickhouse, database=database, readers=1) for _ in range(2)]
    yield found
    for each in found:
        each.close()


@pytest.fixture
def pair(shared: list[Store], tmp_path: Path) -> Iterator[list[Pipeline]]:
    for name in "ab":
        (tmp_path / name).mkdir()
    with running(shared[0], tmp_path / "a") as one, running(shared[1], tmp_path / "b") as other:
        yield [one, other]


def test_what_another_process_stores_after_an_erasure_is_masked_at_once(pair: list[Pipeline]):
    one, other = pair
    one.post("traces", request())
    erased(one, "user", ALICE)
    other.post("traces", traces(*alices(MINE, 7), *alices(bytes([3]) * 16, 9)))
    assert not of_alice(everything(one))
    assert not of_alice(everything(other))
    assert other.get("verify")["holds"]


@pytest.mark.parametrize("kind", ["user", "session", "trace"])
def test_an_erasure_while_another_process_is_storing_misses_nothing(
    pair: list[Pipeline], kind: str, monkeypatch: pytest.MonkeyPatch
):
    one, other = pair
    one.post("traces", request())
    other.send("traces", traces(*alices(MINE, 7)))
    insert = other.store.insert

    def erase_first(table: str, columns: Any) -> None:
        monkeypatch.undo()
        erased(one, kind, {"user": ALICE, "session": "s-1", "trace": MINE.hex()}[kind])
        insert(table, columns)

    monkeypatch.setattr(other.store, "insert", erase_first)
    other.settle()
    shown = everything(one)
    assert f'{WORDS} "' not in shown
    assert (ALICE in shown) == (kind != "user")
    assert other.get("verify")["holds"]


STRINGS = """
SELECT table, name FROM system.columns
WHERE database = currentDatabase() AND type LIKE '%String%' AND type NOT LIKE '%FixedString%'
    AND table IN ('spans', 'payloads', 'log_records', 'traces')
    AND NOT (is_in_sorting_key OR is_in_partition_key) AND default_kind != 'ALIAS'
"""
PARTS = "SELECT path FROM system.parts WHERE database = currentDatabase() AND active"
REWRITING = (
    "SELECT count() FROM system.mutations WHERE database = currentDatabase() AND NOT is_done"
)


def files_that_say(store: Store, word: bytes) -> list[str]:
    """Return the files of a database in which a word is to be read."""
    folders = [Path(path) for (path,) in store._writer.query(PARTS).result_rows]
    files = [file for folder in folders for file in folder.rglob("*") if file.is_file()]
    return [str(file) for file in files if word in file.read_bytes().lower()]


def test_after_the_purge_no_file_of_the_database_holds_the_words(
    engine: str, database: str, tmp_path: Path
):
    migrated(engine, database)
    store = Store(engine, database=database, readers=1)
    for table, column in store._writer.query(STRINGS).result_rows:  # or no file could be read
        store._writer.command(f"ALTER TABLE {table} MODIFY COLUMN {column} CODEC(NONE)")
    with running(store, tmp_path) as pipeline:
        pipeline.post("traces", request())
        assert files_that_say(store, b"alice")
        erased(pipeline, "user", ALICE)
        give_up = time.monotonic() + 60
        while store._writer.query(REWRITING).result_rows != [(0,)]:
            assert time.monotonic() < give_up
            time.sleep(0.02)
        assert files_that_say(store, b"alice") == []
        assert files_that_say(store, b"bobs")
    store.close()
