"""Load: bodies sent from so many connections at once, over HTTP or gRPC, until all are stored.

The load comes from this process on the same machine and takes its share of the cores; its CPU is in
no figure. A body that is refused is sent again.
"""

import http.client
import queue
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import quantiles

import grpc
from server import Server

LOOK_S = 0.1  # between two questions whether all is stored: each costs the store some CPU
EXPORT = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
LATER = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.RESOURCE_EXHAUSTED)

Bodies = "queue.SimpleQueue[bytes]"


@dataclass(frozen=True, slots=True)
class Load:
    """What came of sending: seconds until all was answered and until all was stored."""

    spans: int
    sent_bytes: int
    acked_s: float
    stored_s: float
    cpu_us_per_span: float
    p50_ms: float
    p99_ms: float
    refused: int


def load(
    server: Server, bodies: Sequence[bytes], spans: int, clients: int, transport: str = "http"
) -> Load:
    """Send all bodies, of `spans` spans each, and wait until they are stored."""
    waiting: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    for body in bodies:
        waiting.put(body)
    took_s: list[float] = []
    refused: list[float] = []
    send = {"http": send_http, "grpc": send_grpc}[transport]
    before, cpu_before = server.stored(), server.cpu_s()
    started = time.perf_counter()
    at_once(clients, lambda: send(server, waiting, took_s, refused))
    acked_s = time.perf_counter() - started
    total = len(bodies) * spans
    while server.stored() - before < total:
        time.sleep(LOOK_S)
    stored_s = time.perf_counter() - started
    cpu_us = (server.cpu_s() - cpu_before) / total * 1e6
    cuts = quantiles(took_s, n=100)
    size = sum(map(len, bodies))
    return Load(
        total, size, acked_s, stored_s, cpu_us, cuts[49] * 1e3, cuts[98] * 1e3, len(refused)
    )


def at_once(clients: int, work: Callable[[], None]) -> None:
    """Do the same in so many threads; return when all have ended."""
    threads = [threading.Thread(target=work) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def send_http(server: Server, waiting: Bodies, took_s: list[float], refused: list[float]) -> None:
    """Send bodies over one connection until none is left."""
    connection = http.client.HTTPConnection(server.otlp, timeout=60)
    headers = {"Content-Type": "application/x-protobuf"}

    def export(body: bytes) -> float | None:
        connection.request("POST", "/v1/traces", body, headers)
        answer = connection.getresponse()
        answer.read()
        return None if answer.status == 200 else float(answer.headers.get("Retry-After", 1))

    each_until_taken(export, waiting, took_s, refused)
    connection.close()


def send_grpc(server: Server, waiting: Bodies, took_s: list[float], refused: list[float]) -> None:
    """Send bodies over one channel until none is left."""
    options = [("grpc.use_local_subchannel_pool", 1)]  # else all clients share one connection
    with grpc.insecure_channel(server.grpc, options) as channel:
        call = channel.unary_unary(EXPORT)

        def export(body: bytes) -> float | None:
            try:
                call(body, timeout=60)
            except grpc.RpcError as error:
                if error.code() in LATER:
                    return 1.0
                raise
            return None

        each_until_taken(export, waiting, took_s, refused)


def each_until_taken(
    export: Callable[[bytes], float | None],
    waiting: Bodies,
    took_s: list[float],
    refused: list[float],
) -> None:
    """Export body after body; `export` returns how many seconds to wait where one is refused."""
    while True:
        try:
            body = waiting.get_nowait()
        except queue.Empty:
            return
        pause_s: float | None = 0.0
        while pause_s is not None:
            started = time.perf_counter()
            pause_s = export(body)
            took_s.append(time.perf_counter() - started)
            if pause_s is not None:
                refused.append(pause_s)
                time.sleep(pause_s)
