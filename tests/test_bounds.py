"""What a question may take: every one runs within the same bounds, and beyond them is refused in words."""

import pytest
from fastapi.testclient import TestClient

from spanledger_collector import store as edge
from spanledger_collector.api import tables
from spanledger_collector.api.application import create_app
from spanledger_collector.store import READ_LIMITS, Client, Store
from spanledger_schema.sql import ROOT

ASKING = {
    path.name: said
    for path in (ROOT / "queries").iterdir()
    for said in ["\n".join(ln for ln in path.read_text().splitlines() if not ln.startswith("--"))]
    if said.lstrip().startswith(("SELECT", "WITH"))
}


def test_a_question_is_bound_in_memory_time_and_rows_and_goes_to_disk_before(store: Store):
    with store.reading() as client:
        rows = client.query(
            "SELECT name, toInt64(value) FROM system.settings WHERE name IN {names:Array(String)}",
            parameters={"names": list(READ_LIMITS)},
        ).result_rows
    assert sorted(map(tuple, rows)) == sorted(READ_LIMITS.items())
    assert READ_LIMITS["max_bytes_before_external_group_by"] < READ_LIMITS["max_memory_usage"]
    assert READ_LIMITS["max_bytes_before_external_sort"] < READ_LIMITS["max_memory_usage"]


def test_no_question_lifts_its_bounds():
    assert len(ASKING) > 50
    assert [name for name, said in ASKING.items() if "SETTINGS" in said] == []


@pytest.mark.parametrize("path", ["sessions", "spend"])
def test_a_question_that_needs_more_memory_than_it_may_have_is_refused_in_words(
    dsn: str, db: Client, database: str, path: str, monkeypatch: pytest.MonkeyPatch
):
    bounds = {"max_memory_usage": 1000, "max_untracked_memory": 1}
    monkeypatch.setattr(edge, "READ_LIMITS", READ_LIMITS | bounds)
    store = Store(dsn, database=database, readers=1)  # bounds are those of when a reader was opened
    app = create_app(store, lambda: {"ready": True}, dict)
    tables.mount(app)
    with TestClient(app) as api:
        answer = api.get(f"/api/v1/{path}")
    store.close()
    assert (answer.status_code, answer.json()["detail"]) == (
        422, "this reads too much or takes too long; narrow since and until"
    )  # fmt: skip
