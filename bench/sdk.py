"""What one decorated call costs, beside a bare call, a raw OpenTelemetry span and other SDKs.

    python bench/sdk.py            # every row in processes of its own, in turns; the best of each
    python bench/sdk.py memory     # resident memory over a million spans
    python bench/sdk.py blackhole  # added latency against a server that accepts and never answers
    python bench/sdk.py import     # what importing takes, beside OpenTelemetry's SDK
    PYTHONPATH=. python bench/sdk.py hostile   # the dearest of the tests' hostile values

The function takes one argument and returns a dictionary; both are captured. Other SDKs are measured
where they are installed. Quote the ratios, with the machine; the load is printed at the end.
"""

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from figures import note

TURNS = 5
ROUNDS = 40
CALLS = 400  # of one round: what gathers stays below what wakes an exporter's thread
PEERS = ("bare", "otel", "spanledger", "sampled_out", "langfuse", "logfire", "traceloop", "phoenix")
Call = Callable[[int], Any]


def work(x: int) -> dict[str, int]:
    return {"answer": x}


def bare(url: str) -> tuple[Call, Callable[[], object]]:
    return work, lambda: None


def otel(url: str) -> tuple[Call, Callable[[], object]]:
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    provider = TracerProvider()
    exporter = OTLPSpanExporter(endpoint=f"{url}/v1/traces")
    provider.add_span_processor(BatchSpanProcessor(exporter, schedule_delay_millis=60_000))
    tracer = provider.get_tracer("bench")

    def call(x: int) -> dict[str, int]:
        with tracer.start_as_current_span("work") as span:
            span.set_attribute("input", str(x))
            result = work(x)
            span.set_attribute("output", str(result))
            return result

    return call, provider.force_flush


def spanledger(url: str, sample: float = 1.0) -> tuple[Call, Callable[[], object]]:
    import spanledger as sdk

    sdk.configure(url, sample=sample, delay_s=60, strict=True)
    return sdk.observe(work), lambda: sdk.flush(10)


def sampled_out(url: str) -> tuple[Call, Callable[[], object]]:
    return spanledger(url, sample=0)


def langfuse(url: str) -> tuple[Call, Callable[[], object]]:
    keys = {"LANGFUSE_PUBLIC_KEY": "pk-lf-1", "LANGFUSE_SECRET_KEY": "sk-lf-1"}
    os.environ.update(keys, LANGFUSE_HOST=url, LANGFUSE_BASE_URL=url)
    import langfuse as peer

    return peer.observe()(work), peer.get_client().flush


def logfire(url: str) -> tuple[Call, Callable[[], object]]:
    import logfire as peer

    peer.configure(send_to_logfire=False, console=False)
    return peer.instrument(extract_args=True, record_return=True)(work), peer.force_flush


def traceloop(url: str) -> tuple[Call, Callable[[], object]]:
    os.environ["TRACELOOP_TELEMETRY"] = "false"
    from traceloop.sdk import Traceloop
    from traceloop.sdk.decorators import task

    Traceloop.init(app_name="bench", api_endpoint=url, disable_batch=False, api_key="k")
    return task(name="work")(work), lambda: None


def phoenix(url: str) -> tuple[Call, Callable[[], object]]:
    from phoenix.otel import register

    provider = register(endpoint=f"{url}/v1/traces", batch=True, verbose=False)
    return provider.get_tracer("bench").chain(work), provider.force_flush


def measure(name: str, url: str) -> None:
    """Print the microseconds of one call: the best of the rounds, flushed between them."""
    try:
        call, flush = globals()[name](url)
    except ImportError:
        print(f"{name} –")
        return
    took = []
    for _ in range(ROUNDS):
        began = time.thread_time()
        for x in range(CALLS):
            call(x)
        took.append((time.thread_time() - began) / CALLS * 1e6)
        flush()
    print(f"{name} {min(took):.2f}", flush=True)
    os._exit(0)


class Sink(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *args: object) -> None:
        """Say nothing."""


def compare() -> None:
    """Print all rows, and each as a multiple of the raw span."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Sink)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_address[1]}"
    found: dict[str, float] = {}
    samples: dict[str, list[float]] = {}
    for _ in range(TURNS):  # in turns: what else the machine does shall hit all rows alike
        for name in PEERS:
            done = subprocess.run(
                [sys.executable, __file__, name, url], capture_output=True, text=True, timeout=120
            )
            told = done.stdout.strip().rpartition("\n")[2].split()  # some print more, before
            if len(told) == 2 and told[1] != "–":
                samples.setdefault(name, []).append(float(told[1]))
                found[name] = min(found.get(name, float("inf")), float(told[1]))
    print("| one call | µs of its thread | × raw span |\n|---|--:|--:|")
    for name, took in found.items():
        print(f"| {name} | {took:.2f} | {took / found['otel']:.2f} |")
        note("sdk", name, "µs", samples[name], "otel")
    print(f"\n{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")


def memory() -> None:
    """Print resident memory after each tenth of a million spans."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Sink)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    call, flush = spanledger(f"http://127.0.0.1:{server.server_address[1]}")
    for tenth in range(1, 11):
        for x in range(100_000):
            call(x)
            if x % 5_000 == 0:
                flush()
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        print(f"{tenth * 100_000:>9,} spans: {pages * os.sysconf('SC_PAGE_SIZE') >> 20} MiB")


def blackhole() -> None:
    """Print what the slowest hundredth of calls pays while nobody answers.

    The call that spins as long as a recorded one, in the same process while no thread of the SDK runs,
    says what the machine itself adds: on a busy one that is most of it.
    """
    with socket.create_server(("127.0.0.1", 0)) as silent:
        alone = slowest("alone", spinning(60e-6))
        call, _ = spanledger(f"http://127.0.0.1:{silent.getsockname()[1]}")
        recorded = slowest("spanledger", call)
        print(f"added at p99: {(recorded - alone) * 1e6:.0f} µs, load {os.getloadavg()[0]:.1f}")
        os._exit(0)


def spinning(seconds: float) -> Call:
    """Return a function that does nothing for some time of its thread."""

    def call(x: int) -> dict[str, int]:
        until = time.thread_time() + seconds
        while time.thread_time() < until:
            pass
        return work(x)

    return call


def slowest(name: str, function: Call) -> float:
    """Print and return how long the slowest hundredth of 10,000 calls takes at least, in seconds."""
    took = []
    for x in range(10_000):
        began = time.perf_counter()
        function(x)
        took.append(time.perf_counter() - began)
    took.sort()
    print(f"{name}: p50 {took[5_000] * 1e6:.0f} µs, p99 {took[9_900] * 1e6:.0f} µs")
    return took[9_900]


def imported() -> None:
    """Print what importing takes in a fresh process, the best of some."""
    for name in ("spanledger", "opentelemetry.sdk.trace"):
        code = (
            f"import time; t = time.perf_counter(); import {name}; print(time.perf_counter() - t)"
        )
        command = [sys.executable, "-c", code]
        took = min(float(subprocess.check_output(command)) for _ in range(15))
        print(f"import {name}: {took * 1000:.0f} ms")
    print(f"load {os.getloadavg()[0]:.1f}")


def hostile() -> None:
    """Print what the dearest of the hostile values cost to read, of the best of some tries each."""
    from tests.hostile import CORPUS

    from spanledger import capture

    took = {}
    for name, value in CORPUS.items():
        tries = []
        for _ in range(7):
            began = time.thread_time()
            capture.text(value, 1 << 20)
            tries.append(time.thread_time() - began)
        took[name] = min(tries)
    for name in sorted(took, key=took.__getitem__, reverse=True)[:5]:
        print(f"{name}: {took[name] * 1000:.2f} ms")
    print(f"{len(took)} values, load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    match sys.argv[1:]:
        case []:
            compare()
        case ["memory"]:
            memory()
        case ["blackhole"]:
            blackhole()
        case ["import"]:
            imported()
        case ["hostile"]:
            hostile()
        case [name, url]:
            measure(name, url)
