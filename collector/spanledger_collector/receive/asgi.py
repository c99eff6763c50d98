"""What the applications of ingest share: the words of ASGI, a body piece by piece, an answer in one."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Headers = dict[bytes, bytes]
HeaderList = list[tuple[bytes, bytes]]


class Left(Exception):
    """The client went away before its request was complete."""


async def chunks(receive: Receive) -> AsyncIterator[bytes]:
    """Yield the pieces of a body as they arrive; raise Left when the rest never will."""
    more = True
    while more:
        event = await receive()
        if event["type"] == "http.disconnect":
            raise Left
        yield event.get("body", b"")
        more = event.get("more_body", False)


async def send_whole(send: Send, status: int, body: bytes, headers: HeaderList) -> None:
    """Send an answer."""
    headers.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
