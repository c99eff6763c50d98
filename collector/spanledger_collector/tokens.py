"""Texts to a number of tokens, exactly as OpenAI's tokenizers count them, without a network.

The vocabularies lie in `ranks/` and are checked before they are believed. Loading one takes some
tenths of a second and of a gigabyte, so that happens when something is counted for the first time.
Knows no model, no message and no price.
"""

import gzip
import zlib
from base64 import b64decode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, partial
from hashlib import sha256
from importlib.resources import files
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from tiktoken import Encoding

Vocabulary = Literal["cl100k_base", "o200k_base"]

MOST_CHARACTERS = 1_000_000
"""Counted in one call of `count`; of longer texts a sample is, and the rest is extrapolated."""

PIECE = 100_000
"""Characters encoded at once: a million blanks in one piece are too many for the pattern."""


class RanksDamaged(Exception):
    """A vocabulary is not the one that was shipped; install the package again."""


@dataclass(frozen=True, slots=True)
class Published:
    """What OpenAI publishes of a vocabulary beside its ranks."""

    sha256: str  # of the ranks, unpacked
    pattern: str  # what a text is split by before pairs are merged
    special: dict[str, int]


# as in `tiktoken_ext.openai_public`, whose functions would ask the network for the ranks
PUBLISHED: dict[Vocabulary, Published] = {
    "cl100k_base": Published(
        "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7",
        r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+"
        r"|\s++$|\s*[\r\n]|\s+(?!\S)|\s",
        {
            "<|endoftext|>": 100257,
            "<|fim_prefix|>": 100258,
            "<|fim_middle|>": 100259,
            "<|fim_suffix|>": 100260,
            "<|endofprompt|>": 100276,
        },
    ),
    "o200k_base": Published(
        "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d",
        r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+"
        r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
        r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*"
        r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
        r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+",
        {"<|endoftext|>": 199999, "<|endofprompt|>": 200018},
    ),
}


@dataclass(frozen=True, slots=True)
class Counted:
    """How many tokens some texts are, and whether that was extrapolated from a part of them."""

    tokens: int
    sampled: bool = False


def count(texts: Sequence[str], vocabulary: Vocabulary) -> Counted:
    """Return how many tokens these texts are together, each encoded by itself.

    Above MOST_CHARACTERS each is counted up to the same share of its length.

    Raises:
        RanksDamaged: the shipped vocabulary is not what it should be.
    """
    encode = partial(encoding(vocabulary).encode, disallowed_special=())  # it is all plain text
    whole = sum(map(len, texts))
    if whole <= MOST_CHARACTERS:
        return Counted(sum(len(encode(p)) for text in texts for p in pieces(text)))
    sample = [text[: len(text) * MOST_CHARACTERS // whole] for text in texts]
    found = sum(len(encode(p)) for text in sample for p in pieces(text))
    return Counted(found * whole // (sum(map(len, sample)) or 1), sampled=True)


def pieces(text: str) -> Iterator[str]:
    """Yield a text in pieces that can be encoded, whatever is in it."""
    return (text[at : at + PIECE] for at in range(0, len(text), PIECE))


@cache
def encoding(vocabulary: Vocabulary) -> "Encoding":
    """Return the tokenizer of a vocabulary, built from the shipped ranks."""
    from tiktoken import Encoding  # what counts nothing need not load it

    known = PUBLISHED[vocabulary]
    return Encoding(
        vocabulary,
        pat_str=known.pattern,
        mergeable_ranks=ranks(shipped(vocabulary), known.sha256),
        special_tokens=known.special,
    )


def shipped(vocabulary: Vocabulary) -> bytes:
    """Return the packed ranks of a vocabulary."""
    folder = files("spanledger_collector") / "ranks"
    return (folder / f"{vocabulary}.tiktoken.gz").read_bytes()


def ranks(packed: bytes, digest: str) -> dict[bytes, int]:
    """Return the rank of each token: a line holds the token in base 64, and its rank."""
    try:
        lines = gzip.decompress(packed)
    except (OSError, EOFError, zlib.error) as error:
        raise RanksDamaged(f"a file of ranks cannot be unpacked: {error}") from error
    if (found := sha256(lines).hexdigest()) != digest:
        raise RanksDamaged(f"a file of ranks has SHA-256 {found}, not {digest}")
    split = (line.split() for line in lines.splitlines())
    return {b64decode(token): int(rank) for token, rank in split}
