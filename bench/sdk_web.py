"""What recording costs a FastAPI application that only echoes: the least work a request can be.

    python bench/sdk_web.py        # requests a second and CPU a request: bare, recorded, raw OpenTelemetry

One server process for each row, asked in turns by the same clients over connections that stay open, so
that whatever else the machine does hits all rows alike. A recorded request is one span with argument and
result, sent to a server that takes everything. The bar is 3 % of the requests a second.

FastAPI traces every request itself where there is a TracerProvider. Ours has it record nothing, but it
goes on asking: the row `untraced` is the application that told it not to, `FastAPI(telemetry={"tracing":
False})`. The row `otel` sets its provider for all, as applications do.
"""

import http.client
import json
import os
import random
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

import psutil
from sdk import Sink

ROUNDS = 16
REQUESTS = 600  # of one round
CLIENTS = 4
BODY = json.dumps({"question": "Where is my order B-2?", "n": 3})
ROWS = ("bare", "sampled_out", "untraced", "spanledger", "otel")
Echo = Callable[[dict[str, Any]], dict[str, Any]]


def echo(said: dict[str, Any]) -> dict[str, Any]:
    return said


def recorded(name: str, sink: str) -> Echo:
    """Return the function of a row."""
    if name == "bare":
        return echo
    if name == "otel":
        return raw(sink)
    import spanledger

    spanledger.configure(sink, sample=0 if name == "sampled_out" else 1, strict=True)
    return spanledger.observe(echo)


def raw(sink: str) -> Echo:
    """Return the function with a span of OpenTelemetry's own around it."""
    from opentelemetry import trace
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    provider = TracerProvider()
    exporter = OTLPSpanExporter(endpoint=f"{sink}/v1/traces")
    provider.add_span_processor(BatchSpanProcessor(exporter, schedule_delay_millis=1_000))
    trace.set_tracer_provider(provider)
    tracer = provider.get_tracer("bench")

    def call(said: dict[str, Any]) -> dict[str, Any]:
        with tracer.start_as_current_span("echo") as span:
            span.set_attribute("input", str(said))
            result = echo(said)
            span.set_attribute("output", str(result))
            return result

    return call


def serve(name: str, sink: str, port: int) -> None:
    """Serve one row until killed."""
    import uvicorn
    from fastapi import FastAPI

    app = FastAPI(telemetry={"tracing": name != "untraced"})
    function = recorded(name, sink)

    @app.post("/echo")
    async def answer(said: dict[str, Any]) -> dict[str, Any]:
        return function(said)

    uvicorn.run(app, port=port, log_level="warning", access_log=False)


def ask(port: int, times: int) -> None:
    """Ask a server some times over one connection."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    for _ in range(times):
        connection.request("POST", "/echo", BODY, {"content-type": "application/json"})
        connection.getresponse().read()
    connection.close()


def load(port: int) -> float:
    """Return the seconds that one round takes."""
    began = time.perf_counter()
    threads = [
        threading.Thread(target=ask, args=(port, REQUESTS // CLIENTS)) for _ in range(CLIENTS)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.perf_counter() - began


def free_port() -> int:
    """Return a port that nobody has."""
    with socket.create_server(("127.0.0.1", 0)) as held:
        return int(held.getsockname()[1])


def started(name: str, sink: str, port: int) -> psutil.Process:
    """Return the process of a row once it answers."""
    command = [sys.executable, str(Path(__file__)), name, sink, str(port)]
    process = psutil.Process(subprocess.Popen(command).pid)
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            ask(port, 20)
        except OSError:
            time.sleep(0.1)
        else:
            return process
    raise TimeoutError(name)


def cpu_s(process: psutil.Process) -> float:
    """Return the CPU that a process used so far."""
    used = process.cpu_times()
    return float(used.user + used.system)


def main() -> None:
    """Print a row for each way of recording."""
    sink = ThreadingHTTPServer(("127.0.0.1", 0), Sink)
    threading.Thread(target=sink.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{sink.server_address[1]}"
    ports = {name: free_port() for name in ROWS}
    rows = {name: started(name, url, ports[name]) for name in ROWS}
    took: dict[str, list[float]] = {name: [] for name in ROWS}
    used: dict[str, list[float]] = {name: [] for name in ROWS}
    try:
        for _ in range(ROUNDS):
            for name, process in random.sample(list(rows.items()), len(rows)):
                before = cpu_s(process)
                took[name].append(load(ports[name]))
                used[name].append(cpu_s(process) - before)
    finally:
        for process in rows.values():
            process.kill()
    show(took, used)


def show(took: dict[str, list[float]], used: dict[str, list[float]]) -> None:
    """Print the medians, and how each round stands to the bare one of its turn."""
    print("| FastAPI echo | requests/s | fewer than bare | CPU a request |\n|---|--:|--:|--:|")
    for name in ROWS:
        pairs = zip(took["bare"], took[name], strict=True)
        loss = statistics.median(1 - bare / one for bare, one in pairs)
        rate = REQUESTS / statistics.median(took[name])
        cpu = statistics.median(used[name]) / REQUESTS * 1e6
        print(f"| {name} | {rate:,.0f} | {loss:.1%} | {cpu:.0f} µs |")
    print(f"\n{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    match sys.argv[1:]:
        case []:
            main()
        case [name, sink_url, port_text]:
            serve(name, sink_url, int(port_text))
