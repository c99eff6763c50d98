"""An exception to what a span says of it: status, type, message and where it was raised.

The message is read with care (`str` of an exception is the application's own code) and left out
where content is not kept; the stack names files, lines and functions, never values.
"""

import traceback
from contextlib import suppress

from opentelemetry.trace import Span, Status, StatusCode

LONGEST = 8_000  # characters of a message
FRAMES = 40
ENDED_FROM_OUTSIDE = frozenset(
    {"GeneratorExit", "asyncio.exceptions.CancelledError", "trio.Cancelled"}
)
"""Whose work was no longer wanted has not failed. By name: nothing is imported for it."""


def tell_failure(span: Span, error: BaseException, content: bool) -> None:
    """Say on a span that it failed, or that it was cancelled."""
    if not span.is_recording():
        return
    name = error_type(error)
    if name in ENDED_FROM_OUTSIDE:
        span.set_attribute("error.type", name)
        return
    said = message(error) if content else ""
    span.set_status(Status(StatusCode.ERROR, said or name))
    span.set_attribute("error.type", name)
    told = {"exception.type": name, "exception.stacktrace": stack(error)}
    if said:
        told["exception.message"] = said
    span.add_event("exception", told)


def error_type(error: BaseException) -> str:
    """Return the name of an exception's class, with its module unless it is a builtin."""
    kind = type(error)
    module = kind.__module__
    return kind.__qualname__ if module == "builtins" else f"{module}.{kind.__qualname__}"


def message(error: BaseException) -> str:
    """Return what an exception says, or nothing where asking it fails."""
    with suppress(Exception):
        return str(error)[:LONGEST].encode("utf-8", "replace").decode()
    return ""


def stack(error: BaseException) -> str:
    """Return where an exception was raised, innermost last."""
    found = traceback.extract_tb(error.__traceback__, -FRAMES)
    return "".join(f'  File "{f.filename}", line {f.lineno}, in {f.name}\n' for f in found)
