"""OTLP over gRPC against the real server, by the real client and the real exporter."""

import gzip
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
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
from tests.ingesting import MAX_BODY, Ingest, listening, settings_for
from tests.otlp import LOG_CAPTURES, TRACE, TRACE_CAPTURES, logs, span, traces

SERVICE = "opentelemetry.proto.collector.{}.v1.{}Service/Export"
TRACES = SERVICE.format("trace", "Trace")
LOGS = SERVICE.format("logs", "Logs")
METRICS = SERVICE.format("metrics", "Metrics")

Export = Callable[..., bytes]


@pytest.fixture
def ingest(tmp_path: Path) -> Iterator[Ingest]:
    """Return an ingest server that really listens, in a thread."""
    with listening(settings_for(tmp_path)) as running:
        yield running


@pytest.fixture
def export(ingest: Ingest) -> Iterator[Export]:
    """Return what sends bytes to a method and returns the bytes of the answer."""
    with grpc.insecure_channel(ingest.grpc) as channel:

        def send(body: bytes, method: str = TRACES, **options: Any) -> bytes:
            answer: bytes = channel.unary_unary(f"/{method}")(body, timeout=30, **options)
            return answer

        yield send


def refused(export: Export, body: bytes, method: str = TRACES, **options: Any) -> tuple[Any, Any]:
    """Return the status code of a call that is refused, and its trailers."""
    with pytest.raises(grpc.RpcError) as caught:
        export(body, method, **options)
    error: Any = caught.value
    return error.code(), dict(error.trailing_metadata())


def test_everything_that_libraries_sent_is_acknowledged_and_kept(ingest: Ingest, export: Export):
    for path in TRACE_CAPTURES:
        assert export(path.read_bytes()) == b""
    for path in LOG_CAPTURES:
        assert export(path.read_bytes(), LOGS) == b""
    assert [(batch.signal, batch.encoding, batch.body) for batch in ingest.spooled()] == [
        *(("traces", "protobuf", path.read_bytes()) for path in TRACE_CAPTURES),
        *(("logs", "protobuf", path.read_bytes()) for path in LOG_CAPTURES),
    ]


@pytest.mark.parametrize("compression", [grpc.Compression.Gzip, grpc.Compression.Deflate])
def test_a_compressed_message_is_kept_decompressed(
    ingest: Ingest, export: Export, compression: grpc.Compression
):
    body = traces(span(name="x" * 10_000))
    assert export(body, compression=compression) == b""
    assert [batch.body for batch in ingest.spooled()] == [body]


def test_rejected_items_are_named_in_the_words_of_http(export: Export):
    said = ExportTraceServiceResponse.FromString(export(traces(span(), span(trace_id=b""))))
    assert said.partial_success.rejected_spans == 1
    assert said.partial_success.error_message == "rejected 1 of 2 spans: trace_id_invalid=1"
    answer = export(logs(LogRecord(trace_id=TRACE[:3]), LogRecord()), LOGS)
    assert ExportLogsServiceResponse.FromString(answer).partial_success.error_message == (
        "rejected 1 of 2 log records: trace_id_invalid=1"
    )
    request = ExportMetricsServiceRequest()
    metric = request.resource_metrics.add().scope_metrics.add().metrics.add()
    metric.gauge.data_points.add(as_int=1)
    answer = export(request.SerializeToString(), METRICS)
    assert ExportMetricsServiceResponse.FromString(answer).partial_success.error_message == (
        "rejected 1 of 1 metric points: metrics_not_stored=1"
    )


def test_what_cannot_be_parsed_is_the_clients_mistake_and_not_worth_a_retry(
    ingest: Ingest, export: Export
):
    code, trailers = refused(export, b"\xff\xff")
    assert code is grpc.StatusCode.INVALID_ARGUMENT
    said = Status.FromString(trailers["grpc-status-details-bin"])
    assert said == Status(code=3, message="malformed_protobuf: no OTLP request in protobuf")
    assert "google.rpc.retryinfo-bin" not in trailers
    assert export(traces(span())) == b""
    assert ingest.figures()['spanledger_requests_refused_total{code="malformed_protobuf"}'] == 1


def test_a_full_spool_says_twice_when_to_come_back(
    ingest: Ingest, export: Export, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(type(ingest.spool), "refusal", "spool_full")
    code, trailers = refused(export, traces(span()))
    assert code is grpc.StatusCode.UNAVAILABLE
    hint = RetryInfo.FromString(trailers["google.rpc.retryinfo-bin"])
    assert hint.retry_delay.seconds == 2
    said = Status.FromString(trailers["grpc-status-details-bin"])
    assert (said.code, said.message) == (14, "spool_full")
    again = RetryInfo()
    assert said.details[0].Unpack(again)
    assert again == hint


def test_a_key_that_sends_too_much_is_told_when_to_come_back(ingest: Ingest, export: Export):
    ingest.server.intake._admission = Admission(Bounds(key_requests_per_s=0.5))
    assert export(traces(span())) == b""
    code, trailers = refused(export, traces(span()))
    assert code is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert RetryInfo.FromString(trailers["google.rpc.retryinfo-bin"]).retry_delay.seconds == 1


@pytest.mark.parametrize("compression", [grpc.Compression.NoCompression, grpc.Compression.Gzip])
def test_a_message_over_the_limit_is_final(export: Export, compression: grpc.Compression):
    code, trailers = refused(export, b"\0" * (MAX_BODY + 1), compression=compression)
    assert code is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert "google.rpc.retryinfo-bin" not in trailers
    assert export(traces(span())) == b""


def test_too_many_spans_are_final(export: Export):
    code, trailers = refused(export, traces(*[span(name="")] * 20_001))
    assert code is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert "google.rpc.retryinfo-bin" not in trailers


def test_a_method_that_there_is_not_is_unimplemented(export: Export):
    assert refused(export, b"", "otlp.Nothing/Export")[0] is grpc.StatusCode.UNIMPLEMENTED


def test_a_message_that_never_comes_runs_out_of_time(tmp_path: Path):
    with (
        listening(settings_for(tmp_path, body_timeout_s=0.2)) as ingest,
        grpc.insecure_channel(ingest.grpc) as channel,
        pytest.raises(grpc.RpcError) as caught,
    ):
        channel.stream_unary(f"/{TRACES}")(Never(), timeout=30)
    error: Any = caught.value
    assert error.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    assert error.details() == "too_slow: the message did not arrive in time"


class Never:
    """Messages that never come and never end, while anybody waits for them."""

    def __init__(self) -> None:
        self._over = threading.Event()

    def __iter__(self) -> "Never":
        return self

    def __next__(self) -> bytes:
        self._over.wait(5)
        raise StopIteration


def test_our_own_mistake_makes_the_client_try_again(
    export: Export, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    def mistake(*_: object) -> None:
        raise KeyError("a mistake of ours")

    monkeypatch.setattr("spanledger_collector.receive.intake.check", mistake)
    code, trailers = refused(export, traces(span()))
    assert code is grpc.StatusCode.UNAVAILABLE
    assert "google.rpc.retryinfo-bin" in trailers
    assert "a mistake of ours" in caplog.text


@pytest.mark.parametrize("compression", [grpc.Compression.NoCompression, grpc.Compression.Gzip])
def test_spans_of_the_real_exporter_arrive_whole(ingest: Ingest, compression: grpc.Compression):
    exporter = OTLPSpanExporter(f"http://{ingest.grpc}", insecure=True, compression=compression)
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


def test_a_message_that_does_not_say_it_is_gzip_is_read_as_one(ingest: Ingest, export: Export):
    assert export(gzip.compress(traces(span()))) == b""
    assert [batch.body for batch in ingest.spooled()] == [traces(span())]


@pytest.mark.parametrize(
    "body",
    [gzip.compress(traces(span()))[:-9], b"\x1f\x8b", b"\x78\x9c"],
    ids=[
        "cut short",
        "gzip's mark alone",
        "zlib's mark alone",
    ],  # not the bytes: they hold the time
)
def test_a_message_whose_compression_is_broken_is_refused_for_good(export: Export, body: bytes):
    code, _ = refused(export, body)
    assert code is grpc.StatusCode.INVALID_ARGUMENT
