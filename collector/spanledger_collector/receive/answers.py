"""What a client is told: which condition means which status, and the bodies that say so.

A decision comes in, the bytes of an OTLP response or of a `google.rpc.Status` go out, in the
encoding of the request. Messages are made of counts and closed codes, never of what was sent.
Source: OTLP specification 1.7, "OTLP/HTTP Response" and "Failures".
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from spanledger_collector.decode.wire import Encoding, Signal

INVALID_ARGUMENT, DEADLINE_EXCEEDED, PERMISSION_DENIED, RESOURCE_EXHAUSTED = 3, 4, 7, 8
UNIMPLEMENTED, UNAVAILABLE, UNAUTHENTICATED = 12, 14, 16

RETRY_S = {"overloaded": 1, "rate_limited": 1, "spool_full": 2, "disk_full": 2, "shutting_down": 1}
"""Seconds after which to try again. Short: OTLP exporters give up at once on a long wait."""

STATUS = {  # code: (HTTP, gRPC)
    "malformed_protobuf": (400, INVALID_ARGUMENT),
    "malformed_json": (400, INVALID_ARGUMENT),
    "invalid_utf8": (400, INVALID_ARGUMENT),
    "too_deep": (400, INVALID_ARGUMENT),
    "gzip_corrupt": (400, INVALID_ARGUMENT),
    "malformed_http": (400, INVALID_ARGUMENT),
    "unauthenticated": (401, UNAUTHENTICATED),
    "forbidden": (403, PERMISSION_DENIED),
    "not_found": (404, UNIMPLEMENTED),
    "method_not_allowed": (405, UNIMPLEMENTED),
    "body_too_large": (413, RESOURCE_EXHAUSTED),
    "too_many_spans": (413, RESOURCE_EXHAUSTED),
    "too_many_elements": (413, RESOURCE_EXHAUSTED),
    "headers_too_large": (431, RESOURCE_EXHAUSTED),
    "too_slow": (408, DEADLINE_EXCEEDED),  # never sent over HTTP: there the connection ends
    "unsupported_media_type": (415, INVALID_ARGUMENT),
    "unsupported_encoding": (415, INVALID_ARGUMENT),
    "rate_limited": (429, RESOURCE_EXHAUSTED),
    "overloaded": (503, UNAVAILABLE),
    "spool_full": (503, UNAVAILABLE),
    "disk_full": (503, UNAVAILABLE),
    "shutting_down": (503, UNAVAILABLE),
}

NOUNS = {"traces": "spans", "logs": "log records", "metrics": "metric points"}
REJECTED_FIELD = {
    "traces": ("rejectedSpans", "rejected_spans"),
    "logs": ("rejectedLogRecords", "rejected_log_records"),
    "metrics": ("rejectedDataPoints", "rejected_data_points"),
}
RESPONSES: dict[Signal, Any] = {
    "traces": ExportTraceServiceResponse,
    "logs": ExportLogsServiceResponse,
    "metrics": ExportMetricsServiceResponse,
}


@dataclass(frozen=True, slots=True)
class Accepted:
    """A request whose items are durable, all but the rejected ones."""

    signal: Signal
    total: int
    rejected: Mapping[str, int] = field(default_factory=dict)
    warnings: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Refused:
    """A request of which nothing was kept. `code` is a key of `STATUS`."""

    code: str
    detail: str = ""

    @property
    def http_status(self) -> int:
        """Return the HTTP status."""
        return STATUS[self.code][0]

    @property
    def grpc_status(self) -> int:
        """Return the gRPC status, which is the `code` of the body over HTTP too."""
        return STATUS[self.code][1]

    @property
    def retry_s(self) -> int | None:
        """Return after how many seconds to try again, None when that is of no use."""
        return RETRY_S.get(self.code)

    @property
    def message(self) -> str:
        """Return what the sender is told."""
        return f"{self.code}: {self.detail}" if self.detail else self.code


Answer = Accepted | Refused


def message(accepted: Accepted) -> str:
    """Return what is said about items that were rejected or mended, '' when there are none."""
    said = []
    if accepted.rejected:
        count = sum(accepted.rejected.values())
        noun = NOUNS[accepted.signal]
        said.append(f"rejected {count} of {accepted.total} {noun}: {listed(accepted.rejected)}")
    if accepted.warnings:
        said.append(f"warnings: {listed(accepted.warnings)}")
    return "; ".join(said)


def listed(counts: Mapping[str, int]) -> str:
    """Return counts by code as they are written in a message."""
    return ", ".join(f"{code}={n}" for code, n in sorted(counts.items()))


def success_body(accepted: Accepted, encoding: Encoding) -> bytes:
    """Return the body of an export response; with nothing to tell it is an empty message."""
    count = sum(accepted.rejected.values())
    said = message(accepted)
    json_name, name = REJECTED_FIELD[accepted.signal]
    if encoding == "json":
        partial = {json_name: str(count), "errorMessage": said}
        return orjson.dumps({"partialSuccess": partial} if said else {})
    response = RESPONSES[accepted.signal]()
    if said:
        setattr(response.partial_success, name, count)
        response.partial_success.error_message = said
    body: bytes = response.SerializeToString()
    return body


def error_body(refused: Refused, encoding: Encoding) -> bytes:
    """Return the body of a refusal, a `google.rpc.Status`."""
    if encoding == "json":
        return orjson.dumps({"code": refused.grpc_status, "message": refused.message})
    body: bytes = status(refused).SerializeToString()
    return body


def status(refused: Refused) -> Status:
    """Return a refusal as a `google.rpc.Status`, which says when to try again if that is of use."""
    said = Status(code=refused.grpc_status, message=refused.message)
    if (hint := retry_info(refused)) is not None:
        said.details.add().Pack(hint)
    return said


def retry_info(refused: Refused) -> RetryInfo | None:
    """Return when to try again, None when that is of no use."""
    if refused.retry_s is None:
        return None
    hint = RetryInfo()
    hint.retry_delay.seconds = refused.retry_s
    return hint
