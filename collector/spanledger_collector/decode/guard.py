"""Refuses, before anything is decoded, a body that costs far more memory to decode than it weighs.

Bytes come in, `Malformed` goes out or nothing does. 20 MiB of empty spans decode to 1.8 GiB; a
limit on bytes alone does not see them. Ordinary bodies pass on their size, larger ones on a count
made in C, and only what is left over is walked field by field.
"""

from functools import cache

from google.protobuf.descriptor import Descriptor

from spanledger_collector.decode.wire import Malformed

Fields = dict[int, "Fields"]
"""The message fields of a message by number, each with the message fields of its own type."""

STRINGS_PER_ELEMENT = 2  # in JSON; an attribute of a text is five strings and four elements


def guard_protobuf(body: bytes, kind: Descriptor, elements: int) -> None:
    """Raise `Malformed` when the body of a message of this kind has more fields than `elements`."""
    if len(body) <= 2 * elements:
        return  # a field takes two bytes
    if len(body) - len(body.translate(None, message_tags(kind))) <= elements:
        return  # every message in it takes one of these bytes to begin
    if field_count(body, message_fields(kind), elements) > elements:
        raise Malformed("too_many_elements", f"more than {elements} fields")


def guard_json(body: bytes, elements: int) -> None:
    """Raise `Malformed` when JSON holds more than `elements` objects, arrays and commas."""
    if len(body) <= elements or _punctuation(body) <= elements:
        return
    if _punctuation(_without_strings(body, elements)) > elements:
        raise Malformed("too_many_elements", f"more than {elements} values")


def _without_strings(body: bytes, elements: int) -> bytes:
    """Return JSON without what stands in quotation marks, in a few passes that all run in C."""
    text = body.replace(b"\\\\", b"").replace(b'\\"', b"")  # now each mark opens or closes
    if text.count(b'"') > 2 * STRINGS_PER_ELEMENT * elements:
        raise Malformed("too_many_elements", f"more than {STRINGS_PER_ELEMENT * elements} strings")
    return b"".join(text.split(b'"')[::2])


def _punctuation(text: bytes) -> int:
    return text.count(b"{") + text.count(b"[") + text.count(b",")


def field_count(body: bytes, fields: Fields, most: int) -> int:
    """Return how many fields a body has, or more than `most` as soon as there are.

    A body cut short counts up to the cut: saying what is wrong with it is the parser's work. One
    loop, no calls: half a million fields take a quarter of a second.
    """
    count = at = 0
    end, known = len(body), fields
    around: list[tuple[int, Fields]] = []  # the messages that this one is in
    try:
        while count <= most:
            while at >= end:
                end, known = around.pop()
            count += 1
            tag, size = body[at], body[at + 1]
            if tag & 135 == 2 and size < 128:  # nearly all: something with a length, both in a byte
                at += 2
            else:
                tag, at = _varint(body, at)
                size, at = _varint(body, at) if tag & 7 == 2 else _number(body, at, tag & 7)
            if size > 1 and tag >> 3 in known:
                around.append((end, known))
                end, known = at + size, known[tag >> 3]
            else:
                at += size
    except IndexError:  # the end, of the body or of the last message
        return count
    return count


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


def _number(body: bytes, at: int, wire_type: int) -> tuple[int, int]:
    """Return how long a number is and where it begins; a varint's length is known at its end."""
    if wire_type == 0:
        return 0, _varint(body, at)[1]
    return {1: 8, 5: 4}.get(wire_type, 0), at


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
