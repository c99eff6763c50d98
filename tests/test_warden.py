"""Detectors over what is stored: recorded sessions are quiet, one that loops is told of, once."""

from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from spanledger_collector.captures import CAPTURES, each_span, fresh
from spanledger_collector.store import Store
from tests.finance import DAY_NS, call, gpt
from tests.otlp import LOG_CAPTURES, NOON_NS, TRACE_CAPTURES, traces
from tests.pipeline import Pipeline, running

HOUR_NS = 3_600_000_000_000


@pytest.fixture
def pipeline(embedded: Store, tmp_path: Path) -> Iterator[Pipeline]:
    with running(embedded, tmp_path) as found:
        yield found


def told(pipeline: Pipeline) -> list[tuple[str, str, str, bool]]:
    """Return detector, group, words and whether it is over, of all that was told by now."""
    pipeline.warden.run()
    return sorted(
        (a["budget_id"], a["group"], a["detail"], a["recovered_at"] is not None)
        for a in pipeline.get("alerts")
    )


def moved(body: bytes, end_ns: int) -> bytes:
    """Return a recorded request whose last span ends at a moment."""
    request = ExportTraceServiceRequest.FromString(body)
    shift_ns = end_ns - max(span.end_time_unix_nano for span in each_span(request))
    for span in each_span(request):
        span.start_time_unix_nano += shift_ns
        span.end_time_unix_nano += shift_ns
    made: bytes = request.SerializeToString()
    return made


def looping(times: int) -> bytes:
    """Return a recorded session whose failing tool call is made so many times, a second apart."""
    (capture,) = (c for c in CAPTURES if c.name == "openinference-crewai__two-agents")
    request = ExportTraceServiceRequest.FromString(fresh(capture, NOON_NS, Random(1)).spans)
    failing = next(s for s in each_span(request) if s.status.code == 2 and is_tool(s))
    holder = request.resource_spans[0].scope_spans[0]
    for number in range(times - 1):
        again = holder.spans.add()
        again.CopyFrom(failing)
        again.span_id = (number + 1).to_bytes(8)
        again.start_time_unix_nano += (number + 1) * 1_000_000
        again.end_time_unix_nano += (number + 1) * 1_000_000
    made: bytes = request.SerializeToString()
    return made


def is_tool(span: Any) -> bool:
    """Tell whether a recorded span is a tool call."""
    kinds = (a.value.string_value for a in span.attributes if a.key == "openinference.span.kind")
    return "TOOL" in kinds


def test_the_recorded_sessions_of_the_demo_are_quiet(pipeline: Pipeline):
    random = Random(7)
    for capture in CAPTURES:
        recorded = fresh(capture, NOON_NS, random)
        pipeline.send("traces", recorded.spans)
        if recorded.logs:
            pipeline.send("logs", recorded.logs)
    pipeline.settle()
    assert told(pipeline) == []


def test_of_everything_ever_recorded_together_only_an_agent_that_did_fail_is_told(
    pipeline: Pipeline,
):
    for path in TRACE_CAPTURES:
        pipeline.send("traces", moved(path.read_bytes(), NOON_NS))
    for path in LOG_CAPTURES:
        pipeline.send("logs", path.read_bytes())
    pipeline.settle()
    # four recordings of one agent, of which three end in a 429
    failing = "3 of 12 calls of the last hour failed; usual are 0.0 %"
    assert told(pipeline) == [("detector:errors", "bank_agent", failing, False)]


LOOPING = "headline_search called 6 times, the same arguments, same error"


def test_a_recorded_session_that_loops_is_told_of_once_and_recovers(pipeline: Pipeline):
    pipeline.post("traces", looping(4))
    assert told(pipeline) == []
    pipeline.post("traces", looping(6))
    ((_, session, *found),) = told(pipeline)
    assert found == [LOOPING, False]
    pipeline.restart()
    assert told(pipeline) == [("detector:loop", session, LOOPING, False)]
    (errand,) = pipeline.ask("GET", "alerts/outbox", params={"channel": ["c"]})
    assert (errand["event"], errand["alert"]["group"]) == ("fired", session)
    pipeline.now_ns += 2 * HOUR_NS
    assert told(pipeline) == [("detector:loop", session, LOOPING, True)]


def test_a_muted_detector_tells_nothing_and_what_it_told_recovers(pipeline: Pipeline):
    pipeline.post("traces", looping(6))
    assert [over for *_, over in told(pipeline)] == [False]
    muted = pipeline.ask("PUT", "detectors/loop", json={"muted": True}, params={"by": "ann"})
    assert [(t["agent"], t["limit"], t["muted"], t["by"]) for t in muted["tunings"]] == [
        ("", None, True, "ann")
    ]
    assert [over for *_, over in told(pipeline)] == [True]
    (entry,) = pipeline.get("audit")["items"]
    assert (entry["action"], entry["subject"], entry["actor"]) == ("detector tuned", "loop", "ann")
    back = pipeline.ask("PUT", "detectors/loop", json={})
    assert (back["limit"], back["tunings"]) == ("5", [])


def test_another_limit_holds_for_its_agent_alone(pipeline: Pipeline):
    pipeline.ask("PUT", "detectors/loop", json={"agent": "someone else", "limit": "99"})
    pipeline.post("traces", looping(6))
    assert [detector for detector, *_ in told(pipeline)] == ["detector:loop"]
    assert [d["name"] for d in pipeline.get("detectors")] == [
        "loop", "velocity", "context", "steps", "anomaly", "stalled", "unpriced", "errors",
    ]  # fmt: skip


def test_an_hour_is_held_against_the_same_one_of_the_weeks_before(pipeline: Pipeline):
    dear = {"gen_ai__usage__input_tokens": 1_000_000}  # 2.502 dollars
    pipeline.post("traces", traces(*(gpt(n, days_ago=7 * n) for n in (1, 2))))
    pipeline.post("traces", traces(gpt(3, **dear), *(call(n) for n in range(10, 29))))
    assert [(found[0], found[2]) for found in told(pipeline)] == [
        ("detector:anomaly", "2.50 USD in the last hour; at most 0.01 in the same hour of the last four weeks"),
        ("detector:unpriced", "19 of 20 calls of the last hour have no price"),
    ]  # fmt: skip


def test_a_project_that_falls_silent_at_a_busy_time_is_told_of(pipeline: Pipeline):
    for number, days in enumerate((14, 7)):
        pipeline.now_ns = NOON_NS - days * DAY_NS + HOUR_NS // 4
        pipeline.post("traces", traces(gpt(number + 1, days_ago=days)))
    pipeline.now_ns = NOON_NS
    pipeline.post("traces", traces(gpt(3)))
    assert told(pipeline) == []
    pipeline.now_ns = NOON_NS + HOUR_NS // 2
    words = "no span for 30 minutes; 1 traces in the same stretch of last week"
    assert told(pipeline) == [("detector:stalled", "", words, False)]


def test_a_session_is_held_against_those_that_its_agent_used_to_have(pipeline: Pipeline):
    agent: dict[str, Any] = {"gen_ai__agent__name": "refunds"}
    usual = (gpt(n, days_ago=1, session__id=f"s{n}", **agent) for n in range(1, 21))
    pipeline.post("traces", traces(*usual))
    pipeline.post("traces", traces(*(gpt(n, session__id="long", **agent) for n in range(100, 130))))
    words = "30 steps; 95 of 100 sessions of this agent take at most 1"
    assert told(pipeline) == [("detector:steps", "long", words, False)]
