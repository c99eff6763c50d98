"""Refuses, before anything is decoded, a body that costs far more memory to decode than it weighs.

Bytes come in, `Malformed` goes out or nothing does. 20 MiB of empty spans decode to 1.8 GiB; a
limit on bytes alone does not see them. Ordinary bodies pass on their size, larger ones on a count
made in C, and only what is left over is walked field by field.
"""

import re
from functools import cache

from google.protobuf.descriptor import Descriptor

from spanledger_collector.decode.wire import Malformed

Fields = dict[int, "Fields"]
"""The message fields of a message by number, each with the message fields of its own type."""

HARMLESS_BYTES_PER_ELEMENT = 4  # below it, a body of empty spans alone stays under 200 MB decoded
ESCAPE = re.compile(rb"\\.", re.DOTALL)
STRING = re.compile(rb'"[^"]*+"?')


def guard_protobuf(body: bytes, kind: Descriptor, elements: int) -> None:
    """Raise `Malformed` when the body of a message of this kind has more fields than `elements`."""
    if len(body) <= HARMLESS_BYTES_PER_ELEMENT * elements:
        return
    if len(body) - len(body.translate(None, message_tags(kind))) <= elements:
        return  # every message in it takes one of these bytes to begin
    if field_count(body, message_fields(kind), elements) > elements:
        raise Malformed("too_many_elements", f"more than {elements} fields")


def guard_json(body: bytes, elements: int) -> None:
    """Raise `Malformed` when JSON holds more than `elements` objects, arrays and commas."""
    if len(body) <= HARMLESS_BYTES_PER_ELEMENT * elements:
        return
    if _punctuation(body) <= elements:
        return
    if _punctuation(STRING.sub(b"", ESCAPE.sub(b"", body))) > elements:
        raise Malformed("too_many_elements", f"more than {elements} values")


def _punctuation(text: bytes) -> int:
    return text.count(b"{") + text.count(b"[") + text.count(b",")


def field_count(body: bytes, fields: Fields, most: int) -> int:
    """Return how many fields a body has, or more than `most` as soon as there are.

    A body cut short counts up to the cut: saying what is wrong with it is the parser's work.
    """
    count = 0
    ranges = [(0, len(body), fields)]
    try:
        while ranges and count <= most:
            inner, found = _inside(body, *ranges.pop(), most - count)
            ranges += inner
            count += found
    except IndexError:
        return count
    return count


Range = tuple[int, int, Fields]


def _inside(body: bytes, at: int, end: int, known: Fields, most: int) -> tuple[list[Range], int]:
    """Return the messages right inside a range, and how many fields it has, up to `most` + 1."""
    inner: list[Range] = []
    count = 0
    while at < end and count <= most:
        count += 1
        tag, at = body[at], at + 1
        if tag > 127:
            tag, at = _varint(body, at - 1)
        if tag & 7 != 2:
            at = _after_number(body, at, tag & 7)
            continue
        size, at = body[at], at + 1
        if size > 127:
            size, at = _varint(body, at - 1)
        if size and tag >> 3 in known:
            inner.append((at, at + size, known[tag >> 3]))
        at += size
    return inner, count


def _varint(body: bytes, at: int) -> tuple[int, int]:
    """Return the varint at this place and the place behind it."""
    value = shift = 0
    byte = 128
    while byte > 127:
        byte = body[at]
        value |= (byte & 127) << shift
        shift += 7
        at += 1
    return value, at


def _after_number(body: bytes, at: int, wire_type: int) -> int:
    if wire_type == 0:
        return _varint(body, at)[1]
    return at + {1: 8, 5: 4}.get(wire_type, 0)


@cache
def message_fields(kind: Descriptor) -> Fields:
    """Return the message fields of a message type, all the way down."""
    return _message_fields(kind, {})


def _message_fields(kind: Descriptor, seen: dict[str, Fields]) -> Fields:
    if kind.full_name in seen:  # AnyValue holds AnyValues
        return seen[kind.full_name]
    fields = seen[kind.full_name] = {}
    for field in kind.fields:
        if field.message_type is not None:
            fields[field.number] = _message_fields(field.message_type, seen)
    return fields


@cache
def message_tags(kind: Descriptor) -> bytes:
    """Return every byte that a message inside a message of this type can begin with.

    A tag is a varint, and a parser also takes one that is written longer than it need be: its
    first byte then has the high bit set.
    """
    numbers: set[int] = set()
    tables, seen = [message_fields(kind)], set[int]()
    while tables:
        table = tables.pop()
        if id(table) not in seen:
            seen.add(id(table))
            numbers.update(table)
            tables.extend(table.values())
    firsts = {(number << 3 | 2) & 127 for number in numbers}
    return bytes(sorted(firsts | {first | 128 for first in firsts}))
