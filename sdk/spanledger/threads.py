"""Carries the OpenTelemetry context (session, current span) into threads and thread pools.

Threads begin with an empty context otherwise, and what an agent does in a pool would belong to no
session. Where the context is empty nothing is changed. Asyncio and `to_thread` do it themselves.
"""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import thread as pools
from typing import Any

from opentelemetry import context as contexts
from opentelemetry.context import Context

_original_start = threading.Thread.start
_original_submit = ThreadPoolExecutor.submit
POOL_WORKER = getattr(pools, "_worker", None)
"""Outlives the task that it was started for, so it belongs to no session."""


def carry() -> None:
    """Begin to carry; asking twice changes nothing."""
    if threading.Thread.start is _original_start:
        threading.Thread.start = started  # type: ignore[method-assign,assignment]
    if ThreadPoolExecutor.submit is _original_submit:
        ThreadPoolExecutor.submit = submitted  # type: ignore[method-assign,assignment]


def within(context: Context, function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that runs in a context."""

    def run(*args: Any, **kwargs: Any) -> Any:
        token = contexts.attach(context)
        try:
            return function(*args, **kwargs)
        finally:
            token.var.reset(token)

    return run


def started(thread: threading.Thread) -> None:
    """Start a thread in the context of whoever starts it."""
    context = contexts.get_current()
    if context and getattr(thread, "_target", None) is not POOL_WORKER:
        thread.run = within(context, thread.run)  # type: ignore[method-assign]
    _original_start(thread)


def submitted(
    pool: ThreadPoolExecutor, function: Callable[..., Any], /, *args: Any, **kwargs: Any
) -> Future[Any]:
    """Have a pool run a function in the context of whoever submits it."""
    context = contexts.get_current()
    return _original_submit(
        pool, within(context, function) if context else function, *args, **kwargs
    )


def start_bare(thread: threading.Thread) -> None:
    """Start a thread of our own, which belongs to nobody's session."""
    _original_start(thread)
