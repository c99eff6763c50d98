"""The sessions page shows what the query API answers, or what to do when there is nothing."""

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from spanledger_collector.store import Store
from spanledger_schema.api_tables import CallRow
from spanledger_ui import first_trace, tables
from spanledger_ui import page as page_of
from spanledger_ui.client import Client
from spanledger_ui.pages.sessions import VIEWS
from tests.otlp import attribute, span, traces
from tests.ports import free_port
from tests.ui_server import answering, capture, components, ledger, page, shown, stored, texts
from tests.ui_shapes import filled

CAPTURES = (
    "openinference-langchain__langgraph-refund-retry",
    "openinference-dspy__react",
    "openinference-anthropic__tools-cache-stream",
)
NOON = "2026-11-21T12:00:00Z"
NAME = "<img src=x onerror=alert(1)> **bold** [x](http://evil.example) 🧾 مرحبا"


@pytest.fixture(scope="module")
def api(shared_store: Store, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the query API over three recorded captures, for tests that change none."""
    stored(shared_store, tmp_path_factory.mktemp("spool"), *map(capture, CAPTURES))
    with answering(shared_store) as url:
        yield url


def test_every_session_is_a_row_and_its_dollars_are_the_apis(api: str):
    page_shown = ledger(page("sessions", api, range="all"))
    items = httpx.get(f"{api}/api/v1/sessions").json()["items"]
    assert [row["href"] for row in page_shown["rows"]] == [
        f"replay?session={item['id']}" for item in items
    ]
    assert [row["cells"]["dollars"]["title"] for row in page_shown["rows"]] == [
        "unpriced" if (usd := item["totals"]["cost_usd"]) is None else f"{Decimal(usd):f} USD"
        for item in items
    ]


def test_a_row_says_who_when_how_long_and_how_much(api: str):
    rows = {
        r["href"]: r for r in ledger(page("sessions", api, range="all", q="user:user-7"))["rows"]
    }
    said = texts(rows["replay?session=thread-900"])
    started = said.pop("started")  # names the year once it is another than ours
    assert (started[:6], started[-8:]) == ("21 Nov", "09:17:09")
    assert said == {
        "session": "refund_flow",
        "user": "user-7",
        "steps": "28",
        "errors": "2",
        "duration": "494 ms",
        "tokens": "18.4k",
        "dollars": "0.0595",
        "left_out": "",
        "status": "ok",
    }


def test_filters_of_the_url_reach_the_api_and_the_widgets(api: str):
    test = page("sessions", api, range="all", q="model:claude* cost:>0", order="dearest")
    assert [texts(row)["session"] for row in ledger(test)["rows"]] == [
        item["name"]
        for item in httpx.get(
            f"{api}/api/v1/sessions", params={"q": "model:claude* cost:>0", "order": "cost"}
        ).json()["items"]
    ]
    assert test.multiselect(key="terms").value == ["model:claude*", "cost:>0"]
    assert test.selectbox(key="order").value == "dearest"


def test_a_term_that_is_chosen_narrows_the_table_and_is_in_the_url(api: str):
    test = page("sessions", api, range="all")
    everyone = len(ledger(test)["rows"])
    test.multiselect(key="terms").select("user:user-7").run()
    assert {texts(row)["user"] for row in ledger(test)["rows"]} == {"user-7"}
    assert len(ledger(test)["rows"]) < everyone
    assert test.query_params["q"] == "user:user-7"


def test_a_saved_view_sets_filter_range_and_columns(api: str):
    wanted = "range=all&q=user%3Auser-7&order=dearest&columns=Steps&columns=USD"
    view = {"page": "sessions", "name": "user 7", "asks": wanted}
    httpx.post(f"{api}/api/v1/views", json=view).raise_for_status()
    test = page("sessions", api, range="1h")
    test.selectbox(key="chosen-view").select("user 7").run()
    assert {row["href"] for row in ledger(test)["rows"]} == {"replay?session=thread-900"}
    labels = [column["label"] for column in ledger(test)["columns"]]
    assert labels == ["Started", "Session", "Steps", "USD", ""]
    assert test.query_params["q"] == "user:user-7"
    assert test.selectbox(key="order").value == "dearest"


def test_observed_values_are_offered(api: str):
    offered = page("sessions", api, range="all").multiselect(key="terms").options
    assert {"user:user-7", "status:error", "cost:>1"} <= set(offered)


def test_a_filter_that_cannot_be_read_says_where(api: str):
    test = page("sessions", api, range="all", q="colour:red")
    assert [error.value for error in test.error] == ["The query API refused this."]
    assert "q: at character 1: no field 'colour'" in test.code[0].value
    assert test.multiselect(key="terms").value == ["colour:red"]


def test_traces_and_calls_are_views_of_the_same(api: str):
    for view, wide in (("traces", "Trace"), ("calls", "Call")):
        shown_table = ledger(page("sessions", api, range="all", view=view, q="user:user-7"))
        items = httpx.get(f"{api}/api/v1/{view}?q=user:user-7").json()["items"]
        assert shown_table["columns"][1]["label"] == wide
        assert len(shown_table["rows"]) == len(items) > 0


@pytest.mark.parametrize(
    ("known", "dollars", "status"),
    [
        ({"cost_usd": "0.5", "cost_source": "priced", "status": "ok"}, "0.5000", "ok"),
        ({"cost_usd": "0.5", "cost_source": "estimated", "status": "error"}, "≈ 0.5000", "error"),
        ({"cost_usd": None, "cost_source": "unpriced", "status": "unset"}, "unpriced", "–"),
    ],
)
def test_a_call_says_what_was_guessed_and_what_nobody_said(
    known: dict[str, Any], dollars: str, status: str
):
    call = CallRow(**filled(CallRow, {"started_at": NOON, "input_tokens": 7, **known}))
    cells = texts(tables.call_row(call, UTC, datetime.now(UTC)))
    assert (cells["dollars"], cells["status"]) == (dollars, status)


def test_only_sessions_are_ticked_to_be_compared(api: str):
    views = {view: ledger(page("sessions", api, range="all", view=view)) for view in VIEWS}
    assert {view: shown_table["pairs"] for view, shown_table in views.items()} == {
        "sessions": "compare", "traces": "", "calls": "",
    }  # fmt: skip


def test_a_range_of_two_moments_holds_instead_of_the_preset(api: str):
    early = {"from": "2026-11-20T00:00+00:00", "to": "2026-11-21T00:00+00:00"}
    day = {"from": "2026-11-21T00:00+00:00", "to": "2026-11-22T00:00+00:00"}
    assert components(page("sessions", api, range="all", **early), "ledger") == []
    assert len(ledger(page("sessions", api, range="1h", **day))["rows"]) > 1


def test_filters_that_exclude_everything_offer_a_way_back(api: str):
    test = page("sessions", api, range="all", q="no such session")
    assert [info.value for info in test.info] == ["No session matches these filters."]
    (way_back,) = [button for button in test.button if button.label == "Show all sessions"]
    way_back.click().run()
    assert len(ledger(test)["rows"]) > 1


def test_a_project_without_a_trace_shows_how_to_send_one(embedded: Store):
    with answering(embedded) as url:
        test = page("sessions", url)
    assert "export OTEL_EXPORTER_OTLP_ENDPOINT=http://collector.test:4318" in "\n".join(shown(test))
    assert f"spanledger demo --api-port {url.rpartition(':')[2]}" in shown(test)
    assert components(test, "ledger") == []


def test_the_recorded_sessions_are_sent_to_where_this_server_listens():
    ours = ("http://127.0.0.1:24318", "http://127.0.0.1:24320")
    assert first_trace.demo(page_of.OTLP_URL, page_of.API_URL) == "spanledger demo"
    assert first_trace.demo(*ours) == "spanledger demo --http-port 24318 --api-port 24320"
    assert first_trace.demo("https://otlp.example", page_of.API_URL) == "spanledger demo"


def test_whoever_asks_with_a_key_is_told_to_send_with_one():
    assert first_trace.exports("http://here:4318", keyed=True).splitlines() == [
        "export OTEL_EXPORTER_OTLP_ENDPOINT=http://here:4318",
        "export OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf",
        "export OTEL_EXPORTER_OTLP_HEADERS='Authorization=Bearer YOUR_KEY'",
        "python your_agent.py",
    ]
    assert "Bearer" not in first_trace.exports("http://here:4318", keyed=False)
    assert [Client("http://here", api_key=key).keyed for key in ("", "k")] == [False, True]


def test_the_first_trace_appears_by_itself(embedded: Store, tmp_path: Path):
    with answering(embedded) as url:
        test = page("sessions", url)
        stored(embedded, tmp_path, capture(CAPTURES[0]))
        test.query_params["range"] = "all"
        test.run()
        assert [texts(row)["session"] for row in ledger(test)["rows"]] == ["refund_flow"]


def test_an_api_that_is_away_is_named_with_what_starts_it():
    url = f"http://127.0.0.1:{free_port()}"
    test = page("sessions", url)
    assert [error.value for error in test.error] == ["The query API does not answer."]
    assert [code.value for code in test.code] == [
        f"{url}: [Errno 111] Connection refused",
        "spanledger serve",
    ]


def test_hostile_text_is_data_for_the_ledger_and_nothing_else(embedded: Store, tmp_path: Path):
    hostile = span(name=NAME, attributes=[attribute("user.id", NAME)])
    stored(embedded, tmp_path, traces(hostile))
    with answering(embedded) as url:
        test = page("sessions", url, range="all")
    (row,) = ledger(test)["rows"]
    assert (texts(row)["session"], texts(row)["user"]) == (NAME, NAME)
    assert [element.value for element in test.markdown] == []


def test_no_page_is_lost_between_two_cursors(embedded: Store, tmp_path: Path):
    bodies = (
        traces(span(trace_id=number.to_bytes(16), name=f"s{number}")) for number in range(1, 121)
    )
    stored(embedded, tmp_path, *bodies)
    seen: list[str] = []
    with answering(embedded) as url:
        test = page("sessions", url, range="all")
        while True:
            seen += [texts(row)["session"] for row in ledger(test)["rows"]]
            further = [button for button in test.button if button.label == "Next page"]
            if not further:
                break
            further[0].click().run()
    assert sorted(seen) == sorted(f"s{number}" for number in range(1, 121))
