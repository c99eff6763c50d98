"""The SDK in a test: configured in this process against a server of the test's, and put away after."""

import json
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry import trace
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from opentelemetry.util._once import Once

import spanledger
from spanledger import health

LIMIT_S = 20  # of a script; what hangs fails


class Receiver(ThreadingHTTPServer):
    """An OTLP server that keeps what it is sent and answers as it is told."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.bodies: list[bytes] = []
        self.headers: list[dict[str, str]] = []
        self.answers: list[tuple[int, dict[str, str], bytes]] = []  # then 200 for ever

        self.connections: list[socket.socket] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def hang_up(self) -> None:
        """End every connection that a client keeps open."""
        for connection in self.connections:
            with suppress(OSError):  # it has ended already
                connection.shutdown(socket.SHUT_RDWR)

    def spans(self) -> list[Span]:
        """Return the spans that were accepted, in order of their end."""
        found: list[Span] = []
        for body in self.bodies:
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
                for scope in resource.scope_spans:
                    found += scope.spans
        return sorted(found, key=lambda s: s.end_time_unix_nano)

    def one(self) -> Span:
        (found,) = self.spans()
        return found


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Receiver

    def setup(self) -> None:
        super().setup()
        self.server.connections.append(self.connection)

    def do_POST(self) -> None:
        import gzip

        body = self.rfile.read(int(self.headers["content-length"]))
        if self.headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        self.server.headers.append({k.lower(): v for k, v in self.headers.items()})
        status, headers, answer = (
            self.server.answers.pop(0) if self.server.answers else (200, {}, b"")
        )
        if status == 200:
            self.server.bodies.append(body)
        self.send_response(status)
        for name, value in {"content-length": str(len(answer)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@contextmanager
def receiving() -> Iterator[Receiver]:
    """Run a receiver on a free port."""
    server = Receiver()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def configured(endpoint: str, **told: Any) -> Iterator[None]:
    """Configure the SDK, and leave the process afterwards as if it had never been."""
    forget()
    all_told: dict[str, Any] = {"delay_s": 0.01, "service": "test"} | told
    spanledger.configure(endpoint, strict=True, **all_told)
    try:
        yield
    finally:
        spanledger.shutdown(5)
        forget()


def forget() -> None:
    """Let no TracerProvider be set: OpenTelemetry has no public way for it."""
    trace._TRACER_PROVIDER_SET_ONCE = Once()
    trace._TRACER_PROVIDER = None
    health.forget()


def said(span: Span) -> dict[str, Any]:
    """Return the attributes of a span."""
    return {pair.key: value(pair.value) for pair in span.attributes}


def value(given: AnyValue) -> Any:
    field = given.WhichOneof("value")
    if field == "array_value":
        return [value(item) for item in given.array_value.values]
    return getattr(given, field) if field else None


def script(
    code: str, *arguments: str, limit_s: float = LIMIT_S
) -> subprocess.CompletedProcess[str]:
    """Run a program in its own interpreter, with a hard limit."""
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", code, *arguments],
        capture_output=True, text=True, check=False, timeout=limit_s,
    )  # fmt: skip


def told(done: subprocess.CompletedProcess[str]) -> Any:
    """Return the JSON that a program printed last."""
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])
