"""Bodies that are small and cost much: each must be refused, or taken, without going off."""

PROTOBUF, JSON = "protobuf", "json"


def varint(number: int) -> bytes:
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes([*out, number])


def field(number: int, content: bytes) -> bytes:
    return bytes([number << 3 | 2]) + varint(len(content)) + content


def in_span(content: bytes) -> bytes:
    ids = field(1, b"t" * 16) + field(2, b"s" * 8)
    return field(1, field(2, field(2, ids + content)))


def nested(depth: int) -> bytes:
    value = field(1, b"x")
    for _ in range(depth):
        value = field(5, field(1, value))
    return field(9, field(1, b"k") + field(2, value))


MIB = 1 << 20
JSON_SPANS = b'{"resourceSpans":[{"scopeSpans":[{"spans":[%s]}]}]}'
BOMBS: dict[str, tuple[bytes, str]] = {
    "spans": (field(1, field(2, b"\x12\x00" * (10 * MIB))), PROTOBUF),
    "attributes": (in_span(b"\x4a\x00" * (10 * MIB)), PROTOBUF),
    "small spans": (field(1, field(2, b"\x12\x00" * 950_000)), PROTOBUF),
    "small attributes": (in_span(b"\x4a\x00" * 950_000), PROTOBUF),
    "a million attributes": (
        in_span(b"".join(field(9, field(1, b"k%d" % n) + field(2, field(1, b"v"))) for n in range(MIB))),
        PROTOBUF,
    ),
    "values": (in_span(field(9, field(2, field(5, b"\x0a\x00" * (10 * MIB))))), PROTOBUF),
    "deep": (in_span(nested(20_000)), PROTOBUF),
    "json objects": (JSON_SPANS % (b"{}," * (7 * MIB) + b"{}"), JSON),
    "json resources": (b'{"resourceSpans":[%s{}]}' % (b"{}," * 630_000), JSON),
    "json texts": (b"[" + b'"",' * (20 * MIB) + b'""]', JSON),
    "json numbers": (b"[" + b"1," * (10 * MIB) + b"1]", JSON),
    "json deep": (b"[" * (20 * MIB), JSON),
    "json long objects": (JSON_SPANS % (b"{}," * (20 * MIB) + b"{}"), JSON),
    "json many texts": (b"[" + b'"a",' * (15 * MIB) + b'""]', JSON),
    "json escapes": (b'["' + b'\\"' * (20 * MIB) + b'",' + b"1," * (10 * MIB) + b"1]", JSON),
    "json commas in texts": (b"[" + (b'"' + b"," * 100 + b'",') * 600_000 + b'""]', JSON),
    "nothing": (b"\0" * (63 * MIB), PROTOBUF),
}  # fmt: skip
