"""Ingest and store are killed at every step on the way of a span, and nothing comes of it.

Real processes, real SIGKILL, under load: afterwards every acknowledged span is there once, every
sum is that of the spans that are there, the books balance and the spool is sound.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from random import Random
from threading import Event, Thread

import httpx
import pytest
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord

from spanledger_collector.failpoints import Point
from tests.ingesting import PROTOBUF
from tests.journal import Call, Journal, differences
from tests.otlp import attribute, logs, span, traces
from tests.parts import Parts, parts

PER_REQUEST, PER_TRACE = 6, 3
PAUSE_S = 0.1  # of a client, between two requests: all that was ever sent is checked each time
FILLER_BYTES = 20_000  # a request; enough for a spool that grows, forgets and shrinks

numbers = count(1)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Parts]:
    """Return ingest and store, which the tests kill and start again one after another."""
    folder = tmp_path_factory.mktemp("failpoints")
    with parts(folder, spool_keep_s=0.001) as running:
        yield running


@pytest.fixture(scope="module")
def journal() -> Journal:
    """Return the journal of all that the tests of this module send."""
    return Journal()


def calls() -> list[Call]:
    """Return the calls of one request, each of which costs something else."""
    request = next(numbers)
    return [
        Call(
            trace_id=f"{request * 1000 + n // PER_TRACE:032x}",
            span_id=f"{request * 1000 + n:016x}",
            session=f"session {request % 3}",
            input_tokens=1000 + n,
            output_tokens=request,
        )
        for n in range(PER_REQUEST)
    ]


def body(sent: list[Call]) -> bytes:
    """Return the request of some calls."""
    filler = Random(0).randbytes(FILLER_BYTES // 2).hex()
    made = [
        span(
            trace_id=bytes.fromhex(call.trace_id),
            span_id=bytes.fromhex(call.span_id),
            attributes=[attribute(*each) for each in call.attributes().items()],
        )
        for call in sent
    ]
    made[0].attributes.append(attribute("filler", filler))
    return traces(*made)


def record(call: Call) -> bytes:
    """Return the request of a log record that names the span of a call."""
    trace_id, span_id = bytes.fromhex(call.trace_id), bytes.fromhex(call.span_id)
    user = attribute("user.id", "u")
    return logs(LogRecord(trace_id=trace_id, span_id=span_id, attributes=[user]))


def send(server: Parts, journal: Journal, sent: list[Call]) -> None:
    """Send calls, and a log record that names one of them."""
    journal.note(sent)
    until_acknowledged(server, "traces", body(sent))
    journal.acknowledge(sent)
    until_acknowledged(server, "logs", record(sent[0]))


def until_acknowledged(server: Parts, what: str, made: bytes) -> None:
    """Send a request again and again until somebody acknowledges it, as a client with a queue."""
    while True:
        with suppress(httpx.TransportError):
            answer = server.otlp.post(f"/v1/{what}", content=made, headers=PROTOBUF)
            assert answer.status_code == 200, answer.content
            return
        time.sleep(PAUSE_S)


@contextmanager
def load(server: Parts, journal: Journal) -> Iterator[Event]:
    """Send calls from two clients, all the time until there is enough."""
    enough = Event()

    def keep_sending() -> None:
        while not enough.wait(PAUSE_S):
            send(server, journal, calls())

    clients = [Thread(target=keep_sending) for _ in range(2)]
    for client in clients:
        client.start()
    try:
        yield enough
    finally:
        enough.set()
        for client in clients:
            client.join()


OF_SPANS = [point for point in Point if not point.name.startswith(("ALERT", "DELIVERY"))]


@pytest.mark.parametrize("point", OF_SPANS)
def test_killed_at_any_step_under_load_nothing_is_lost_or_counted_twice(
    server: Parts, journal: Journal, point: Point
):
    role = "ingest" if point.name.startswith("SPOOL") else "store"
    with load(server, journal) as enough:
        server.points.write_text(point)
        assert server.join(role) == -signal.SIGKILL, server.log.read_text()
        server.points.unlink()
        enough.set()  # what a client is in the middle of, it still gets acknowledged
        server.start(role)
    server.settle()
    assert differences(journal, server.api) == []
    assert server.spool_is_sound()


@pytest.mark.parametrize(
    ("flags", "variable", "code"),
    [
        (["-X", "failpoints"], True, -signal.SIGKILL),
        (["-X", "failpoints"], False, 0),
        ([], True, 0),
    ],
    ids=["both", "flag alone", "variable alone"],
)
def test_a_failpoint_needs_a_flag_and_a_variable(
    tmp_path: Path, flags: list[str], variable: bool, code: int
):
    points = tmp_path / "points"
    points.write_text(Point.SPOOL_BEGUN)
    script = """
        from spanledger_collector import failpoints, settings
        failpoints.arm(settings.failpoints_file())
        failpoints.reach(failpoints.Point.SPOOL_WRITTEN)
        failpoints.reach(failpoints.Point.SPOOL_BEGUN)
    """.replace("    ", "")
    environ = {"SPANLEDGER_FAILPOINTS": str(points)} if variable else {}
    done = subprocess.run(
        [sys.executable, *flags, "-c", script], env={**os.environ, **environ}, check=False
    )
    assert done.returncode == code
