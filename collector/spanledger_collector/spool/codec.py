"""How a body is kept on disk: lz4, in its fast mode.

It pays for itself on pages that need no writing. Packing, writing, reading and unpacking 1 MB takes
2.5 ms of CPU on bodies of real agents (2.6 as they are, 3.8 with zstd 1) and leaves 16 % of them; on
random words 3.2 ms (3.1 as they are, 8.9 with zstd 1) and 59 %. zlib 1 alone takes 10 ms to pack.
"""

import lz4.block

ACCELERATION = 4


def packed(body: bytes) -> bytes:
    """Return a body as it is kept."""
    kept: bytes = lz4.block.compress(body, mode="fast", acceleration=ACCELERATION)
    return kept


def unpacked(kept: bytes) -> bytes:
    """Return a body as it was sent."""
    body: bytes = lz4.block.decompress(kept)
    return body
