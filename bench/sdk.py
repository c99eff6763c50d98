"""What recording costs: one decorated call beside a bare one, a raw OpenTelemetry span and other SDKs.

    make bench-sdk                             # all of it, other SDKs in an environment of their own
    PYTHONPATH=. python bench/sdk.py           # every row in processes of its own, in turns; the best of each
    PYTHONPATH=. python bench/sdk.py memory    # resident memory over a million spans
    PYTHONPATH=. python bench/sdk.py blackhole # added latency against a server that accepts and never answers
    PYTHONPATH=. python bench/sdk.py import    # what importing takes, beside OpenTelemetry's SDK
    PYTHONPATH=. python bench/sdk.py hostile   # the dearest of the tests' hostile values

The function takes one argument and returns a dictionary; both are captured, but for `no_content`; `two_kb`
returns a text of 2 KB. Other SDKs are measured where they are installed. Each row tells the least, the median
and the most of its runs, and the median as a multiple of the row it is compared with in the same run; the
load is printed at the end.
"""

import os
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from bench.figures import Figure, note
from bench.report import HEAD, row

TURNS = 5
ROUNDS = 30
CALLS = 400  # of one round: what gathers stays below what wakes an exporter's thread
PEERS = (
    "bare", "otel", "spanledger", "no_content", "two_kb", "sampled_out",
    "langfuse", "logfire", "traceloop", "phoenix",
)  # fmt: skip
TEXT = "a word or two, " * 136  # 2 KB
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


def no_content(url: str) -> tuple[Call, Callable[[], object]]:
    _, flush = spanledger(url)
    import spanledger as sdk

    return sdk.observe(capture=False)(work), flush


def two_kb(url: str) -> tuple[Call, Callable[[], object]]:
    _, flush = spanledger(url)
    import spanledger as sdk

    @sdk.observe
    def tell(x: int) -> str:
        return TEXT

    return tell, flush


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


def show(figures: list[Figure]) -> None:
    """Print and note what was measured."""
    print(HEAD)
    for figure in figures:
        print(row(figure, figures))
        note(figure.part, figure.what, figure.unit, figure.samples, figure.baseline)
    print(f"\n{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}\n")


def sink() -> str:
    """Return the address of a server that takes everything."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Sink)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_address[1]}"


def compare() -> None:
    """Show all rows, each as a multiple of the raw span."""
    url = sink()
    samples: dict[str, list[float]] = {}
    for _ in range(TURNS):  # in turns: what else the machine does shall hit all rows alike
        for name in PEERS:
            done = subprocess.run(
                [sys.executable, __file__, name, url], capture_output=True, text=True, timeout=120
            )
            told = done.stdout.strip().rpartition("\n")[2].split()  # some print more, before
            if len(told) == 2 and told[1] != "–":
                samples.setdefault(name, []).append(float(told[1]))
    show([Figure("sdk", name, "µs", tuple(took), "otel") for name, took in samples.items()])


def memory() -> None:
    """Show resident memory after each tenth of a million spans, and how it stands to the first."""
    call, flush = spanledger(sink())
    held = []
    for _ in range(10):
        for x in range(100_000):
            call(x)
            if x % 5_000 == 0:
                flush()
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        held.append(pages * os.sysconf("SC_PAGE_SIZE") / (1 << 20))
    first = Figure("sdk memory", "100,000 spans", "MiB", (held[0],))
    last = Figure("sdk memory", "1,000,000 spans", "MiB", (held[-1],), first.what)
    show([first, last])


def blackhole() -> None:
    """Show what the slowest hundredth of calls pays while nobody answers.

    The call that spins as long as a recorded one, in the same process while no thread of the SDK runs,
    says what the machine itself adds: on a busy one that is most of it.
    """
    with socket.create_server(("127.0.0.1", 0)) as silent:
        alone = slowest(spinning(60e-6))
        call, _ = spanledger(f"http://127.0.0.1:{silent.getsockname()[1]}")
        recorded = slowest(call)
    added = max(0.0, statistics.median(recorded) - statistics.median(alone))
    part = "sdk blackhole"
    show([
        Figure(part, "spinning, p99", "µs", tuple(alone)),
        Figure(part, "recorded, p99", "µs", tuple(recorded), "spinning, p99"),
        Figure(part, "added at p99", "µs", (added,)),
    ])  # fmt: skip
    os._exit(0)


def spinning(seconds: float) -> Call:
    """Return a function that does nothing for some time of its thread."""

    def call(x: int) -> dict[str, int]:
        until = time.thread_time() + seconds
        while time.thread_time() < until:
            pass
        return work(x)

    return call


def slowest(function: Call) -> list[float]:
    """Return how many µs the slowest hundredth of 2,000 calls takes at least, of some rounds."""
    found = []
    for _ in range(TURNS):
        took = []
        for x in range(2_000):
            began = time.perf_counter()
            function(x)
            took.append((time.perf_counter() - began) * 1e6)
        found.append(sorted(took)[1_980])
    return found


def imported() -> None:
    """Show what importing takes in a fresh process."""
    names = ("opentelemetry.sdk.trace", "spanledger")
    took: dict[str, list[float]] = {name: [] for name in names}
    for _ in range(15):
        for name in names:
            code = f"import time; t = time.perf_counter(); import {name}; print(time.perf_counter() - t)"
            took[name].append(1000 * float(subprocess.check_output([sys.executable, "-c", code])))
    show([Figure("sdk import", name, "ms", tuple(took[name]), names[0]) for name in names])


def hostile() -> None:
    """Show the five dearest of the hostile values, by the least that each took of some tries."""
    from tests.hostile import CORPUS

    from spanledger import capture

    took: dict[str, list[float]] = {name: [] for name in CORPUS}
    for name, value in CORPUS.items():
        for _ in range(7):
            began = time.thread_time()
            capture.text(value, 1 << 20)
            took[name].append((time.thread_time() - began) * 1000)
    dearest = sorted(took, key=lambda name: min(took[name]), reverse=True)[:5]
    show([Figure("sdk hostile", name, "ms", tuple(took[name])) for name in dearest])


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
