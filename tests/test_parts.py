"""A part of a table that the disk has spoiled is missed at the start, and made good from the spool."""

import os
from pathlib import Path
from typing import Any

import pytest

from spanledger_collector.parts import Noted, Part, covered, lost, noted, written
from spanledger_collector.parts import Parts as PartsOfStore
from spanledger_collector.store import Store
from tests.otlp import CAPTURES
from tests.parts import SETTLE_S, Parts, parts

STORES = ["chdb"]

CAPTURE = "openinference-langchain__langgraph-refund-retry"
A, B = Part("spans", "202611", 1, 1, 10, 50), Part("spans", "202611", 2, 2, 20, 60)
BOTH = Part("spans", "202611", 1, 2, 28, 50)  # two rows of one key became one


def test_a_part_that_was_merged_into_another_is_not_lost():
    assert lost(Noted("s", (A, B)), [BOTH], []) == ()


def test_a_part_that_is_gone_is_lost_and_another_partition_does_not_stand_for_it():
    elsewhere = Part("spans", "202612", 1, 2, 99)
    assert lost(Noted("s", (A, B)), [B, elsewhere], []) == (A,)


def test_a_merged_part_is_not_lost_while_those_it_was_made_of_are_back():
    assert covered(BOTH, [A, B])
    assert not covered(BOTH, [A])


def test_a_damaged_part_that_was_never_noted_is_lost_until_it_is_mended():
    damaged = Part("spans", "202611", 2, 2)
    assert lost(Noted("s", (A,)), [A], [damaged]) == (damaged,)
    assert lost(Noted("s", (A,), mended=(B,)), [A], [damaged]) == ()


def test_what_was_noted_is_read_again_and_that_of_another_store_is_not(tmp_path: Path):
    file = tmp_path / "store.parts"
    written(file, Noted("chdb:///a", (A, B), (BOTH,)))
    assert noted(file, "chdb:///a") == Noted("chdb:///a", (A, B), (BOTH,))
    assert noted(file, "chdb:///b") == Noted("chdb:///b")


def test_a_table_that_an_upgrade_replaced_has_lost_nothing(store: Store, tmp_path: Path):
    assert store.takes_rows()
    PartsOfStore(store, tmp_path / "store.parts").note()
    store._writer.command("DROP TABLE probes")
    assert PartsOfStore(store, tmp_path / "store.parts").lost == ()


@pytest.mark.parametrize(
    "content", ["", "[]", '{"store": "s"}', '{"store":"s","parts":[{}],"mended":[]}']
)
def test_a_note_that_cannot_be_read_is_no_note(tmp_path: Path, content: str):
    (tmp_path / "store.parts").write_text(content)
    assert noted(tmp_path / "store.parts", "s") == Noted("s")


def spoil(server: Parts, table: str) -> None:
    """Cut every part of a table short, while the server is stopped."""
    folder = server.settings.data / "store" / "data" / "spanledger" / table
    files = [f for f in folder.glob("*_*_*_*/*.bin") if "tmp" not in f.parent.name]
    assert files
    for file in files:
        os.truncate(file, 3)


def said(server: Parts, path: str) -> Any:
    answer = server.api.get(path)
    assert answer.status_code == 200, answer.text
    return answer.json()


def sessions(server: Parts) -> Any:
    return said(server, "/api/v1/sessions")["items"]


def test_what_the_disk_has_spoiled_is_stored_again_from_the_spool(tmp_path: Path):
    with parts(tmp_path) as server:
        body = (CAPTURES / f"{CAPTURE}.pb").read_bytes()
        headers = {"content-type": "application/x-protobuf"}
        assert server.otlp.post("/v1/traces", content=body, headers=headers).is_success
        server.settle()
        before = sessions(server)
        assert before
        server.stop("ingest", "store")
        for table in ("spans", "payloads", "traces"):
            spoil(server, table)
        server.start("ingest", "store")
        server.until(lambda: said(server, "/api/v1/integrity")["degraded"] == [], SETTLE_S)
        assert sessions(server) == before
        log = server.log.read_text()
        assert "the store has lost a part of traces" in log
        assert "stored again what was lost of spans" in log
        server.stop("ingest", "store")
        losses = log.count("has lost a part")
        server.start("ingest", "store")
        assert said(server, "/readyz")["degraded"] == []
        assert server.log.read_text().count("has lost a part") == losses

        server.stop("ingest", "store")
        spoil(server, "spans")
        for file in server.settings.spool_dir.glob("0001.spool*"):
            file.unlink()
        server.start("ingest", "store")
        server.until(lambda: "as far as the spool reaches back" in server.log.read_text(), SETTLE_S)
        (reason,) = {r[:20] for r in said(server, "/readyz")["degraded"]}
        assert reason == "lost a part of spans"
        assert said(server, "/api/v1/integrity")["degraded"] == said(server, "/readyz")["degraded"]
        server.stop("ingest", "store")
        server.start("ingest", "store")
        assert said(server, "/readyz")["degraded"]
