"""Several ingest workers side by side: real processes on the same ports, a spool each."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import grpc
import httpx
import psutil
import pytest

from spanledger_collector.app import Draining, counters
from spanledger_collector.pricebook import Pricebook
from spanledger_collector.settings import Settings, load
from spanledger_collector.spool import Batch, Reader, Spool, of_worker
from spanledger_collector.store import Store
from tests.faults import damage
from tests.ingesting import PROTOBUF, settings_for
from tests.otlp import NOON_NS, attribute, span, traces
from tests.serving import Server, metrics, prepared, serving
from tests.test_grpc import TRACES

PATIENCE_S = 60
WORKERS = 2


def request(number: int) -> bytes:
    return traces(span(trace_id=number.to_bytes(16), span_id=number.to_bytes(8), name=f"{number}"))


def spooled(settings: Settings, worker: int) -> int:
    """Return how many spans a worker has taken in."""
    reader = Reader(of_worker(settings.spool_dir, worker))
    found = reader.pending(0)["traces"]
    reader.close()
    return found


def send_until_each_has_some(settings: Settings) -> int:
    """Send over a new connection each, by HTTP and gRPC in turn; return how many were sent."""
    sent = 0
    give_up = time.monotonic() + PATIENCE_S
    while sent < 20 or not all(spooled(settings, worker + 1) for worker in range(WORKERS)):
        assert time.monotonic() < give_up
        sent += 1
        if sent % 2:
            url = settings.url(settings.http_port) + "/v1/traces"
            assert httpx.post(url, content=request(sent), headers=PROTOBUF).status_code == 200
        else:
            with grpc.insecure_channel(settings.address(settings.grpc_port)) as channel:
                channel.unary_unary(f"/{TRACES}")(request(sent), timeout=30)
    return sent


@contextmanager
def workers(settings: Settings) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Run every worker, started by hand."""
    environ = {**os.environ, **settings.environ()}
    command = [sys.executable, "-m", "spanledger", "ingest", "--worker"]
    running = [subprocess.Popen([*command, str(n + 1)], env=environ) for n in range(WORKERS)]
    try:
        for number in range(WORKERS):
            wait_until_ready(settings, number + 1)
        yield running
    finally:
        for process in running:
            process.terminate()
        assert [process.wait(30) for process in running] == [0] * WORKERS


def wait_until_ready(settings: Settings, worker: int) -> None:
    """Wait until one worker says that it takes requests."""
    url = settings.url(settings.http_port) + f"/readyz?worker={worker}"
    give_up = time.monotonic() + PATIENCE_S
    while True:
        with suppress(httpx.TransportError):
            if httpx.get(url).status_code == 200:
                return
        assert time.monotonic() < give_up
        time.sleep(0.02)


def integrity(server: Server) -> tuple[bool, dict[str, int]]:
    """Return whether everything is somewhere, and the spans stored from each spool."""
    told = httpx.get(f"{server.api}/api/v1/integrity").json()
    spans = [account for account in told["accounts"] if account["signal"] == "traces"]
    return told["holds"], {account["spool"]: account["stored"] for account in spans}


def test_workers_share_the_ports_and_a_spool_that_is_left_over_is_drained(tmp_path: Path):
    server = prepared(tmp_path, screens="off")
    told: dict[str, Any] = {
        "http_port": server.settings.http_port, "grpc_port": server.settings.grpc_port
    }  # fmt: skip
    several = settings_for(server.settings.data, ingest_workers=WORKERS, **told)
    with workers(several):
        sent = send_until_each_has_some(several)
        figures = [metrics(server.otlp) for _ in range(10)]  # of whichever answers
    assert [each["spanledger_spans_spooled_total"] for each in figures] == [sent] * 10
    shares = {f"000{n + 1}.spool": spooled(several, n + 1) for n in range(WORKERS)}
    assert sum(shares.values()) == sent

    server.start()  # with one worker
    try:
        server.settle()
        assert integrity(server) == (True, shares)
        (line,) = [line for line in server.log.read_text().splitlines() if "left over" in line]
        assert "0002.spool is left over: no ingest worker writes it" in line
        since = httpx.post(
            f"{server.api}/api/v1/replay", json={"since": "2020-01-01T00:00:00Z"}, timeout=60
        )
        assert since.json()["spans"] == sent
        assert httpx.get(f"{server.api}/api/v1/verify", timeout=60).json()["holds"]
    finally:
        assert server.stop() == 0


def ingest_processes(server: Server) -> dict[str, psutil.Process]:
    """Return the workers of a server by their flag."""
    children = psutil.Process(server.process.pid).children(recursive=True)
    return {each.cmdline()[-1]: each for each in children if "ingest" in each.cmdline()}


def test_while_one_worker_is_killed_the_other_takes_everything(tmp_path: Path):
    with serving(tmp_path, ingest_workers=str(WORKERS), screens="off") as server:
        before = ingest_processes(server)
        assert sorted(before) == ["--worker=1", "--worker=2"]
        before["--worker=1"].suspend()  # deaf, then dead: what it was dealt is sent again
        before["--worker=1"].kill()
        before["--worker=1"].wait(30)
        url = f"{server.otlp}/v1/traces"
        for number in range(1, 21):
            answer = httpx.post(url, content=request(number), headers=PROTOBUF)
            assert answer.status_code == 200
        wait_until_ready(server.settings, 1)
        server.settle()
        holds, stored = integrity(server)
        assert (holds, sum(stored.values())) == (True, 20)


@pytest.mark.parametrize("worker", [0, 3])
def test_a_worker_that_there_is_not_is_one_sentence(tmp_path: Path, worker: int):
    chosen = settings_for(tmp_path, ingest_workers=WORKERS)
    done = subprocess.run(
        [sys.executable, "-m", "spanledger", "ingest", "--worker", str(worker)],
        env={**os.environ, **chosen.environ()}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (
        2, f"spanledger: --worker {worker}: there are 2 of them; give more with --ingest-workers\n"
    )  # fmt: skip


def test_a_spool_that_cannot_be_read_does_not_hold_the_others_up(store: Store, tmp_path: Path):
    settings = load({"data": str(tmp_path)}, {})
    for worker in (1, 2):
        spool = Spool(of_worker(settings.spool_dir, worker))
        for number in range(10):
            noise = attribute("noise", os.urandom(50_000).hex())
            body = traces(span(span_id=(100 * worker + number).to_bytes(8), attributes=[noise]))
            spool.append(Batch(0, NOON_NS, "default", "", "traces", "protobuf", 1, body)).result()
        spool.close()
    damage(of_worker(settings.spool_dir, 1))
    draining = Draining(store, Pricebook(), settings)
    draining.start()
    for _ in range(2):  # its turn comes after a round; the first one ends before the damage
        draining.handover.do(lambda _: None)
    draining.stop()
    figures = counters(draining)
    assert figures["spanledger_spools_unreadable"] == 1
    assert (
        figures["spanledger_spans_stored_total"] >= 10
    )  # all of the one, what can be of the other
