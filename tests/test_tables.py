"""Tables of the query API: what a filter finds, on real captures and a real engine."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from spanledger_collector.store import Store
from tests.finance import call
from tests.otlp import CAPTURES, NOON_NS, attribute, span, traces
from tests.pipeline import Pipeline, running

LANGGRAPH = "openinference-langchain__langgraph-refund-retry"
OPENAI = "openinference-openai__chat-tools-stream"
ANTHROPIC = "openinference-anthropic__tools-cache-stream"
GENAI = "otel-genai-openai__chat-responses-stream"
EVENTS = "otel-openai-v2__events-in-logs"


@pytest.fixture(scope="module")
def pipeline(shared_store: Store, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    """Return four recorded captures, for tests that add nothing that another one counts."""
    with running(shared_store, tmp_path_factory.mktemp("tables")) as found:
        for name in (LANGGRAPH, OPENAI, ANTHROPIC, GENAI):
            found.send("traces", (CAPTURES / f"{name}.pb").read_bytes())
        found.send("logs", (CAPTURES / f"{GENAI}.logs.pb").read_bytes())
        found.settle()
        yield found


def ids(pipeline: Pipeline, q: str, table: str = "sessions") -> set[str]:
    """Return the ids of what passes a filter."""
    items = pipeline.get(table, q=q, limit=1000)["items"]
    return {f"{i['trace_id']}.{i['span_id']}" if table == "calls" else i["id"] for i in items}


def holds(session: dict[str, Any], q: str) -> bool:
    """Tell from a session as the API says it whether it passes one of the filters of FILTERS."""
    totals = session["totals"]
    cost = totals["cost_usd"]
    passes: dict[str, bool] = {
        "user:user-42": session["user_id"] == "user-42",
        "user:USER-*": (session["user_id"] or "").startswith("user-"),
        "-user:*": session["user_id"] is None,
        "model:claude*": any(m.startswith("claude") for m in session["models"]),
        "-model:claude*,gpt*": not any(m.startswith(("claude", "gpt")) for m in session["models"]),
        "status:error": session["status"] == "error",
        "cost:>0.01": cost is not None and Decimal(cost) > Decimal("0.01"),
        "-cost:>0.01": cost is not None and Decimal(cost) <= Decimal("0.01"),
        "tokens:1k..5k": 1000 <= totals["input_tokens"] + totals["output_tokens"] <= 5000,
        "errors:>0": totals["errors"] > 0,
        "duration:<1s": session["duration_ns"] < 10**9,
        "duration:<1s errors:>0": session["duration_ns"] < 10**9 and totals["errors"] > 0,
        "steps:>=5": session["spans"] >= 5,
    }
    return passes[q]


FILTERS = (
    "user:user-42", "user:USER-*", "-user:*", "model:claude*", "-model:claude*,gpt*",
    "status:error", "cost:>0.01", "-cost:>0.01", "tokens:1k..5k", "errors:>0", "duration:<1s",
    "duration:<1s errors:>0", "steps:>=5",
)  # fmt: skip


def test_a_filter_finds_the_sessions_that_it_describes(pipeline: Pipeline, subtests: Any):
    everything = pipeline.sessions()
    for q in FILTERS:
        with subtests.test(q):
            assert ids(pipeline, q) == {s["id"] for s in everything if holds(s, q)}


def test_a_session_is_found_by_a_tool_that_one_of_its_spans_used(pipeline: Pipeline):
    assert "sess-oi-1" in ids(pipeline, "tool:lookup_order")
    assert ids(pipeline, "tool:lookup_order") < {s["id"] for s in pipeline.sessions()}


SENTENCE = 'He said "where is my\nlost Luggage"?\tOrder A-1017, Größe 42'
WORDS = [
    ('"lost luggage"', True),
    ("luggage", True),
    ('"my lost"', True),  # a line break lies between them
    ("order", True),  # right after a tab
    ("A-1017", True),
    ('"where is"', True),  # right after a quote
    ("Größe", True),
    ("lugg", False),  # whole words
    ("ost", False),
    ("uggage", False),
    ('"luggage lost"', False),
]


def test_the_search_finds_whole_words_in_what_was_said(store: Store, tmp_path: Path, subtests: Any):
    said = attribute("input.value", SENTENCE)
    with running(store, tmp_path) as pipeline:
        pipeline.post("traces", traces(span(attributes=[said])))
        for words, found in WORDS:
            with subtests.test(words):
                assert bool(ids(pipeline, words)) is found
                assert bool(ids(pipeline, words, "traces")) is found


def test_the_search_reads_what_was_said_in_log_records(store: Store, tmp_path: Path):
    with running(store, tmp_path) as pipeline:
        pipeline.post("traces", (CAPTURES / f"{EVENTS}.pb").read_bytes())
        assert ids(pipeline, "currency") == set()
        pipeline.post("logs", (CAPTURES / f"{EVENTS}.logs.pb").read_bytes())
        assert len(ids(pipeline, "currency")) == 1
        assert ids(pipeline, "currency", "calls")


def test_the_search_reads_only_what_may_hold_the_words(store: Store, tmp_path: Path):
    with running(store, tmp_path) as pipeline:
        pipeline.post("traces", traces(span(attributes=[attribute("input.value", "luggage")])))
    explained = (
        "EXPLAIN indexes = 1 SELECT count() FROM payloads WHERE hasToken({column}, '{word}')"
    )
    read = {}
    with store.reading() as client:
        for word in ("luggage", "nowhere"):
            sql = explained.format(column="lower(concat(attributes, ' ', events))", word=word)
            lines = [row[0].strip() for row in client.query(sql).result_rows]
            read[word] = next(
                line for line in lines[lines.index("Name: words") :] if "Gran" in line
            )
    assert read == {"luggage": "Granules: 1/1", "nowhere": "Granules: 0/1"}


def test_traces_and_calls_pass_the_same_filters(pipeline: Pipeline):
    found = pipeline.get("traces", q="user:user-42")["items"]
    assert {trace["session_id"] for trace in found} == ids(pipeline, "user:user-42")
    calls = pipeline.get("calls", q="user:user-42", limit=1000)["items"]
    (session,) = pipeline.get("sessions", q="user:user-42")["items"]
    assert {call["session_id"] for call in calls} == {"sess-oi-1"}
    assert len(calls) == session["totals"]["calls"]
    assert sum(Decimal(call["cost_usd"] or 0) for call in calls) == Decimal(
        session["totals"]["cost_usd"]
    )


def test_calls_by_cost_come_dearest_first_and_page_by_page(pipeline: Pipeline):
    whole = pipeline.get("calls", order="cost", limit=1000)["items"]
    dollars = [Decimal(-1 if call["cost_usd"] is None else call["cost_usd"]) for call in whole]
    assert dollars == sorted(dollars, reverse=True)
    assert len(whole) == sum(s["totals"]["calls"] for s in pipeline.sessions())
    seen, page = [], pipeline.get("calls", order="cost", limit=3)
    while True:
        seen += page["items"]
        if not page["next_cursor"]:
            break
        page = pipeline.get("calls", order="cost", limit=3, cursor=page["next_cursor"])
    assert seen == whole


def test_a_call_whose_trace_id_ends_in_a_zero_byte_is_listed_with_its_session(
    store: Store, tmp_path: Path
):
    with running(store, tmp_path) as pipeline:
        pipeline.post("traces", traces(call(0x100, session__id="s", user__id="ann")))
        (found,) = pipeline.get("calls")["items"]
    assert (found["session_id"], found["user_id"]) == ("s", "ann")


def test_the_pulse_adds_up_to_the_sessions_of_the_filter(pipeline: Pipeline, subtests: Any):
    for q in ("", "user:user-42", "status:error"):
        with subtests.test(q):
            sessions = pipeline.get("sessions", q=q, limit=1000)["items"]
            beats = pipeline.get("pulse", q=q, grain="hour", tz="Asia/Kolkata")["beats"]
            assert sum(beat["sessions"] for beat in beats) == len(sessions)
            assert sum(Decimal(beat["cost_usd"] or 0) for beat in beats) == sum(
                Decimal(s["totals"]["cost_usd"] or 0) for s in sessions
            )


def test_the_pulse_of_a_range_counts_the_sessions_of_the_table(pipeline: Pipeline):
    hour = 3_600_000_000_000
    begun = {"early": NOON_NS - 6 * hour, "inside": NOON_NS - 4 * hour, "later": NOON_NS - 2 * hour}
    for name, start in begun.items():
        long = span(
            trace_id=name.encode().rjust(16), attributes=[attribute("session.id", name)],
            start_time_unix_nano=start, end_time_unix_nano=start + hour * 5 // 2,
        )  # fmt: skip
        pipeline.post("traces", traces(long))
    asked = {"q": "session:early,inside,later", "since": "2026-11-21T08:00:00Z"}
    asked["until"] = "2026-11-21T09:00:00Z"
    assert {s["id"] for s in pipeline.get("sessions", **asked)["items"]} == {"early", "inside"}
    told = pipeline.get("pulse", **asked, grain="minute")["beats"]
    assert [(beat["start"], beat["sessions"]) for beat in told] == [("2026-11-21T08:00", 2)]


def test_the_pulse_calls_failed_what_the_table_calls_so(pipeline: Pipeline):
    failed: Any = span(trace_id=b"f" * 16, attributes=[attribute("session.id", "mended")])
    failed.status.code = 2
    again: Any = span(
        trace_id=b"g" * 16, attributes=[attribute("session.id", "mended")],
        start_time_unix_nano=NOON_NS + 10**9, end_time_unix_nano=0,
    )  # fmt: skip
    pipeline.post("traces", traces(failed, again))
    (session,) = pipeline.get("sessions", q="session:mended")["items"]
    (beat,) = pipeline.get("pulse", q="session:mended")["beats"]
    assert (session["status"], beat["failed_sessions"]) == ("running", 0)


def test_observed_values_complete_a_field(pipeline: Pipeline):
    assert [v["value"] for v in pipeline.get("values", field="user", prefix="USER-4")["items"]] == [
        "user-42"
    ]
    models = {v["value"] for v in pipeline.get("values", field="model")["items"]}
    assert models == {m for s in pipeline.sessions() for m in s["models"]}
    assert "lookup_order" in {v["value"] for v in pipeline.get("values", field="tool")["items"]}
    assert pipeline.get("values", field="user", prefix="%")["items"] == []


def test_a_session_whose_id_ends_like_a_route_is_that_session(pipeline: Pipeline):
    for name in ("a", "a/events"):
        pipeline.post(
            "traces",
            traces(
                span(trace_id=name.encode().rjust(16), attributes=[attribute("session.id", name)])
            ),
        )
    assert pipeline.get("sessions/a%2Fevents")["id"] == "a/events"
    assert pipeline.get("sessions/a/events")["session"]["id"] == "a"
    assert pipeline.get("sessions/a%2Fevents/events")["session"]["id"] == "a/events"


REFUSED = [
    ("sessions?q=colour:red", "q: at character 1: no field 'colour'"),
    ("sessions?q=cost:cheap", "q: at character 6: 'cost' is a number, not 'cheap'"),
    ("calls?q=steps:>3", "q: 'steps' cannot be asked of what this lists"),
    ("values?field=cost", "q: no values are kept of 'cost'; ask for agent, "),
    ("pulse?q=%22open", "q: at character 1: a quote that does not end"),
]


def test_a_filter_that_cannot_be_answered_is_a_problem(pipeline: Pipeline, subtests: Any):
    for path, detail in REFUSED:
        with subtests.test(path):
            answer = pipeline.api.get(f"/api/v1/{path}")
            assert answer.status_code == 400
            assert answer.headers["content-type"] == "application/problem+json"
            assert detail in answer.json()["detail"]
