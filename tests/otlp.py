"""OTLP requests for tests: made by hand, or read from what real libraries sent."""

import json
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from google.protobuf import json_format
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from opentelemetry.proto.trace.v1.trace_pb2 import Span

CAPTURES = Path(__file__).parent / "data" / "otlp"
LOG_CAPTURES = sorted(CAPTURES.glob("*.logs.pb"))
TRACE_CAPTURES = sorted(set(CAPTURES.glob("*.pb")) - set(LOG_CAPTURES))
TRACE = bytes.fromhex("0af7651916cd43dd8448eb211c80319c")
SPAN = bytes.fromhex("b7ad6b7169203331")
NOON_NS = 1_795_262_400_000_000_000  # 2026-11-21T12:00:00Z


def span(**fields: Any) -> Span:
    """Return a span that is in order, but for the fields that are given."""
    ids = {"trace_id": TRACE, "span_id": SPAN}
    times = {"start_time_unix_nano": NOON_NS, "end_time_unix_nano": NOON_NS + 1}
    return Span(**({"name": "chat"} | ids | times | fields))


def attribute(key: str, value: AnyValue | str | int) -> KeyValue:
    if isinstance(value, str):
        value = AnyValue(string_value=value)
    return KeyValue(key=key, value=AnyValue(int_value=value) if isinstance(value, int) else value)


def traces(*spans: Span) -> bytes:
    """Return the body of a trace request."""
    request = ExportTraceServiceRequest()
    request.resource_spans.add().scope_spans.add().spans.extend(spans)
    body: bytes = request.SerializeToString()
    return body


def logs(*records: LogRecord) -> bytes:
    """Return the body of a log request."""
    request = ExportLogsServiceRequest()
    request.resource_logs.add().scope_logs.add().log_records.extend(records)
    body: bytes = request.SerializeToString()
    return body


def json_span(**fields: Any) -> dict[str, Any]:
    """Return a span in OTLP/JSON that is in order, but for the fields that are given."""
    return {
        "traceId": TRACE.hex(),
        "spanId": SPAN.hex(),
        "name": "chat",
        "startTimeUnixNano": str(NOON_NS),
        "endTimeUnixNano": str(NOON_NS + 1),
    } | fields


def json_traces(*spans: Any) -> bytes:
    """Return the body of a trace request in OTLP/JSON."""
    scope_spans = [{"scope": {}, "spans": list(spans)}]
    return json.dumps({"resourceSpans": [{"resource": {}, "scopeSpans": scope_spans}]}).encode()


def as_json(body: bytes, kind: type[Any] = ExportTraceServiceRequest) -> bytes:
    """Return a protobuf request in OTLP/JSON: with hex ids and numbers for enums."""
    document = json_format.MessageToDict(kind.FromString(body), use_integers_for_enums=True)
    for node in objects(document):
        for name in {"traceId", "spanId", "parentSpanId"} & node.keys():
            node[name] = b64decode(node[name]).hex()
    return json.dumps(document).encode()


def objects(node: Any) -> Iterator[dict[str, Any]]:
    """Yield every object in a JSON document."""
    if isinstance(node, dict):
        yield node
    for child in (
        node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    ):
        yield from objects(child)
