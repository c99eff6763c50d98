"""A session that a request's header opens, and sessions that go into other processes."""

import pickle
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from celery.signals import before_task_publish, task_postrun, task_prerun
from fastapi import FastAPI
from fastapi.testclient import TestClient
from starlette.websockets import WebSocket

import spanledger
from spanledger.carry import Carried, carried, in_session
from spanledger.session import session_in
from spanledger.web import SessionMiddleware
from spanledger.workers import HEADER, propagate
from tests.sdk import Receiver, configured, receiving, said

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as server, configured(server.url):
        yield server


@pytest.fixture
def client(receiver: Receiver) -> TestClient:
    app = FastAPI()

    @app.get("/")
    @spanledger.agent
    def answer() -> dict[str, str | None]:
        inside = session_in(None)
        return {"session": inside.id if inside else None, "user": inside.user if inside else None}

    @app.websocket("/chat")
    async def chat(socket: WebSocket) -> None:
        await socket.accept()
        inside = session_in(None)
        await socket.send_text(inside.id if inside else "")
        await socket.close()

    app.add_middleware(SessionMiddleware, user_header="x-user")
    return TestClient(app)


def agents(receiver: Receiver) -> list[Any]:
    spanledger.flush()
    return [span for span in receiver.spans() if span.name == "invoke_agent answer"]


def test_a_header_opens_the_session_of_a_request(client: TestClient, receiver: Receiver):
    told = client.get("/", headers={"X-Session-ID": "chat-7", "x-user": "ada"}).json()
    assert told == {"session": "chat-7", "user": "ada"}
    (span,) = agents(receiver)
    assert (said(span)["session.id"], said(span)["user.id"]) == ("chat-7", "ada")


@pytest.mark.parametrize("named", ["", " ", "x" * 201, "a\x07b"])
def test_what_can_be_no_id_opens_no_session(client: TestClient, named: str):
    assert client.get("/", headers={"x-session-id": named}).json()["session"] is None


def test_one_request_leaves_nothing_to_the_next(client: TestClient):
    client.get("/", headers={"x-session-id": "chat-7"})
    assert client.get("/").json() == {"session": None, "user": None}


def test_a_request_goes_on_with_the_trace_of_its_caller(client: TestClient, receiver: Receiver):
    client.get("/", headers={"traceparent": PARENT})
    (span,) = agents(receiver)
    assert span.trace_id.hex() == PARENT.split("-")[1]


def test_a_websocket_is_in_the_session_of_its_header(client: TestClient):
    with client.websocket_connect("/chat", headers={"x-session-id": "chat-8"}) as socket:
        assert socket.receive_text() == "chat-8"


def where() -> tuple[str | None, str | None]:
    inside = session_in(None)
    return (inside.id, inside.user) if inside else (None, None)


def test_a_pickled_function_runs_in_the_session_where_it_was_wrapped(receiver: Receiver):
    with spanledger.session("s-1", user="ada"):
        packed = pickle.dumps(in_session(where))
    assert pickle.loads(packed)() == ("s-1", "ada")
    assert where() == (None, None)


@pytest.mark.parametrize("message", [None, "text", {}, {"trace": 1, "session": 2, "user": []}])
def test_a_message_that_is_not_ours_carries_nothing(message: object):
    assert Carried.of(message) == Carried()
    with carried(Carried.of(message)):
        assert where() == (None, None)


def test_a_session_that_is_open_already_stays(receiver: Receiver):
    with spanledger.session("mine"), carried(Carried(session="theirs")):
        assert where() == ("mine", None)


class Task:
    """What Celery gives to the listeners of its signals."""

    def __init__(self, headers: dict[str, Any]) -> None:
        self.request = headers


def test_a_celery_task_runs_where_it_was_sent_from(receiver: Receiver):
    propagate()
    headers: dict[str, Any] = {}
    with spanledger.session("s-2", user="bob"):
        before_task_publish.send(sender="t", headers=headers)
    assert set(headers) == {HEADER}
    task_prerun.send(sender="t", task_id="1", task=Task(headers))
    assert where() == ("s-2", "bob")
    task_postrun.send(sender="t", task_id="1")
    assert where() == (None, None)


def test_a_task_of_a_sender_that_knows_no_sessions_runs_in_none(receiver: Receiver):
    propagate()
    task_prerun.send(sender="t", task_id="2", task=Task({}))
    assert where() == (None, None)
    task_postrun.send(sender="t", task_id="2")


def test_the_sdk_loads_no_web_framework_for_it():
    code = "import sys, spanledger.web, spanledger.workers; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"starlette", "fastapi", "celery"} & set(done.stdout.split())


def asked(**told: Any) -> list[tuple[str, str]]:
    """Return the spans of one request that came with a trace, and what each is below."""
    app = FastAPI()
    app.get("/")(spanledger.agent("answer")(lambda: "yes"))
    with receiving() as receiver, configured(receiver.url, **told):
        TestClient(app).get("/", headers={"traceparent": PARENT})
        spanledger.flush()
        found = receiver.spans()
    names = {span.span_id: span.name for span in found}
    return [(s.name, names.get(s.parent_span_id, s.parent_span_id.hex())) for s in found]


def test_what_fastapi_records_of_every_request_unasked_is_left_out():
    assert asked() == [("invoke_agent answer", "b7ad6b7169203331")]


def test_what_fastapi_records_is_there_where_everything_is_asked_for():
    found = asked(foreign="all")
    assert ("GET /", "b7ad6b7169203331") in found
    assert ("invoke_agent answer", "fastapi.endpoint") in found
