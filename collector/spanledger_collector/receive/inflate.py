"""Compressed bodies to plain ones, stopping as soon as there is too much in them.

Bytes come in, a body goes out. Works in small steps and shows each piece to whoever counts what is
in it, so that a bomb is noticed long before it has gone off. Knows gzip and deflate, and no OTLP.
"""

import zlib
from collections.abc import Callable, Iterator

GZIP = 31  # zlib's number for a gzip header and the largest window
EITHER = 47  # or a header of zlib's own, as gRPC's deflate has
MEMBERS = 16  # in a row, which are one file; a client sends one
INPUT_BYTES = 1 << 16  # a step of input: what of it does not fit the output is copied each time
OUTPUT_BYTES = 1 << 18  # a step of output: it fits the cache, so that counting costs little


class Corrupt(ValueError):
    """The bytes are no gzip, or cut short; the message says which."""


class TooLarge(ValueError):
    """There is more than was allowed."""


def inflated(
    packed: bytes, most: int, shown: Callable[[bytes], None] | None = None, header: int = GZIP
) -> bytes:
    """Return a compressed body decompressed.

    Args:
        packed: one or several members, one behind the other.
        most: bytes that are allowed.
        shown: takes each piece, and may raise.
        header: what it begins with, GZIP or EITHER.

    Raises:
        Corrupt: it is no gzip.
        TooLarge: there is more than `most`.
    """
    pieces: list[bytes] = []
    size = 0
    for piece in _pieces(packed, header):
        size += len(piece)
        if size > most:
            raise TooLarge
        if shown is not None:
            shown(piece)
        pieces.append(piece)
    return b"".join(pieces)


def _pieces(packed: bytes, header: int) -> Iterator[bytes]:
    """Yield what the members hold, a step at a time."""
    at = 0
    for _ in range(MEMBERS):
        member = zlib.decompressobj(header)
        while not member.eof:
            if not (step := packed[at : at + INPUT_BYTES]):
                raise Corrupt("cut short")
            at += len(step)
            while step and not member.eof:
                yield _step(member, step)
                step = member.unconsumed_tail
        at -= len(member.unused_data)
        if at == len(packed):
            return
    raise Corrupt("too many members")


def _step(member: "zlib._Decompress", packed: bytes) -> bytes:
    try:
        return member.decompress(packed, OUTPUT_BYTES)
    except zlib.error as error:
        raise Corrupt("no gzip") from error
