"""OTLP in protobuf to spans and log records.

Bytes of an export request come in, records of the schema go out; what the attributes mean is the
dialects' affair. Needs the C runtime of protobuf: the pure Python one is forty times slower.
"""

from collections.abc import Callable, Iterable
from operator import attrgetter
from typing import TypeVar

from google.protobuf.internal import api_implementation
from google.protobuf.message import DecodeError, Message
from google.protobuf.unknown_fields import UnknownFieldSet
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, InstrumentationScope, KeyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from opentelemetry.proto.trace.v1.trace_pb2 import Span as SpanMessage

from spanledger_collector.decode.guard import Census, ProtobufCensus, guard_protobuf
from spanledger_collector.decode.wire import (
    Checked,
    Decoded,
    Limits,
    Malformed,
    Signal,
    finite,
    mended,
    parent,
    record_refusal,
    refusal,
)
from spanledger_schema.span import Event, Link, Record, Scope, Span, Value

if api_implementation.Type() != "upb":  # pragma: no cover - another interpreter build
    raise ImportError(f"protobuf must run on upb, not on {api_implementation.Type()!r}")

Request = TypeVar("Request", bound=Message)

REQUESTS: dict[Signal, type[Message]] = {
    "traces": ExportTraceServiceRequest,
    "logs": ExportLogsServiceRequest,
    "metrics": ExportMetricsServiceRequest,
}


def spans(body: bytes) -> Decoded:
    """Return the spans of a trace request; it raises `Malformed` when the body is none."""
    found = Decoded()
    for resource_spans in parsed(ExportTraceServiceRequest, body).resource_spans:
        resource = attributes(resource_spans.resource.attributes)
        for scope_spans in resource_spans.scope_spans:
            scope = _scope(scope_spans.scope, scope_spans.schema_url)
            found.total += len(scope_spans.spans)
            for message in scope_spans.spans:
                if code := _span_refusal(message):
                    found.rejected[code] += 1
                    continue
                found.spans.append(_span(message, scope, resource, len(body)))
    return found


def records(body: bytes) -> Decoded:
    """Return the records of a log request; it raises `Malformed` when the body is none."""
    found = Decoded()
    for resource_logs in parsed(ExportLogsServiceRequest, body).resource_logs:
        resource = attributes(resource_logs.resource.attributes)
        for scope_logs in resource_logs.scope_logs:
            scope = _scope(scope_logs.scope, scope_logs.schema_url)
            found.total += len(scope_logs.log_records)
            for message in scope_logs.log_records:
                if code := record_refusal(message.trace_id, message.span_id):
                    found.rejected[code] += 1
                    continue
                found.records.append(_record(message, scope, resource))
    return found


def census(signal: Signal, limits: Limits) -> Census:
    """Return what takes a request piece by piece, and refuses it as soon as it is too much."""
    return ProtobufCensus(REQUESTS[signal].DESCRIPTOR, limits.elements).add


def check(body: bytes, signal: Signal, limits: Limits, counted: bool = False) -> Checked:
    """Return how many items a request holds and which of them `spans` or `records` leave out.

    Raises:
        Malformed: it is no such request, or larger than the limits.
    """
    if not counted:
        guard_protobuf(body, REQUESTS[signal].DESCRIPTOR, limits.elements)
    return CHECKS[signal](body, limits)


def _check_spans(body: bytes, limits: Limits) -> Checked:
    request = parsed(ExportTraceServiceRequest, body)
    scopes = [s for r in request.resource_spans for s in r.scope_spans]
    checked = Checked(total=_total((len(s.spans) for s in scopes), limits))
    for scope_spans in scopes:
        for span in scope_spans.spans:
            if code := _span_refusal(span):
                checked.rejected[code] += 1
    return checked


def _check_records(body: bytes, limits: Limits) -> Checked:
    request = parsed(ExportLogsServiceRequest, body)
    scopes = [s for r in request.resource_logs for s in r.scope_logs]
    checked = Checked(total=_total((len(s.log_records) for s in scopes), limits))
    for scope_logs in scopes:
        for record in scope_logs.log_records:
            if code := record_refusal(record.trace_id, record.span_id):
                checked.rejected[code] += 1
    return checked


def _check_points(body: bytes, limits: Limits) -> Checked:
    request = parsed(ExportMetricsServiceRequest, body)
    metrics = (m for r in request.resource_metrics for s in r.scope_metrics for m in s.metrics)
    kinds = ((m, m.WhichOneof("data")) for m in metrics)
    return Checked(total=_total((len(getattr(m, k).data_points) for m, k in kinds if k), limits))


CHECKS: dict[Signal, Callable[[bytes, Limits], Checked]] = {
    "traces": _check_spans,
    "logs": _check_records,
    "metrics": _check_points,
}


def _total(counts: Iterable[int], limits: Limits) -> int:
    total = sum(counts)
    if total > limits.items:
        raise Malformed("too_many_spans", f"{total} items, at most {limits.items} a request")
    return total


def _span_refusal(span: SpanMessage) -> str | None:
    """Return why a span cannot be kept, or None when it can."""
    code = refusal(span.trace_id, span.span_id)
    return "looks_like_logs" if code and _is_log(span) else code


def _is_log(span: SpanMessage) -> bool:
    """Tell whether a refused span is a log record: its first field is a time, not a trace id."""
    return any(f.field_number == 1 and f.wire_type == 1 for f in UnknownFieldSet(span))


def parsed(kind: type[Request], body: bytes) -> Request:
    """Return the message in a body.

    Raises:
        Malformed: with the closed code for what is wrong with it.
    """
    try:
        request: Request = kind.FromString(body)
    except DecodeError as error:
        raise Malformed(_code(str(error)), "no OTLP request in protobuf") from error
    return request


def _code(error: str) -> str:
    if "UTF-8" in error:
        return "invalid_utf8"
    return "too_deep" if "MaxDepth" in error else "malformed_protobuf"


SENT = attrgetter(  # one call for all of a span's fields takes half of what one for each does
    "trace_id", "span_id", "parent_span_id", "name", "start_time_unix_nano", "end_time_unix_nano",
    "kind", "status.code", "status.message", "attributes", "events", "links",
    "dropped_attributes_count",
)  # fmt: skip


def _span(message: SpanMessage, scope: Scope, resource: dict[str, Value], body_bytes: int) -> Span:
    trace_id, span_id, above, name, start, end, kind, code, told, sent, events, links, dropped = (
        SENT(message)
    )
    span = Span(
        trace_id, span_id, parent(above), name, start, end, kind, code, told,
        attributes(sent),
        [_event(e) for e in events] if events else [],  # asking first is cheaper: few have any
        [_link(link) for link in links] if links else [],
        dropped, scope, resource,
    )  # fmt: skip
    return mended(span, len(sent), body_bytes)


def _event(message: SpanMessage.Event) -> Event:
    return Event(message.name, message.time_unix_nano, attributes(message.attributes))


def _link(message: SpanMessage.Link) -> Link:
    return Link(message.trace_id, message.span_id, attributes(message.attributes))


def _record(message: LogRecord, scope: Scope, resource: dict[str, Value]) -> Record:
    return Record(
        trace_id=message.trace_id,
        span_id=message.span_id,
        time_ns=message.time_unix_nano or message.observed_time_unix_nano,
        event_name=message.event_name,
        severity=message.severity_number,
        body=value(message.body),
        attributes=attributes(message.attributes),
        scope=scope,
        resource=resource,
    )


def _scope(scope: InstrumentationScope, schema_url: str) -> Scope:
    return Scope(scope.name, scope.version, schema_url)


def attributes(pairs: Iterable[KeyValue]) -> dict[str, Value]:
    """Return attributes as a dict; of a key that was sent twice, the last value."""
    found: dict[str, Value] = {}
    for pair in pairs:
        # Most values are texts and counts, so those are tried first: asking for the kind costs more.
        content = pair.value
        found[pair.key] = content.string_value or content.int_value or value(content)
    return found


def value(message: AnyValue) -> Value:
    """Return an attribute value in plain Python; floats that are no numbers become their names."""
    kind = message.WhichOneof("value")
    if kind == "double_value":
        return finite(message.double_value)
    if kind == "array_value":
        items = message.array_value.values
        return [item.string_value or item.int_value or value(item) for item in items]
    if kind == "kvlist_value":
        return attributes(message.kvlist_value.values)
    return None if kind is None else getattr(message, kind)
