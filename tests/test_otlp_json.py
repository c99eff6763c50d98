"""OTLP/JSON is read as OTLP says, and gives what protobuf gives."""

import json
from pathlib import Path
from typing import Any

import orjson
import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from spanledger_collector import decode
from spanledger_collector.decode import Limits, Malformed, Signal
from spanledger_collector.decode.guard import guard_json
from spanledger_schema.span import Event, Link, Span, Value
from tests.otlp import (
    CAPTURES,
    LOG_CAPTURES,
    NOON_NS,
    SPAN,
    TRACE,
    TRACE_CAPTURES,
    as_json,
    json_span,
    json_traces,
)


def decoded(*items: Any) -> list[Span]:
    return decode.spans(json_traces(*items), "json").spans


def value_of(sent: Any) -> Value:
    (found,) = decoded(json_span(attributes=[{"key": "x", "value": sent}]))
    return found.attributes["x"]


def code_of(body: bytes, signal: Signal = "traces", limits: Limits = decode.LIMITS) -> str:
    with pytest.raises(Malformed) as caught:
        decode.check(body, "json", signal, limits)
    return caught.value.code


def test_what_a_javascript_exporter_sent_equals_its_protobuf():
    capture = CAPTURES / "vercel-ai-sdk__otlp-json-chat.otlp.json"
    body = capture.read_bytes()
    found = decode.spans(body, "json")
    assert found == decode.spans(
        (CAPTURES / "vercel-ai-sdk__otlp-json-chat.pb").read_bytes(), "protobuf"
    )
    assert len(found.spans) == decode.check(body, "json", "traces").total == 12


@pytest.mark.parametrize("path", TRACE_CAPTURES, ids=lambda p: p.stem)
def test_spans_are_the_same_in_both_encodings(path: Path):
    body = path.read_bytes()
    assert decode.spans(as_json(body), "json") == decode.spans(body, "protobuf")


@pytest.mark.parametrize("path", LOG_CAPTURES, ids=lambda p: p.stem)
def test_log_records_are_the_same_in_both_encodings(path: Path):
    body = path.read_bytes()
    as_sent = as_json(body, ExportLogsServiceRequest)
    assert decode.records(as_sent, "json") == decode.records(body, "protobuf")


def test_a_span_is_decoded_whole():
    attributes = [{"key": "a", "value": {"stringValue": "b"}}]
    sent = json_span(
        parentSpanId=b"parent_1".hex(),
        kind=3,
        status={"code": 2, "message": "429"},
        attributes=attributes,
        events=[{"name": "e", "timeUnixNano": 5, "attributes": attributes}],
        links=[{"traceId": TRACE.hex(), "spanId": SPAN.hex(), "attributes": attributes}],
        droppedAttributesCount=2,
        traceState="ignored",
        somethingNew={"nobody": ["knows"]},
    )
    assert decoded(sent) == [
        Span(
            trace_id=TRACE,
            span_id=SPAN,
            parent_span_id=b"parent_1",
            name="chat",
            start_ns=NOON_NS,
            end_ns=NOON_NS + 1,
            otlp_kind=3,
            status_code=2,
            status_message="429",
            attributes={"a": "b"},
            events=[Event("e", 5, {"a": "b"})],
            links=[Link(TRACE, SPAN, {"a": "b"})],
            dropped_attributes=2,
        )
    ]


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ({"stringValue": "text"}, "text"),
        ({"stringValue": ""}, ""),
        ({"stringValue": "\x00 \U0001f600"}, "\x00 \U0001f600"),
        ({"intValue": "42"}, 42),
        ({"intValue": 42}, 42),
        ({"intValue": "-9223372036854775808"}, -(2**63)),
        ({"intValue": 42.0}, 42),
        ({"intValue": "9223372036854775808"}, "9223372036854775808"),
        ({"intValue": "4 2"}, "4 2"),
        ({"intValue": "١"}, "١"),
        ({"doubleValue": 0.5}, 0.5),
        ({"doubleValue": 1}, 1.0),
        ({"doubleValue": "0.5"}, 0.5),
        ({"doubleValue": "NaN"}, "NaN"),
        ({"doubleValue": "-Infinity"}, "-Infinity"),
        ({"doubleValue": "half"}, "half"),
        ({"boolValue": False}, False),
        ({"boolValue": "false"}, None),
        ({"bytesValue": "AP8="}, b"\x00\xff"),
        ({"bytesValue": "AP8"}, "AP8"),
        ({"arrayValue": {"values": [{"intValue": 1}, {"stringValue": "b"}]}}, [1, "b"]),
        ({"arrayValue": {}}, []),
        ({"kvlistValue": {"values": [{"key": "a", "value": {"intValue": 1}}]}}, {"a": 1}),
        ({"string_value": "snake"}, None),
        ({"stringValue": 7}, None),
        ({"stringValue": None, "intValue": 1}, 1),
        ({}, None),
        (None, None),
        ("bare", None),
    ],
    ids=str,
)
def test_a_value_becomes_plain_python(sent: Any, kept: Value):
    found = value_of(sent)
    assert (found, type(found)) == (kept, type(kept))


@pytest.mark.parametrize(
    ("sent", "kept_ns"),
    [
        (str(NOON_NS), NOON_NS),
        (NOON_NS, NOON_NS),
        (str(2**64 - 1), 2**64 - 1),
        (str(2**64), 0),
        (-1, 0),
        ("noon", 0),
        (True, 0),
        (None, 0),
    ],
    ids=str,
)
def test_a_time_is_a_number_or_its_digits(sent: Any, kept_ns: int):
    (found,) = decoded(json_span(startTimeUnixNano=sent, endTimeUnixNano=0))
    assert found.start_ns == kept_ns


def test_ids_are_hex_in_either_case():
    assert decoded(json_span(traceId=TRACE.hex().upper(), spanId=SPAN.hex().upper())) == decoded(
        json_span()
    )


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"traceId": "CvdlGRbNQ92ESOshHIAxnA=="}, "trace_id_invalid"),  # base64
        ({"spanId": "t61rcWkgMzE="}, "span_id_invalid"),
        ({"traceId": TRACE.hex()[:-1]}, "trace_id_invalid"),
        ({"traceId": TRACE.hex()[:-1] + "g"}, "trace_id_invalid"),
        ({"traceId": "0" * 32}, "trace_id_invalid"),
        ({"traceId": None}, "trace_id_invalid"),
        ({"traceId": 7}, "trace_id_invalid"),
        ({"spanId": " ".join(["b7"] * 8)}, "span_id_invalid"),
        ({"attributes": {"a": "b"}}, "attributes_not_list"),
        ({"events": "none"}, "attributes_not_list"),
        ({"links": 0}, "attributes_not_list"),
        ({"traceId": "", "timeUnixNano": "1"}, "looks_like_logs"),
    ],
    ids=str,
)
def test_a_span_that_cannot_be_kept_is_left_out_and_the_rest_kept(fields: Any, code: str):
    body = json_traces(json_span(name="before"), json_span(**fields), json_span(name="after"))
    found = decode.spans(body, "json")
    assert [s.name for s in found.spans] == ["before", "after"]
    checked = decode.check(body, "json", "traces")
    assert (checked.total, checked.rejected) == (found.total, found.rejected) == (3, {code: 1})


def test_a_span_that_is_no_object_is_left_out():
    assert decode.check(json_traces(json_span(), 7), "json", "traces").rejected == {
        "span_not_object": 1
    }


@pytest.mark.parametrize(
    ("fields", "rejected"),
    [
        ({}, {}),
        ({"traceId": None, "spanId": ""}, {}),
        ({"traceId": TRACE.hex(), "spanId": SPAN.hex()}, {}),
        ({"traceId": "zz"}, {"trace_id_invalid": 1}),
        ({"spanId": "b7ad"}, {"span_id_invalid": 1}),
        ({"attributes": {}}, {"attributes_not_list": 1}),
    ],
    ids=str,
)
def test_a_log_record_may_have_no_ids_but_no_broken_ones(fields: Any, rejected: dict[str, int]):
    body = json.dumps({"resourceLogs": [{"scopeLogs": [{"logRecords": [fields]}]}]}).encode()
    found = decode.records(body, "json")
    assert found.rejected == decode.check(body, "json", "logs").rejected == rejected
    assert len(found.records) == 1 - len(rejected)


def test_names_of_enums_are_ignored_and_flagged():
    (found,) = decoded(json_span(kind="SPAN_KIND_CLIENT", status={"code": "STATUS_CODE_ERROR"}))
    assert (found.otlp_kind, found.status_code, found.flags) == (0, 0, ("enum_name_ignored",))


@pytest.mark.parametrize("sent", ["parent", "b7ad", SPAN.hex()])
def test_an_impossible_parent_is_no_parent(sent: str):
    (found,) = decoded(json_span(parentSpanId=sent))
    assert (found.parent_span_id, found.flags) == (b"", ("parent_invalid",))


@pytest.mark.parametrize("fields", [{"attributes": None}, {"events": None}, {"status": None}])
def test_null_is_the_same_as_leaving_it_out(fields: Any):
    assert decoded(json_span(**fields)) == decoded(json_span())


def test_metric_points_are_counted():
    points: dict[str, Any] = {"dataPoints": [{}, {}]}
    metrics = [{"name": "a", "gauge": points}, {"name": "b", "sum": points}, {"name": "c"}, 7]
    document = {"resourceMetrics": [{"scopeMetrics": [{"metrics": metrics}]}]}
    assert decode.check(json.dumps(document).encode(), "json", "metrics").total == 4


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "malformed_json"),
        (b"{", "malformed_json"),
        (b"[]", "malformed_json"),
        (b"null", "malformed_json"),
        (b"{}]", "malformed_json"),
        (b"{}],[{}", "malformed_json"),  # closes a bracket that it did not open
        (b'{"a": NaN}', "malformed_json"),
        (b'{"resourceSpans": {}}', "malformed_json"),
        (b'{"resourceSpans": [7]}', "malformed_json"),
        (b'{"resourceSpans": [{"scopeSpans": "x"}]}', "malformed_json"),
        (b'{"resourceSpans": [{"scopeSpans": [{"spans": {}}]}]}', "malformed_json"),
        (b'{"a": "\xff"}', "invalid_utf8"),
        (b'{"a": "\\ud800"}', "invalid_utf8"),
        (b'{"a": "\\udc00"}', "invalid_utf8"),
    ],
    ids=str,
)
def test_a_body_that_is_no_request_is_called_by_its_code(body: bytes, code: str):
    assert code_of(body) == code
    with pytest.raises(Malformed, match=code):
        decode.spans(body, "json")


def test_json_may_be_nested_128_levels_and_no_more():
    assert decode.check(b'{"x":' + b"[" * 127 + b"]" * 127 + b"}", "json", "traces").total == 0
    assert code_of(b'{"x":' + b"[" * 128 + b"]" * 128 + b"}") == "too_deep"


def test_the_parser_itself_stops_at_the_depth_we_count_from():
    orjson.loads(b"[" * 1024 + b"]" * 1024)
    with pytest.raises(orjson.JSONDecodeError, match="depth limit"):
        orjson.loads(b"[" * 1025 + b"]" * 1025)


def test_a_request_with_too_many_spans_is_refused():
    body = json_traces(*[json_span()] * 4)
    assert decode.check(body, "json", "traces", Limits(items=4)).total == 4
    assert code_of(body, limits=Limits(items=3)) == "too_many_spans"


@pytest.mark.parametrize("filler", [b"{},", b"[],", b"1,"])
def test_a_bomb_is_refused_before_it_goes_off(filler: bytes):
    bomb = b'{"x":[' + filler * (2 << 20) + b"1]}"
    with pytest.raises(Malformed, match="too_many_elements"):
        guard_json(bomb, Limits().elements)


@pytest.mark.parametrize("filler", [b'"",', b'"\\\\",'])
def test_a_bomb_of_texts_is_refused_before_it_is_taken_apart(filler: bytes):
    with pytest.raises(Malformed, match="too_many_elements"):
        guard_json(filler * (5 << 20), Limits().elements)


def test_a_small_bomb_is_refused_too():
    guard_json(b'{"x":[' + b"{}," * 249_998 + b"1]}", Limits().elements)
    with pytest.raises(Malformed, match="too_many_elements"):
        guard_json(b'{"x":[' + b"{}," * 250_000 + b"1]}", Limits().elements)


def test_punctuation_inside_texts_is_no_bomb():
    text = (r"{[," * 10_000 + r"\"") * 20
    body = b'{"a":"' + text.encode() + b'","b":["\\\\"]}'
    orjson.loads(body)
    guard_json(body, 3)
    with pytest.raises(Malformed, match="too_many_elements"):
        guard_json(body, 2)
