"""Streams without usage, over the wire: unknown unless their project asks for estimates."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from spanledger_collector import decode
from spanledger_collector.__main__ import main
from spanledger_collector.app import Draining
from spanledger_collector.explain import explain
from spanledger_collector.pricebook import Pricebook
from spanledger_collector.settings import load
from spanledger_collector.spool import Batch, Spool
from spanledger_collector.store import Store
from tests.otlp import CAPTURES, NOON_NS, TRACE_CAPTURES
from tests.pipeline import Pipeline, running

STORES = ["chdb"]

STREAM = "openllmetry-openai__chat-responses-stream"
TRACE, SPAN = "286db9577d1b806658fca3499362ed45", "8a183a805838d0c1"
BODY = (CAPTURES / f"{STREAM}.pb").read_bytes()
SHARE = {
    "estimated_calls", "estimated_usd", "calls_without_usage", "input_tokens", "output_tokens",
    "cost_usd",
}  # fmt: skip


@pytest.fixture
def pipeline(store: Store, tmp_path: Path) -> Iterator[Pipeline]:
    with running(store, tmp_path) as found:
        yield found


def sent(pipeline: Pipeline, *estimated: str) -> dict[str, Any]:
    """Return the session with the stream, sent while these projects are estimated."""
    pipeline.estimated = estimated
    pipeline.restart()
    pipeline.post("traces", BODY)
    found: dict[str, Any]
    (found,) = (s for s in pipeline.sessions() if s["totals"]["calls"] == 6)
    return found


def shares(session: dict[str, Any]) -> dict[str, Any]:
    return {name: session["totals"][name] for name in SHARE}


def stream(pipeline: Pipeline, session: dict[str, Any]) -> Any:
    """Return all about the call that streamed without usage."""
    events = pipeline.get(f"sessions/{session['id']}/events")["events"]
    details = [
        pipeline.get(f"spans/{e['trace_id']}/{e['span_id']}") for e in events if e["kind"] == "llm"
    ]
    return next(d for d in details if d["output"] and "no usage chunk" in json.dumps(d["output"]))


def test_without_the_setting_a_stream_without_usage_stays_unknown(pipeline: Pipeline):
    session = sent(pipeline)
    assert shares(session) == {
        "estimated_calls": 0, "estimated_usd": "0", "calls_without_usage": 1,
        "input_tokens": 7308, "output_tokens": 1161, "cost_usd": "0.00304025",
    }  # fmt: skip
    call = stream(pipeline, session)
    assert {name: call[name] for name in ("input_tokens", "usage_source", "cost_usd")} == {
        "input_tokens": None, "usage_source": "none", "cost_usd": None,
    }  # fmt: skip
    assert (call["estimate_method"], call["estimate_error_pct"]) == (None, None)


@pytest.mark.parametrize("projects", [("default",), ("*",), ("other", "default")])
def test_an_estimated_stream_is_in_the_totals_and_told_apart(
    pipeline: Pipeline, projects: tuple[str, ...]
):
    session = sent(pipeline, *projects)
    assert shares(session) == {
        "estimated_calls": 1, "estimated_usd": "0.0000069", "calls_without_usage": 0,
        "input_tokens": 7308 + 10, "output_tokens": 1161 + 9, "cost_usd": "0.00304715",
    }  # fmt: skip
    call = stream(pipeline, session)
    names = (
        "input_tokens", "output_tokens", "usage_source", "cost_source", "cost_usd",
        "estimate_method", "estimate_error_pct",
    )  # fmt: skip
    assert {name: call[name] for name in names} == {
        "input_tokens": 10, "output_tokens": 9, "usage_source": "estimated",
        "cost_source": "estimated", "cost_usd": "0.0000069",
        "estimate_method": "tiktoken/o200k_base@1.0", "estimate_error_pct": 3,
    }  # fmt: skip


def test_the_store_process_estimates_the_projects_that_its_setting_names(
    store: Store, tmp_path: Path
):
    settings = load({"data": str(tmp_path), "estimate": "shop, bank"}, {})
    settings.spool_dir.mkdir(parents=True)
    spool = Spool(settings.spool_dir / "0001.spool")
    for project in ("shop", "default"):
        spool.append(Batch(0, NOON_NS, project, "", "traces", "protobuf", 9, BODY)).result()
    spool.close()
    draining = Draining(store, Pricebook(), settings)
    draining.start()
    draining.handover.do(lambda _: None)  # its turn comes after the first round
    draining.stop()
    sources = [
        next(store.rows("span", project=project, trace=TRACE, span=SPAN))["usage_source"]
        for project in ("shop", "default")
    ]
    assert sources == ["estimated", "none"]


def test_other_projects_than_those_named_are_not_estimated(pipeline: Pipeline):
    assert sent(pipeline, "other")["totals"]["estimated_calls"] == 0


def test_estimates_read_back_and_resent_give_the_same_totals(pipeline: Pipeline):
    sent(pipeline, "*")
    before = pipeline.sessions()
    pipeline.restart()  # forgets every trace, so that it is read back from its spans
    pipeline.post("traces", BODY)
    assert pipeline.sessions() == before


def measured(found: dict[str, Any]) -> list[Any]:
    """Return every billed call that its provider counted, as it is told."""
    calls = [c for t in found["traces"] for c in t["llm_calls"]]
    return [c for c in calls if c["usage_source"] != "estimated" and c["usage_state"] != "absent"]


@pytest.mark.parametrize("capture", TRACE_CAPTURES, ids=lambda path: path.stem)
def test_estimates_change_no_call_that_was_measured(capture: Path):
    spans = decode.spans(capture.read_bytes(), "protobuf").spans
    plain, estimated = (explain(spans, [], Pricebook(), estimated=e) for e in (False, True))
    assert measured(estimated) == measured(plain)
    totals = estimated["totals"]
    moved = plain["totals"]["calls_without_usage"] - totals["calls_without_usage"]
    assert moved == totals["estimated_calls"]
    assert totals["llm_calls"] == plain["totals"]["llm_calls"]


def test_explain_estimates_when_it_is_told_to(capsys: pytest.CaptureFixture[str]):
    file = str(CAPTURES / f"{STREAM}.pb")
    assert main(["explain", file, "--json"]) == 0
    plain = json.loads(capsys.readouterr().out)["totals"]
    assert (plain["estimated_calls"], plain["calls_without_usage"]) == (0, 1)
    assert main(["explain", file, "--estimate"]) == 0
    text = capsys.readouterr().out
    assert "estimated; tiktoken/o200k_base@1.0 ±3 %" in text
    assert "0.003047150000 USD (1 calls estimated: 0.000006900000 USD)" in text
