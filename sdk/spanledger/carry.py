"""The current span and session as plain values, to be taken up in another process.

`Carried.now()` goes out with a message, a task or a pickled function; `carried(…)` is the block on
the other side. What has no values is an empty block.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any, Generic, ParamSpec, TypeVar

from opentelemetry import context as contexts
from opentelemetry import trace
from opentelemetry.propagate import extract, inject

from spanledger.session import session, session_in

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Carried:
    """Where something was started: the headers of its trace, its session and user."""

    trace: Mapping[str, str] = field(default_factory=dict)
    session: str | None = None
    user: str | None = None

    @classmethod
    def now(cls) -> "Carried":
        """Return where we are."""
        headers: dict[str, str] = {}
        inject(headers)
        inside = session_in(None)
        return cls(headers, inside.id if inside else None, inside.user if inside else None)

    @classmethod
    def of(cls, message: object) -> "Carried":
        """Return what a message carries; anything else than our own dictionary carries nothing."""
        if not isinstance(message, Mapping):
            return cls()
        told, named, user = (message.get(name) for name in ("trace", "session", "user"))
        return cls(
            {str(k): str(v) for k, v in told.items()} if isinstance(told, Mapping) else {},
            named if isinstance(named, str) else None,
            user if isinstance(user, str) else None,
        )

    def message(self) -> dict[str, Any]:
        """Return it as JSON can hold it."""
        return {"trace": dict(self.trace), "session": self.session, "user": self.user}


@contextmanager
def carried(where: Carried) -> Iterator[None]:
    """Run a block where something was started; a span that is current already stays so."""
    with ExitStack() as inside:
        if where.trace and not trace.get_current_span().get_span_context().is_valid:
            token = contexts.attach(extract(dict(where.trace)))
            inside.callback(contexts.detach, token)
        if where.session and session_in(None) is None:
            inside.enter_context(session(where.session, user=where.user))
        yield


class InSession(Generic[P, R]):
    """A function that runs, in another process, where it was wrapped; it can be pickled."""

    def __init__(self, function: Callable[P, R], where: Carried) -> None:
        self.function = function
        self.where = where

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Call the function."""
        with carried(self.where):
            return self.function(*args, **kwargs)


def in_session(function: Callable[P, R]) -> InSession[P, R]:
    """Return a function for another process that runs in the session and span of this moment.

    `Process(target=in_session(work))`, `pool.submit(in_session(work), 1)`. The other process calls
    `configure()` itself, unless it was forked from this one.
    """
    return InSession(function, Carried.now())
