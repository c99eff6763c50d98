"""The decorators: `@agent`, `@workflow`, `@step`, `@tool`, `@llm_call`, `@retriever`, `@observe`.

Each works bare, with a name, or with options, on functions of every kind, methods, classmethods,
staticmethods and properties, in either order. What they decorate keeps its type for the checker.
"""

from collections.abc import Callable
from typing import Any, Protocol, TypeVar, overload

from spanledger.kinds import AttributeValue, shape
from spanledger.settings import Capture
from spanledger.wrap import MARK, wrapped

F = TypeVar("F", bound=Callable[..., Any])


class Decorator(Protocol):
    """Returns a function with a span around each call, of the same type."""

    def __call__(self, target: F, /) -> F:
        """Return the function, decorated."""


def decorated(
    target: Any, kind: str, name: str | None, capture: Capture | None, more: dict[str, Any]
) -> Any:
    """Return a function, a method or a property that records its calls."""
    if isinstance(target, classmethod | staticmethod):
        return type(target)(decorated(target.__func__, kind, name, capture, more))
    if isinstance(target, property):
        read = decorated(target.fget, kind, name, capture, more)
        return property(read, target.fset, target.fdel, target.__doc__)
    before = getattr(target, MARK, None)
    if before is not None and before.kind == kind:
        target = target.__wrapped__  # decorated twice: one span is enough
    named = name or getattr(target, "__name__", None) or type(target).__name__
    return wrapped(target, shape(kind, str(named), capture, more))


def decorator(
    target: Any, kind: str, name: str | None, capture: Capture | None, more: dict[str, Any]
) -> Any:
    """Return what was decorated, or a decorator where there is nothing to decorate yet."""
    if isinstance(target, str):
        name, target = target, None
    if target is not None:
        return decorated(target, kind, name, capture, more)
    return lambda found: decorated(found, kind, name, capture, more)


@overload
def agent(target: F, /) -> F: ...
@overload
def agent(name: str | None = None, /, *, capture: Capture | None = None) -> Decorator: ...
def agent(target: Any = None, /, *, capture: Capture | None = None) -> Any:
    """Record each call of a function as an agent's run."""
    return decorator(target, "agent", None, capture, {})


@overload
def workflow(target: F, /) -> F: ...
@overload
def workflow(name: str | None = None, /, *, capture: Capture | None = None) -> Decorator: ...
def workflow(target: Any = None, /, *, capture: Capture | None = None) -> Any:
    """Record each call of a function as a run of several steps or agents."""
    return decorator(target, "workflow", None, capture, {})


@overload
def step(target: F, /) -> F: ...
@overload
def step(name: str | None = None, /, *, capture: Capture | None = None) -> Decorator: ...
def step(target: Any = None, /, *, capture: Capture | None = None) -> Any:
    """Record each call of a function as a step of a graph or a plan: a node."""
    return decorator(target, "node", None, capture, {})


@overload
def tool(target: F, /) -> F: ...
@overload
def tool(name: str | None = None, /, *, capture: Capture | None = None) -> Decorator: ...
def tool(target: Any = None, /, *, capture: Capture | None = None) -> Any:
    """Record each call of a function as a tool call."""
    return decorator(target, "tool", None, capture, {})


@overload
def retriever(target: F, /) -> F: ...
@overload
def retriever(name: str | None = None, /, *, capture: Capture | None = None) -> Decorator: ...
def retriever(target: Any = None, /, *, capture: Capture | None = None) -> Any:
    """Record each call of a function as a search for what a model is to read."""
    return decorator(target, "retriever", None, capture, {})


@overload
def llm_call(target: F, /) -> F: ...
@overload
def llm_call(
    name: str | None = None,
    /,
    *,
    model: str | None = None,
    provider: str | None = None,
    capture: Capture | None = None,
) -> Decorator: ...
def llm_call(
    target: Any = None,
    /,
    *,
    model: str | None = None,
    provider: str | None = None,
    capture: Capture | None = None,
) -> Any:
    """Record each call of a function as a call of a model; `record_usage` inside tells its tokens."""
    told = {"gen_ai.request.model": model, "gen_ai.provider.name": provider}
    more = {key: value for key, value in told.items() if value is not None}
    return decorator(target, "llm", None, capture, more)


@overload
def observe(target: F, /) -> F: ...
@overload
def observe(
    name: str | None = None,
    /,
    *,
    kind: str = "span",
    capture: Capture | None = None,
    attributes: dict[str, AttributeValue] | None = None,
) -> Decorator: ...
def observe(
    target: Any = None,
    /,
    *,
    kind: str = "span",
    capture: Capture | None = None,
    attributes: dict[str, AttributeValue] | None = None,
) -> Any:
    """Record each call of a function as a span of any kind."""
    return decorator(target, kind, None, capture, attributes or {})
