"""What the query API answers, on real captures."""

from collections.abc import Iterator
from decimal import Decimal
from itertools import product
from typing import Any
from urllib.parse import quote

import pytest

from tests.databases import Databases
from tests.otlp import CAPTURES, NOON_NS, attribute, span, traces
from tests.pipeline import Pipeline, running

LANGGRAPH = "openinference-langchain__langgraph-refund-retry"
OPENAI = "openinference-openai__chat-tools-stream"
ANTHROPIC = "openinference-anthropic__tools-cache-stream"
GENAI = "otel-genai-openai__chat-responses-stream"
NINE_NS = NOON_NS - 3 * 3_600_000_000_000  # when the captures were made
ORDERS = ("started", "cost", "tokens", "errors", "duration")
CUTS = (
    "day", "hour", "week", "month", "model", "day model", "user", "session",
    "agent service environment provider kind", "tag",
)  # fmt: skip


@pytest.fixture(scope="module", params=["engine", "clickhouse"], ids=["chdb", "http"])
def pipeline(
    request: pytest.FixtureRequest, databases: Databases, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Pipeline]:
    """Return four recorded captures, for tests that add nothing that another one counts."""
    dsn, folder = request.getfixturevalue(request.param), tmp_path_factory.mktemp("api")
    with databases.lending(dsn) as store, running(store, folder) as found:
        for name in (LANGGRAPH, OPENAI, ANTHROPIC, GENAI):
            found.send("traces", (CAPTURES / f"{name}.pb").read_bytes())
        found.send("logs", (CAPTURES / f"{GENAI}.logs.pb").read_bytes())
        found.settle()
        yield found


def dollars(rows: list[Any]) -> Decimal:
    """Return what rows with totals add up to."""
    return sum((Decimal(row["totals"]["cost_usd"] or 0) for row in rows), Decimal(0))


def pages(pipeline: Pipeline, **asked: Any) -> Iterator[list[Any]]:
    """Yield the sessions page by page, as somebody who follows the cursors sees them."""
    page = pipeline.get("sessions", **asked)
    yield page["items"]
    while page["next_cursor"]:
        page = pipeline.get("sessions", **asked, cursor=page["next_cursor"])
        yield page["items"]


def test_pages_of_sessions_leave_none_out_and_repeat_none(pipeline: Pipeline, subtests: Any):
    for order, descending in product(ORDERS, (True, False)):
        with subtests.test(order=order, descending=descending):
            asked = {"order": order, "descending": descending}
            (whole,) = pages(pipeline, **asked, limit=100)
            assert [s for page in pages(pipeline, **asked, limit=2) for s in page] == whole
            assert len(whole) > 4


def test_running_totals_end_at_the_totals_of_the_session(pipeline: Pipeline):
    for session in pipeline.sessions():
        answer = pipeline.get(f"sessions/{session['id']}/events")
        assert answer["session"] == session
        last = answer["events"][-1]
        totals = session["totals"]
        assert Decimal(last["running_cost_usd"]) == Decimal(totals["cost_usd"] or 0)
        assert (
            last["running_input_tokens"], last["running_output_tokens"],
            last["running_unpriced_calls"], answer["total_events"],
        ) == (
            totals["input_tokens"], totals["output_tokens"], totals["unpriced_calls"],
            session["spans"],
        )  # fmt: skip


def test_columns_are_the_steps_by_field(pipeline: Pipeline):
    for session in pipeline.sessions():
        whole = pipeline.get(f"sessions/{session['id']}/events")
        told = pipeline.get(f"sessions/{session['id']}/columns")
        rows = zip(*told["columns"].values(), strict=True)
        assert [dict(zip(told["columns"], row, strict=True)) for row in rows] == whole["events"]
        assert (told["session"], told["total_events"]) == (session, session["spans"])


def test_only_the_columns_asked_for_are_told_and_one_that_is_none_is_refused(pipeline: Pipeline):
    path = f"sessions/{pipeline.sessions()[0]['id']}/columns"
    assert list(pipeline.get(path, field=["name", "depth"])["columns"]) == ["name", "depth"]
    refused = pipeline.api.get(f"/api/v1/{path}", params={"field": ["name", "colour"]})
    assert (refused.status_code, refused.json()["detail"]) == (400, "field: steps have no 'colour'")


def test_a_cost_of_no_call_runs_along_with_the_dollars(pipeline: Pipeline):
    at_nine = {"start_time_unix_nano": NINE_NS, "end_time_unix_nano": NINE_NS + 1}
    cost = attribute("spanledger.cost.usd", "0.25")
    paid = span(trace_id=b"c" * 16, attributes=[cost], **at_nine)
    pipeline.post("traces", traces(paid))
    (event,) = pipeline.get(f"sessions/{(b'c' * 16).hex()}/events")["events"]
    assert (event["billed"], event["running_cost_usd"], event["running_input_tokens"]) == (
        True, "0.25", 0
    )  # fmt: skip


def test_spend_adds_up_to_the_sessions_however_it_is_cut(pipeline: Pipeline, subtests: Any):
    spent = dollars(pipeline.sessions())
    for by, tz in product(CUTS, ("UTC", "Asia/Kolkata", "America/St_Johns")):
        with subtests.test(by=by, tz=tz):
            spend = pipeline.get("spend", group_by=by.split(), tz=tz)
            assert dollars(spend["rows"]) == spent > 0
            assert dollars(spend["rows"]) == Decimal(spend["total"]["cost_usd"])
            assert all(list(row["key"]) == by.split() for row in spend["rows"])


@pytest.mark.parametrize("by", [["model"], ["user", "session"], ["model", "day"]], ids=" ".join)
def test_rows_of_spend_are_sorted_by_time_and_then_dearest_first(pipeline: Pipeline, by: list[str]):
    rows = pipeline.get("spend", group_by=by)["rows"]
    order = [(row["key"].get("day"), -Decimal(row["totals"]["cost_usd"] or 0)) for row in rows]
    assert order == sorted(order)
    assert len(rows) > 3


def test_a_day_is_a_day_of_the_zone_asked_for(pipeline: Pipeline):
    days = {
        tz: {row["key"]["day"] for row in pipeline.get("spend", group_by="day", tz=tz)["rows"]}
        for tz in ("UTC", "Pacific/Pago_Pago")  # nine in the morning UTC, and ten in the evening
    }
    assert days == {"UTC": {"2026-11-21"}, "Pacific/Pago_Pago": {"2026-11-20"}}


def test_a_span_shows_its_conversation_its_bill_and_all_that_was_sent(pipeline: Pipeline):
    (session,) = [s for s in pipeline.sessions() if s["id"] == "sess-oi-1"]
    events = pipeline.get(f"sessions/{session['id']}/events")["events"]
    first = next(e for e in events if e["billed"])
    detail = pipeline.get(f"spans/{first['trace_id']}/{first['span_id']}")
    assert [message["role"] for message in detail["input"]] == ["system", "user"]
    assert detail["output"][0]["parts"][0]["name"] == "lookup_order"
    assert sum(Decimal(line["usd"]) for line in detail["lines"]) == Decimal(detail["cost_usd"])
    assert (detail["input_tokens"], detail["input_uncached_tokens"]) == (1978, 1978)
    assert detail["attributes"]["llm.model_name"] == "gpt-4o-2024-08-06"
    assert detail["scope"]["name"] == "openinference.instrumentation.openai"


def test_filters_narrow_to_what_they_name(pipeline: Pipeline):
    everything = {s["id"] for s in pipeline.sessions()}
    by_user = {s["id"] for s in pipeline.get("sessions", user="user-42")["items"]}
    by_model = {s["id"] for s in pipeline.get("sessions", model="gpt-5-mini-2025-08-07")["items"]}
    with_errors = pipeline.get("sessions", error=True)["items"]
    by_text = {s["id"] for s in pipeline.get("sessions", q="SESS-OI")["items"]}
    assert by_user == {"sess-oi-1"} == by_text
    assert "sess-oi-1" in by_model < everything
    assert all(s["totals"]["errors"] for s in with_errors)
    assert pipeline.get("sessions", until="2026-11-20")["items"] == []
    assert pipeline.get("sessions", since="2026-11-22T00:00:00Z")["items"] == []


def test_a_session_id_may_hold_anything(pipeline: Pipeline):
    strange = "a/b?c#d e\u202eü/1"
    pipeline.post("traces", traces(span(attributes=[attribute("session.id", strange)])))
    (found,) = [s for s in pipeline.sessions() if s["id"] == strange]
    assert pipeline.get(f"sessions/{quote(strange, safe='')}/events")["session"] == found
    assert pipeline.get(f"sessions/{quote(strange, safe='')}") == found


UNANSWERABLE = [
    ("sessions/none-such", 404, "no session 'none-such'"),
    ("spans/" + "0" * 32 + "/" + "0" * 16, 404, "no span"),
    ("spans/xyz/1", 400, "trace_id: "),
    ("sessions?limit=0", 400, "limit: "),
    ("sessions?since=yesterday", 400, "since: no moment: 'yesterday'"),
    ("sessions?cursor=xx", 400, "cursor: not one of ours"),
    ("sessions?order=sideways", 400, "order: "),
    ("spend?tz=Mars/Olympus", 400, "tz: no time zone 'Mars/Olympus'"),
    ("spend?tz=../../etc/passwd", 400, "tz: no time zone"),
    ("spend?group_by=day&group_by=week", 400, "group_by: only one of"),
    ("spend?group_by=colour", 400, "'colour'"),
    ("nothing", 404, "Not Found"),
]


def test_what_cannot_be_answered_says_why(pipeline: Pipeline, subtests: Any):
    for path, status, detail in UNANSWERABLE:
        with subtests.test(path):
            answer = pipeline.api.get(f"/api/v1/{path}")
            assert answer.headers["content-type"] == "application/problem+json"
            assert (answer.status_code, answer.json()["status"]) == (status, status)
            assert detail in answer.json()["detail"]
