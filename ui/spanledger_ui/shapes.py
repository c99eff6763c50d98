"""JSON to dataclasses, by their annotations.

Unknown keys are passed over, so that a newer API can serve an older screen; a missing one raises.
Knows nothing of HTTP, nor of which shapes there are.
"""

from collections.abc import Callable, Hashable
from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from types import UnionType
from typing import Any, TypeVar, cast, get_args, get_origin, get_type_hints

T = TypeVar("T")

Convert = Callable[[Any], Any]


class Misshapen(Exception):
    """An answer of the API lacks what its shape promises: UI and API differ in version."""


def shaped(shape: type[T], value: object) -> T:
    """Return `value`, parsed JSON, as an instance of the dataclass `shape`.

    Raises:
        Misshapen: a field without default is absent, or an object is none.
    """
    if not isinstance(value, dict):
        raise Misshapen(f"{shape.__name__}: expected an object, got {type(value).__name__}")
    known = {}
    for name, convert, required in plan(cast(Hashable, shape)):
        if name in value:
            known[name] = convert(value[name]) if convert else value[name]
        elif required:
            raise Misshapen(f"{shape.__name__}: no {name!r} in the answer")
    return shape(**known)


@cache
def plan(shape: Any) -> list[tuple[str, Convert | None, bool]]:
    """Return name, conversion and necessity of each field; scalars need no conversion."""
    hints = get_type_hints(shape)
    return [
        (
            field.name,
            conversion(hints[field.name]),
            field.default is MISSING and field.default_factory is MISSING,
        )
        for field in fields(shape)
    ]


def conversion(hint: Any) -> Convert | None:
    """Return how to read a value of this annotation, None when JSON already is it."""
    if is_dataclass(hint) and isinstance(hint, type):
        return lambda value: shaped(hint, value)
    if isinstance(hint, UnionType):
        return optional(next(filter(None, map(conversion, get_args(hint))), None))
    if get_origin(hint) is list:
        inner = conversion(get_args(hint)[0])
        return (lambda items: [inner(item) for item in items]) if inner else None
    return None


def optional(inner: Convert | None) -> Convert | None:
    """Return how to read what `inner` reads, or None."""
    return (lambda value: None if value is None else inner(value)) if inner else None
