"""ASGI middleware: a request comes in with a session in its header, and runs inside that session.

For FastAPI, Starlette, Litestar, Django's ASGI and all others; imports none of them. What comes from
outside is a name to group by and no more: it is shortened, and gives no access to anything.
"""

from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import ExitStack
from typing import Any

from spanledger.carry import Carried, carried
from spanledger.session import session

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

LONGEST_ID = 200  # characters; what is longer is no id
TRACE_HEADERS = ("traceparent", "tracestate", "baggage")


class SessionMiddleware:
    """Opens a session for each request and each websocket that names one.

    `app.add_middleware(SessionMiddleware, header="x-chat-id")`. `user_header` is believed as it
    comes: name one that your proxy sets, not one that a browser may send.
    """

    def __init__(
        self, app: App, header: str = "x-session-id", user_header: str | None = None
    ) -> None:
        self.app = app
        self.header = header.lower()
        self.user_header = user_header.lower() if user_header else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        told = headers(scope)
        with ExitStack() as inside:
            inside.enter_context(
                carried(Carried(trace={k: v for k, v in told.items() if k in TRACE_HEADERS}))
            )
            if named := fit(told.get(self.header)):
                user = fit(told.get(self.user_header)) if self.user_header else None
                inside.enter_context(session(named, user=user))
            await self.app(scope, receive, send)


def headers(scope: Scope) -> dict[str, str]:
    """Return the headers of a connection; of one that comes twice, the last."""
    return {
        name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]
    }


def fit(value: str | None) -> str | None:
    """Return an id from outside, or None where there is none or it cannot be one."""
    value = (value or "").strip()
    return value if 0 < len(value) <= LONGEST_ID and value.isprintable() else None
