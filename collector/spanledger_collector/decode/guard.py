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

STEP_BYTES = 1 << 18
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
    if len(body) > elements:
        census = JsonCensus(elements)
        for at in range(0, len(body), STEP_BYTES):
            census.add(body[at : at + STEP_BYTES])


class JsonCensus:
    """Counts JSON that comes in pieces, in a few passes over each that all run in C.

    Only what stands outside of quotation marks counts, so that a long text of commas is one value.
    Pieces should be small enough for the processor's cache: that makes the passes twice as fast.
    """

    def __init__(self, elements: int) -> None:
        self._most = elements
        self._values = self._marks = 0
        self._inside = 0  # 1 within quotation marks
        self._rest = b""  # half of an escape

    def add(self, piece: bytes) -> None:
        """Count a piece in; raise `Malformed` as soon as there is too much."""
        text = self._rest + piece if self._rest else piece
        self._rest = b""
        if b"\\" in text:
            text = self._unescaped(text)
        parts = text.split(b'"')
        outside = b"".join(parts[self._inside :: 2])
        self._inside ^= (len(parts) - 1) & 1
        self._marks += len(parts) - 1
        self._values += outside.count(b"{") + outside.count(b"[") + outside.count(b",")
        if self._values > self._most:
            raise Malformed("too_many_elements", f"more than {self._most} values")
        if self._marks > 2 * STRINGS_PER_ELEMENT * self._most:
            most = STRINGS_PER_ELEMENT * self._most
            raise Malformed("too_many_elements", f"more than {most} strings")

    def _unescaped(self, text: bytes) -> bytes:
        """Return a piece in which each quotation mark opens or closes; keep half of an escape."""
        text = text.replace(b"\\\\", b"")
        if text.endswith(b"\\"):
            text, self._rest = text[:-1], b"\\"
        return text.replace(b'\\"', b"")


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
                # A value is mostly one text that fills it: no need to enter for that.
                if body[at] & 135 == 2 and body[at + 1] + 2 == size and body[at] >> 3 not in known:
                    count += 1
                    at = end
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
