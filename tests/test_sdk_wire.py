"""Spans as the SDK writes them: what OpenTelemetry's own encoder makes of them, read back."""

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTracePartialSuccess,
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, TraceFlags
from opentelemetry.trace.span import TraceState

from spanledger.export.answer import rejected
from spanledger.export.request import body
from tests.hostile import CORPUS

words = st.text(st.characters(codec="utf-8"), max_size=20)
numbers = st.integers(-(1 << 63), (1 << 63) - 1)
plain = words | st.booleans() | numbers | st.floats(allow_nan=False) | st.binary(max_size=9)
values = plain | st.lists(words, max_size=3).map(tuple) | st.lists(numbers, max_size=3).map(tuple)
told = st.dictionaries(words.filter(bool), values, max_size=6)
moments = st.integers(0, (1 << 63) - 1)
counts = st.integers(0, 1 << 20)
states = st.sampled_from([TraceState(), TraceState([("a", "1"), ("b", "x")])])

contexts = st.builds(
    SpanContext,
    trace_id=st.integers(1, (1 << 128) - 1),
    span_id=st.integers(1, (1 << 64) - 1),
    is_remote=st.booleans(),
    trace_flags=st.just(TraceFlags(1)),
    trace_state=states,
)
RESOURCES = [
    Resource({"service.name": "a", "process.pid": 7}),
    Resource({}, "https://example.org/schema"),
]
SCOPES = [
    InstrumentationScope("a", "1.0", "https://example.org/schema", {"x": 1}),
    InstrumentationScope("b"),
]
spans = st.builds(
    ReadableSpan,
    name=words,
    context=contexts,
    parent=st.none() | contexts,
    resource=st.sampled_from(RESOURCES),
    attributes=told,
    events=st.lists(st.builds(Event, words, told, moments), max_size=2),
    links=st.lists(st.builds(Link, contexts, told), max_size=2),
    kind=st.sampled_from(SpanKind),
    status=st.builds(Status, st.just(StatusCode.ERROR), words) | st.just(Status()),
    start_time=moments,
    end_time=st.none() | moments,
    instrumentation_scope=st.sampled_from(SCOPES),
)


@settings(max_examples=80, deadline=None)
@given(st.lists(spans, max_size=5))
def test_spans_are_written_as_opentelemetry_writes_them(given: list[ReadableSpan]):
    found, count = body(given)
    assert count == len(given)
    assert ExportTraceServiceRequest.FromString(found) == encode_spans(given)


def written(value: Any) -> Any:
    """Return an attribute as a server reads it."""
    context = SpanContext(1, 1, is_remote=False)
    span = ReadableSpan("x", context, resource=RESOURCES[1])
    span._attributes = {"key": value}  # as a library may do that thinks little of cleaning
    request = ExportTraceServiceRequest.FromString(body([span])[0])
    return request.resource_spans[0].scope_spans[0].spans[0].attributes[0].value


def test_what_no_attribute_may_be_is_told_as_well_as_can_be():
    assert written("a\ud800b").string_value == "a?b"
    assert written(1 << 64).string_value == str(1 << 64)
    assert written(CORPUS["hostile text"]).string_value == "said"
    assert written(CORPUS["hostile number"]).string_value == "3"
    assert written(np.float64(1.5)).double_value == 1.5
    assert written({"a": 1}).kvlist_value.values[0].key == "a"
    assert written(None).WhichOneof("value") is None
    assert written(CORPUS["hostile"]).string_value == "<Hostile>"


@settings(max_examples=80, deadline=None)
@given(st.binary(max_size=40))
def test_any_answer_is_read_as_protobuf_reads_it_or_rejects_nothing(answer: bytes):
    assert rejected(answer) >= 0


@settings(max_examples=40, deadline=None)
@given(st.integers(0, (1 << 63) - 1), words)
def test_what_a_server_rejects_is_read_off_its_answer(count: int, message: str):
    partial = ExportTracePartialSuccess(rejected_spans=count, error_message=message)
    told = ExportTraceServiceResponse(partial_success=partial).SerializeToString()
    assert rejected(told) == count
    negative = ExportTracePartialSuccess(rejected_spans=-1 - count)
    told = ExportTraceServiceResponse(partial_success=negative).SerializeToString()
    assert rejected(told) == 0
