"""Recorded spans for tests of dialects, whole or with one attribute spoilt.

The payloads in `tests/data/otlp` were sent by real libraries; a dialect without one is tested
with spans made from its library's source.
"""

import json
from collections.abc import Iterator
from dataclasses import fields, replace
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from spanledger_collector import decode
from spanledger_schema.span import Content, Counts, Event, Facts, Scope, Span, Value

DATA = Path(__file__).parent / "data" / "otlp"

NOON_NS = 1_795_262_400_000_000_000  # 2026-11-21T12:00:00Z


@cache
def spans(capture: str) -> tuple[Span, ...]:
    """Return the spans of a capture in order of start."""
    body = (DATA / f"{capture}.pb").read_bytes()
    return tuple(sorted(decode.spans(body, "protobuf").spans, key=lambda s: s.start_ns))


@cache
def logs(capture: str) -> dict[bytes, list[Event]]:
    """Return the log records of a capture as events, by the span that they belong to."""
    body = (DATA / f"{capture}.logs.pb").read_bytes()
    found: dict[bytes, list[Event]] = {}
    for record in decode.records(body, "protobuf").records:
        event = Event(record.event_name, record.time_ns, record.attributes, record.body)
        found.setdefault(record.span_id, []).append(event)
    return found


def one(capture: str, span_id: str) -> Span:
    """Return the span of a capture whose id begins so."""
    (found,) = (s for s in spans(capture) if s.span_id.hex().startswith(span_id))
    return found


def made(
    name: str, scope: str = "", parent: bytes = b"\1" * 8, error: str = "", **attributes: Any
) -> Span:
    """Return a span of one second that never arrived; `error` is its status message.

    Attributes may be given as `attributes={…}`, as their names have dots.
    """
    given: dict[str, Any] = attributes.pop("attributes", {})
    return Span(
        b"\2" * 16, b"\3" * 8, parent, name, NOON_NS, NOON_NS + 10**9,
        status_code=2 if error else 1, status_message=error, attributes=given,
        scope=Scope(scope), **attributes,
    )  # fmt: skip


def raised(kind: str, message: str, at_ns: int = NOON_NS) -> Event:
    """Return the event of an exception."""
    told = {"exception.type": kind, "exception.message": message}
    return Event("exception", at_ns, told)


GARBAGE: tuple[Value, ...] = (
    "", "garbage", "NaN", "{", "[1,", '{"a":', "{'a': }", "[[[[]]]]", '"', "null", "-1", "1e400",
    -1, 1.5, True, 10**30, b"\x00\xff", None, [], {}, [None, [{}]], {"a": {"b": [None]}},
)  # fmt: skip


def spoilt(span: Span) -> Iterator[Span]:
    """Yield a span once for each of its attributes and each kind of garbage in it.

    Garbage goes into the attribute, into each leaf of the structure that it holds, and into the
    attributes of its events.
    """
    for name, value in span.attributes.items():
        for garbage in GARBAGE:
            yield replace(span, attributes={**span.attributes, name: garbage})
            for structure in with_leaf(value, garbage):
                yield replace(span, attributes={**span.attributes, name: structure})
    for index, event in enumerate(span.events):
        for name in event.attributes:
            for garbage in GARBAGE:
                events = list(span.events)
                events[index] = replace(event, attributes={**event.attributes, name: garbage})
                yield replace(span, events=events)


def with_leaf(value: Value, garbage: Value) -> Iterator[str]:
    """Yield a JSON object once for each of its fields, with garbage in that field."""
    if isinstance(garbage, bytes) or not isinstance(value, str) or value[:1] != "{":
        return
    try:
        found = json.loads(value)
    except ValueError:
        return
    for key in found if isinstance(found, dict) else ():
        yield json.dumps({**found, key: garbage})


METERS = tuple(f.name for f in fields(Counts) if f.name.endswith(("_tokens", "_searches")))


def numbers(counts: Counts | None) -> set[int]:
    """Return all numbers among counts."""
    every = (getattr(counts, name) for name in METERS) if counts else ()
    return {number for number in every if number is not None}


def survives(dialect: ModuleType, span: Span) -> None:
    """Read and show a span with garbage in each place; nothing of it may become a number."""
    known = numbers(dialect.read(span).counts)
    for spoiled in spoilt(span):
        facts: Facts = dialect.read(spoiled)
        content: Content = dialect.content(spoiled, ())
        assert isinstance(content, Content)
        assert numbers(facts.counts) <= known, spoiled.attributes
        assert facts.preview is None or isinstance(facts.preview, str)
        assert facts.reported_usd is None or facts.reported_usd > 0
