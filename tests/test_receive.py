"""OTLP over HTTP against the real server: what is answered, and what is durable by then."""

import gzip
import http.client
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import httpx
import pytest
from google.rpc.status_pb2 import Status
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from spanledger_collector import decode
from spanledger_collector.receive.admission import Admission, Bounds
from spanledger_collector.settings import Settings
from spanledger_collector.spool import Batch, Reader
from tests.ingesting import (
    JSON,
    MAX_BODY,
    PROTOBUF,
    Ingest,
    listening,
    settings_for,
    wait_until_ready,
)
from tests.otlp import (
    CAPTURES,
    LOG_CAPTURES,
    TRACE,
    TRACE_CAPTURES,
    as_json,
    json_span,
    json_traces,
    logs,
    span,
    traces,
)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Return settings for a server on free ports."""
    return settings_for(tmp_path)


@pytest.fixture
def ingest(settings: Settings) -> Iterator[Ingest]:
    """Return an ingest server that really listens, in a thread."""
    with listening(settings) as running:
        yield running


def test_everything_that_libraries_sent_is_acknowledged_and_kept(ingest: Ingest):
    for path in TRACE_CAPTURES:
        answer = ingest.post("/v1/traces", path.read_bytes(), PROTOBUF)
        assert (answer.status_code, answer.content) == (200, b"")
        assert answer.headers["content-type"] == "application/x-protobuf"
    for path in LOG_CAPTURES:
        assert ingest.post("/v1/logs", path.read_bytes(), PROTOBUF).content == b""
    kept = [(batch.signal, batch.body) for batch in ingest.spooled()]
    assert kept == [
        *(("traces", path.read_bytes()) for path in TRACE_CAPTURES),
        *(("logs", path.read_bytes()) for path in LOG_CAPTURES),
    ]


def test_a_batch_is_kept_with_what_the_store_must_know(ingest: Ingest):
    before_ns = time.time_ns()
    body = json_traces(json_span(), json_span(spanId="b7"))
    ingest.post("/v1/traces", body, {"content-type": "application/json; charset=utf-8"})
    (kept,) = ingest.spooled()
    assert before_ns <= kept.received_ns <= time.time_ns()
    assert kept == Batch(1, kept.received_ns, "default", "", "traces", "json", 1, body)


def test_json_is_answered_in_json(ingest: Ingest):
    body = (CAPTURES / "vercel-ai-sdk__otlp-json-chat.otlp.json").read_bytes()
    answer = ingest.post("/v1/traces", body, JSON)
    assert (answer.status_code, answer.json()) == (200, {})
    assert answer.headers["content-type"] == "application/json"
    assert decode.spans(ingest.spooled()[0].body, "json").total == 12


@pytest.mark.parametrize(
    ("packed", "encoding"),
    [
        (gzip.compress, "gzip"),
        (lambda body: gzip.compress(body[:9]) + gzip.compress(body[9:]), "GZIP"),
        (bytes, "identity"),
    ],
)
def test_a_compressed_body_is_kept_decompressed(
    ingest: Ingest, packed: Callable[[bytes], bytes], encoding: str
):
    body = traces(span())
    answer = ingest.post("/v1/traces", packed(body), PROTOBUF | {"content-encoding": encoding})
    assert answer.status_code == 200
    assert [batch.body for batch in ingest.spooled()] == [body]


def test_an_empty_request_is_a_good_one(ingest: Ingest):
    assert ingest.post("/v1/traces", b"", PROTOBUF).status_code == 200
    empty_gzip = PROTOBUF | {"content-encoding": "gzip"}
    assert ingest.post("/v1/traces", gzip.compress(b""), empty_gzip).status_code == 200
    assert ingest.post("/v1/traces", b"{}", JSON).json() == {}
    assert ingest.spooled() == []


def test_rejected_spans_are_named_by_reason_in_both_encodings(ingest: Ingest):
    body = traces(span(), span(trace_id=b""), span(), span(span_id=b"short"), span())
    said = "rejected 2 of 5 spans: span_id_invalid=1, trace_id_invalid=1"

    answer = ExportTraceServiceResponse.FromString(
        ingest.post("/v1/traces", body, PROTOBUF).content
    )
    assert answer.partial_success.rejected_spans == 2
    assert answer.partial_success.error_message == said

    answer_json = ingest.post("/v1/traces", as_json(body), JSON).json()
    assert answer_json == {"partialSuccess": {"rejectedSpans": "2", "errorMessage": said}}
    assert [batch.items for batch in ingest.spooled()] == [3, 3]


def test_a_request_of_which_nothing_can_be_kept_is_still_answered_200(ingest: Ingest):
    answer = ingest.post("/v1/traces", traces(span(span_id=b"")), PROTOBUF)
    assert answer.status_code == 200
    said = ExportTraceServiceResponse.FromString(answer.content).partial_success
    assert said.rejected_spans == 1
    assert ingest.spooled() == []


def test_rejected_log_records_are_named_as_such(ingest: Ingest):
    body = logs(LogRecord(trace_id=TRACE[:3]), LogRecord())
    answer = ingest.post("/v1/logs", body, PROTOBUF)
    said = ExportLogsServiceResponse.FromString(answer.content).partial_success
    assert said.rejected_log_records == 1
    assert said.error_message == "rejected 1 of 2 log records: trace_id_invalid=1"


def test_metrics_are_accepted_counted_and_said_to_be_dropped(ingest: Ingest):
    request = ExportMetricsServiceRequest()
    metric = request.resource_metrics.add().scope_metrics.add().metrics.add()
    metric.gauge.data_points.add(as_int=1)
    answer = ingest.post("/v1/metrics", request.SerializeToString(), PROTOBUF)
    said = ExportMetricsServiceResponse.FromString(answer.content).partial_success
    assert (answer.status_code, said.rejected_data_points) == (200, 1)
    assert said.error_message == "rejected 1 of 1 metric points: metrics_not_stored=1"
    assert ingest.figures()["spanledger_metric_points_dropped_total"] == 1
    assert ingest.spooled() == []


INVALID_ARGUMENT, RESOURCE_EXHAUSTED, UNIMPLEMENTED, UNAVAILABLE = 3, 8, 12, 14
GZIP = PROTOBUF | {"content-encoding": "gzip"}
LIMIT = f"at most {MAX_BODY} bytes after decompression"


@pytest.mark.parametrize(
    ("body", "headers", "status", "code", "message"),
    [
        (b"\xff", PROTOBUF, 400, INVALID_ARGUMENT, "malformed_protobuf: no OTLP request in protobuf"),
        (b"[]", JSON, 400, INVALID_ARGUMENT, "malformed_json: no JSON object"),
        (b'{"a":"\\ud800"}', JSON, 400, INVALID_ARGUMENT, "invalid_utf8: no JSON"),
        (b"[" * 200, JSON, 400, INVALID_ARGUMENT, "too_deep: no JSON"),
        (b"junk", GZIP, 400, INVALID_ARGUMENT, "gzip_corrupt: no gzip"),
        (gzip.compress(b"x" * 99)[:-9], GZIP, 400, INVALID_ARGUMENT, "gzip_corrupt: cut short"),
        (b"", GZIP, 400, INVALID_ARGUMENT, "gzip_corrupt: cut short"),
        (gzip.compress(b"") * 17, GZIP, 400, INVALID_ARGUMENT, "gzip_corrupt: too many members"),
        (b"x" * (MAX_BODY + 1), PROTOBUF, 413, RESOURCE_EXHAUSTED, f"body_too_large: {LIMIT}"),
        (gzip.compress(b"x" * (MAX_BODY + 1)), GZIP, 413, RESOURCE_EXHAUSTED, f"body_too_large: {LIMIT}"),
        (
            traces(*[span()] * 20_001)[:MAX_BODY], PROTOBUF, 400, INVALID_ARGUMENT,
            "malformed_protobuf: no OTLP request in protobuf",
        ),
        (
            b"", {"content-type": "text/plain"}, 415, INVALID_ARGUMENT,
            "unsupported_media_type: use application/x-protobuf or /json",
        ),
        (b"", {}, 415, INVALID_ARGUMENT, "unsupported_media_type: use application/x-protobuf or /json"),
        (
            b"", PROTOBUF | {"content-encoding": "br"}, 415, INVALID_ARGUMENT,
            "unsupported_encoding: use gzip or none",
        ),
    ],
    ids=count(),
)  # fmt: skip
def test_a_request_that_is_refused_is_told_why_in_its_encoding(
    ingest: Ingest, body: bytes, headers: dict[str, str], status: int, code: int, message: str
):
    answer = ingest.post("/v1/traces", body, headers)
    assert answer.status_code == status
    if headers.get("content-type") == PROTOBUF["content-type"]:
        said = Status.FromString(answer.content)
        assert (said.code, said.message) == (code, message)
    else:
        assert answer.json() == {"code": code, "message": message}
    assert "retry-after" not in answer.headers
    assert (
        ingest.figures()[f'spanledger_requests_refused_total{{code="{message.split(":")[0]}"}}']
        == 1
    )
    good = ingest.post("/v1/traces", traces(span()), PROTOBUF)
    assert good.status_code == 200


def test_too_many_spans_are_told_so(ingest: Ingest):
    body = b'{"resourceSpans":[{"scopeSpans":[{"spans":[' + b"0," * 20_000 + b"0]}]}]}"
    answer = ingest.post("/v1/traces", body, JSON)
    said = "too_many_spans: 20001 items, at most 20000 a request"
    assert (answer.status_code, answer.json()["message"]) == (413, said)


def test_another_path_and_another_method_are_told_so(ingest: Ingest):
    missing = ingest.post("/v1/trace", b"", PROTOBUF)
    assert (missing.status_code, missing.json()["code"]) == (404, UNIMPLEMENTED)
    wrong = ingest.client.get("/v1/traces", headers=PROTOBUF)
    assert (wrong.status_code, wrong.headers["allow"]) == (405, "POST")
    assert Status.FromString(wrong.content).message == "method_not_allowed: use POST"


def test_an_unsupported_encoding_is_told_which_is(ingest: Ingest):
    answer = ingest.post("/v1/traces", b"", PROTOBUF | {"content-encoding": "zstd"})
    assert answer.headers["accept-encoding"] == "gzip"


def test_a_full_spool_is_refused_before_the_body_is_sent(
    ingest: Ingest, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(type(ingest.spool), "refusal", "spool_full")
    connection = http.client.HTTPConnection("127.0.0.1", ingest.settings.http_port)
    connection.putrequest("POST", "/v1/traces")
    connection.putheader("Content-Type", "application/x-protobuf")
    connection.putheader("Content-Length", "1000")
    connection.putheader("Expect", "100-continue")
    connection.endheaders()
    answer = connection.getresponse()
    assert (answer.status, answer.headers["Retry-After"]) == (503, "2")
    assert Status.FromString(answer.read()).message == "spool_full"
    connection.close()
    ready = ingest.client.get("/readyz")
    assert ready.status_code == 503
    assert ready.json() == {"durability": "fsync", "ready": False, "reason": "spool_full"}


def test_too_many_bytes_at_once_are_told_to_come_back(
    ingest: Ingest, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(ingest.server.intake, "_admission", Admission(Bounds(100)))
    answer = ingest.post("/v1/traces", traces(span(name="x" * 200)), PROTOBUF)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    small = ingest.post("/v1/traces", traces(span()), PROTOBUF)
    assert small.status_code == 200


def test_our_own_mistake_makes_the_client_try_again(
    ingest: Ingest, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    def mistake(*_: object) -> None:
        raise KeyError("a mistake of ours")

    monkeypatch.setattr("spanledger_collector.receive.intake.check", mistake)
    answer = ingest.post("/v1/traces", traces(span()), PROTOBUF)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    assert Status.FromString(answer.content).code == UNAVAILABLE
    assert "a mistake of ours" in caplog.text


def test_a_client_that_leaves_in_the_middle_leaves_nothing_behind(ingest: Ingest):
    with socket.create_connection(("127.0.0.1", ingest.settings.http_port)) as connection:
        connection.sendall(
            b"POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-protobuf\r\n"
            b"Content-Length: 1000\r\n\r\nhalf"
        )
    assert ingest.post("/v1/traces", traces(span()), PROTOBUF).status_code == 200
    assert len(ingest.spooled()) == 1


def test_a_body_may_come_in_chunks_of_unknown_length(ingest: Ingest):
    body = traces(span())
    chunks = iter([body[:5], body[5:]])
    assert ingest.client.post("/v1/traces", content=chunks, headers=PROTOBUF).status_code == 200
    endless = (b"x" * 65_536 for _ in range(MAX_BODY // 65_536 + 1))
    assert ingest.client.post("/v1/traces", content=endless, headers=PROTOBUF).status_code == 413
    assert [batch.body for batch in ingest.spooled()] == [body]


def test_what_was_received_is_what_was_rejected_and_what_was_spooled(ingest: Ingest):
    ingest.post("/v1/traces", traces(span(), span(), span(trace_id=b"")), PROTOBUF)
    ingest.post("/v1/traces", traces(span(span_id=b"")), PROTOBUF)
    ingest.post("/v1/logs", logs(LogRecord(), LogRecord(span_id=b"x")), PROTOBUF)
    ingest.post("/v1/traces", b"\xff", PROTOBUF)
    found = ingest.figures()
    used_bytes = found.pop("spanledger_spool_used_bytes")
    assert used_bytes > 0
    assert found == {
        "spanledger_spans_received_total": 4,
        'spanledger_spans_rejected_total{reason="span_id_invalid"}': 1,
        'spanledger_spans_rejected_total{reason="trace_id_invalid"}': 1,
        "spanledger_spans_spooled_total": 2,
        "spanledger_log_records_received_total": 2,
        'spanledger_log_records_rejected_total{reason="span_id_invalid"}': 1,
        "spanledger_log_records_spooled_total": 1,
        'spanledger_batches_spooled_total{signal="logs"}': 1,
        'spanledger_batches_spooled_total{signal="traces"}': 1,
        "spanledger_bytes_spooled_total": sum(len(batch.body) for batch in ingest.spooled()),
        "spanledger_spools_unreadable": 0,
        "spanledger_metric_points_dropped_total": 0,
        "spanledger_decisions_unanswered_total": 0,
        'spanledger_requests_refused_total{code="malformed_protobuf"}': 1,
    }


def test_the_pages_about_the_process_answer(ingest: Ingest):
    assert ingest.client.get("/healthz").json() == {"alive": True}
    ready = ingest.client.get("/readyz")
    assert (ready.status_code, ready.json()) == (
        200,
        {"durability": "fsync", "ready": True, "reason": ""},
    )


@pytest.mark.parametrize("compression", ["gzip", "none"])
def test_spans_of_the_real_exporter_arrive_whole(ingest: Ingest, compression: str):
    from opentelemetry.exporter.otlp.proto.http import Compression

    exporter = OTLPSpanExporter(
        ingest.settings.url(ingest.settings.http_port) + "/v1/traces",
        compression=Compression(compression),
    )
    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(exporter))
    tracer = provider.get_tracer("agent")
    for n in range(1000):
        with tracer.start_as_current_span(f"chat {n}") as current:
            current.set_attribute("gen_ai.usage.input_tokens", n)
    provider.shutdown()
    kept = [s for batch in ingest.spooled() for s in decode.spans(batch.body, "protobuf").spans]
    assert {s.name: s.attributes["gen_ai.usage.input_tokens"] for s in kept} == {
        f"chat {n}": n for n in range(1000)
    }


def started(settings: Settings) -> subprocess.Popen[bytes]:
    """Return an ingest process of its own."""
    command = [sys.executable, "-m", "spanledger_collector", "ingest"]
    return subprocess.Popen(command, env={**os.environ, **settings.environ()})


def flood(settings: Settings, stop: Callable[[int], bool]) -> list[str]:
    """Post small batches from four clients until told to stop; return the spans acknowledged."""
    acknowledged: list[str] = []
    url = settings.url(settings.http_port) + "/v1/traces"

    def post(who: int) -> None:
        with httpx.Client(verify=False) as client:
            for n in range(10_000):
                name = f"{who} {n}"
                try:
                    answer = client.post(url, content=traces(span(name=name)), headers=PROTOBUF)
                except httpx.TransportError:
                    return
                if answer.status_code == 200:
                    acknowledged.append(name)
                if stop(len(acknowledged)):
                    return

    threads = [threading.Thread(target=post, args=(who,)) for who in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return acknowledged


def kept_names(settings: Settings, spool: str = "0001.spool") -> list[str]:
    reader = Reader(settings.spool_dir / spool)
    batches = reader.read_from(0, max_items=10**9)
    reader.close()
    return [s.name for batch in batches for s in decode.spans(batch.body, "protobuf").spans]


def test_every_span_acknowledged_before_a_kill_is_in_the_spool(settings: Settings):
    process = started(settings)
    wait_until_ready(settings)

    def kill_after_300(count: int) -> bool:
        if count >= 300:
            process.kill()
        return False  # only the closed connection ends the flood

    acknowledged = flood(settings, kill_after_300)
    process.wait()
    kept = kept_names(settings)
    assert len(kept) == len(set(kept))
    assert set(acknowledged) <= set(kept)
    assert len(acknowledged) >= 300

    process = started(settings)  # and it comes up again on the same files
    wait_until_ready(settings)
    url = settings.url(settings.http_port) + "/v1/traces"
    assert httpx.post(url, content=traces(span(name="after")), headers=PROTOBUF).status_code == 200
    process.terminate()
    assert process.wait(timeout=30) == 0
    assert kept_names(settings) == [*kept, "after"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_loses_nothing_and_is_no_failure(settings: Settings, number: signal.Signals):
    process = started(settings)
    wait_until_ready(settings)

    def stop_after_100(count: int) -> bool:
        if count == 100:
            process.send_signal(number)
        return False

    acknowledged = flood(settings, stop_after_100)
    assert process.wait(timeout=30) == 0
    assert not (settings.spool_dir / "0001.spool-wal").exists()  # folded in: nothing to recover
    assert set(acknowledged) <= set(kept_names(settings))


WITH_A_BROKEN_DISK = """
import sys, threading
from spanledger_collector import receive, settings
from tests.faults import make_fsync_fail

chosen = settings.load({})
def break_when_told():
    sys.stdin.readline()
    make_fsync_fail(chosen.spool_dir / "0001.spool")
    print("broken", flush=True)
threading.Thread(target=break_when_told, daemon=True).start()
sys.exit(receive.serve(chosen))
"""


def broken(settings: Settings) -> subprocess.Popen[bytes]:
    """Return an ingest process with one span in its spool, whose disk then refuses to flush it."""
    process = subprocess.Popen(
        [sys.executable, "-c", WITH_A_BROKEN_DISK],
        env={**os.environ, **settings.environ()},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    wait_until_ready(settings)
    assert sent(settings, "before").is_success
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(b"break\n")
    process.stdin.flush()
    assert process.stdout.readline() == b"broken\n"
    refused = sent(settings, "not acknowledged")
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
    process.stdin.close()
    process.stdout.close()
    return process


def sent(settings: Settings, name: str) -> httpx.Response:
    """Send one span, over a new connection."""
    url = settings.url(settings.http_port) + "/v1/traces"
    return httpx.post(url, content=traces(span(name=name)), headers=PROTOBUF)


def test_when_the_disk_refuses_a_spool_it_goes_on_in_a_new_one(settings: Settings):
    process = broken(settings)
    while (answer := sent(settings, "after")).status_code == 503:
        assert process.poll() is None
    assert answer.is_success
    assert kept_names(settings) == ["before"]  # readable still, to the last that was acknowledged
    process.terminate()
    assert process.wait(timeout=30) == 0

    process = started(settings)
    wait_until_ready(settings)
    assert sent(settings, "after a restart").is_success
    figures = httpx.get(settings.url(settings.http_port) + "/metrics").text
    assert "spanledger_spans_spooled_total 3\n" in figures
    process.terminate()
    assert process.wait(timeout=30) == 0
    assert kept_names(settings, "0001-2.spool") == ["after", "after a restart"]


def test_when_no_spool_can_be_written_the_process_ends_with_an_error(settings: Settings):
    (settings.spool_dir / "0001-2.spool-wal").mkdir(parents=True)  # nothing can be written there
    process = broken(settings)
    assert process.wait(timeout=30) == 1
    assert kept_names(settings) == ["before"]


def test_ingest_never_loads_the_engine():
    script = (
        "import sys; import spanledger_collector.receive, spanledger_collector.commands.ingest;"
        "print(sorted({m.split('.')[0] for m in sys.modules} & {'chdb','clickhouse_connect','fastapi','pydantic'}))"
    )
    said = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    assert said.stdout == b"[]\n"
