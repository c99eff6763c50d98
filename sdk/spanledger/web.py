"""ASGI middleware: a request comes in with a session in its header, and runs inside that session.

For FastAPI, Starlette, Litestar, Django's ASGI and all others; imports none of them. What comes from
outside is a name to group by and no more: it is shortened, and gives no access to anything.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from spanledger.carry import Carried, carried
from spanledger.session import session

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

Headers = Iterable[tuple[bytes, bytes]]

CONNECTIONS = ("http", "websocket")
NOTHING = nullcontext()
LONGEST_ID = 200  # characters; what is longer is no id
TRACE_HEADERS = (b"traceparent", b"tracestate", b"baggage")


class SessionMiddleware:
    """Opens a session for each request and each websocket that names one.

    `app.add_middleware(SessionMiddleware, header="x-chat-id")`. `user_header` is believed as it
    comes: name one that your proxy sets, not one that a browser may send.
    """

    def __init__(
        self, app: App, header: str = "x-session-id", user_header: str | None = None
    ) -> None:
        self.app = app
        self._header = header.lower().encode("latin-1")
        self._user_header = (user_header or "").lower().encode("latin-1")
        self._wanted = frozenset({self._header, self._user_header, *TRACE_HEADERS} - {b""})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection; one that says nothing to us is merely handed on."""
        told = found(scope["headers"], self._wanted) if scope["type"] in CONNECTIONS else None
        if not told:
            await self.app(scope, receive, send)
            return
        with place(told), self._session(told):
            await self.app(scope, receive, send)

    def _session(self, told: Mapping[bytes, str]) -> AbstractContextManager[object]:
        """Return the session that a connection names; an empty block where it names none."""
        if named := fit(told.get(self._header)):
            return session(named, user=fit(told.get(self._user_header)))
        return NOTHING


def found(headers: Headers, wanted: frozenset[bytes]) -> dict[bytes, str]:
    """Return the wanted headers, whose names ASGI tells in small letters; of one that comes twice, the last."""
    return {name: value.decode("latin-1") for name, value in headers if name in wanted}


def place(told: Mapping[bytes, str]) -> AbstractContextManager[object]:
    """Return the block of the caller's trace; an empty one where the caller has none."""
    if told.keys().isdisjoint(TRACE_HEADERS):
        return NOTHING
    return carried(Carried({name.decode(): told[name] for name in TRACE_HEADERS if name in told}))


def fit(value: str | None) -> str | None:
    """Return an id from outside, or None where there is none or it cannot be one."""
    value = (value or "").strip()
    return value if 0 < len(value) <= LONGEST_ID and value.isprintable() else None
