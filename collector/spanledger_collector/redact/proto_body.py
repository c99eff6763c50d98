"""A protobuf request with its texts blacked out; fields that we do not know stay as they were."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from spanledger_collector.decode import Signal

if TYPE_CHECKING:
    from spanledger_collector.redact import Pen


def blacked(body: bytes, signal: Signal, pen: "Pen") -> bytes:
    """Return the request as it is to be kept."""
    request: Any = ExportTraceServiceRequest() if signal == "traces" else ExportLogsServiceRequest()
    request.ParseFromString(body)
    for attributes in spans(request, pen) if signal == "traces" else records(request, pen):
        pairs(attributes, pen)
    kept: bytes = request.SerializeToString()
    return kept


def spans(request: Any, pen: "Pen") -> Iterator[Any]:
    """Yield all lists of attributes of a trace request; black the bare texts out on the way."""
    for resource in request.resource_spans:
        yield resource.resource.attributes
        for scope in resource.scope_spans:
            yield scope.scope.attributes
            for span in scope.spans:
                replace(span, "name", pen)
                replace(span.status, "message", pen)
                yield span.attributes
                yield from (part.attributes for part in (*span.events, *span.links))


def records(request: Any, pen: "Pen") -> Iterator[Any]:
    """Yield all lists of attributes of a log request; black the bodies out on the way."""
    for resource in request.resource_logs:
        yield resource.resource.attributes
        for scope in resource.scope_logs:
            yield scope.scope.attributes
            for record in scope.log_records:
                if record.HasField("body"):
                    value(record.body, pen, "body")
                yield record.attributes


def replace(message: Any, name: str, pen: "Pen") -> None:
    """Black out a field of text."""
    said = getattr(message, name)
    if said and (kept := pen.text(said)) != said:
        setattr(message, name, kept)


def pairs(attributes: Iterable[Any], pen: "Pen", above: str = "") -> None:
    """Black out the values of attributes."""
    for pair in attributes:
        if not pen.spares(key := above + pair.key):
            value(pair.value, pen, key)


def value(any_value: Any, pen: "Pen", key: str) -> None:
    """Black out one value: all of it where its key says so, else what patterns find in it."""
    kind = any_value.WhichOneof("value")
    if kind is not None and (rule := pen.whole(key)):
        any_value.string_value = pen.mark(rule)
    elif kind == "string_value":
        replace(any_value, "string_value", pen)
    elif kind == "array_value":
        for part in any_value.array_value.values:
            value(part, pen, key)
    elif kind == "kvlist_value":
        pairs(any_value.kvlist_value.values, pen, f"{key}.")
