"""Bad input by the rules of docs/delivery.md: what is sent, and what must be said about it.

`REJECTED` and `KEPT` are spans, each in protobuf, in JSON or in both; `REFUSED_PROTOBUF` and
`REFUSED_JSON` are whole bodies, with the code of the refusal.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from tests.otlp import SPAN, TRACE, attribute, json_span, json_traces, span, traces

DAY_NS = 86_400_000_000_000


@dataclass(frozen=True)
class Odd:
    """A span that is not as it should be."""

    code: str  # of the rejection, or the flag of what was mended; '' kept as it is
    protobuf: Span | None = None
    json: Any = None


def both(code: str, json_fields: Mapping[str, Any] | None = None, **fields: Any) -> Odd:
    """Return a span with the same oddity in both encodings."""
    return Odd(code, span(**fields), json_span(**(json_fields or {})))


def only_json(code: str, **fields: Any) -> Odd:
    return Odd(code, None, json_span(**fields))


def traced(code: str, trace_id: bytes) -> Odd:
    return both(code, {"traceId": trace_id.hex()}, trace_id=trace_id)


def numbered(code: str, span_id: bytes) -> Odd:
    return both(code, {"spanId": span_id.hex()}, span_id=span_id)


ODD_TRACES: tuple[Any, ...] = (
    None, 7, 1.5, True, [], {}, "CvdlGRbNQ92ESOshHIAxnA==", TRACE.hex()[:-1], TRACE.hex() + "0",
    "g" * 32, TRACE.hex()[:-2] + " 9", "-" * 32, "0x" + TRACE.hex()[2:], "é" * 32, "٠" * 32,
)  # fmt: skip
ODD_SPANS: tuple[Any, ...] = (
    None, 7, [], {}, "t61rcWkgMzE=", SPAN.hex()[:-1], "g" * 16, " " * 16,
)  # fmt: skip
NO_OBJECTS: tuple[Any, ...] = (None, 1, "x", [], True)
NO_LISTS: tuple[Any, ...] = ({}, "x", 1, True)
NO_TRACE, NO_SPAN, NO_LIST = "trace_id_invalid", "span_id_invalid", "attributes_not_list"

REJECTED: dict[str, Odd] = {
    **{f"trace id of {n} bytes": traced(NO_TRACE, b"t" * n) for n in (0, 1, 8, 15, 17, 32)},
    "trace id of zeros": traced(NO_TRACE, bytes(16)),
    **{f"span id of {n} bytes": numbered(NO_SPAN, b"s" * n) for n in (0, 1, 7, 9, 16)},
    "span id of zeros": numbered(NO_SPAN, bytes(8)),
    "neither id": both(NO_TRACE, {"traceId": "", "spanId": ""}, trace_id=b"", span_id=b""),
    **{f"trace id {value!r}": only_json(NO_TRACE, traceId=value) for value in ODD_TRACES},
    **{f"span id {value!r}": only_json(NO_SPAN, spanId=value) for value in ODD_SPANS},
    **{f"span {value!r}": Odd("span_not_object", None, value) for value in NO_OBJECTS},
    **{f"attributes {value!r}": only_json(NO_LIST, attributes=value) for value in NO_LISTS},
    "events an object": only_json(NO_LIST, events={}),
    "events a text": only_json(NO_LIST, events="x"),
    "links a number": only_json(NO_LIST, links=0.5),
    "links an object": only_json(NO_LIST, links={"a": 1}),
    "a log record": Odd("looks_like_logs", None, {"timeUnixNano": "1", "body": {}}),
}  # fmt: skip


def told(code: str, name: str, value: AnyValue | str, json_value: Any) -> Odd:
    """Return a span with one attribute of a call."""
    call = [attribute("gen_ai.operation.name", "chat"), attribute(name, value)]
    in_json = [
        {"key": "gen_ai.operation.name", "value": {"stringValue": "chat"}},
        {"key": name, "value": json_value},
    ]
    return both(code, {"attributes": in_json}, attributes=call)


def tokens(code: str, value: AnyValue | str, json_value: Any) -> Odd:
    return told(code, "gen_ai.usage.input_tokens", value, json_value)


def number(value: int) -> tuple[AnyValue, Any]:
    return AnyValue(int_value=value), {"intValue": str(value)}


def double(value: float, written: Any) -> tuple[AnyValue, Any]:
    return AnyValue(double_value=value), {"doubleValue": written}


def words(value: str) -> tuple[str, Any]:
    return value, {"stringValue": value}


def times(start_ns: int, end_ns: int) -> dict[str, Any]:
    return {"start_time_unix_nano": start_ns, "end_time_unix_nano": end_ns}


def json_times(start_ns: Any, end_ns: Any) -> dict[str, Any]:
    return {"startTimeUnixNano": start_ns, "endTimeUnixNano": end_ns}


def timed(code: str, start_ns: int, end_ns: int) -> Odd:
    return both(code, json_times(str(start_ns), str(end_ns)), **times(start_ns, end_ns))


def kept(now_ns: int) -> dict[str, Odd]:
    """Return spans that are kept, received at `now_ns`."""
    many = {f"k{n}": str(n) for n in range(1100)}
    long_key = "k" * 300
    return {
        "parent of 3 bytes": both("parent_invalid", {"parentSpanId": "010203"}, parent_span_id=b"\1\2\3"),
        "parent of itself": both("parent_invalid", {"parentSpanId": SPAN.hex()}, parent_span_id=SPAN),
        "parent no hex": only_json("parent_invalid", parentSpanId="zz"),
        "parent of zeros": both("", {"parentSpanId": "0" * 16}, parent_span_id=bytes(8)),
        "parent that never comes": both("", {"parentSpanId": "1" * 16}, parent_span_id=b"\x11" * 8),
        "start 0": timed("clock_skew", 0, now_ns),
        "start of 1970": timed("clock_skew", 1, now_ns),
        "start a month ago": timed("clock_skew", now_ns - 31 * DAY_NS, now_ns),
        "start tomorrow": timed("clock_skew", now_ns + DAY_NS, now_ns + DAY_NS + 1),
        "start beyond 2262": timed("clock_skew", 2**63, 2**63 + 1),
        "start at the end of time": timed("clock_skew", 2**64 - 1, 2**64 - 1),
        "end before start": timed("duration_invalid", now_ns, now_ns - 1),
        "no end": timed("", now_ns, 0),
        "start in words": only_json("clock_skew", **json_times("yesterday", str(now_ns))),
        "start negative": only_json("clock_skew", **json_times(-1, str(now_ns))),
        "start a fraction": only_json("clock_skew", **json_times(1.5, str(now_ns))),
        "start too large": only_json("clock_skew", **json_times("9" * 30, str(now_ns))),
        "start an object": only_json("clock_skew", **json_times({}, str(now_ns))),
        "tokens negative": tokens("usage_invalid", *number(-1)),
        "tokens beyond belief": tokens("usage_invalid", *number(10**12 + 1)),
        "tokens of 64 bits": tokens("usage_invalid", *number(2**63 - 1)),
        "tokens NaN": tokens("usage_invalid", *double(float("nan"), "NaN")),
        "tokens infinite": tokens("usage_invalid", *double(float("inf"), "Infinity")),
        "tokens a fraction": tokens("usage_invalid", *double(1.5, 1.5)),
        "tokens in words": tokens("usage_invalid", *words("many")),
        "tokens as digits": tokens("", *words("123")),
        "cost negative": told("cost_invalid", "gen_ai.usage.cost", *double(-1.0, -1.0)),
        "cost NaN": told("cost_invalid", "gen_ai.usage.cost", *double(float("nan"), "NaN")),
        "cost infinite": told("cost_invalid", "gen_ai.usage.cost", *double(float("inf"), "Infinity")),
        "cost beyond belief": told("cost_invalid", "gen_ai.usage.cost", *double(1e10, 1e10)),
        "session of 201 bytes": told("id_shortened", "session.id", *words("s" * 201)),
        "user of 4000 bytes": told("id_shortened", "user.id", *words("é" * 2000)),
        "model of 201 bytes": told("id_shortened", "gen_ai.response.model", *words("m" * 201)),
        "session of 200 bytes": told("", "session.id", *words("s" * 200)),
        "a key twice": both(
            "duplicate_key",
            {"attributes": [{"key": "a", "value": {"stringValue": v}} for v in "xy"]},
            attributes=[attribute("a", "x"), attribute("a", "y")],
        ),
        "1100 attributes": both(
            "attributes_dropped",
            {"attributes": [{"key": k, "value": {"stringValue": v}} for k, v in many.items()]},
            attributes=[attribute(k, v) for k, v in many.items()],
        ),
        "1100 events": both(
            "attributes_dropped",
            {"events": [{"name": "e"}] * 1100},
            events=[Span.Event(name="e")] * 1100,
        ),
        "a key of 300": both(
            "value_truncated",
            {"attributes": [{"key": long_key, "value": {"stringValue": "v"}}]},
            attributes=[attribute(long_key, "v")],
        ),
        "control characters": told("", "input.value", *words("\0\1\x1b[31m\r\n\t")),
        "hostile markup": told("", "input.value", *words("<script>alert(1)</script>{{7*7}}%s")),
        "no name": both("", {"name": ""}, name=""),
        "name a number": only_json("", name=7),
        "kind 99": both("", {"kind": 99}, kind=99),
        "kind by name": only_json("enum_name_ignored", kind="SPAN_KIND_CLIENT"),
        "status by name": only_json("enum_name_ignored", status={"code": "STATUS_CODE_ERROR"}),
        "status a text": only_json("", status="broken"),
        "attributes of no objects": only_json("duplicate_key", attributes=[1, "x", None]),
        "a value of no kind": only_json("", attributes=[{"key": "a", "value": {"fooValue": 1}}]),
        "a number too large": only_json("", attributes=[{"key": "a", "value": {"intValue": "9" * 40}}]),
        "bytes that are no base64": only_json("", attributes=[{"key": "a", "value": {"bytesValue": "?"}}]),
        "an unknown field": only_json("", nobodyKnows={"a": [1, 2]}),
    }  # fmt: skip


def field(tag: int, content: bytes) -> bytes:
    assert len(content) < 128
    return bytes([tag << 3 | 2, len(content)]) + content


def in_span(content: bytes) -> bytes:
    return field(1, field(2, field(2, content)))


def deep(levels: int) -> bytes:
    """Return a span with an attribute of arrays in arrays."""
    value = AnyValue(string_value="x")
    for _ in range(levels):
        outer = AnyValue()
        outer.array_value.values.append(value)
        value = outer
    return traces(span(attributes=[attribute("a", value)]))


GOOD = traces(span(name="a name that is long enough to be cut"))

REFUSED_PROTOBUF: dict[str, tuple[bytes, str]] = {
    "cut short": (GOOD[:-1], "malformed_protobuf"),
    "cut in the middle": (GOOD[: len(GOOD) // 2], "malformed_protobuf"),
    "junk behind it": (GOOD + b"\xff", "malformed_protobuf"),
    "one byte": (b"\xff", "malformed_protobuf"),
    "zeros": (bytes(64), "malformed_protobuf"),
    "field number 0": (b"\x02\x00", "malformed_protobuf"),
    "wire type 6": (b"\x0e\x00", "malformed_protobuf"),
    "wire type 7": (b"\x0f\x00", "malformed_protobuf"),
    "a group that ends nowhere": (b"\x0b", "malformed_protobuf"),
    "an end of no group": (b"\x0c", "malformed_protobuf"),
    "a varint of eleven bytes": (b"\x08" + b"\xff" * 11, "malformed_protobuf"),
    "a length beyond the end": (b"\x0a\x7f\x00", "malformed_protobuf"),
    "a length of 4 GiB": (b"\x0a\xff\xff\xff\xff\x0f", "malformed_protobuf"),
    "a negative length": (b"\x0a" + b"\xff" * 9 + b"\x01", "malformed_protobuf"),
    "text": (b"hello, here are my spans", "malformed_protobuf"),
    "html": (b"<!doctype html><title>502</title>", "malformed_protobuf"),
    "a name that is no UTF-8": (in_span(field(5, b"\xff\xfe")), "invalid_utf8"),
    "a name of half a character": (in_span(field(5, b"\xc3")), "invalid_utf8"),
    "a surrogate": (in_span(field(5, b"\xed\xa0\x80")), "invalid_utf8"),
    "a key that is no UTF-8": (in_span(field(9, field(1, b"\xff"))), "invalid_utf8"),
    "a value that is no UTF-8": (in_span(field(9, field(2, field(1, b"\x80")))), "invalid_utf8"),
    "arrays 48 deep": (deep(48), "too_deep"),
    "20,001 spans": (traces(*[span(name="")] * 20_001), "too_many_spans"),
}  # fmt: skip


def document(**fields: Any) -> bytes:
    return json.dumps(fields).encode()


REFUSED_JSON: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "malformed_json"),
    "blanks": (b" \n\t ", "malformed_json"),
    "an array": (b"[]", "malformed_json"),
    "a text": (b'"spans"', "malformed_json"),
    "a number": (b"7", "malformed_json"),
    "null": (b"null", "malformed_json"),
    "true": (b"true", "malformed_json"),
    "cut short": (json_traces(json_span())[:-1], "malformed_json"),
    "two of them": (b"{}{}", "malformed_json"),
    "junk behind it": (b"{} x", "malformed_json"),
    "a bracket too many": (b"{}],[{}", "malformed_json"),
    "a comma too many": (b'{"a":1,}', "malformed_json"),
    "single quotes": (b"{'a':1}", "malformed_json"),
    "a bare word": (b"{a:1}", "malformed_json"),
    "a comment": (b'{"a":1 /* ? */}', "malformed_json"),
    "NaN": (b'{"a":NaN}', "malformed_json"),
    "a byte order mark": (b"\xef\xbb\xbf{}", "malformed_json"),
    "UTF-16": ("{}".encode("utf-16"), "invalid_utf8"),
    "a control character": (b'{"a":"\x01"}', "malformed_json"),
    "protobuf": (GOOD, "invalid_utf8"),
    "resourceSpans an object": (document(resourceSpans={}), "malformed_json"),
    "resourceSpans a text": (document(resourceSpans="x"), "malformed_json"),
    "resourceSpans of numbers": (document(resourceSpans=[1]), "malformed_json"),
    "scopeSpans an object": (document(resourceSpans=[{"scopeSpans": {}}]), "malformed_json"),
    "scopeSpans of texts": (document(resourceSpans=[{"scopeSpans": ["x"]}]), "malformed_json"),
    "spans an object": (document(resourceSpans=[{"scopeSpans": [{"spans": {}}]}]), "malformed_json"),
    "spans a text": (document(resourceSpans=[{"scopeSpans": [{"spans": "x"}]}]), "malformed_json"),
    "no UTF-8": (b'{"a":"\xff"}', "invalid_utf8"),
    "half a character": (b'{"a":"\xc3"}', "invalid_utf8"),
    "half a surrogate pair": (b'{"a":"\\ud800"}', "invalid_utf8"),
    "the wrong half first": (b'{"a":"\\udc00\\ud800"}', "invalid_utf8"),
    "129 deep": (b'{"a":' * 129 + b"1" + b"}" * 129, "too_deep"),
    "arrays 5000 deep": (b"[" * 5000, "too_deep"),
    "20,001 spans": (json_traces(*[0] * 20_001), "too_many_spans"),
}  # fmt: skip
