"""Prompts go after days, dollars after years: removed by the engine, by rules of each project."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from spanledger_collector.commands import retention
from spanledger_collector.store import Store
from tests.otlp import CAPTURES, NOON_NS
from tests.pipeline import Pipeline, running
from tests.stores import both_stores

STORES = ["chdb"]

GENAI = "otel-genai-openai__chat-responses-stream"
DAY_NS = 86_400_000_000_000
TABLES = ("spans", "payloads", "log_records", "traces", "response_ids", "call_usages")
GIVE_UP_S = 30


@pytest.fixture
def pipeline(store: Store, tmp_path: Path) -> Iterator[Pipeline]:
    """Return a pipeline with a capture in it that was received forty days ago."""
    with running(store, tmp_path) as found:
        found.now_ns = NOON_NS - 40 * DAY_NS
        send(found)
        yield found


def send(pipeline: Pipeline) -> None:
    pipeline.send("traces", (CAPTURES / f"{GENAI}.pb").read_bytes())
    pipeline.post("logs", (CAPTURES / f"{GENAI}.logs.pb").read_bytes())


@pytest.fixture
def rows(store: Store) -> Callable[[], dict[str, int]]:
    """Return what has the engine remove now what has expired, and counts what it holds then."""

    def count() -> dict[str, int]:
        give_up = time.monotonic() + GIVE_UP_S
        while asked(store, "SELECT count() FROM system.mutations WHERE NOT is_done"):
            assert time.monotonic() < give_up
        for table in TABLES:
            store._writer.command(f"OPTIMIZE TABLE {table} FINAL")
        return {table: asked(store, f"SELECT count() FROM {table}") for table in TABLES}

    return count


def asked(store: Store, sql: str) -> int:
    sql = sql.replace(
        "system.mutations WHERE", "system.mutations WHERE database = currentDatabase() AND"
    )
    return int(store._writer.query(sql).result_rows[0][0])


def ledger(pipeline: Pipeline) -> list[Any]:
    """Return everything that shows tokens and dollars."""
    return [pipeline.sessions(), pipeline.get("spend", group_by=["model", "session"])]


def first_call(pipeline: Pipeline) -> Any:
    """Return the detail of a call with words on it, and its step of the replay."""
    for session in pipeline.sessions():
        for step in pipeline.get(f"sessions/{session['id']}/events")["events"]:
            if step["kind"] == "llm":
                return pipeline.get(f"spans/{step['trace_id']}/{step['span_id']}"), step
    raise AssertionError("no call")


def keep(pipeline: Pipeline, **days: Any) -> Any:
    return pipeline.ask("PUT", "retention", json=days)


@both_stores
def test_prompts_expire_and_the_ledger_stays_to_the_last_digit(
    pipeline: Pipeline, rows: Callable[[], dict[str, int]]
):
    before, held = ledger(pipeline), rows()
    call, step = first_call(pipeline)
    assert call["input"]
    assert step["preview"]
    assert not call["payload_expired"]
    keep(pipeline, payload_days=30, ledger_days=3650)
    assert rows() == {**held, "payloads": 0, "log_records": 0}
    call, step = first_call(pipeline)
    assert (call["payload_expired"], call["input"], step["preview"]) == (True, [], None)
    assert call["cost_usd"] == step["cost_usd"]
    assert ledger(pipeline) == before
    assert pipeline.get("verify")["holds"]


def test_what_arrives_after_the_rule_is_never_shown_once_it_has_expired(pipeline: Pipeline):
    keep(pipeline, payload_days=39)
    send(pipeline)  # as a replay would: the engine has had no time to remove it again
    call, step = first_call(pipeline)
    assert (call["payload_expired"], call["input"], call["logs"], step["preview"]) == (
        True, [], [], None,
    )  # fmt: skip


def test_the_ledger_expires_whole_traces_and_the_books_still_balance(
    pipeline: Pipeline, rows: Callable[[], dict[str, int]]
):
    keep(pipeline, payload_days=1, ledger_days=39)
    assert pipeline.get("verify")["holds"]  # also while the engine still has some of it
    assert (rows()["payloads"], rows()["traces"]) == (0, 0)
    keep(pipeline, payload_days=1, ledger_days=30)
    assert rows() == dict.fromkeys(TABLES, 0)
    assert pipeline.get("verify")["holds"]
    assert pipeline.sessions() == []


def test_a_rule_for_every_project_leaves_those_with_their_own_alone(
    pipeline: Pipeline, rows: Callable[[], dict[str, int]]
):
    held = rows()
    keep(pipeline, payload_days=20_000, ledger_days=20_000)
    keep(pipeline, project_id="*", payload_days=1, ledger_days=1)
    assert rows() == held
    assert not first_call(pipeline)[0]["payload_expired"]
    assert pipeline.get("retention") == [
        {"project_id": "*", "payload_days": 1, "ledger_days": 1},
        {"project_id": "default", "payload_days": 20_000, "ledger_days": 20_000},
    ]


def test_a_rule_for_every_project_holds_where_there_is_no_other(
    pipeline: Pipeline, rows: Callable[[], dict[str, int]]
):
    keep(pipeline, project_id="*", payload_days=1)
    send(pipeline)
    assert rows()["payloads"] == 0


def test_a_change_is_on_record_with_what_it_was_before(pipeline: Pipeline):
    keep(pipeline, payload_days=30, ledger_days=400, by="me")
    (entry,) = pipeline.get("audit")["items"]
    rule = {"project_id": "default", "payload_days": 30, "ledger_days": 400}
    assert (entry["action"], entry["actor"], entry["before"], entry["after"]) == (
        "retention changed", "me", {**rule, "payload_days": None, "ledger_days": None}, rule,
    )  # fmt: skip


def test_prompts_cannot_outlive_the_call_they_belong_to(pipeline: Pipeline):
    for days in ({"ledger_days": 30}, {"ledger_days": 30, "payload_days": 31}):
        refused = pipeline.ask("PUT", "retention", 400, json=days)
        assert "payload_days cannot be more than ledger_days" in refused["detail"]


def test_the_command_says_for_how_long():
    rules: list[dict[str, Any]] = [
        {"project_id": "*", "payload_days": None, "ledger_days": None},
        {"project_id": "shop", "payload_days": 30, "ledger_days": 2000},
    ]
    assert retention.listing(rules).splitlines() == [
        "project  prompts and answers  tokens and dollars",
        "*        for ever             for ever",
        "shop     30 days              2000 days",
    ]
