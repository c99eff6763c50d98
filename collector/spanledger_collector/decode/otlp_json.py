"""OTLP in JSON to spans and log records.

A JSON body comes in, the same records go out as from protobuf. Written by hand because the JSON
format of protobuf is not OTLP's: it takes ids for base64 and turns 32 hex digits into 24 wrong bytes.
Source: OTLP specification 1.7, "JSON Protobuf Encoding": lowerCamelCase names, hex ids, enums as
numbers, 64-bit integers as numbers or decimal strings; what it does not know it ignores.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import orjson

from spanledger_collector.decode.guard import guard_json
from spanledger_collector.decode.json_values import (
    Object,
    attributes,
    enum,
    hex_id,
    obj,
    text,
    unsigned,
    value,
)
from spanledger_collector.decode.wire import (
    Checked,
    Decoded,
    Limits,
    Malformed,
    Signal,
    mended,
    parent,
    record_refusal,
    refusal,
)
from spanledger_schema.span import Event, Link, Record, Scope, Span, Value

PARSER_DEPTH = 1024  # levels at which orjson gives up; it has no setting for it
MAX_DEPTH = 128  # levels a request may have; attribute values are read by recursion
NAMES = {
    "traces": ("resourceSpans", "scopeSpans", "spans"),
    "logs": ("resourceLogs", "scopeLogs", "logRecords"),
    "metrics": ("resourceMetrics", "scopeMetrics", "metrics"),
}
POINTS = ("gauge", "sum", "histogram", "exponentialHistogram", "summary")


def spans(body: bytes) -> Decoded:
    """Return the spans of a trace request; it raises `Malformed` when the body is none."""
    found = Decoded()
    for item, scope, resource in _in_scopes(parsed(body), "traces"):
        found.total += 1
        if code := _span_refusal(item):
            found.rejected[code] += 1
            continue
        found.spans.append(_span(item, scope, resource, len(body)))
    return found


def records(body: bytes) -> Decoded:
    """Return the records of a log request; it raises `Malformed` when the body is none."""
    found = Decoded()
    for item, scope, resource in _in_scopes(parsed(body), "logs"):
        found.total += 1
        if code := _record_refusal(item):
            found.rejected[code] += 1
            continue
        found.records.append(_record(item, scope, resource))
    return found


def check(body: bytes, signal: Signal, limits: Limits, counted: bool = False) -> Checked:
    """Return how many items a request holds and which of them `spans` or `records` leave out.

    Raises:
        Malformed: it is no such request, or larger than the limits.
    """
    if not counted:
        guard_json(body, limits.elements)
    items = [item for item, _, _ in _in_scopes(parsed(body), signal)]
    if signal == "metrics":
        return Checked(total=sum(map(_points, items)))
    if len(items) > limits.items:
        raise Malformed("too_many_spans", f"{len(items)} items, at most {limits.items} a request")
    refused = map(_span_refusal if signal == "traces" else _record_refusal, items)
    return Checked(len(items), Counter(code for code in refused if code is not None))


def parsed(body: bytes) -> Object:
    """Return the JSON object in a body.

    Raises:
        Malformed: with the closed code for what is wrong with it.
    """
    # Brackets around the body use up the levels that the parser would allow beyond ours.
    spare = PARSER_DEPTH - MAX_DEPTH
    try:
        document = orjson.loads(b"".join((b"[" * spare, body, b"]" * spare)))
    except orjson.JSONDecodeError as error:
        raise Malformed(_code(body, str(error)), "no JSON") from error
    for _ in range(spare):
        if len(document) != 1:  # "1],[1" would close a bracket that it did not open
            raise Malformed("malformed_json", "no JSON")
        document = document[0]
    if not isinstance(document, dict):
        raise Malformed("malformed_json", "no JSON object")
    return document


def _code(body: bytes, error: str) -> str:
    if "depth limit" in error:
        return "too_deep"
    if "surrogate" in error:  # half of a pair, written as an escape or in bytes
        return "invalid_utf8"
    try:
        body.decode()
    except UnicodeDecodeError:
        return "invalid_utf8"
    return "malformed_json"


def _in_scopes(document: Object, signal: Signal) -> Iterator[tuple[Any, Scope, dict[str, Value]]]:
    """Yield each item with the scope and the resource attributes it came under."""
    outer, inner, items = NAMES[signal]
    for group in _objects(document, outer):
        resource = attributes(obj(group.get("resource")).get("attributes"))
        for scoped in _objects(group, inner):
            scope = _scope(obj(scoped.get("scope")), scoped.get("schemaUrl"))
            for item in _list(scoped, items):
                yield item, scope, resource


def _objects(parent_: Object, name: str) -> list[Object]:
    found = _list(parent_, name)
    if not all(isinstance(item, dict) for item in found):
        raise Malformed("malformed_json", f"{name} holds something that is no object")
    return found


def _list(parent_: Object, name: str) -> list[Any]:
    found = parent_.get(name)
    if found is None:
        return []
    if not isinstance(found, list):
        raise Malformed("malformed_json", f"{name} is no array")
    return found


def _span_refusal(item: Any) -> str | None:
    """Return why an item of `spans` cannot be kept, or None when it can."""
    if not isinstance(item, dict):
        return "span_not_object"
    code = refusal(hex_id(item.get("traceId")), hex_id(item.get("spanId")))
    if code is not None:
        return "looks_like_logs" if "timeUnixNano" in item else code
    lists = (item.get("attributes"), item.get("events"), item.get("links"))
    return None if all(_is_list(x) for x in lists) else "attributes_not_list"


def _record_refusal(item: Any) -> str | None:
    """Return why an item of `logRecords` cannot be kept, or None when it can."""
    if not isinstance(item, dict):
        return "span_not_object"
    code = record_refusal(_record_id(item, "traceId"), _record_id(item, "spanId"))
    if code is None and not _is_list(item.get("attributes")):
        return "attributes_not_list"
    return code


def _record_id(item: Object, name: str) -> bytes:
    """Return the id of a log record, which may have none; what is no id is one byte, no length."""
    return (hex_id(item[name]) or b"?") if item.get(name) else b""


def _is_list(candidate: Any) -> bool:
    return candidate is None or isinstance(candidate, list)


def _points(metric: Any) -> int:
    kinds = (obj(obj(metric).get(kind)) for kind in POINTS)
    points = (kind.get("dataPoints") for kind in kinds)
    return sum(len(p) for p in points if isinstance(p, list))


def _span(item: Object, scope: Scope, resource: dict[str, Value], body_bytes: int) -> Span:
    status = obj(item.get("status"))
    sent = item.get("attributes") or ()
    span = Span(
        trace_id=hex_id(item["traceId"]),
        span_id=hex_id(item["spanId"]),
        parent_span_id=parent(hex_id(item.get("parentSpanId"))),
        name=text(item.get("name")),
        start_ns=unsigned(item.get("startTimeUnixNano")),
        end_ns=unsigned(item.get("endTimeUnixNano")),
        otlp_kind=enum(item.get("kind")),
        status_code=enum(status.get("code")),
        status_message=text(status.get("message")),
        attributes=attributes(sent),
        events=[_event(e) for e in item.get("events") or () if isinstance(e, dict)],
        links=[_link(x) for x in item.get("links") or () if isinstance(x, dict)],
        dropped_attributes=unsigned(item.get("droppedAttributesCount")),
        scope=scope,
        resource=resource,
    )
    return mended(span, len(sent), body_bytes, _flags(item, status))


def _flags(item: Object, status: Object) -> list[str]:
    """Return what had to be mended about the JSON itself."""
    flags = []
    if item.get("parentSpanId") and not hex_id(item["parentSpanId"]):
        flags.append("parent_invalid")
    if isinstance(item.get("kind"), str) or isinstance(status.get("code"), str):
        flags.append("enum_name_ignored")
    return flags


def _event(item: Object) -> Event:
    return Event(
        text(item.get("name")),
        unsigned(item.get("timeUnixNano")),
        attributes(item.get("attributes")),
    )


def _link(item: Object) -> Link:
    return Link(
        hex_id(item.get("traceId")), hex_id(item.get("spanId")), attributes(item.get("attributes"))
    )


def _record(item: Object, scope: Scope, resource: dict[str, Value]) -> Record:
    return Record(
        trace_id=hex_id(item.get("traceId")),
        span_id=hex_id(item.get("spanId")),
        time_ns=unsigned(item.get("timeUnixNano")) or unsigned(item.get("observedTimeUnixNano")),
        event_name=text(item.get("eventName")),
        severity=enum(item.get("severityNumber")),
        body=value(item.get("body")),
        attributes=attributes(item.get("attributes")),
        scope=scope,
        resource=resource,
    )


def _scope(scope: Object, schema_url: Any) -> Scope:
    return Scope(text(scope.get("name")), text(scope.get("version")), text(schema_url))
