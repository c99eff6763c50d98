"""What the applications of ingest share: the words of ASGI, a body piece by piece, an answer in one.

What needs to wait for nothing answers at once: a request in one piece in, an answer out. A connection
asks it where the request ends (`connection`); `answer_in_turn` answers, as an application does, a
request that has to wait for the answer before it.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Headers = dict[bytes, bytes]
HeaderList = list[tuple[bytes, bytes]]
Reply = tuple[int, HeaderList, bytes]
"""A status, headers without the length, a body."""
AtOnce = Callable[[bytes, Headers, bytes], Reply]
"""Answers a method, headers and a body, of which no more than `LONGEST` are handed over; does not raise."""

LONGEST = 128 << 10  # bytes: who answers at once says of a body that long that it is too long


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


async def answer_in_turn(teller: AtOnce, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer one request by what answers at once."""
    body = b""
    try:
        async for chunk in chunks(receive):
            body += chunk
            if len(body) >= LONGEST:
                break
    except Left:
        return
    status, headers, said = teller(scope["method"].encode(), dict(scope["headers"]), body)
    await send_whole(send, status, said, headers)


async def send_whole(send: Send, status: int, body: bytes, headers: HeaderList) -> None:
    """Send an answer."""
    headers.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
