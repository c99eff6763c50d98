"""Bodies that are small when packed and cost much: each must be refused without going off."""

from collections.abc import Callable

PROTOBUF, JSON = "protobuf", "json"

Bomb = tuple[Callable[[int], bytes], str]
"""What makes a body of about so many bytes, and its encoding. Made only where one is needed."""


def varint(number: int) -> bytes:
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes([*out, number])


def field(number: int, content: bytes) -> bytes:
    return bytes([number << 3 | 2]) + varint(len(content)) + content


def in_scope(content: bytes) -> bytes:
    return field(1, field(2, content))


def in_span(content: bytes) -> bytes:
    ids = field(1, b"t" * 16) + field(2, b"s" * 8)
    return in_scope(field(2, ids + content))


def values(content: bytes) -> bytes:
    return in_span(field(9, field(2, field(5, content))))


def nested(depth: int) -> bytes:
    value = field(1, b"x")
    for _ in range(depth):
        value = field(5, field(1, value))
    return in_span(field(9, field(1, b"k") + field(2, value)))


def full(size: int, filler: bytes) -> bytes:
    return filler * (size // len(filler))


def in_json(content: bytes) -> bytes:
    return b'{"resourceSpans":[{"scopeSpans":[{"spans":[%s{}]}]}]}' % content


def mixed(size: int) -> bytes:
    """Return a text of nothing but escapes, and behind it what its end should not hide."""
    return b'["' + full(size * 2 // 3, b'\\"') + b'",' + full(size // 3, b"1,") + b"1]"


ATTRIBUTE = field(9, field(1, b"key") + field(2, field(1, b"v")))
LONG_VALUE = field(9, field(1, b"key") + field(2, field(1, b"JZjz*2" * 22)))
LONGEST = b"\xff" * 9 + b"\x01"
BOMBS: dict[str, Bomb] = {
    "spans": (lambda size: in_scope(full(size, b"\x12\x00")), PROTOBUF),
    "attributes": (lambda size: in_span(full(size, b"\x4a\x00")), PROTOBUF),
    "small spans": (lambda _: in_scope(b"\x12\x00" * 950_000), PROTOBUF),
    "small attributes": (lambda _: in_span(b"\x4a\x00" * 950_000), PROTOBUF),
    "whole attributes": (lambda size: in_span(full(size, ATTRIBUTE)), PROTOBUF),
    "long attributes": (lambda size: in_span(full(size, LONG_VALUE)), PROTOBUF),
    "values": (lambda size: values(full(size, b"\x0a\x00")), PROTOBUF),
    "short numbers": (lambda size: values(full(size, b"\x0a\x02\x18\x01")), PROTOBUF),
    "long numbers": (lambda size: values(full(size, b"\x0a\x0b\x18" + LONGEST)), PROTOBUF),
    "long tags": (lambda size: in_scope(full(size, b"\x92\x80\x80\x80\x00\x00")), PROTOBUF),
    "endless numbers": (lambda size: values(full(size, b"\x0a\x00") + b"\xff" * 99), PROTOBUF),
    "deep": (lambda _: nested(20_000), PROTOBUF),
    "nothing": (bytes, PROTOBUF),
    "json objects": (lambda size: in_json(full(size, b"{},")), JSON),
    "json resources": (lambda _: b'{"resourceSpans":[%s{}]}' % (b"{}," * 630_000), JSON),
    "json texts": (lambda size: b"[" + full(size, b'"",') + b'""]', JSON),
    "json many texts": (lambda size: b"[" + full(size, b'"a",') + b'""]', JSON),
    "json numbers": (lambda size: b"[" + full(size, b"1,") + b"1]", JSON),
    "json deep": (lambda size: b"[" * size, JSON),
    "json escapes": (mixed, JSON),
    "json nothing but escapes": (lambda size: b'["' + full(size, b"\\\\") + b'"]', JSON),
    "json commas in texts": (lambda size: b"[" + full(size, b'"' + b"," * 40 + b'",') + b'""]', JSON),
}  # fmt: skip
