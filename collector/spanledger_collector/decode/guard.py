"""Refuses, before anything is decoded, a body that costs far more memory to decode than it weighs.

Bytes come in, `Malformed` goes out or nothing does. 20 MiB of empty spans decode to 1.8 GiB; a
limit on bytes alone does not see them. Ordinary bodies pass on their size, larger ones on a count
made in C, and only what is left over is walked field by field.
"""

from collections.abc import Callable
from functools import cache

from google.protobuf.descriptor import Descriptor

from spanledger_collector.decode.walk import Fields, Walk
from spanledger_collector.decode.wire import Malformed

STEP_BYTES = 1 << 18  # small enough for the processor's cache: that makes passes twice as fast
FIELD_BYTES = 2  # the least that a field takes
STRINGS_PER_ELEMENT = 2  # in JSON; an attribute of a text is five strings and four elements
ESCAPES_PER_ELEMENT = 16  # each is looked at twice; 8 million are an eighth of the largest body

Census = Callable[[bytes], None]
"""Takes a piece of a body; raises `Malformed` as soon as there is too much in it."""


def guard_protobuf(body: bytes, kind: Descriptor, elements: int) -> None:
    """Raise `Malformed` when the body of a message of this kind has more fields than `elements`."""
    if len(body) > FIELD_BYTES * elements:
        _show(body, ProtobufCensus(kind, elements).add)


def guard_json(body: bytes, elements: int) -> None:
    """Raise `Malformed` when JSON holds more than `elements` objects, arrays and commas."""
    if len(body) > elements:
        _show(body, JsonCensus(elements).add)


def _show(body: bytes, add: Census) -> None:
    for at in range(0, len(body), STEP_BYTES):
        add(body[at : at + STEP_BYTES])


class ProtobufCensus:
    """Counts the fields of a message that comes in pieces, if it has to.

    While fewer bytes came than fields need, nothing is done. Then bytes are counted, in C, that
    could begin a message inside of it; only when there are many of those is it walked through.
    """

    def __init__(self, kind: Descriptor, elements: int) -> None:
        self._walk = Walk(message_fields(kind), elements)
        self._tags = message_tags(kind)
        self._most = elements
        self._pieces: list[bytes] = []  # not walked yet
        self._looked = 0  # at how many of them
        self._bytes = self._beginnings = 0

    def add(self, piece: bytes) -> None:
        """Count a piece in; raise `Malformed` as soon as there is too much."""
        self._pieces.append(piece)
        self._bytes += len(piece)
        if self._bytes <= FIELD_BYTES * self._most:
            return
        self._beginnings += sum(map(self._begun, self._pieces[self._looked :]))
        self._looked = len(self._pieces)
        if self._beginnings > self._most:
            for each in self._pieces:
                self._walk.over(each)
            self._pieces, self._looked = [], 0

    def _begun(self, piece: bytes) -> int:
        """Return how many messages could begin in a piece."""
        return len(piece) - len(piece.translate(None, self._tags))


class JsonCensus:
    """Counts JSON that comes in pieces, in a few passes over each that all run in C.

    Only what stands outside of quotation marks counts, so that a long text of commas is one value.
    """

    def __init__(self, elements: int) -> None:
        self._most = elements
        self._values = self._marks = self._escapes = 0
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
        self._bound(self._values, 1, "values")
        self._bound(self._marks // 2, STRINGS_PER_ELEMENT, "strings")

    def _bound(self, count: int, per_element: int, what: str) -> None:
        most = per_element * self._most
        if count > most:
            raise Malformed("too_many_elements", f"more than {most} {what}")

    def _unescaped(self, text: bytes) -> bytes:
        """Return a piece in which each quotation mark opens or closes; keep half of an escape."""
        self._escapes += text.count(b"\\")
        self._bound(self._escapes, ESCAPES_PER_ELEMENT, "escapes")
        text = text.replace(b"\\\\", b"")
        if text.endswith(b"\\"):
            text, self._rest = text[:-1], b"\\"
        return text.replace(b'\\"', b"")


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
