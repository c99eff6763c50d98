"""Counts the fields of a protobuf message that comes in pieces, messages inside of it included.

Pieces go in, `Malformed` comes out as soon as there is too much. Keeps none of what it has seen but
where it stands, so a body of any size is counted while it arrives. Knows no OTLP but which fields
hold messages.
"""

from spanledger_collector.decode.wire import Malformed

Fields = dict[int, "Fields"]
"""The message fields of a message by number, each with the message fields of its own type."""

HEADER_BYTES = 32  # more than two headers take: nothing nearer to the end of a piece is looked at
VARINT_BYTES = 10
NUMBERS = {1: 8, 5: 4}  # bytes of numbers of fixed size, by wire type
UNENDING = 1 << 62


class Walk:
    """Walks through a message and counts; half a million fields take a fifth of a second."""

    def __init__(self, fields: Fields, most: int) -> None:
        self.count = 0
        self._most = most
        self._rest = b""
        self._at, self._end, self._known = 0, UNENDING, fields
        self._around: list[tuple[int, Fields]] = []  # the messages that this one is in

    def over(self, piece: bytes) -> None:
        """Walk over the next piece, but for the last bytes of it.

        One loop that calls nothing for what is frequent.

        Raises:
            Malformed: there are too many fields, or a number has no end.
        """
        body = self._rest + piece
        at, end, known, around = self._at, self._end, self._known, self._around
        count, most, last = self.count, self._most, len(body) - HEADER_BYTES
        while at < last:
            while at >= end:
                end, known = around.pop()
            tag, size = body[at], body[at + 1]
            shape = tag & 135
            if shape == 2 and size < 128:  # nearly all: something with a length, both in a byte
                at += 2
            elif shape == 2 and body[at + 2] < 128:
                size += body[at + 2] - 1 << 7
                at += 3
            elif shape == 0 and size < 128:
                at, size = at + 2, 0
            elif shape == 1:
                at, size = at + 9, 0
            else:
                count -= at + 1  # what is long to read counts for each of its bytes
                tag, size, at = _header(body, at)
                count += at
            count += 1
            if count > most:
                raise Malformed("too_many_elements", f"more than {most} fields")
            if size > 1 and tag >> 3 in known:
                below = known[tag >> 3]
                shape = body[at] & 135 if at < last else -1
                filled = body[at + 1] + 2 == size if shape == 2 else shape == 0 and size == 2
                if filled and body[at] >> 3 not in below:
                    count += 1  # a value is mostly one text or number: no need to enter for that
                    at += size
                else:
                    around.append((end, known))
                    end, known = at + size, below
            else:
                at += size
        self.count, self._end, self._known = count, end, known
        self._leave(body, at)

    def _leave(self, body: bytes, at: int) -> None:
        """Keep what has not been looked at, and count places from there."""
        gone = min(at, len(body))
        self._rest = body[gone:]
        self._at = at - gone
        self._end -= gone
        self._around = [(end - gone, known) for end, known in self._around]


def _header(body: bytes, at: int) -> tuple[int, int, int]:
    """Return the tag at this place, the length of what follows and where that begins.

    What is a number is behind: its length is 0.
    """
    tag, at = _varint(body, at)
    kind = tag & 7
    if kind == 2:
        size, at = _varint(body, at)
        return tag, size, at
    if kind == 0:
        return tag, 0, _varint(body, at)[1]
    return tag, 0, at + NUMBERS.get(kind, 0)


def _varint(body: bytes, at: int) -> tuple[int, int]:
    """Return the varint at this place and the place behind it."""
    value = shift = 0
    for place in range(at, at + VARINT_BYTES):
        byte = body[place]
        value |= (byte & 127) << shift
        if byte < 128:
            return value, place + 1
        shift += 7
    raise Malformed("malformed_protobuf", "a number without end")
