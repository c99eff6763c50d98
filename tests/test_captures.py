"""A capture made fresh is the same run, only newer and under other ids."""

from collections.abc import Iterator
from random import Random
from typing import Any

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from spanledger_collector.captures import (
    CAPTURES,
    Capture,
    each_record,
    each_span,
    fresh,
    rename_session,
)

END_NS = 1_800_000_000_000_000_000
WITH_LOGS = [capture for capture in CAPTURES if capture.logs().resource_logs]


@pytest.fixture(params=CAPTURES, ids=lambda capture: capture.name)
def capture(request: pytest.FixtureRequest) -> Capture:
    found: Capture = request.param
    return found


def spans_of(body: bytes) -> list[Any]:
    return list(each_span(ExportTraceServiceRequest.FromString(body)))


def records_of(body: bytes) -> list[Any]:
    return list(each_record(ExportLogsServiceRequest.FromString(body)))


def renamed(old: Iterator[Any], new: list[Any]) -> dict[bytes, set[bytes]]:
    """Return by old id the new ids that took its place, of traces, spans and parents alike."""
    pairs: dict[bytes, set[bytes]] = {}
    for before, after in zip(old, new, strict=True):
        pairs.setdefault(before.trace_id, set()).add(after.trace_id)
        pairs.setdefault(before.span_id, set()).add(after.span_id)
        pairs.setdefault(before.parent_span_id, set()).add(after.parent_span_id)
    return pairs


def test_every_id_gets_one_new_id_and_a_root_stays_a_root(capture: Capture):
    made = fresh(capture, END_NS, Random(1))
    pairs = renamed(each_span(capture.spans()), spans_of(made.spans))
    assert all(len(new) == 1 for new in pairs.values())
    assert pairs.pop(b"", {b""}) == {b""}
    new_ids = {next(iter(new)) for new in pairs.values()}
    assert len(new_ids) == len(pairs)
    assert new_ids.isdisjoint(pairs)


def test_times_end_where_asked_and_keep_their_distances(capture: Capture):
    old = list(each_span(capture.spans()))
    new = spans_of(fresh(capture, END_NS, Random(1)).spans)
    shift = {
        after - before
        for was, now in zip(old, new, strict=True)
        for before, after in [
            (was.start_time_unix_nano, now.start_time_unix_nano),
            (was.end_time_unix_nano, now.end_time_unix_nano),
            *(
                (e.time_unix_nano, f.time_unix_nano)
                for e, f in zip(was.events, now.events, strict=True)
            ),
        ]
    }
    assert len(shift) == 1
    assert max(span.end_time_unix_nano for span in new) == END_NS


def test_nothing_but_ids_times_and_the_session_changes(capture: Capture):
    made = fresh(capture, END_NS, Random(1))
    for was, now in zip(each_span(capture.spans()), spans_of(made.spans), strict=True):
        for name in ("trace_id", "span_id", "parent_span_id", "start_time_unix_nano", "end_time_unix_nano", "events", "links"):  # fmt: skip
            was.ClearField(name)
            now.ClearField(name)
        for session in made.sessions if capture.session_id else ():
            for attribute in now.attributes:
                text = attribute.value.string_value
                if session in text:
                    attribute.value.string_value = text.replace(session, str(capture.session_id))
        assert now == was


def test_its_sessions_are_new_and_count_all_spans(capture: Capture):
    first, second = (fresh(capture, END_NS, Random(seed)) for seed in (1, 2))
    assert first.sessions.keys().isdisjoint(second.sessions)
    assert sum(first.sessions.values()) == len(spans_of(first.spans))
    if capture.session_id:
        (session,) = first.sessions
        assert session.startswith(capture.session_id)
        assert session.encode() in first.spans


@pytest.mark.parametrize("capture", WITH_LOGS, ids=lambda capture: capture.name)
def test_log_records_follow_their_spans(capture: Capture):
    made = fresh(capture, END_NS, Random(1))
    pairs = renamed(each_span(capture.spans()), spans_of(made.spans))
    for was, now in zip(each_record(capture.logs()), records_of(made.logs), strict=True):
        assert {now.span_id} == pairs[was.span_id]
        assert {now.trace_id} == pairs[was.trace_id]


def test_a_session_id_is_replaced_only_where_it_is_a_word_of_its_own():
    spans = ExportTraceServiceRequest()
    span = spans.resource_spans.add().scope_spans.add().spans.add()
    for text in ("st-1", '{"id": "st-1"}', "best-1", "st-10", "x-st-1"):
        span.attributes.add(key="k").value.string_value = text
    rename_session(spans, ExportLogsServiceRequest(), "st-1", "new")
    texts = [attribute.value.string_value for attribute in span.attributes]
    assert texts == ["new", '{"id": "new"}', "best-1", "st-10", "x-st-1"]
