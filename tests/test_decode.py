"""Decoding OTLP in protobuf: what is kept, what is mended, what is refused."""

from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord, SeverityNumber
from opentelemetry.proto.metrics.v1.metrics_pb2 import NumberDataPoint
from opentelemetry.proto.trace.v1.trace_pb2 import Span as SpanMessage
from opentelemetry.proto.trace.v1.trace_pb2 import Status

from spanledger_collector import decode
from spanledger_collector.decode import Limits, Malformed
from spanledger_collector.decode.guard import (
    STEP_BYTES,
    ProtobufCensus,
    guard_protobuf,
    message_fields,
)
from spanledger_collector.decode.walk import HEADER_BYTES, Walk
from spanledger_schema.span import Event, Link, Record, Scope, Span, Value
from tests.otlp import (
    LOG_CAPTURES,
    NOON_NS,
    SPAN,
    TRACE,
    TRACE_CAPTURES,
    attribute,
    logs,
    span,
    traces,
)

ZEROS = bytes(16)


def decoded(*spans: SpanMessage) -> list[Span]:
    return decode.spans(traces(*spans), "protobuf").spans


def value_of(value: AnyValue) -> Value:
    return decoded(span(attributes=[attribute("x", value)]))[0].attributes["x"]


def nested(levels: int) -> AnyValue:
    value = AnyValue(string_value="core")
    for _ in range(levels):
        outer = AnyValue()
        outer.array_value.values.append(value)
        value = outer
    return value


def code_of(body: bytes, limits: Limits = decode.LIMITS) -> str:
    with pytest.raises(Malformed) as caught:
        decode.check(body, "protobuf", "traces", limits)
    return caught.value.code


@pytest.mark.parametrize("path", TRACE_CAPTURES, ids=lambda p: p.stem)
def test_every_span_that_a_library_sent_is_kept(path: Path):
    body = path.read_bytes()
    sent = [
        (s.trace_id, s.span_id, s.name, len(s.attributes), len(s.events), len(s.links))
        for r in ExportTraceServiceRequest.FromString(body).resource_spans
        for scope in r.scope_spans
        for s in scope.spans
    ]
    found = decode.spans(body, "protobuf")
    assert [
        (s.trace_id, s.span_id, s.name, len(s.attributes), len(s.events), len(s.links))
        for s in found.spans
    ] == sent
    assert decode.check(body, "protobuf", "traces").total == found.total == len(sent)


@pytest.mark.parametrize("path", LOG_CAPTURES, ids=lambda p: p.stem)
def test_every_log_record_that_a_library_sent_is_kept(path: Path):
    body = path.read_bytes()
    sent = [
        (record.trace_id, record.span_id, len(record.attributes))
        for r in ExportLogsServiceRequest.FromString(body).resource_logs
        for scope in r.scope_logs
        for record in scope.log_records
    ]
    found = decode.records(body, "protobuf")
    assert [(r.trace_id, r.span_id, len(r.attributes)) for r in found.records] == sent
    assert decode.check(body, "protobuf", "logs").total == found.total == len(sent)


def test_a_span_is_decoded_whole():
    request = ExportTraceServiceRequest()
    of_resource = request.resource_spans.add()
    of_resource.resource.attributes.append(attribute("service.name", "agent"))
    of_scope = of_resource.scope_spans.add(schema_url="https://opentelemetry.io/schemas/1.37.0")
    of_scope.scope.name, of_scope.scope.version = "openai_v2", "2.1"
    parent = b"parent_1"
    message = span(kind=3, parent_span_id=parent, dropped_attributes_count=2)
    message.attributes.append(attribute("gen_ai.request.model", "gpt-4o"))
    message.status.CopyFrom(Status(code=Status.STATUS_CODE_ERROR, message="429"))
    message.events.add(name="e", time_unix_nano=5).attributes.append(attribute("a", "b"))
    message.links.add(trace_id=TRACE, span_id=SPAN).attributes.append(attribute("c", "d"))
    of_scope.spans.append(message)

    assert decode.spans(request.SerializeToString(), "protobuf").spans == [
        Span(
            trace_id=TRACE,
            span_id=SPAN,
            parent_span_id=parent,
            name="chat",
            start_ns=NOON_NS,
            end_ns=NOON_NS + 1,
            otlp_kind=3,
            status_code=2,
            status_message="429",
            attributes={"gen_ai.request.model": "gpt-4o"},
            events=[Event("e", 5, {"a": "b"})],
            links=[Link(TRACE, SPAN, {"c": "d"})],
            dropped_attributes=2,
            scope=Scope("openai_v2", "2.1", "https://opentelemetry.io/schemas/1.37.0"),
            resource={"service.name": "agent"},
        )
    ]


def test_a_log_record_is_decoded_whole():
    body = AnyValue()
    body.kvlist_value.values.append(attribute("role", "user"))
    record = LogRecord(
        trace_id=TRACE,
        span_id=SPAN,
        time_unix_nano=7,
        observed_time_unix_nano=8,
        event_name="gen_ai.user.message",
        severity_number=SeverityNumber.SEVERITY_NUMBER_INFO,
        body=body,
        attributes=[attribute("k", "v")],
    )
    assert decode.records(logs(record), "protobuf").records == [
        Record(TRACE, SPAN, 7, "gen_ai.user.message", 9, {"role": "user"}, {"k": "v"})
    ]


def test_a_log_record_without_a_time_has_the_one_it_was_observed_at():
    found = decode.records(logs(LogRecord(observed_time_unix_nano=8)), "protobuf").records
    assert found == [Record(b"", b"", 8)]


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        (AnyValue(string_value="text"), "text"),
        (AnyValue(string_value=""), ""),
        (AnyValue(int_value=-7), -7),
        (AnyValue(int_value=0), 0),
        (AnyValue(bool_value=True), True),
        (AnyValue(bool_value=False), False),
        (AnyValue(double_value=0.5), 0.5),
        (AnyValue(double_value=0.0), 0.0),
        (AnyValue(double_value=float("nan")), "NaN"),
        (AnyValue(double_value=float("inf")), "Infinity"),
        (AnyValue(double_value=float("-inf")), "-Infinity"),
        (AnyValue(bytes_value=b"\x00\xff"), b"\x00\xff"),
        (AnyValue(), None),
        (nested(2), [["core"]]),
    ],
    ids=str,
)
def test_a_value_becomes_plain_python(sent: AnyValue, kept: Value):
    found = value_of(sent)
    assert (found, type(found)) == (kept, type(kept))


def test_of_a_key_sent_twice_the_last_value_counts():
    twice = span(attributes=[attribute("k", "first"), attribute("k", "last")])
    (found,) = decoded(twice)
    assert (found.attributes, found.flags) == ({"k": "last"}, ("duplicate_key",))


@pytest.mark.parametrize(
    ("sent", "kept", "flags"),
    [
        (b"", b"", ()),
        (bytes(8), b"", ()),  # a root, as some exporters write it
        (b"parent_1", b"parent_1", ()),
        (b"short", b"", ("parent_invalid",)),
        (SPAN, b"", ("parent_invalid",)),  # its own parent
    ],
)
def test_an_impossible_parent_is_no_parent(sent: bytes, kept: bytes, flags: tuple[str, ...]):
    (found,) = decoded(span(parent_span_id=sent))
    assert (found.parent_span_id, found.flags) == (kept, flags)


@pytest.mark.parametrize(
    ("end_ns", "kept_ns", "flags"),
    [
        (NOON_NS - 1, NOON_NS, ("duration_invalid",)),
        (NOON_NS, NOON_NS, ()),
        (0, 0, ()),  # not ended yet
    ],
)
def test_a_span_never_ends_before_it_starts(end_ns: int, kept_ns: int, flags: tuple[str, ...]):
    (found,) = decoded(span(end_time_unix_nano=end_ns))
    assert (found.end_ns, found.flags) == (kept_ns, flags)


def test_of_too_many_attributes_those_that_cost_money_are_kept():
    noise = [attribute(f"noise.{i}", "x") for i in range(1024)]
    usage = attribute("gen_ai.usage.input_tokens", AnyValue(int_value=7))
    (found,) = decoded(span(attributes=[*noise, usage], dropped_attributes_count=1))
    assert len(found.attributes) == 1024
    assert found.attributes["gen_ai.usage.input_tokens"] == 7
    assert "noise.1023" not in found.attributes
    assert (found.dropped_attributes, found.flags) == (2, ("attributes_dropped",))


def test_exactly_as_many_attributes_as_allowed_are_all_kept():
    (found,) = decoded(span(attributes=[attribute(f"k{i}", "x") for i in range(1024)]))
    assert (len(found.attributes), found.flags) == (1024, ())


def test_too_many_events_and_links_are_cut():
    events = [SpanMessage.Event(name=str(i)) for i in range(1025)]
    (found,) = decoded(span(events=events, links=[SpanMessage.Link()] * 1025))
    assert (len(found.events), found.events[-1].name, len(found.links)) == (1024, "1023", 1024)
    assert found.flags == ("attributes_dropped",)


def test_a_text_that_is_too_long_is_cut_and_says_how_long_it_was():
    long = "x" * (16 * 2**20 + 1)
    (found,) = decoded(span(attributes=[attribute("k", long), attribute("l", long[:-1])]))
    assert found.attributes == {
        "k": long[:-1],
        "spanledger.original_length.k": len(long),
        "l": long[:-1],
    }
    assert found.flags == ("value_truncated",)


def test_a_name_that_is_too_long_is_cut():
    (found,) = decoded(span(attributes=[attribute("n" * 257, "v"), attribute("m" * 256, "v")]))
    assert found.attributes == {"n" * 256: "v", "m" * 256: "v"}
    assert found.flags == ("value_truncated",)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"trace_id": b""}, "trace_id_invalid"),
        ({"trace_id": ZEROS}, "trace_id_invalid"),
        ({"trace_id": TRACE[:15]}, "trace_id_invalid"),
        ({"trace_id": TRACE + b"x"}, "trace_id_invalid"),
        ({"span_id": b""}, "span_id_invalid"),
        ({"span_id": ZEROS[:8]}, "span_id_invalid"),
        ({"span_id": SPAN[:7]}, "span_id_invalid"),
        ({"trace_id": b"", "span_id": b""}, "trace_id_invalid"),  # one span, one reason
    ],
)
def test_a_span_without_an_identity_is_left_out_and_the_rest_kept(fields: Any, code: str):
    body = traces(span(name="before"), span(**fields), span(name="after"))
    found = decode.spans(body, "protobuf")
    assert [s.name for s in found.spans] == ["before", "after"]
    checked = decode.check(body, "protobuf", "traces")
    assert (checked.total, checked.rejected) == (found.total, found.rejected) == (3, {code: 1})
    assert checked.accepted == 2


def test_log_records_sent_as_spans_are_called_by_their_name():
    record = LogRecord(time_unix_nano=NOON_NS, severity_number=SeverityNumber.SEVERITY_NUMBER_INFO)
    assert decode.check(logs(record), "protobuf", "traces").rejected == {"looks_like_logs": 1}


@pytest.mark.parametrize(
    ("trace_id", "span_id", "rejected"),
    [
        (b"", b"", {}),
        (TRACE, b"", {}),
        (TRACE[:3], SPAN, {"trace_id_invalid": 1}),
        (TRACE, SPAN[:3], {"span_id_invalid": 1}),
    ],
)
def test_a_log_record_may_have_no_ids_but_no_broken_ones(
    trace_id: bytes, span_id: bytes, rejected: dict[str, int]
):
    body = logs(LogRecord(trace_id=trace_id, span_id=span_id))
    found = decode.records(body, "protobuf")
    assert found.rejected == decode.check(body, "protobuf", "logs").rejected == rejected
    assert len(found.records) == 1 - len(rejected)


def test_an_empty_request_holds_nothing():
    assert decode.check(b"", "protobuf", "traces").total == 0
    assert decode.spans(b"", "protobuf").spans == []


def test_metric_points_are_counted():
    request = ExportMetricsServiceRequest()
    metrics = request.resource_metrics.add().scope_metrics.add().metrics
    metrics.add(name="gauge").gauge.data_points.add(as_int=1)
    metrics.add(name="sum").sum.data_points.extend([NumberDataPoint()] * 2)
    metrics.add(name="nothing")
    assert decode.check(request.SerializeToString(), "protobuf", "metrics").total == 3


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"\xff\xff\xff", "malformed_protobuf"),
        (traces(span())[:-1], "malformed_protobuf"),
        (b"hello", "malformed_protobuf"),
        (traces(span(name="ab")).replace(b"ab", b"\xff\xfe"), "invalid_utf8"),
        (traces(span(attributes=[attribute("k", nested(48))])), "too_deep"),
    ],
    ids=["junk", "cut short", "text", "no utf-8", "too deep"],
)
def test_a_body_that_is_no_request_is_called_by_its_code(body: bytes, code: str):
    assert code_of(body) == code
    with pytest.raises(Malformed, match=code):
        decode.spans(body, "protobuf")


def test_values_may_be_nested_as_deep_as_the_parser_goes():
    found = value_of(nested(47))
    for _ in range(47):
        assert isinstance(found, list)
        (found,) = found
    assert found == "core"


def test_a_request_with_too_many_spans_is_refused():
    body = traces(*[span()] * 4)
    assert decode.check(body, "protobuf", "traces", Limits(items=4)).total == 4
    assert code_of(body, Limits(items=3)) == "too_many_spans"


def wrapped(content: bytes) -> bytes:
    """Return resource spans with scope spans that hold these bytes."""
    for _ in range(2):
        content = b"\x12" + varint(len(content)) + content
    return b"\x0a" + content[1:]


def varint(number: int) -> bytes:
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes([*out, number])


@pytest.mark.parametrize(
    "bomb",
    [
        wrapped(b"\x12\x00" * (10 << 20)),  # spans
        wrapped(b"\x92\x00\x00" * (5 << 20)),  # spans whose tag is written too long
        wrapped(b"\x12\x02\x4a\x00" * (5 << 20)),  # spans with an empty attribute each
        wrapped(b"\x12" + varint(4 << 20) + b"\x4a\x00" * (2 << 20)),  # attributes of one span
        b"\x0a\x00" * (5 << 20),  # resources
        wrapped(b"\x12\x00" * 500_020),  # spans, in a body of one megabyte
    ],
    ids=["spans", "long tags", "attributes", "one span", "resources", "small"],
)
def test_a_bomb_is_refused_before_it_goes_off(bomb: bytes):
    with pytest.raises(Malformed, match="too_many_elements"):
        guard_protobuf(bomb, ExportTraceServiceRequest.DESCRIPTOR, Limits().elements)


def test_a_large_request_of_ordinary_spans_is_no_bomb():
    texts = [attribute(f"k{i}", '{"content": "JZjz*2"}' * 50) for i in range(16)]
    body = traces(*[span(attributes=texts)] * 200)
    guard_protobuf(body, ExportTraceServiceRequest.DESCRIPTOR, 15_000)
    longer = 2 * 4 + 200 * 3  # bytes more than two in the headers of the large ones
    assert walked([body]) == 2 + 200 * (1 + 5 + 16 * 4) + longer


def walked(pieces: list[bytes]) -> int:
    walk = Walk(message_fields(ExportTraceServiceRequest.DESCRIPTOR), 10**6)
    for piece in [*pieces, bytes(HEADER_BYTES)]:
        walk.over(piece)
    return walk.count


@given(st.lists(st.integers(1, 3000), max_size=8))
def test_fields_are_counted_alike_however_a_body_is_cut(cuts: list[int]):
    body = REAL[:3000]
    places = [0, *sorted(cuts), len(body)]
    assert walked([body[a:b] for a, b in pairwise(places)]) == walked([body])


def test_a_bomb_that_comes_in_pieces_is_refused_before_all_of_it_is_there():
    census = ProtobufCensus(ExportTraceServiceRequest.DESCRIPTOR, Limits().elements)
    bomb = wrapped(b"\x12\x00" * (10 << 20))
    for at in range(0, 1_000_000 - STEP_BYTES, STEP_BYTES):
        census.add(bomb[at : at + STEP_BYTES])
    with pytest.raises(Malformed, match="more than 500000 fields"):
        census.add(bomb[at + STEP_BYTES : at + 3 * STEP_BYTES])


REAL = TRACE_CAPTURES[0].read_bytes()


@settings(max_examples=300)
@given(at=st.integers(0, len(REAL) - 1), junk=st.binary(max_size=8), cut=st.integers(0, 8))
def test_a_damaged_request_is_malformed_or_check_and_decode_agree(at: int, junk: bytes, cut: int):
    body = REAL[:at] + junk + REAL[at + cut :]
    try:
        checked = decode.check(body, "protobuf", "traces")
    except Malformed as error:
        with pytest.raises(Malformed, match=error.code):
            decode.spans(body, "protobuf")
        return
    found = decode.spans(body, "protobuf")
    assert (checked.total, checked.rejected) == (found.total, found.rejected)
    assert checked.accepted == len(found.spans)


def test_no_rejection_is_counted_as_zero():
    assert decode.check(traces(span()), "protobuf", "traces").rejected == Counter()
