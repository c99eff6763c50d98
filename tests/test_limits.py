"""Bounds of ingest: slow, wordy, numerous and greedy clients, and bodies made to explode."""

import gzip
import json
import random
import socket
import threading
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from spanledger_collector.decode.guard import JsonCensus
from spanledger_collector.decode.wire import Malformed
from spanledger_collector.receive.admission import Admission, Bounds
from spanledger_collector.receive.inflate import OUTPUT_BYTES, Corrupt, TooLarge, inflated
from tests.bombs import BOMBS
from tests.ingesting import JSON, PROTOBUF, Ingest, listening, settings_for
from tests.otlp import NOON_NS, attribute, span, traces

HEAD = b"POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-protobuf\r\n"
SHORT = {"header_timeout_s": 0.3, "body_timeout_s": 0.3}


@pytest.fixture
def ingest(tmp_path: Path) -> Iterator[Ingest]:
    """Return an ingest server that really listens, in a thread."""
    with listening(settings_for(tmp_path, max_body_bytes=64 << 20)) as running:
        yield running


@pytest.fixture
def impatient(tmp_path: Path) -> Iterator[Ingest]:
    """Return an ingest server that waits for nobody long."""
    with listening(settings_for(tmp_path, **SHORT)) as running:
        yield running


def all_received(connection: socket.socket) -> bytes:
    """Return what comes until the other side closes, '' also when it resets."""
    found = b""
    try:
        while part := connection.recv(65_536):
            found += part
    except ConnectionResetError:
        return found
    return found


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"POST /v1/tr",
        HEAD,
        HEAD + b"Content-Length: 100\r\n\r\nhalf",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
    ],
    ids=["nothing", "line", "headers", "body", "chunks"],
)
def test_a_client_that_is_too_slow_is_closed_without_an_answer(impatient: Ingest, sent: bytes):
    with impatient.connected() as connection:
        connection.sendall(sent)
        assert all_received(connection) == b""
    assert impatient.post("/v1/traces", traces(span()), PROTOBUF).status_code == 200


def test_a_second_request_on_a_connection_has_the_same_deadline(impatient: Ingest):
    with impatient.connected() as connection:
        body = traces(span())
        connection.sendall(HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body)
        assert connection.recv(65_536).startswith(b"HTTP/1.1 200")
        connection.sendall(HEAD)
        assert all_received(connection) == b""


def test_a_body_that_keeps_coming_is_waited_for(tmp_path: Path):
    body = traces(span(name="x" * 300_000))  # buys three more seconds
    with listening(settings_for(tmp_path, **SHORT)) as ingest, ingest.connected() as connection:
        connection.sendall(HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body[:-1])
        threading.Event().wait(0.6)
        connection.sendall(body[-1:])
        assert connection.recv(65_536).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize(
    "headers",
    [b"X: " + b"x" * 20_000, b"X: " + b"x" * 2_000_000, b"\r\n".join([b"X: x"] * 200)],
    ids=["long", "huge", "many"],
)
def test_headers_beyond_the_bounds_are_refused(ingest: Ingest, headers: bytes):
    with ingest.connected() as connection:
        try:
            connection.sendall(HEAD + headers + b"\r\nContent-Length: 0\r\n\r\n")
        except (BrokenPipeError, ConnectionResetError):
            return  # it was closed while we were still at it
        answer = all_received(connection)
    if answer:  # what we still sent may have made the system throw the answer away
        assert answer.startswith(b"HTTP/1.1 431 Request Header Fields Too Large\r\n")
        said = json.loads(answer.partition(b"\r\n\r\n")[2])
        assert said == {"code": 8, "message": "headers_too_large: at most 100 of 16384 bytes"}
    assert ingest.post("/v1/traces", traces(span()), PROTOBUF).status_code == 200


@pytest.mark.parametrize("sent", [b"nonsense\r\n\r\n", HEAD.replace(b"Host", b"Ghost") + b"\r\n"])
def test_what_is_no_request_is_told_so_in_the_form_of_all_errors(ingest: Ingest, sent: bytes):
    with ingest.connected() as connection:
        connection.sendall(sent)
        answer = all_received(connection)
    assert answer.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["code"] == 3


def test_one_connection_too_many_is_told_to_come_back(tmp_path: Path):
    with listening(settings_for(tmp_path, max_connections=2)) as ingest:
        kept = [ingest.connected() for _ in range(2)]
        until(lambda: len(ingest.server.server_state.connections) == 2)
        with ingest.connected() as refused:
            answer = all_received(refused)
        assert answer.startswith(b"HTTP/1.1 503 Service Unavailable\r\n")
        assert b"retry-after: 1\r\n" in answer
        for each in kept:
            each.close()
        until(lambda: not ingest.server.server_state.connections)
        assert ingest.post("/v1/traces", traces(span()), PROTOBUF).status_code == 200


def until(condition: Callable[[], bool]) -> None:
    give_up = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < give_up
        time.sleep(0.01)


def test_a_key_has_a_burst_and_then_its_rate():
    now = [0.0]
    door = Admission(Bounds(key_requests_per_s=10), clock=lambda: now[0])
    assert [door.refusal("a", 0) for _ in range(21)] == [""] * 20 + ["rate_limited"]
    assert door.refusal("b", 0) == ""  # another key has its own
    now[0] = 0.1
    assert [door.refusal("a", 0) for _ in range(2)] == ["", "rate_limited"]


def test_a_key_that_sent_more_bytes_than_its_rate_waits_until_they_are_paid_off():
    now = [0.0]
    door = Admission(Bounds(key_bytes_per_s=100), clock=lambda: now[0])
    with door.in_flight("a") as hold:
        assert hold(500)
    assert door.refusal("a", 0) == "rate_limited"
    now[0] = 2.9
    assert door.refusal("a", 0) == "rate_limited"
    now[0] = 3.1
    assert door.refusal("a", 0) == ""


def test_bytes_in_memory_are_counted_until_they_are_gone():
    door = Admission(Bounds(in_flight_bytes=100))
    with door.in_flight("a") as hold:
        assert hold(100)
        assert door.refusal("b", 1) == "overloaded"
        assert not hold(1)
    assert door.refusal("b", 100) == ""


def test_a_greedy_key_is_told_over_http(ingest: Ingest):
    ingest.server.intake._admission = Admission(Bounds(key_requests_per_s=0.5))
    assert ingest.post("/v1/traces", traces(span()), PROTOBUF).status_code == 200
    answer = ingest.post("/v1/traces", traces(span()), JSON)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "1")
    assert answer.json() == {"code": 8, "message": "rate_limited: try again soon"}


def test_what_was_mended_is_remarked_once_in_a_hundred_requests(ingest: Ingest):
    odd = traces(
        span(parent_span_id=b"short", start_time_unix_nano=time.time_ns(), end_time_unix_nano=1),
        span(attributes=[attribute("a", "1"), attribute("a", "2")], start_time_unix_nano=NOON_NS),
    )
    answers = [ingest.post("/v1/traces", odd, PROTOBUF) for _ in range(101)]
    said = [ExportTraceServiceResponse.FromString(a.content).partial_success for a in answers]
    assert [bool(s.error_message) for s in said] == [True, *[False] * 99, True]
    assert said[0].rejected_spans == 0
    assert "duplicate_key=1, duration_invalid=1, parent_invalid=1" in said[0].error_message
    assert said[0].error_message.startswith("warnings: ")


def test_administrators_are_shown_every_bound(ingest: Ingest):
    shown = ingest.client.get("/readyz?verbose").json()["settings"]
    assert shown["max_request_elements"] == "500000"
    assert shown.keys() == ingest.settings.shown().keys()


def kib(name: str) -> int:
    """Return a figure of this process, ingest in it; `ru_maxrss` could not be set back."""
    return int(Path("/proc/self/status").read_text().partition(f"{name}:")[2].split()[0])


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_without_going_off(ingest: Ingest, name: str):
    make, encoding = BOMBS[name]
    packed = gzip.compress(make(24 << 20), 1)  # unguarded, each kind takes more than 256 MiB
    Path("/proc/self/clear_refs").write_text("5")  # forget the most there ever was
    before_kib = kib("VmRSS")
    headers = {**(JSON if encoding == "json" else PROTOBUF), "content-encoding": "gzip"}
    answer = ingest.post("/v1/traces", packed, headers)
    assert kib("VmHWM") - before_kib <= 256 << 10
    assert answer.status_code in (400, 413)
    codes = (b"too_many_elements", b"too_deep", b"malformed_protobuf")
    assert any(code in answer.content for code in codes)
    assert ingest.post("/v1/traces", traces(span()), PROTOBUF).status_code == 200


def test_escapes_are_counted_before_they_are_taken_out():
    census = JsonCensus(10)
    census.add(b'["' + b"\\n" * 160)
    with pytest.raises(Malformed, match="more than 160 escapes"):
        census.add(b"\\n")


@given(
    st.lists(st.sampled_from(['"', "\\\\", '\\"', ",", "{", "a", "\\n"]), max_size=40), st.data()
)
def test_what_stands_in_quotation_marks_is_counted_alike_however_it_is_cut(texts, data):
    body = b'{"k":%s,"l":[1,2]}' % json.dumps("".join(texts)).encode()
    cuts = sorted(data.draw(st.lists(st.integers(0, len(body)), max_size=8)))
    pieces = [body[a:b] for a, b in pairwise([0, *cuts, len(body)])]
    counted(pieces, most=4)  # {, the comma before "l", [ and the comma in it
    with pytest.raises(Malformed, match="more than 3 values"):
        counted(pieces, most=3)


def counted(pieces: list[bytes], most: int) -> None:
    census = JsonCensus(most)
    for piece in pieces:
        census.add(piece)


@given(st.binary(max_size=300_000), st.integers(1, 3))
@settings(max_examples=20)
def test_what_was_packed_is_unpacked_whole_in_one_member_or_several(body, members):
    size = len(body) // members + 1
    parts = [body[at : at + size] for at in range(0, len(body), size)] or [b""]
    shown: list[bytes] = []
    assert inflated(b"".join(map(gzip.compress, parts)), len(body), shown.append) == body
    assert b"".join(shown) == body


def test_a_text_that_is_packed_beyond_one_step_of_input_and_of_output_is_whole():
    body = random.Random(1).randbytes(300_000) + bytes(3 * OUTPUT_BYTES)
    assert inflated(gzip.compress(body), len(body)) == body
    with pytest.raises(TooLarge):
        inflated(gzip.compress(body), len(body) - 1)
    with pytest.raises(Corrupt, match="cut short"):
        inflated(gzip.compress(body)[:-1], len(body))
