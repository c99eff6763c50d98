"""A function to the same function with a span around each call.

Plain, async, generator and async generator functions; each comes back as what it was, with its
signature, its name and its `__wrapped__`. A generator's span lasts until it is exhausted, closed,
abandoned or raises; while it is suspended its span is not the current one.
"""

import functools
import inspect
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from typing import Any

from spanledger.capture.arguments import Names
from spanledger.kinds import Shape
from spanledger.recording import Recording, begin
from spanledger.streams import Stream

MARK = "__spanledger__"
"""The attribute by which a decorated function is known."""


def wrapped(function: Callable[..., Any], shape: Shape) -> Callable[..., Any]:
    """Return a function that records each of its calls."""
    made: Callable[..., Any]
    if inspect.isasyncgenfunction(function):
        made = async_generator(function, shape)
    elif inspect.isgeneratorfunction(function):
        made = generator(function, shape)
    elif inspect.iscoroutinefunction(function):
        made = coroutine(function, shape)
    else:
        made = plain(function, shape)
    setattr(made, MARK, shape)
    return made


def plain(function: Callable[..., Any], shape: Shape) -> Callable[..., Any]:
    """Return a recorded plain function."""
    names = Names(function)

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        recording = begin(shape, lambda: names.of(args, kwargs))
        if recording is None:
            return function(*args, **kwargs)
        try:
            result = function(*args, **kwargs)
        except BaseException as error:
            recording.fail(error)
            raise
        recording.finish(result)
        return result

    return call


def coroutine(
    function: Callable[..., Awaitable[Any]], shape: Shape
) -> Callable[..., Awaitable[Any]]:
    """Return a recorded coroutine function."""
    names = Names(function)

    @functools.wraps(function)
    async def call(*args: Any, **kwargs: Any) -> Any:
        recording = begin(shape, lambda: names.of(args, kwargs))
        if recording is None:
            return await function(*args, **kwargs)
        try:
            result = await function(*args, **kwargs)
        except BaseException as error:
            recording.fail(error)
            raise
        recording.finish(result)
        return result

    return call


def generator(
    function: Callable[..., Generator[Any, Any, Any]], shape: Shape
) -> Callable[..., Generator[Any, Any, Any]]:
    """Return a recorded generator function."""
    names = Names(function)

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
        recording = begin(shape, lambda: names.of(args, kwargs), entered=False)
        if recording is None:
            return (yield from function(*args, **kwargs))
        stream = Stream(recording)
        try:
            value = yield from relayed(function(*args, **kwargs), recording, stream)
        except BaseException as error:
            ended(recording, stream, error)
            raise
        ended(recording, stream, None, value)
        return value

    return call


def relayed(
    inner: Generator[Any, Any, Any], recording: Recording, stream: Stream
) -> Generator[Any, Any, Any]:
    """Yield what a generator yields, and make its span current while it runs (PEP 380)."""
    resume: Callable[[], Any] = inner.__next__
    while True:
        recording.enter()
        try:
            item = resume()
        except StopIteration as stop:
            return stop.value
        finally:
            recording.leave()
        stream.add(item)
        try:
            sent = yield item
        except GeneratorExit:
            inner.close()
            raise
        except BaseException as error:  # noqa: BLE001 – thrown in from outside: it is the inner one's
            resume = functools.partial(inner.throw, error)
        else:
            resume = inner.__next__ if sent is None else functools.partial(inner.send, sent)


def async_generator(
    function: Callable[..., AsyncGenerator[Any, Any]], shape: Shape
) -> Callable[..., AsyncGenerator[Any, Any]]:
    """Return a recorded async generator function."""
    names = Names(function)

    @functools.wraps(function)
    async def call(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:
        recording = begin(shape, lambda: names.of(args, kwargs), entered=False)
        inner = function(*args, **kwargs)
        stream = None if recording is None else Stream(recording)
        resume: Callable[[], Awaitable[Any]] = inner.__anext__
        try:
            while True:
                item = await stepped(resume, recording, stream)
                try:
                    resume = functools.partial(inner.asend, (yield item))
                except GeneratorExit:
                    await inner.aclose()
                    raise
                except BaseException as error:  # noqa: BLE001 – thrown in from outside
                    resume = functools.partial(inner.athrow, error)
        except StopAsyncIteration:
            ended(recording, stream, None)
        except BaseException as error:
            ended(recording, stream, error)
            raise

    return call


async def stepped(
    resume: Callable[[], Awaitable[Any]], recording: Recording | None, stream: Stream | None
) -> Any:
    """Return the next item of an async generator, its span current while it runs."""
    if recording is None or stream is None:
        return await resume()
    recording.enter()
    try:
        item = await resume()
    finally:
        recording.leave()
    stream.add(item)
    return item


def ended(
    recording: Recording | None,
    stream: Stream | None,
    error: BaseException | None,
    value: object = None,
) -> None:
    """End the span of a generator that has no more to give."""
    if recording is None or stream is None:
        return
    stream.tell(value)
    if error is None:
        recording.end()
    else:
        recording.fail(error)
