"""The arguments of a call by the names of the function's parameters.

The signature is read once, at decoration. Arguments that do not fit are told by position: the
call itself will raise, and must raise as if nobody had looked.
"""

import inspect
from collections.abc import Callable, Mapping
from typing import Any

POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
BOUND = ("self", "cls")


class Names:
    """The parameters of one function."""

    __slots__ = ("more", "names", "skip")

    def __init__(self, function: Callable[..., Any]) -> None:
        self.names, self.more = parameters(function)
        self.skip = 1 if self.names and self.names[0] in BOUND else 0

    def of(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, Any]:
        """Return a call's arguments by name, without `self` and without defaults."""
        skip, names = self.skip, self.names
        found = dict(zip(names[skip:], args[skip:], strict=False))
        if len(args) > len(names):
            found[self.more] = args[len(names) :]
        if kwargs:
            found.update(kwargs)
        return found


def parameters(function: Callable[..., Any]) -> tuple[tuple[str, ...], str]:
    """Return the names of the positional parameters, and that of those beyond."""
    try:
        known = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):  # some functions written in C tell nothing
        return (), "args"
    names = tuple(p.name for p in known if p.kind in POSITIONAL)
    rest = (p.name for p in known if p.kind is inspect.Parameter.VAR_POSITIONAL)
    return names, next(rest, "args")
