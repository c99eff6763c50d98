"""Asks OpenAI for the token counts of chat streams, which it tells only when asked.

The counts come in one more chunk, without choices. The instrumentation package below sees it; the
program above does not, because it did not ask and may take `chunk.choices[0]` for granted. A
request that says itself what it wants is left alone.
"""

from collections.abc import Mapping
from typing import Any

MODULE = "openai.resources.chat.completions"
RAW = "X-Stainless-Raw-Response"  # the client's own mark: the answer is to be no stream of chunks
HOSTS = ("api.openai.com", ".openai.azure.com")

_asking: list[bool | None] = []


def ask(where: bool | None) -> None:
    """Ask from now on: always, never, or (None) where a client talks to OpenAI itself."""
    if where is False:
        return
    _asking.append(where)
    if len(_asking) > 1:
        return  # wrapped already; the last word holds
    from wrapt import wrap_function_wrapper

    wrap_function_wrapper(MODULE, "Completions.create", create)
    wrap_function_wrapper(MODULE, "AsyncCompletions.create", create_async)


def create(wrapped: Any, client: Any, args: Any, told: dict[str, Any]) -> Any:
    """Make a chat completion, and hide the chunk that nobody asked for."""
    if not to_ask(client, told):
        return wrapped(*args, **told)
    return hidden(wrapped(*args, **asking(told)))


async def create_async(wrapped: Any, client: Any, args: Any, told: dict[str, Any]) -> Any:
    """Make a chat completion, and hide the chunk that nobody asked for."""
    if not to_ask(client, told):
        return await wrapped(*args, **told)
    return hidden(await wrapped(*args, **asking(told)))


def asking(told: Mapping[str, Any]) -> dict[str, Any]:
    """Return a request that asks for usage."""
    return {**told, "stream_options": {"include_usage": True}}


def to_ask(client: Any, told: Mapping[str, Any]) -> bool:
    """Tell whether to ask: a stream whose request does not say what it wants, of a server that knows."""
    if told.get("stream") is not True or isinstance(told.get("stream_options"), Mapping):
        return False
    if RAW in (told.get("extra_headers") or {}):
        return False
    return _asking[-1] is True or of_openai(client)


def of_openai(client: Any) -> bool:
    """Tell whether a client talks to OpenAI itself."""
    try:
        return str(client._client.base_url.host).endswith(HOSTS)
    except AttributeError:
        return False


def hidden(stream: Any) -> Any:
    """Return a stream without its usage chunk; anything else as it is."""
    if hasattr(stream, "__next__") or hasattr(stream, "__anext__"):
        return proxy()(stream)
    return stream


def told_usage(chunk: Any) -> bool:
    """Tell whether a chunk is the one that only tells usage."""
    return not getattr(chunk, "choices", True) and getattr(chunk, "usage", None) is not None


def proxy() -> Any:
    """Return the class of streams that hide a chunk; `wrapt` is there when `openai` is wrapped."""
    from wrapt import ObjectProxy

    class Hiding(ObjectProxy):  # type: ignore[misc,type-arg,unused-ignore]
        """A stream of chunks, the same in all else."""

        def __iter__(self) -> Any:
            return self

        def __next__(self) -> Any:
            while told_usage(chunk := next(self.__wrapped__)):
                continue
            return chunk

        def __aiter__(self) -> Any:
            return self

        async def __anext__(self) -> Any:
            while told_usage(chunk := await anext(self.__wrapped__)):
                continue
            return chunk

        def __enter__(self) -> Any:
            self.__wrapped__.__enter__()
            return self

        async def __aenter__(self) -> Any:
            await self.__wrapped__.__aenter__()
            return self

    return Hiding
