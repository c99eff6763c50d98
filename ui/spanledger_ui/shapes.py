"""JSON to dataclasses, by their annotations.

Unknown keys are passed over, so that a newer API can serve an older screen; a missing one raises.
Knows nothing of HTTP, nor of which shapes there are.
"""

from collections.abc import Callable, Hashable, Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
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
    plan = planned(cast(Hashable, shape))
    if not plan.converts and value.keys() == plan.names:  # as are all steps of a long session
        return shape(**value)
    if missing := plan.required - value.keys():
        raise Misshapen(f"{shape.__name__}: no {min(missing)!r} in the answer")
    known = {name: value[name] for name in plan.names & value.keys()}
    for name in plan.converts.keys() & known.keys():
        known[name] = plan.converts[name](known[name])
    return shape(**known)


@dataclass(frozen=True, slots=True)
class Plan:
    """How the fields of a shape are read; an answer has thousands of the same."""

    names: frozenset[str]
    required: frozenset[str]
    converts: Mapping[str, Convert]  # of those that JSON is not already


@cache
def planned(shape: Any) -> Plan:
    """Return how a dataclass is read."""
    hints = get_type_hints(shape)
    every = {field.name: field for field in fields(shape)}
    needed = [n for n, f in every.items() if f.default is MISSING and f.default_factory is MISSING]
    converts = {name: read for name in every if (read := conversion(hints[name]))}
    return Plan(frozenset(every), frozenset(needed), converts)


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
