"""Every answer is guarded; a mistake of ours says nothing but where to look; no answer is endless."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from spanledger_collector import listing, query
from spanledger_collector import store as stores
from spanledger_collector.store import Client, Store
from tests.otlp import attribute, span, traces
from tests.pipeline import Pipeline, running

STORES = ["chdb"]


@pytest.fixture
def pipeline(store: Store, tmp_path: Path) -> Iterator[Pipeline]:
    with running(store, tmp_path) as found:
        found.post("traces", traces(*(span(trace_id=bytes([n]) * 16) for n in (1, 2))))
        yield found


@pytest.mark.parametrize(
    "path", ["/api/v1/sessions", "/api/v1/sessions/none", "/nowhere", "/healthz", "/openapi.json"]
)
def test_no_answer_is_guessed_at_framed_or_stored(pipeline: Pipeline, path: str):
    headers = pipeline.api.get(path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == "no-store"
    assert headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"


def test_a_mistake_of_ours_is_told_by_an_id_that_the_log_explains(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    def mistaken(*_: Any) -> Any:
        raise KeyError("the inside of it")

    monkeypatch.setattr(listing, "sessions", mistaken)
    answer = pipeline.api.get("/api/v1/sessions")
    assert (answer.status_code, answer.headers["content-type"]) == (500, "application/problem+json")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "inside" not in answer.text
    error_id = answer.json()["detail"].rpartition(" ")[2]
    assert f"error {error_id}: GET /api/v1/sessions" in caplog.text
    assert "the inside of it" in caplog.text


def test_an_answer_beyond_the_bounds_says_how_to_ask_for_less(
    dsn: str, db: Client, database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setitem(stores.READ_LIMITS, "max_rows_to_read", 1)
    store = Store(dsn, database=database, readers=1)  # a reader is bound when it is first needed
    with running(store, tmp_path) as pipeline:
        pipeline.post("traces", traces(*(span(trace_id=bytes([n]) * 16) for n in (1, 2))))
        refused = pipeline.ask("GET", "sessions", 422)
    store.close()
    assert "narrow" in refused["detail"]
    assert "Code" not in refused["detail"]


def test_spend_in_more_rows_than_fit_is_refused_and_not_cut(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(query, "MOST_SPEND_ROWS", 1)
    calls = [
        span(trace_id=bytes([n]) * 16, attributes=[
            attribute("gen_ai.operation.name", "chat"), attribute("gen_ai.request.model", f"m{n}"),
        ])
        for n in (3, 4)
    ]  # fmt: skip
    pipeline.post("traces", traces(*calls))
    assert pipeline.get("spend")["total"]["calls"] == 2
    refused = pipeline.ask("GET", "spend", 422, params={"group_by": "model"})
    assert "more than 1 rows" in refused["detail"]
