"""The books balance, and where they do not, it is found and named."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from spanledger_collector.spool import Batch
from spanledger_collector.store import Store
from spanledger_collector.totals import TRACE_COLUMNS
from tests.finance import NOVEMBER, call, gpt
from tests.otlp import CAPTURES, NOON_NS, span, traces
from tests.pipeline import Pipeline, running
from tests.stores import both_stores

STORES = ["chdb"]

NAMES = [
    "default: sum of lines = traces",
    "default: sum of traces = sessions = project",
    "default: sum of days = range, in UTC",
    "default: sum of days = range, in America/New_York",
    "default: sum of days = range, in Asia/Kolkata",
    "default: traces = recomputed from spans",
    "0001.spool traces: received = rejected + stored + pending + quarantined",
    "0001.spool logs: received = rejected + stored + pending + quarantined",
]
CAPTURED = ("openinference-langchain__langgraph-refund-retry",
            "openinference-anthropic__tools-cache-stream",
            "otel-genai-openai__chat-responses-stream")  # fmt: skip
ONE = (1).to_bytes(16)


@pytest.fixture
def pipeline(store: Store, tmp_path: Path) -> Iterator[Pipeline]:
    with running(store, tmp_path) as found:
        yield found


def differing(pipeline: Pipeline) -> dict[str, list[str]]:
    """Return the differences of each identity that does not hold."""
    found = pipeline.get("verify")
    odd = {i["name"]: i["differences"] for i in found["identities"] if not i["holds"]}
    assert found["holds"] == (not odd)
    return odd


def rewritten(store: Store, which: bytes, **columns: Any) -> None:
    """Write the row of a trace again, one version later and with some columns changed."""
    asked = {"project": "default", "after": bytes(16).hex(), "until": ""}
    rows = [dict(zip(TRACE_COLUMNS, r, strict=True)) for r in
            zip(*store.columns("trace_rows", **asked), strict=True)]  # fmt: skip
    (row,) = [row for row in rows if row["trace_id"] == which]
    row |= {"ver": row["ver"] + 1} | columns
    store.insert("traces", {name: [value] for name, value in row.items()})


@both_stores
def test_every_identity_holds_over_real_captures_with_its_figures(pipeline: Pipeline):
    for name in CAPTURED:
        pipeline.send("traces", (CAPTURES / f"{name}.pb").read_bytes())
    logs = "otel-genai-openai__chat-responses-stream.logs.pb"
    pipeline.post("logs", (CAPTURES / logs).read_bytes())
    pipeline.post("traces", (CAPTURES / f"{CAPTURED[0]}.pb").read_bytes())  # once more
    found = pipeline.get("verify")
    assert [i["name"] for i in found["identities"]] == NAMES
    assert [i["differences"] for i in found["identities"] if not i["holds"]] == []
    usd = pipeline.get("spend")["total"]["cost_usd"]
    figures = {i["name"]: i["figures"] for i in found["identities"]}
    assert (figures[NAMES[0]]["lines_usd"], figures[NAMES[0]]["traces_usd"]) == (usd, usd)
    assert {figures[name]["days_usd"] for name in NAMES[2:5]} == {usd}
    assert int(figures[NAMES[6]]["stored"]) == found["spans"] + 28  # the capture sent twice


def test_what_waits_and_what_was_set_aside_is_accounted_for(pipeline: Pipeline):
    broken = Batch(0, NOON_NS, "default", "", "traces", "protobuf", 5, b"\xff\xff no protobuf")
    pipeline.spool.append(broken).result()
    pipeline.post("traces", traces(call(1), span(trace_id=b"short")))
    pipeline.send("traces", traces(call(2), call(3)))
    found = pipeline.get("verify")
    assert found["holds"]
    assert found["identities"][-2]["figures"] == {
        "received": "9", "rejected": "1", "stored": "1", "pending": "2", "quarantined": "5"
    }  # fmt: skip


def test_an_empty_ledger_balances(pipeline: Pipeline):
    assert differing(pipeline) == {}


def test_a_trace_with_other_dollars_than_its_spans_is_found_and_named(
    pipeline: Pipeline, store: Store
):
    pipeline.post("traces", traces(gpt(1), gpt(2)))
    rewritten(store, ONE, cost_usd=1)
    odd = differing(pipeline)
    assert odd == {
        NAMES[0]: [f"{ONE.hex()}: its lines do not add up to it"],
        **{name: [] for name in NAMES[2:5]},
        NAMES[5]: [f"{ONE.hex()}: cost_usd is 1.000000000000, its spans say 0.009500000000"],
    }
    pipeline.drain.recompute([("default", ONE)])
    assert NAMES[5] in differing(pipeline)  # the damaged row says that it knows more
    pipeline.drain.recompute([("default", ONE)], knowing_less=True)
    assert differing(pipeline) == {}


def test_a_span_that_was_changed_behind_the_ledgers_back_is_found(pipeline: Pipeline, store: Store):
    pipeline.post("traces", traces(gpt(1)))
    ids = {"project": "default", "traces": [ONE.hex()], "spans": [(1).to_bytes(8).hex()]}
    (row,) = store.rows("span_rows", **ids)
    row |= {"ver": row["ver"] + 1, "cost_usd": 2}
    store.insert("spans", {name: [value] for name, value in row.items()})
    assert differing(pipeline) == {
        NAMES[5]: [f"{ONE.hex()}: cost_usd is 0.009500000000, its spans say 2.000000000000"]
    }
    pipeline.drain.recompute([("default", ONE)])
    assert differing(pipeline) == {}


def test_rows_without_spans_and_spans_without_a_row_are_found(pipeline: Pipeline, store: Store):
    pipeline.post("traces", traces(gpt(1), gpt(2), gpt(3)))
    rewritten(store, ONE, trace_id=b"\xff" * 16, ver=1)
    rewritten(store, ONE, is_deleted=1)
    assert differing(pipeline) == {
        NAMES[5]: [f"{ONE.hex()}: it has no row", f"{'ff' * 16}: it has no spans"]
    }


def test_what_happens_between_two_looks_is_no_difference(
    pipeline: Pipeline, store: Store, monkeypatch: pytest.MonkeyPatch
):
    pipeline.post("traces", traces(gpt(1)))
    pipeline.send("traces", traces(gpt(1, session__id="late"), gpt(2)))
    columns = store.columns

    def then_more_arrives(name: str, **asked: Any) -> Any:
        found = columns(name, **asked)
        if name == "trace_rows":
            pipeline.settle()
        return found

    monkeypatch.setattr(store, "columns", then_more_arrives)
    assert differing(pipeline) == {}
    assert pipeline.cursor.tally()["stored"] == 3


def test_books_of_several_projects_are_kept_apart(pipeline: Pipeline):
    batch = Batch(0, NOON_NS, "other", "", "traces", "protobuf", 1, traces(gpt(1)))
    pipeline.spool.append(batch).result()
    pipeline.post("traces", traces(gpt(1), gpt(2)))
    found = pipeline.get("verify")
    usd = {i["name"]: i["figures"].get("project_usd") for i in found["identities"]}
    assert found["holds"]
    assert (usd["default: sum of traces = sessions = project"],
            usd["other: sum of traces = sessions = project"]) == ("0.019", "0.0095")  # fmt: skip
    assert pipeline.ask("POST", "reprice", json=NOVEMBER | {"only": "all"})["spans"] == 0
