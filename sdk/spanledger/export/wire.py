"""Spans to the bytes of OTLP, field by field.

OpenTelemetry's own encoder makes a message object of every attribute and holds the interpreter lock
for it, three times as long as writing the bytes takes. What is no UTF-8 becomes a question mark, an
integer of more than 64 bits a text. Source: opentelemetry-proto 1.9, common.proto and trace.proto;
the number before each field is that of the schema.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from struct import pack
from typing import Any

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, SpanContext, Status

SMALL = tuple(bytes((n,)) for n in range(0x80))
LARGEST = (1 << 64) - 1
INT64 = 1 << 63
KNOWS_REMOTE, REMOTE = 0x100, 0x200  # SpanFlags
WORDS = {True: b"\x10\x01", False: b"\x10\x00"}


def varint(number: int) -> bytes:
    """Return a number that is not negative as protobuf writes it."""
    if number < 0x80:
        return SMALL[number]
    found = bytearray()
    while number >= 0x80:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    found.append(number)
    return bytes(found)


def framed(tag: bytes, body: bytes) -> bytes:
    """Return a field that is bytes, a text or a message."""
    return tag + varint(len(body)) + body


def text(tag: bytes, value: str | None) -> bytes:
    """Return a text field, nothing where there is none."""
    return framed(tag, value.encode("utf-8", "replace")) if value else b""


def count(tag: bytes, number: int) -> bytes:
    """Return a number field, nothing for 0."""
    return tag + varint(number) if number else b""


@lru_cache(maxsize=4096)
def key(name: str) -> bytes:
    """Return the key of an attribute: 1 key; applications have few, and use them again and again."""
    return framed(b"\x0a", name.encode("utf-8", "replace"))


def any_value(value: Any) -> bytes:
    """Return a value: 1 string, 2 bool, 3 int, 4 double, 5 array, 6 kvlist, 7 bytes; None is empty."""
    kind = type(value)
    if kind is str:
        return framed(b"\x0a", value.encode("utf-8", "replace"))
    if kind is bool:
        return WORDS[value]
    if kind is int and -INT64 <= value < INT64:
        return b"\x18" + varint(value & LARGEST)
    if kind is float:
        return b"\x21" + pack("<d", value)
    if kind is tuple or kind is list:
        return framed(b"\x2a", b"".join(framed(b"\x0a", any_value(item)) for item in value))
    return b"" if value is None else unusual(value)


def unusual(value: Any) -> bytes:
    """Return a value of a kind that attributes rarely have; what none may have is named by its type."""
    kind = type(value)  # `isinstance` would ask the value for its `__class__`
    if issubclass(kind, bytes):
        return framed(b"\x3a", value)
    if issubclass(kind, Mapping):
        return framed(b"\x32", attributes(b"\x0a", {str(k): v for k, v in value.items()}))
    if issubclass(kind, str):
        return any_value(str.__str__(value))
    if issubclass(kind, float):
        return any_value(float.__float__(value))
    if issubclass(kind, Sequence):
        return any_value(tuple(value))
    return any_value(int.__repr__(value) if issubclass(kind, int) else f"<{kind.__qualname__}>")


def attributes(tag: bytes, told: Mapping[str, Any] | None) -> bytes:
    """Return attributes, each a field with this tag."""
    if not told:
        return b""
    return b"".join(
        framed(tag, key(name) + framed(b"\x12", any_value(value))) for name, value in told.items()
    )


def flags(parent: SpanContext | None) -> int:
    """Return whether a parent is of another process."""
    return KNOWS_REMOTE | (REMOTE if parent is not None and parent.is_remote else 0)


def span(told: ReadableSpan) -> bytes:
    """Return one span; raise where it has no identity. An open one has no end."""
    own, parent = told.get_span_context(), told.parent
    if own is None:
        raise ValueError("a span without a context")
    state = ",".join(f"{name}={value}" for name, value in own.trace_state.items())
    parts = [
        b"\x0a\x10" + own.trace_id.to_bytes(16),
        b"\x12\x08" + own.span_id.to_bytes(8),
        text(b"\x1a", state),
        b"\x22\x08" + parent.span_id.to_bytes(8) if parent is not None else b"",
        text(b"\x2a", told.name),
        b"\x30" + SMALL[told.kind.value + 1],  # theirs begin at 1
        b"\x39" + pack("<Q", told.start_time or 0),
        b"\x41" + pack("<Q", told.end_time or 0),
        attributes(b"\x4a", told.attributes),
        count(b"\x50", told.dropped_attributes),
        events(told.events),
        count(b"\x60", told.dropped_events),
        links(told.links),
        count(b"\x70", told.dropped_links),
        framed(b"\x7a", status(told.status)),
        b"\x85\x01" + pack("<I", flags(parent)),
    ]
    return b"".join(parts)


def status(told: Status) -> bytes:
    """Return a status: 2 message, 3 code."""
    return text(b"\x12", told.description) + count(b"\x18", told.status_code.value)


def events(told: Iterable[Event]) -> bytes:
    """Return the events of a span: 1 time, 2 name, 3 attributes, 4 dropped."""
    return b"".join(
        framed(
            b"\x5a",
            b"\x09"
            + pack("<Q", event.timestamp)
            + text(b"\x12", event.name)
            + attributes(b"\x1a", event.attributes)
            + count(b"\x20", event.dropped_attributes),
        )
        for event in told
    )


def links(told: Iterable[Link]) -> bytes:
    """Return the links of a span: 1 trace, 2 span, 4 attributes, 5 dropped, 6 flags."""
    return b"".join(
        framed(
            b"\x6a",
            b"\x0a\x10"
            + link.context.trace_id.to_bytes(16)
            + b"\x12\x08"
            + link.context.span_id.to_bytes(8)
            + attributes(b"\x22", link.attributes)
            + count(b"\x28", link.dropped_attributes)
            + b"\x35"
            + pack("<I", flags(link.context)),
        )
        for link in told
    )


def scope_spans(scope: InstrumentationScope | None, spans: Iterable[bytes]) -> bytes:
    """Return the spans of one library: 1 scope, 2 spans, 3 schema."""
    if scope is None:
        return framed(b"\x0a", b"") + b"".join(framed(b"\x12", each) for each in spans)
    named = text(b"\x0a", scope.name) + text(b"\x12", scope.version)
    head = framed(b"\x0a", named + attributes(b"\x1a", scope.attributes))
    body = b"".join(framed(b"\x12", each) for each in spans)
    return head + body + text(b"\x1a", scope.schema_url)


def resource_spans(resource: Resource, scopes: Iterable[bytes]) -> bytes:
    """Return what one process said: 1 resource, 2 scopes, 3 schema; a field of the request."""
    head = framed(b"\x0a", attributes(b"\x0a", resource.attributes))
    body = b"".join(framed(b"\x12", each) for each in scopes)
    return framed(b"\x0a", head + body + text(b"\x1a", resource.schema_url))
