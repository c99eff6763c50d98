"""The edge to ClickHouse, embedded and over HTTP alike."""

import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from spanledger_collector import listing
from spanledger_collector.store import ClickHouseError, Client, SchemaChanged, Store, migrate
from spanledger_schema.sql import Migration, migrations


def test_a_fresh_database_gets_every_migration(dsn: str, database: str):
    store = Store(dsn, database=database, readers=1)
    store.close()
    assert store.migrated == [m.name for m in migrations()]


def test_a_migrated_database_is_left_as_it_is(db: Client):
    assert migrate(db) == []


def test_the_database_that_a_servers_address_names_is_the_one_used(clickhouse: str, database: str):
    store = Store(f"{clickhouse.rstrip('/')}/{database}", readers=1)
    with store.reading() as client:
        assert client.command("SELECT currentDatabase()") == database
    store.close()


def test_an_edited_migration_is_refused_by_name(db: Client, monkeypatch: pytest.MonkeyPatch):
    edited = [Migration(m.number, m.name, m.sql + "\n-- edited") for m in migrations()]
    monkeypatch.setattr("spanledger_collector.store.migrations", lambda: iter(edited))
    with pytest.raises(SchemaChanged, match="migration 0001_spans was edited"):
        migrate(db)


def test_values_come_back_as_they_went_in(store: Store):
    store.insert(
        "traces",
        {
            "project_id": ["p"],
            "trace_id": [b"t" * 16],
            "ver": [(1 << 63) + 7],
            "session_key": ["s/1 'quoted' \\ ü"],
            "started_at": [1_795_252_483_123_456_789],
            "ended_at": [1_795_252_484_000_000_001],
            "cost_usd": [Decimal("12345678901234.000000000001")],
            "lines.model": [["gpt-4o", ""]],
            "lines.cost_usd": [[Decimal("0.000000000001"), Decimal(0)]],
        },
    )
    (row,) = every_session(store)
    assert (
        row["session_key"], row["start_ns"], row["end_ns"], row["cost_usd_sum"], row["models"]
    ) == (
        "s/1 'quoted' \\ ü", 1_795_252_483_123_456_789, 1_795_252_484_000_000_001,
        Decimal("12345678901234.000000000001"), ["", "gpt-4o"],
    )  # fmt: skip


def test_of_two_rows_of_one_trace_the_better_informed_wins_whichever_came_last(store: Store):
    for ver, name in ((1, "one span"), (3, "three spans"), (2, "two spans")):
        store.insert("traces", {"project_id": ["p"], "trace_id": [b"t" * 16], "session_key": ["s"],
                                "ver": [ver], "name": [name]})  # fmt: skip
    assert [row["first_name"] for row in every_session(store)] == ["three spans"]


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO migrations (number) VALUES (99)",
        "SELECT * FROM file('/etc/passwd', 'LineAsString')",
        "SET max_execution_time = 0",
        "DROP TABLE spans",
    ],
)
def test_a_reading_connection_can_only_read(store: Store, statement: str):
    with store.reading() as client, pytest.raises(ClickHouseError):
        client.command(statement)


def test_an_empty_insert_writes_nothing(store: Store):
    store.insert("spans", {"project_id": [], "trace_id": []})
    assert list(store.rows("freshness")) == [{"last_received_ns": 0, "span_rows": 0}]


def every_session(store: Store) -> list[dict[str, Any]]:
    """Return the rows of all sessions of project "p", the latest first."""
    keys = [session.id for session in listing.sessions(store, "p", listing.Wanted(), 100)[0]]
    rows = {row["session_key"]: row for row in store.rows("session_list", project="p", keys=keys)}
    return [rows[key] for key in keys]


OPENED = """
import sys
from spanledger_collector.store import Store

store = Store(f"chdb://{sys.argv[1]}", memory_bytes=800_000_000)
with store.reading() as client:
    print(client.command("SELECT groupArray(value) FROM (SELECT value FROM system.server_settings"
        " WHERE name IN ('max_server_memory_usage', 'mark_cache_size') ORDER BY name)"))
store.close()
"""


def test_an_embedded_engine_takes_no_more_memory_than_it_is_given(tmp_path: Path):
    command = [sys.executable, "-c", OPENED, str(tmp_path / "db")]  # a process has one engine
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['50000000','800000000']"
