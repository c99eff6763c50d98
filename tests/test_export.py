"""Tables as files: what they hold is what the API says, to the last digit."""

import csv
import io
import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from spanledger_collector import keychest
from spanledger_collector.api import export
from spanledger_collector.export import Column, cell, csv_file
from spanledger_collector.moments import nanoseconds
from spanledger_collector.store import Store
from tests.otlp import CAPTURES, NOON_NS, attribute, span, traces
from tests.pipeline import Pipeline, running

NAMES = (
    "openinference-langchain__langgraph-refund-retry",
    "openinference-anthropic__tools-cache-stream",
    "otel-genai-openai__chat-responses-stream",
)


@pytest.fixture(scope="module")
def pipeline(shared_store: Store, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    """Return the recorded captures in a store of their own, which no test adds to."""
    with running(shared_store, tmp_path_factory.mktemp("exports")) as found:
        yield filled(found)


def filled(pipeline: Pipeline) -> Pipeline:
    """Return a pipeline, now with recorded captures and a session whose model has no price."""
    for name in NAMES:
        pipeline.send("traces", (CAPTURES / f"{name}.pb").read_bytes())
    pipeline.post("traces", unpriced())
    return pipeline


def unpriced() -> bytes:
    """Return a call of a model that nobody knows, by a user that looks like a formula."""
    said = {
        "session.id": "=1+1",
        "user.id": "@SUM(A1)",
        "gen_ai.operation.name": "chat",
        "gen_ai.response.model": "nobody-knows-1",
    }
    tokens = attribute("gen_ai.usage.input_tokens", 100)
    return traces(span(attributes=[*(attribute(k, v) for k, v in said.items()), tokens]))


def fetched(pipeline: Pipeline, table: str, **asked: Any) -> Any:
    """Return an export."""
    answer = pipeline.api.get(f"/api/v1/export/{table}", params=asked)
    assert answer.status_code == 200, answer.text
    return answer


def rows(pipeline: Pipeline, table: str, **asked: Any) -> dict[str, list[dict[str, Any]]]:
    """Return the rows of a table by format."""
    by_format = {
        f: fetched(pipeline, table, format=f, **asked) for f in ("csv", "jsonl", "parquet")
    }
    return {
        "csv": list(csv.DictReader(io.StringIO(by_format["csv"].text, newline=""))),
        "jsonl": [json.loads(line) for line in by_format["jsonl"].text.splitlines()],
        "parquet": parquet.read_table(io.BytesIO(by_format["parquet"].content)).to_pylist(),
    }


def dollars(found: list[dict[str, Any]]) -> Decimal:
    """Return the sum of the dollars of some rows."""
    return sum((Decimal(row["cost_usd"] or 0) for row in found), Decimal(0))


def test_the_sums_of_every_file_are_those_of_spend(store: Store, tmp_path: Path, subtests: Any):
    with running(store, tmp_path) as empty:
        pipeline = filled(empty)
        total = pipeline.get("spend")["total"]
        by = {"group_by": ["day", "model", "user"]}
        for table, asked in (("sessions", {}), ("calls", {}), ("spend", by)):
            for format, found in rows(pipeline, table, **asked).items():
                with subtests.test(f"{table} as {format}"):
                    assert dollars(found) == Decimal(total["cost_usd"]) > 0
                    calls = [1 if table == "calls" else int(row["calls"]) for row in found]
                    assert sum(calls) == total["calls"]


def test_a_file_holds_what_the_api_says(pipeline: Pipeline):
    items = pipeline.get("calls", limit=1000)["items"]
    assert rows(pipeline, "calls")["jsonl"] == items
    sessions = [{**s, **s["totals"]} for s in pipeline.sessions()]
    for session in sessions:
        del session["totals"]
    assert rows(pipeline, "sessions")["jsonl"] == sessions


def test_unknown_dollars_are_empty_and_never_zero(pipeline: Pipeline):
    found = rows(pipeline, "calls", q="model:nobody-knows-1")
    assert {f: [row["cost_usd"] for row in r] for f, r in found.items()} == {
        "csv": [""],
        "jsonl": [None],
        "parquet": [None],
    }


def test_a_filter_and_a_range_narrow_a_file_as_they_narrow_the_table(pipeline: Pipeline):
    wanted = [s["id"] for s in pipeline.get("sessions", q="model:claude*")["items"]]
    assert 0 < len(wanted) < len(pipeline.sessions())
    assert [s["id"] for s in rows(pipeline, "sessions", q="model:claude*")["csv"]] == wanted
    assert rows(pipeline, "calls", until="2001-01-01")["csv"] == []
    assert rows(pipeline, "spend", until="2001-01-01", group_by="model")["parquet"] == []


def test_parquet_carries_exact_dollars_and_nanoseconds(pipeline: Pipeline):
    file = fetched(pipeline, "calls", format="parquet")
    assert file.headers["content-type"] == "application/vnd.apache.parquet"
    table = parquet.read_table(io.BytesIO(file.content))
    assert table.schema.field("cost_usd").type == pa.decimal128(38, 12)
    started = table.column("started_at").cast(pa.int64()).to_pylist()
    items = pipeline.get("calls", limit=1000)["items"]
    assert started == [nanoseconds(call["started_at"]) for call in items]


def test_a_spreadsheet_computes_nothing_that_a_client_sent(pipeline: Pipeline):
    answer = fetched(pipeline, "sessions", q="model:nobody-knows-1")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == (
        'attachment; filename="spanledger-sessions.csv"'
    )
    (session,) = csv.DictReader(io.StringIO(answer.text, newline=""))
    assert (session["id"], session["user_id"]) == ("'=1+1", "'@SUM(A1)")


@pytest.mark.parametrize("said", ["=1", "+1", "-1", "@x", "\tx", "\rx"])
def test_a_text_that_begins_like_a_formula_is_quoted_and_a_number_is_not(said: str):
    assert cell(said, "text") == f"'{said}"
    assert cell([said, "x"], "texts") == f"'{said}, x"
    assert cell("-0.25", "usd") == "-0.25"
    assert cell(-1, "count") == "-1"


def test_a_csv_file_is_written_page_by_page():
    asked = []

    def pages() -> Iterator[list[dict[str, str]]]:
        for name in ("a", 'b "b", c', "d\nd"):
            asked.append(name)
            yield [{"name": name}]

    file = csv_file([Column("name", "text")], pages())
    assert (next(file), asked) == (b"name\r\n", [])
    assert (next(file), asked) == (b"a\r\n", ["a"])
    assert list(file) == [b'"b ""b"", c"\r\n', b'"d\nd"\r\n']


def test_pages_of_an_export_leave_nothing_out(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch):
    whole = {table: rows(pipeline, table) for table in ("sessions", "calls")}
    monkeypatch.setattr(export, "SESSIONS_AT_ONCE", 1)
    monkeypatch.setattr(export, "CALLS_AT_ONCE", 2)
    assert {table: rows(pipeline, table) for table in ("sessions", "calls")} == whole
    file = fetched(pipeline, "sessions", format="parquet").content
    metadata = parquet.ParquetFile(io.BytesIO(file)).metadata
    assert metadata.num_row_groups == metadata.num_rows == len(whole["sessions"]["csv"])


REFUSED = [
    ("sessions?q=colour:red", "q: at character 1: no field 'colour'"),
    ("calls?q=steps:>3", "q: 'steps' cannot be asked of what this lists"),
    ("spend?tz=Nowhere", "tz: no time zone 'Nowhere'"),
    ("spend?group_by=day&group_by=week", "group_by: only one of "),
    ("calls?format=xlsx", "format: "),
]


def test_what_cannot_be_exported_is_a_problem_before_the_file_begins(
    pipeline: Pipeline, subtests: Any
):
    for path, detail in REFUSED:
        with subtests.test(path):
            answer = pipeline.api.get(f"/api/v1/export/{path}")
            assert answer.status_code == 400
            assert detail in answer.json()["detail"]


def test_the_audit_says_who_took_what_out_and_how_many_rows_it_was(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(export, "CALLS_AT_ONCE", 2)
    with running(store, tmp_path, keys_demanded=True) as pipeline:
        key, token = keychest.create(store, NOON_NS, "*", ("admin", "ingest", "read"))
        keychest.hand_over(store, pipeline.keys_file, NOON_NS)
        for client in (pipeline.api, pipeline.otlp):
            client.headers["authorization"] = f"Bearer {token}"
        pipeline.post("traces", traces(*(a_call(n) for n in range(5))))
        fetched(pipeline, "calls", format="jsonl", q="model:m")
        entries = [e for e in pipeline.get("audit")["items"] if "export" in e["action"]]
    found = sorted(entries, key=lambda entry: str(entry["action"]))
    assert [(e["action"], e["subject"], e["after"]) for e in found] == [
        ("export begun", "calls.jsonl", {"asked": "format=jsonl&q=model%3Am"}),
        ("exported", "calls.jsonl", {"rows": 5}),
    ]
    assert [e["actor"] for e in found] == [key.id] * 2


def a_call(number: int) -> Any:
    said = {"gen_ai.operation.name": "chat", "gen_ai.request.model": "m"}
    attributes = [attribute(name, value) for name, value in said.items()]
    return span(span_id=b"call%04d" % number, attributes=attributes)
