"""Tables spread over a cluster: every statement for it is one, and what is asked comes out the same."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from spanledger_collector import erase
from spanledger_collector.erase import Subject
from spanledger_collector.settings import SettingInvalid, load
from spanledger_collector.spoolwork import Yard
from spanledger_collector.store import Client, Store, connect
from spanledger_schema.cluster import Cluster
from spanledger_schema.sql import ROOT, migrations, query
from tests.cluster import NAME, clustered
from tests.otlp import TRACE_CAPTURES
from tests.pipeline import Pipeline, running

STORES = ["chdb"]
SHARDS = Cluster("c", "ledger")
PARAMETER = re.compile(r"{\w+:[\w()]+}")
STARTS = ("ALTER TABLE", "DELETE FROM")
CHANGES = sorted(
    path.name.removesuffix(".sql")
    for path in (ROOT / "queries").iterdir()
    if any(line.startswith(STARTS) for line in path.read_text().splitlines())
)
QUESTIONS = [
    "sessions", "sessions?q=error", "sessions?order=cost", "traces", "calls", "pulse?grain=day",
    "spend?group_by=model&group_by=day", "spend?group_by=user", "models/unpriced",
]  # fmt: skip


@pytest.fixture(scope="module")
def root(engine: str) -> Iterator[Client]:
    with connect(engine) as client:
        yield client


def read(root: Client, statement: str) -> None:
    """Have the engine read a statement and not run it; a text stands for each parameter."""
    root.command("EXPLAIN AST " + PARAMETER.sub("''", statement))


def test_every_migration_for_a_cluster_is_one_that_the_engine_reads(root: Client):
    for migration in migrations():
        said = SHARDS.schema(migration.sql)
        read(root, said)
        assert said.count("ON CLUSTER `c`") == 1, said
        assert "`ledger_shard`." in said
        assert ("ENGINE = Replicated" in said) == ("ENGINE = " in migration.sql)


def test_every_change_of_rows_reaches_all_shards(root: Client):
    assert len(CHANGES) >= 15
    for name in CHANGES:
        said = SHARDS.change(query(name))
        read(root, said)
        assert said.count("ON CLUSTER `c`") == 1, said
        assert said.count("`ledger_shard`.") == 1, said


def test_spans_and_totals_are_spread_by_trace_and_what_is_small_is_in_one_place():
    assert SHARDS.spread("spans").endswith("(`c`, `ledger_shard`, `spans`, sipHash64(trace_id))")
    assert SHARDS.spread("budgets").endswith("(`c`, `ledger_shard`, `budgets`, 0)")


@pytest.mark.parametrize("store", ["", "chdb:///tmp/somewhere"])
def test_a_cluster_without_a_server_is_refused(tmp_path: Path, store: str):
    with pytest.raises(SettingInvalid, match="--cluster: 'c' is a cluster of which server"):
        load({"data": str(tmp_path), "cluster": "c", "store": store}, {})


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with clustered(tmp_path_factory.mktemp("cluster")) as found:
        yield found


def told(pipeline: Pipeline) -> list[Any]:
    """Return all that the query API says of a ledger."""
    answers = [pipeline.get(question) for question in QUESTIONS]
    sessions = [each["id"] for each in pipeline.sessions()]
    return answers + [pipeline.get(f"sessions/{each}/events") for each in sessions]


def sent(pipeline: Pipeline) -> None:
    """Send some recorded captures, the first one twice."""
    for path in [*TRACE_CAPTURES[:4], TRACE_CAPTURES[0]]:
        pipeline.send("traces", path.read_bytes())
    pipeline.settle()


def forgotten(pipeline: Pipeline) -> None:
    """Have the newest session forgotten and the rest expire some day."""
    yard = Yard(
        pipeline.desk.handover, lambda: {pipeline.path.name: (pipeline.reader, pipeline.cursor)}
    )
    newest = Subject("default", "session", pipeline.sessions()[0]["id"])
    assert erase.erase(yard, newest, pipeline.now_ns + 1, "").alias
    pipeline.ask("PUT", "retention", json={"payload_days": 30, "ledger_days": 2000})


def test_a_ledger_that_is_spread_tells_what_one_in_a_folder_tells(
    cluster: str, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(
        "secrets.token_hex", lambda size: "0" * size
    )  # other names of the forgotten
    (tmp_path / "spread").mkdir()
    store_of_all = Store(cluster, cluster=NAME)
    with running(store, tmp_path) as near, running(store_of_all, tmp_path / "spread") as spread:
        sent(near)
        sent(spread)
        assert told(spread) == told(near)
        for each in (near, spread):
            forgotten(each)
        assert told(spread) == told(near)
        verified = spread.get("verify")
        assert [each["name"] for each in verified["identities"] if not each["holds"]] == []
    store_of_all.close()
    again = Store(cluster, cluster=NAME)
    assert again.migrated == []
    again.close()
