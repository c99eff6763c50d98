"""What is read of OpenTelemetry's spans where it lies is what their properties say."""

from collections.abc import Callable

import pytest
from opentelemetry.sdk.trace import Event, ReadableSpan, TracerProvider
from opentelemetry.trace import INVALID_SPAN, SpanContext

from spanledger.innards import attributes_of, events_of, own_attributes


def ended() -> ReadableSpan:
    span = TracerProvider().get_tracer("test").start_span("work", attributes={"a": 1})
    span.add_event("happened", {"b": "2"})
    span.end()
    assert isinstance(span, ReadableSpan)
    return span


def built() -> ReadableSpan:
    return ReadableSpan("work", SpanContext(1, 2, False), attributes={"a": 1}, events=(Event("e"),))


def bare() -> ReadableSpan:
    return ReadableSpan("work", SpanContext(1, 2, False))


@pytest.mark.parametrize("made", [ended, built, bare])
def test_a_span_is_read_where_it_lies_as_its_properties_tell_it(made: Callable[[], ReadableSpan]):
    span = made()
    assert attributes_of(span) == span.attributes
    assert tuple(events_of(span)) == tuple(span.events)


def test_what_is_written_where_an_open_span_keeps_it_is_on_the_span():
    span = TracerProvider().get_tracer("test").start_span("work", attributes={"a": 1})
    held = own_attributes(span)
    assert held is not None
    held["b"] = 2
    assert isinstance(span, ReadableSpan)
    assert span.attributes == {"a": 1, "b": 2}


def test_a_span_that_keeps_nothing_has_nothing_to_write_to():
    assert own_attributes(INVALID_SPAN) is None
