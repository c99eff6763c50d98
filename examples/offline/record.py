"""Record what the examples send, for `spanledger demo`: `python -m examples.offline.record`.

Each example runs as it is, against the scripted provider; its spans go to a server of ours that keeps
them. Paths of this machine are cut out. Beside each recording goes the truth: how many
spans there are, and the tokens that the provider really served. Needs `make examples` once.
"""

import gzip
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from spanledger_collector.captures import each_span, texts

ROOT = Path(__file__).parents[2]
CAPTURES = ROOT / "collector/spanledger_collector/captures"
TRUTH = ROOT / "tests/data/examples"
APART = ROOT / ".venv/apart/bin/python"
HERE = re.compile(rf"/[^\s\"']*/(?:site-packages|lib/python[\d.]+|sdk)/|{re.escape(str(ROOT))}/")
RECORDED = {
    "openai_stream": sys.executable,
    "langgraph_refund": sys.executable,
    "openai_agents_handoff": sys.executable,
    "pydantic_ai_bank": sys.executable,
    "web_and_worker": sys.executable,
    "runaway": sys.executable,
    "crewai_pair": str(APART),
    "llama_index_agent": str(APART),
}
"""The examples of one session each, and who runs them."""


class Keeper(ThreadingHTTPServer):
    """An OTLP server that keeps all it is sent."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.request = ExportTraceServiceRequest()


class Handler(BaseHTTPRequestHandler):
    """Takes traces; answers all else likewise, and forgets it."""

    protocol_version = "HTTP/1.1"
    server: Keeper

    def do_POST(self) -> None:
        """Keep a body."""
        body = self.rfile.read(int(self.headers["content-length"]))
        if self.headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        if self.path == "/v1/traces":
            self.server.request.MergeFromString(body)
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@contextmanager
def keeping() -> Iterator[Keeper]:
    """Run such a server."""
    server = Keeper()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


def recorded(name: str, python: str) -> tuple[ExportTraceServiceRequest, list[Any]]:
    """Return what an example sent, and what its provider answered."""
    with keeping() as server, tempfile.TemporaryDirectory() as folder:
        answered = Path(folder) / "answered.json"
        environ = {**os.environ, "SPANLEDGER_ENDPOINT": f"http://127.0.0.1:{server.server_port}"}
        command = [python, "-m", "examples.offline", name, "--answered", str(answered)]
        subprocess.run(command, env=environ, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
        return server.request, json.loads(answered.read_text())


def anywhere(request: ExportTraceServiceRequest) -> ExportTraceServiceRequest:
    """Return spans that do not tell on which machine, in which folder and process they were made."""
    for resource in request.resource_spans:
        for pair in list(resource.resource.attributes):
            if pair.key.startswith(("process.", "host.")):
                resource.resource.attributes.remove(pair)
    for value in texts(request, ExportLogsServiceRequest()):
        value.string_value = HERE.sub("", value.string_value)
    for span in each_span(request):
        span.status.message = HERE.sub("", span.status.message)
    return request


def truth(request: ExportTraceServiceRequest, answers: list[Any]) -> dict[str, Any]:
    """Return what must be found of a recording again."""
    served = [answer["turn"] for answer in answers if answer["turn"]["status"] == 200]
    spans = len(list(each_span(request)))
    totals = {
        "input_tokens_total": sum(turn["input_tokens"] for turn in served),
        "output_tokens_total": sum(turn["output_tokens"] for turn in served),
    }
    return {"span_count": spans, "totals": totals}


def main() -> None:
    """Record all of them."""
    TRUTH.mkdir(exist_ok=True)
    for name, python in RECORDED.items():
        request, answers = recorded(name, python)
        body = anywhere(request).SerializeToString(deterministic=True)
        (CAPTURES / f"example__{name}.pb").write_bytes(body)
        told = json.dumps(truth(request, answers), indent=1) + "\n"
        (TRUTH / f"example__{name}.expect.json").write_text(told)
        sys.stdout.write(f"{name}: {len(body)} bytes, {told}")


if __name__ == "__main__":
    main()
