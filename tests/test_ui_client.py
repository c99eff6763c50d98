"""The client turns answers into shapes, and failures into what to do."""

from collections.abc import Callable
from dataclasses import asdict

import httpx
import pytest

from spanledger_schema.api import SessionPage, Spend, SpendRow, Totals
from spanledger_ui.client import Client, Health, Refused, Unreachable
from spanledger_ui.shapes import Misshapen, shaped
from tests.ui_shapes import session_row, span_detail

Answer = Callable[[httpx.Request], httpx.Response]


def client(answer: Answer) -> Client:
    """Return a client whose network is `answer`."""
    return Client("http://api.test/", httpx.MockTransport(answer))


def always(status: int, **content: object) -> Answer:
    """Return a network that answers everything alike."""
    return lambda _: httpx.Response(status, **content)  # type: ignore[arg-type]


def test_a_page_of_sessions_comes_back_as_it_was_sent():
    page = SessionPage([session_row(tags=["a"], models=["m"]), session_row(id="t")], "next")
    with client(always(200, json=asdict(page))) as api:
        assert api.runs.sessions() == page


def test_a_span_comes_back_with_its_lines_and_messages():
    span = span_detail(attributes={"a": [1, None]}, cost_usd="0.5")
    with client(always(200, json=asdict(span))) as api:
        assert api.runs.span("1" * 32, "2" * 16) == span


def test_spend_comes_back_with_unknown_keys_as_none():
    spend = Spend(["model"], "UTC", [SpendRow({"model": None}, Totals(calls=1), 1)], Totals())
    with client(always(200, json=asdict(spend))) as api:
        assert api.ledger.spend(["model"]) == spend


def test_filters_left_open_are_not_sent():
    seen: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(str(request.url))
        return httpx.Response(200, json={"items": []})

    with client(answer) as api:
        api.runs.sessions(user=None, q="", error=True, limit=5, model="a b&c")
    assert seen == ["http://api.test/api/v1/sessions?error=true&limit=5&model=a+b%26c"]


def test_a_dimension_is_repeated_for_each_grouping():
    seen: list[httpx.QueryParams] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request.url.params)
        return httpx.Response(200, json=asdict(Spend([], "UTC", [], Totals())))

    with client(answer) as api:
        api.ledger.spend(["day", "model"], tz="Europe/Berlin")
    assert seen[0].multi_items() == [
        ("group_by", "day"),
        ("group_by", "model"),
        ("tz", "Europe/Berlin"),
    ]


def test_any_session_id_is_one_segment_of_the_path():
    seen: list[bytes] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request.url.raw_path)
        return httpx.Response(200, json=asdict(session_row()))

    with client(answer) as api:
        for session_id in ("team/a b?#%41", "..", "سلام"):
            api.runs.session(session_id)
    assert seen == [
        b"/api/v1/sessions/team%2Fa%20b%3F%23%2541",
        b"/api/v1/sessions/%2E%2E",
        b"/api/v1/sessions/%D8%B3%D9%84%D8%A7%D9%85",
    ]


def test_a_refusal_carries_the_problem():
    problem = {"title": "Not found", "status": 404, "detail": "no session 'x'"}
    with client(always(404, json=problem)) as api, pytest.raises(Refused) as caught:
        api.runs.session("x")
    refusal = caught.value
    assert (refusal.status, refusal.title, refusal.detail) == (404, "Not found", "no session 'x'")


@pytest.mark.parametrize("body", [b"<html>bad gateway</html>", b"[]", b'"no"', b"{}", b""])
def test_an_error_that_is_no_problem_keeps_its_status(body: bytes):
    with client(always(502, content=body)) as api, pytest.raises(Refused) as caught:
        api.runs.session("x")
    assert (caught.value.status, caught.value.title) == (502, "Bad Gateway")


def test_a_stranger_on_the_port_is_recognised():
    page = always(200, html="<p>hello</p>")
    with client(page) as api, pytest.raises(Refused, match="Not the query API: It sent text/html"):
        api.runs.sessions()


def test_no_answer_names_the_address():
    def answer(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("Connection refused")

    with client(answer) as api, pytest.raises(Unreachable) as caught:
        api.health()
    assert str(caught.value) == "http://api.test: Connection refused"


def test_an_older_screen_reads_a_newer_answer():
    with client(always(200, json={"items": [], "next_cursor": None, "new": 1})) as api:
        assert api.runs.sessions() == SessionPage([])


@pytest.mark.parametrize("answer", [{}, [], "x", {"items": [None]}])
def test_an_answer_in_another_shape_is_not_guessed_at(answer: object):
    with client(always(200, json=answer)) as api, pytest.raises(Misshapen):
        api.runs.sessions()


def test_a_store_that_is_not_ready_is_a_state_not_an_error():
    with client(always(503, json={"ready": False})) as api:
        assert api.health() == Health(ready=False)
    with client(always(200, json={"ready": True, "last_received_at": "t", "pending": {}})) as api:
        assert api.health() == Health(ready=True, last_received_at="t")


def test_a_missing_field_is_named():
    with pytest.raises(Misshapen, match="SpendRow: no 'totals' in the answer"):
        shaped(SpendRow, {"key": {}, "sessions": 1})


def test_a_file_comes_back_byte_for_byte_asked_as_the_table_is():
    seen: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(str(request.url))
        return httpx.Response(200, content=b"id\r\n'=1+1\r\n")

    with client(answer) as api:
        wanted = {"format": "csv", "q": "user:ada", "since": None}
        assert api.ledger.export("calls", wanted) == b"id\r\n'=1+1\r\n"
    assert seen == ["http://api.test/api/v1/export/calls?format=csv&q=user%3Aada"]


def test_a_file_that_is_too_large_to_hold_is_refused(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("spanledger_ui.client.wire.MOST_FILE_BYTES", 3)
    with client(always(200, content=b"abcd")) as api, pytest.raises(Refused, match="413 Too large"):
        api.ledger.export("calls", {"format": "csv"})


def test_a_file_that_the_api_declines_says_why():
    said = {"title": "Bad request", "detail": "q: no field 'colour'"}
    with client(always(400, json=said)) as api, pytest.raises(Refused, match="colour"):
        api.ledger.export("calls", {"format": "csv"})
