"""What came of one try to send a request: delivered, try again, or refused for good.

Source: OTLP specification 1.9, "Failures": 429, 502, 503, 504 and connection errors pass.
"""

from dataclasses import dataclass

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

RETRYABLE = frozenset({429, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class Answer:
    """The outcome of one try."""

    outcome: str  # delivered, retry, refused
    detail: str | None = None
    rejected: int = 0
    """Spans that the server will not keep, of those it was sent."""
    wait_s: float | None = None
    """How long the server asks us to wait."""


def of_status(status: int, body: bytes, retry_after: str | None) -> Answer:
    """Return what an HTTP status means."""
    if 200 <= status < 300:
        return Answer("delivered", rejected=rejected(body))
    if status in RETRYABLE:
        return Answer("retry", f"HTTP {status}", wait_s=seconds(retry_after))
    return Answer("refused", f"HTTP {status}")


def rejected(body: bytes) -> int:
    """Return how many spans the server says that it rejected."""
    try:
        told = ExportTraceServiceResponse.FromString(body)
    except Exception:  # noqa: BLE001 – whatever answers 200 may say what it likes
        return 0
    return max(0, int(told.partial_success.rejected_spans))


def seconds(text: str | None) -> float | None:
    """Return a `Retry-After` in seconds; a date, which our server never sends, is not read."""
    try:
        return max(0.0, float(text)) if text else None
    except ValueError:
        return None
