"""Questions whether a step may be taken, as bytes on a connection: each has its answer, in their order."""

import json
import socket
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spanledger_collector.budgets.board import Board, Rules, board_file
from spanledger_collector.budgets.decide import Stop
from spanledger_collector.ids import short_id
from tests.ingesting import Ingest, listening, settings_for
from tests.otlp import span, traces

USERS = ("ann", "bob", "eve")
LONG = "x" * 30_000
STOPS = (
    Stop("s", "default", "user", "bob", "enough"),
    Stop("t", "default", "session", short_id(LONG), LONG),
)


def question(user: str, *headers: str, version: str = "1.1", session: str = "") -> bytes:
    """Return a question about a user as it is sent."""
    body = json.dumps({"user": user, "session": session})
    more = "".join(f"{header}\r\n" for header in headers)
    head = f"POST /api/v1/decide HTTP/{version}\r\nHost: x\r\n{more}"
    return f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode()


def export() -> bytes:
    """Return a request with a span as it is sent; its answer waits for the disk."""
    body = traces(span())
    head = "POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-protobuf\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


@pytest.fixture(scope="module")
def ingest(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ingest]:
    """Return an ingest server in whose folder the store process has written what is stopped."""
    folder: Path = tmp_path_factory.mktemp("data")
    board = Board(board_file(folder))
    board.lay_down(Rules(stops=STOPS))
    with listening(settings_for(folder)) as running:
        yield running
    board.close()


def answers(connection: socket.socket, wanted: int) -> list[str]:
    """Return what so many answers say: "stop", "" where nothing stands against it, "export", or a status."""
    found: list[str] = []
    with connection.makefile("rb") as lines:
        while len(found) < wanted:
            status = lines.readline().split()[1].decode()
            if status == "100":
                found += [status] if lines.readline() == b"\r\n" else []
                continue
            headers = dict(line.split(b": ") for line in iter(lines.readline, b"\r\n"))
            body = lines.read(int(headers[b"content-length"]))
            exported = headers[b"content-type"] == b"application/x-protobuf\r\n"
            found.append("export" if exported else said(status, body))
    return found


def said(status: str, body: bytes) -> str:
    """Return what one answer says."""
    return str(json.loads(body)["cause"]) if status == "200" else status


@given(
    st.lists(st.sampled_from([*USERS, "export"]), min_size=1, max_size=8),
    st.lists(st.integers(0, 1500), max_size=6),
)
def test_requests_are_answered_in_their_order_however_they_are_cut(
    ingest: Ingest, asked: Sequence[str], cuts: Sequence[int]
):
    sent = b"".join(export() if each == "export" else question(each) for each in asked)
    places = [0, *sorted(min(cut, len(sent)) for cut in cuts), len(sent)]
    with ingest.connected() as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for start, end in pairwise(places):
            connection.sendall(sent[start:end])
        wanted = ["export" if each == "export" else {"bob": "stop"}.get(each, "") for each in asked]
        assert answers(connection, len(asked)) == wanted


def test_a_question_that_is_too_long_is_refused_and_the_next_is_answered(ingest: Ingest):
    with ingest.connected() as connection:
        connection.sendall(question("x" * 300_000) + question("bob"))
        assert answers(connection, 2) == ["400", "stop"]


def test_who_waits_to_be_told_to_go_on_is_told(ingest: Ingest):
    head, _, body = question("bob", "Expect: 100-continue").partition(b"\r\n\r\n")
    with ingest.connected() as connection:
        connection.sendall(head + b"\r\n\r\n")
        assert answers(connection, 1) == ["100"]
        connection.sendall(body)
        assert answers(connection, 1) == ["stop"]


@pytest.mark.parametrize(
    "last", [question("bob", "Connection: close"), question("bob", version="1.0")]
)
def test_a_connection_is_closed_when_that_was_asked_for(ingest: Ingest, last: bytes):
    with ingest.connected() as connection:
        connection.sendall(question("ann") + last + question("eve"))
        assert answers(connection, 2) == ["", "stop"]
        assert connection.recv(1) == b""


def test_who_does_not_read_the_answers_is_not_listened_to_until_they_are_read(ingest: Ingest):
    asked = question("ann", session=LONG)  # and the answer is as long
    with ingest.connected() as connection:
        whole, rest = divmod(sent_until_refused(connection, asked), len(asked))
        assert answers(connection, whole) == ["stop"] * whole
        if rest:
            connection.sendall(asked[rest:])
            assert answers(connection, 1) == ["stop"]


def sent_until_refused(connection: socket.socket, again: bytes) -> int:
    """Send the same bytes again and again; return how many were taken before no more were."""
    sent = 0
    connection.settimeout(1)
    with suppress(TimeoutError):
        while sent < 64 << 20:
            sent += connection.send(again[sent % len(again) :])
    assert sent < 64 << 20
    connection.settimeout(30)
    return sent
