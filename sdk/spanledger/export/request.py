"""Spans to the body of an OTLP request. A span that cannot be encoded is left out and counted."""

import time
from collections.abc import Sequence

from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import ReadableSpan

PIECE = 8
"""Spans that are encoded in one go, about half a millisecond: then other threads get their turn.
Encoding a batch at once would keep them waiting for as long as a thread may run, 5 ms."""


def body(spans: Sequence[ReadableSpan]) -> tuple[bytes, int]:
    """Return the request and how many spans are in it."""
    try:
        return encoded(spans), len(spans)
    except Exception:  # noqa: BLE001 – one span with an impossible value: find it
        good = [span for span in spans if encodable(span)]
        return encoded(good), len(good)


def encoded(spans: Sequence[ReadableSpan]) -> bytes:
    """Return a request, encoded piece by piece."""
    request = ExportTraceServiceRequest()
    for start in range(0, len(spans), PIECE):
        for found in encode_spans(spans[start : start + PIECE]).resource_spans:
            told = request.resource_spans
            if told and told[-1].resource == found.resource:
                told[-1].scope_spans.extend(found.scope_spans)
            else:
                told.append(found)
        time.sleep(0)
    return bytes(request.SerializeToString())


def encodable(span: ReadableSpan) -> bool:
    """Tell whether a span can be encoded."""
    try:
        encode_spans([span]).SerializeToString()
    except Exception:  # noqa: BLE001 – protobuf raises several, for text that is no UTF-8 and others
        return False
    return True
