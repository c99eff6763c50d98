"""Spans to the body of an OTLP request. A span that cannot be encoded is left out and counted."""

from collections.abc import Sequence

from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.trace import ReadableSpan


def body(spans: Sequence[ReadableSpan]) -> tuple[bytes, int]:
    """Return the request and how many spans are in it."""
    try:
        return bytes(encode_spans(spans).SerializeToString()), len(spans)
    except Exception:  # noqa: BLE001 – one span with an impossible value: find it
        good = [span for span in spans if encodable(span)]
        return bytes(encode_spans(good).SerializeToString()), len(good)


def encodable(span: ReadableSpan) -> bool:
    """Tell whether a span can be encoded."""
    try:
        encode_spans([span]).SerializeToString()
    except Exception:  # noqa: BLE001 – protobuf raises several, for text that is no UTF-8 and others
        return False
    return True
