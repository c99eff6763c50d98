"""A value to its shape: types and sizes, no content. Same care as in `texts`."""

from itertools import islice
from typing import Any

from spanledger.capture.objects import arrayed, fields, lineage, named, path
from spanledger.capture.texts import encode

WIDEST = 50  # fields that are told one by one
DEEPEST = 3


def shape(value: object) -> str:
    """Return the types and sizes of a value as JSON."""
    return encode(outline(value, 0))


def outline(value: Any, depth: int) -> Any:
    """Return what stands for a value; the keys of mappings are told, their values are not."""
    kind = type(value)
    mro = lineage(kind)
    if dict in mro:
        return members(dict.items(value), dict.__len__(value), depth)
    for base in (str, bytes, list, tuple, set, frozenset):
        if base in mro:
            return f"{path(kind)}[{base.__len__(value)}]"
    known = fields(value, kind)
    if known is not None:
        return members(known.items(), len(known), depth)
    return arrayed(value, kind) or named(kind)


def members(items: Any, size: int, depth: int) -> Any:
    """Return the outline of each member, or their number where they are many or deep."""
    if depth >= DEEPEST or size > WIDEST:
        return f"dict[{size}]"
    held = list(islice(items, WIDEST))
    return {k if type(k) is str else "?": outline(v, depth + 1) for k, v in held}
