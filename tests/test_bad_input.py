"""Bad input over all three ways in: the exact answer, and that nothing suffers from it.

After every case a good span is acknowledged; at the end all of them are visible once, the accounts
balance, and memory and descriptors are where they were.
"""

import itertools
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import grpc
import httpx
import psutil
import pytest
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from spanledger_collector.drain import Drain
from spanledger_collector.ledger.accounts import accounts
from spanledger_collector.pricebook import Pricebook
from spanledger_collector.receive import remarks
from spanledger_collector.settings import Settings
from spanledger_collector.spool import Cursor, Reader
from spanledger_collector.store import Store, connect
from tests.bad_input import REFUSED_JSON, REFUSED_PROTOBUF, REJECTED, Odd, kept
from tests.ingesting import JSON, PROTOBUF, Ingest, listening, settings_for, wait_until_ready
from tests.otlp import NOON_NS, json_span, json_traces, span, traces
from tests.test_grpc import TRACES

Way = Literal["protobuf", "json", "grpc"]
WAYS: tuple[Way, ...] = ("protobuf", "json", "grpc")
INVALID_ARGUMENT, RESOURCE_EXHAUSTED = 3, 8
KEPT = kept(NOON_NS)
GOOD_SPAN = span(span_id=b"goodspan")
GOOD_JSON = json_span(spanId=b"goodspan".hex())


@dataclass
class Bench:
    """An ingest server, a channel to it, and the numbers of the good spans sent so far."""

    ingest: Ingest
    channel: grpc.Channel
    probes: list[int] = field(default_factory=list)
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def sent(self, way: Way, body: bytes) -> tuple[int, bytes]:
        """Return the status, as gRPC counts it, and the body of an answer."""
        if way == "grpc":
            return self.called(body)
        answer = self.ingest.post("/v1/traces", body, PROTOBUF if way == "protobuf" else JSON)
        assert answer.status_code in (200, 400, 413)
        if answer.status_code == 200:
            return 0, answer.content
        if way == "json":
            said = answer.json()
            assert answer.status_code == {3: 400, 8: 413}[said["code"]]
            return said["code"], said["message"].encode()
        status = Status.FromString(answer.content)
        assert answer.status_code == {3: 400, 8: 413}[status.code]
        return status.code, status.message.encode()

    def called(self, body: bytes) -> tuple[int, bytes]:
        answer: Any = self.channel.unary_unary(f"/{TRACES}").future(body, timeout=30)
        code: int = answer.code().value[0]
        return code, answer.details().encode() if code else answer.result()

    def remarks(self, way: Way, odd: Odd) -> tuple[int, str]:
        """Send an odd span beside a good one; return how many were rejected and what was said."""
        if way == "json":
            status, answer = self.sent(way, json_traces(odd.json, GOOD_JSON))
            said = httpx.Response(200, content=answer).json().get("partialSuccess", {})
            found = int(said.get("rejectedSpans", 0)), said.get("errorMessage", "")
        else:
            assert odd.protobuf is not None
            status, answer = self.sent(way, traces(odd.protobuf, GOOD_SPAN))
            partial = ExportTraceServiceResponse.FromString(answer).partial_success
            found = partial.rejected_spans, partial.error_message
        assert status == 0
        return found

    def probe(self) -> None:
        """Send a good span of its own."""
        number = next(self.numbers)
        body = traces(span(trace_id=number.to_bytes(16), name=f"probe {number}"))
        assert self.ingest.post("/v1/traces", body, PROTOBUF).status_code == 200
        self.probes.append(number)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory, engine: str) -> Iterator[Bench]:
    """Return the bench; when all cases are through it looks at what they left behind."""
    folder = tmp_path_factory.mktemp("bad")
    with (
        listening(settings_for(folder, max_body_bytes=64 << 20)) as ingest,
        grpc.insecure_channel(ingest.grpc) as channel,
    ):
        ingest.server.intake._clock = lambda: NOON_NS
        yield Bench(ingest, channel)


@pytest.fixture(autouse=True)
def probing(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Have every request remarked upon, and send a good span after every case."""
    monkeypatch.setattr(remarks, "EVERY", 1)
    yield
    bench.probe()


def ways(cases: dict[str, Odd]) -> list[Any]:
    """Return every case in every encoding that can say it, by name."""
    return [
        pytest.param(way, odd, id=f"{way}-{name}")
        for name, odd in cases.items()
        for way in WAYS
        if way == "json" or odd.protobuf is not None
    ]


@pytest.mark.parametrize(("way", "odd"), ways(REJECTED))
def test_a_span_that_cannot_be_kept_is_rejected_alone(bench: Bench, way: Way, odd: Odd):
    assert bench.remarks(way, odd) == (1, f"rejected 1 of 2 spans: {odd.code}=1")


@pytest.mark.parametrize(("way", "odd"), ways(KEPT))
def test_a_span_that_can_be_mended_is_kept_and_remarked_upon(bench: Bench, way: Way, odd: Odd):
    assert bench.remarks(way, odd) == (0, f"warnings: {odd.code}=1" if odd.code else "")


CODES = {"too_many_spans": RESOURCE_EXHAUSTED}


@pytest.mark.parametrize("way", ["protobuf", "grpc"])
@pytest.mark.parametrize(("body", "code"), REFUSED_PROTOBUF.values(), ids=REFUSED_PROTOBUF)
def test_a_body_that_is_no_request_is_refused(bench: Bench, way: Way, body: bytes, code: str):
    status, said = bench.sent(way, body)
    assert (status, said.decode().partition(":")[0]) == (CODES.get(code, INVALID_ARGUMENT), code)


@pytest.mark.parametrize(("body", "code"), REFUSED_JSON.values(), ids=REFUSED_JSON)
def test_json_that_is_no_request_is_refused(bench: Bench, body: bytes, code: str):
    status, said = bench.sent("json", body)
    assert (status, said.decode().partition(":")[0]) == (CODES.get(code, INVALID_ARGUMENT), code)
    assert len(said) <= 1024
    assert said.isascii()


@pytest.mark.parametrize(
    "name", ["text/plain", "application/xml", "multipart/form-data", "json", ""]
)
def test_another_content_type_is_refused_in_json(bench: Bench, name: str):
    answer = bench.ingest.post("/v1/traces", b"{}", {"content-type": name})
    assert (answer.status_code, answer.json()["code"]) == (415, INVALID_ARGUMENT)


@pytest.mark.parametrize("name", ["br", "deflate", "zstd", "gzip, gzip", "x-gzip", "identity;q=1"])
def test_another_encoding_is_refused_with_the_one_that_is_taken(bench: Bench, name: str):
    answer = bench.ingest.post("/v1/traces", b"{}", JSON | {"content-encoding": name})
    assert (answer.status_code, answer.headers["accept-encoding"]) == (415, "gzip")


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_another_method_is_refused(bench: Bench, method: str):
    answer = bench.ingest.client.request(method, "/v1/traces")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


@pytest.mark.parametrize(
    "path", ["/", "/v1", "/v1/traces/", "/V1/traces", "/v1/../etc", "/v1/spans"]
)
def test_another_path_is_not_found(bench: Bench, path: str):
    assert bench.ingest.post(path, b"{}", JSON).status_code == 404


def test_nothing_suffered(bench: Bench, engine: str):
    """Runs last: every good span is there once, and what was held is given back."""
    assert len(bench.probes) > 200
    with connect(engine) as root:
        root.command("DROP DATABASE IF EXISTS bad_input")
    store = Store(engine, database="bad_input")
    path = bench.ingest.settings.spool_dir / "0001.spool"
    reader, cursor = Reader(path), Cursor(path)
    drain = Drain(store, Pricebook(), most_items=10_000)
    while drain.step(reader, cursor):
        pass
    rows = store.rows("ledger_projects")
    assert [row["project_id"] for row in rows] == ["default"]
    found = [account for account in accounts(path, reader, cursor) if account.signal == "traces"]
    assert [(a.holds, a.pending, a.quarantined) for a in found] == [(True, 0, 0)]
    with store.reading() as client:
        names = client.query("SELECT name FROM traces FINAL WHERE name LIKE 'probe %'").result_rows
    assert sorted(name for (name,) in names) == sorted(f"probe {n}" for n in bench.probes)
    reader.close()
    cursor.close()
    store.close()
    with connect(engine) as root:
        root.command("DROP DATABASE bad_input")


def test_a_hundred_bad_requests_leave_no_memory_and_no_descriptor_behind(tmp_path: Path):
    settings = settings_for(tmp_path, max_body_bytes=64 << 20)
    with (
        ingest_process(settings) as process,
        grpc.insecure_channel(settings.address(settings.grpc_port)) as channel,
        httpx.Client(base_url=settings.url(settings.http_port), verify=False) as client,
    ):

        def everything() -> tuple[int, int]:
            for body, _ in REFUSED_PROTOBUF.values():
                client.post("/v1/traces", content=body, headers=PROTOBUF)
                with suppress(grpc.RpcError):
                    channel.unary_unary(f"/{TRACES}")(body, timeout=30)
            for body, _ in REFUSED_JSON.values():
                client.post("/v1/traces", content=body, headers=JSON)
            return process.num_fds(), process.memory_info().rss

        everything()
        descriptors, memory = everything()
        for _ in range(3):
            now = everything()
            assert now[0] <= descriptors + 2  # connections come and go
            assert now[1] - memory < 64 << 20


@contextmanager
def ingest_process(settings: Settings) -> Iterator[psutil.Process]:
    """Run an ingest process of its own."""
    command = [sys.executable, "-m", "spanledger_collector", "ingest"]
    process = psutil.Popen(command, env={**os.environ, **settings.environ()})
    try:
        wait_until_ready(settings)
        yield process
    finally:
        process.terminate()
        process.wait(30)
