"""A value to JSON text that a person can read.

Any Python value comes in, text of about the budget goes out. No method of the value is called: no
`__repr__`, `__str__`, `__iter__`, `__len__`, `__eq__`, no property. Containers are read by the
methods of `dict`, `list`, … themselves, objects by their instance dictionary; what cannot be read
so is named by its type. Iterators are never advanced.
"""

import math
from collections.abc import Iterable
from itertools import islice
from json import JSONEncoder
from json.encoder import encode_basestring
from typing import Any

from spanledger.capture.budget import DEPTH, ITEMS, Budget
from spanledger.capture.objects import arrayed, fields, harmless, lineage, named
from spanledger.cut import CUT, cut

WIDEST_INT = 4_000  # bits: longer ones take quadratic time to write out

SHORT = 4096  # characters
LARGE = 1 << 63
FEW = 16  # items
LEVELS = 2  # of containers: the arguments, and what is in one of them
WORDS = {True: "true", False: "false", None: "null"}

encode = JSONEncoder(ensure_ascii=False, check_circular=False, separators=(",", ":")).encode

Above = tuple[int, ...]
"""The ids of the containers that a value is in."""


def text(value: object, max_bytes: int) -> str:
    """Return a value as JSON of about `max_bytes` at most; where it was cut it says "..."."""
    short = brief(value, LEVELS)
    if short is not None and len(short) <= max_bytes:
        return short
    told = encode(plain(value, Budget(max_bytes), ()))
    if len(told) > 2 * max_bytes + 64:  # a control character takes six: less of them then
        told = encode(plain(value, Budget(max_bytes * max_bytes // len(told)), ()))
    return told


def brief(value: Any, levels: int) -> str | None:
    """Return a short plain value as JSON, else None: most values are, and it is ten times as fast."""
    kind = type(value)
    if kind is str:
        fits = len(value) <= SHORT and value.isascii()
        return encode_basestring(value) if fits else None
    if kind is int:
        return repr(value) if -LARGE < value < LARGE else None
    if kind is bool or value is None:
        return WORDS[value]
    if kind is float:
        return repr(value) if math.isfinite(value) else None
    if not levels or (kind is not dict and kind is not list) or len(value) > FEW:
        return None
    return small(value.copy(), kind, levels - 1)  # another thread may change it meanwhile


def small(value: Any, kind: type, levels: int) -> str | None:
    """Return a small container of short plain values as JSON, else None."""
    parts = []
    for held in value:
        piece = brief(value[held] if kind is dict else held, levels)
        if piece is None:
            return None
        if kind is dict:
            if type(held) is not str or not held.isidentifier() or not held.isascii():
                return None
            piece = f'"{held}":{piece}'
        parts.append(piece)
    return "{" + ",".join(parts) + "}" if kind is dict else "[" + ",".join(parts) + "]"


def plain(value: Any, budget: Budget, above: Above) -> Any:
    """Return a value made of nothing but what JSON knows."""
    kind = type(value)
    if kind is str:
        kept = cut(value, room(value, max(budget.bytes, 0)))
        budget.take(len(kept))
        return kept
    budget.take(8)
    if kind is int:
        return value if value.bit_length() < WIDEST_INT else f"<int of {value.bit_length()} bits>"
    if kind is bool or value is None:
        return value
    if kind is float:
        return value if math.isfinite(value) else str(value)
    if len(above) >= DEPTH or budget.spent:
        return CUT
    return "<cycle>" if id(value) in above else inside(value, kind, budget, (*above, id(value)))


def room(value: str, most: int) -> int:
    """Return how much of a text to keep: less of binary data, whose zeros take six bytes each."""
    if len(value) <= SHORT:
        return most
    told = min(len(value), most) + 5 * value.count("\0", 0, most)
    return most if told <= 2 * most else most * most // told


def inside(value: Any, kind: type, budget: Budget, above: Above) -> Any:
    """Return a container or an object, looked into."""
    mro = lineage(kind)
    if dict in mro:
        return mapping(dict.items(value), dict.__len__(value), budget, above)
    for base in (list, tuple, set, frozenset):
        if base in mro:
            return sequence(base.__iter__(value), base.__len__(value), budget, above)
    if str in mro:
        return plain(str.__str__(value), budget, above)
    if (found := harmless(value, kind)) is not None:
        return cut(found, max(budget.bytes, 0))
    if (known := fields(value, kind)) is not None:
        return mapping(known.items(), len(known), budget, above)
    return arrayed(value, kind) or named(kind)


def mapping(
    items: Iterable[tuple[object, object]], size: int, budget: Budget, above: Above
) -> dict[str, Any]:
    """Return a mapping with keys that are texts."""
    found: dict[str, Any] = {}
    try:
        for key, value in islice(items, ITEMS):
            if budget.spent:
                break
            name = label(key, budget)  # first: a large value leaves no room for its name
            found[name] = plain(value, budget, above)
    except RuntimeError:  # another thread changed it meanwhile
        size += 1
    if size > len(found):
        found[CUT] = f"{size - len(found)} more"
    return found


def sequence(values: Iterable[object], size: int, budget: Budget, above: Above) -> list[Any]:
    """Return a list."""
    found: list[Any] = []
    try:
        for value in islice(values, ITEMS):
            if budget.spent:
                break
            found.append(plain(value, budget, above))
    except RuntimeError:
        size += 1
    if size > len(found):
        found.append(f"{CUT} {size - len(found)} more")
    return found


def label(key: object, budget: Budget) -> str:
    """Return a key as text."""
    kind = type(key)
    if kind is str:
        return cut(key, max(budget.bytes, 0))  # type: ignore[arg-type]
    if kind in (int, float, bool) or key is None:
        return str(plain(key, budget, ()))
    return harmless(key, kind) or named(kind)
