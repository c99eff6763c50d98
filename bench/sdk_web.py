"""What recording costs a FastAPI application that only echoes: the least work a request can be.

    PYTHONPATH=. python bench/sdk_web.py        # CPU a request and requests a second, of every row

One server process for each row, asked in turns by the same clients over connections that stay open, so
that whatever else the machine does hits all rows alike. Every request names a session.

FastAPI records every request itself where there is a TracerProvider; it is told not to, except in the two
rows that are about it:

    bare         the application alone
    floor        with a middleware of ASGI that does nothing: what any middleware costs
    session      with ours, which opens the session; the SDK is there, and no span is asked for
    sampled_out  the function is recorded, its trace outside the sample
    by_hand      a span of OpenTelemetry's own around the function, with argument and result
    spanledger   the same span of ours
    fastapi_off  as sampled_out, where FastAPI was left as it is: it asks, and ours has it record nothing
    fastapi      by_hand, where FastAPI records too
    asgi         OpenTelemetry's instrumentation of ASGI, where it is installed, without a span by hand
"""

import http.client
import json
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from http.server import ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psutil
from bench.figures import Figure
from bench.sdk import Sink, show
from tests.ports import free_port

ROUNDS = 16
REQUESTS = 600  # of one round
CLIENTS = 4
BODY = json.dumps({"question": "Where is my order B-2?", "n": 3})
HEADERS = {"content-type": "application/json", "x-session-id": "chat-7"}
ALL = ("bare", "floor", "session", "sampled_out", "by_hand", "spanledger", "fastapi_off", "fastapi")
OURS = ("session", "sampled_out", "spanledger", "fastapi_off")
Echo = Callable[[dict[str, Any]], dict[str, Any]]


def echo(said: dict[str, Any]) -> dict[str, Any]:
    return said


def rows() -> tuple[str, ...]:
    """Return the rows that can be measured here."""
    return (*ALL, "asgi") if find_spec("opentelemetry.instrumentation.asgi") else ALL


def recorded(name: str, sink: str) -> Echo:
    """Return the function of a row."""
    if name in ("bare", "floor"):
        return echo
    if name not in OURS:
        return raw(sink, spans=name != "asgi")
    import spanledger

    outside = name in ("sampled_out", "fastapi_off")
    spanledger.configure(sink, sample=0 if outside else 1, strict=True)
    return echo if name == "session" else spanledger.observe(echo)


def raw(sink: str, spans: bool) -> Echo:
    """Return the function with a span of OpenTelemetry's own around it, once its SDK is set up."""
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

    return call if spans else echo


class Floor:
    """A middleware that does nothing."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self.app(scope, receive, send)


def middleware(name: str) -> Any:
    """Return the middleware of a row, or None where it has none."""
    if name == "floor":
        return Floor
    if name in OURS:
        from spanledger.web import SessionMiddleware

        return SessionMiddleware
    if name == "asgi":
        from opentelemetry.instrumentation.asgi import OpenTelemetryMiddleware

        return OpenTelemetryMiddleware
    return None


def serve(name: str, sink: str, port: int) -> None:
    """Serve one row until killed."""
    import uvicorn
    from fastapi import FastAPI

    app = FastAPI(telemetry={"tracing": name.startswith("fastapi")})
    function = recorded(name, sink)

    @app.post("/echo")
    async def answer(said: dict[str, Any]) -> dict[str, Any]:
        return function(said)

    if (around := middleware(name)) is not None:
        app.add_middleware(around)
    uvicorn.run(app, port=port, log_level="warning", access_log=False)


def ask(port: int, times: int) -> None:
    """Ask a server some times over one connection."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    for _ in range(times):
        connection.request("POST", "/echo", BODY, HEADERS)
        answer = connection.getresponse()
        answer.read()
        if answer.status != 200:
            raise RuntimeError(f"port {port} answers {answer.status}")
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
    """Return the CPU that the threads of a process used so far, to the nanosecond: psutil's ticks are 10 ms."""
    used = (task.read_text() for task in Path(f"/proc/{process.pid}/task").glob("*/schedstat"))
    return sum(int(each.split()[0]) for each in used) / 1e9


def main() -> None:
    """Show a row for each way of recording: CPU a request, then requests a second."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Sink)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_address[1]}"
    ports = {name: free_port() for name in rows()}
    running = {name: started(name, url, port) for name, port in ports.items()}
    took: dict[str, list[float]] = {name: [] for name in running}
    used: dict[str, list[float]] = {name: [] for name in running}
    try:
        for _ in range(ROUNDS):
            for name, process in random.sample(list(running.items()), len(running)):
                before = cpu_s(process)
                took[name].append(REQUESTS / load(ports[name]))
                used[name].append((cpu_s(process) - before) / REQUESTS * 1e6)
    finally:
        for process in running.values():
            process.kill()
    show([Figure("sdk web", name, "µs CPU", tuple(used[name]), "bare") for name in running])
    show(
        [Figure("sdk web, rate", name, "requests/s", tuple(took[name]), "bare") for name in running]
    )


if __name__ == "__main__":
    match sys.argv[1:]:
        case []:
            main()
        case [name, sink_url, port_text]:
            serve(name, sink_url, int(port_text))
