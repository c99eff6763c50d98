"""What every answer of the query API carries, and what becomes of a mistake of ours.

Wraps the app: headers go out that keep browsers from guessing, framing and storing; an error nobody
expected becomes a problem document with an id, under which the log has the rest. Knows no route.
"""

import logging
import secrets
from collections.abc import Callable

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = logging.getLogger(__name__)

HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
)
CLOSED = (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'")
FRAMED_BY_NOBODY = (b"content-security-policy", b"frame-ancestors 'none'")
PAGES = ("/docs", "/redoc")  # they load scripts, which an answer with data never does

Failed = Callable[[str], Response]
"""The id under which the log has an error → the answer that tells it."""


class Guarded:
    """An app whose every answer is guarded."""

    def __init__(self, app: ASGIApp, failed: Failed) -> None:
        self._app = app
        self._failed = failed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        policy = FRAMED_BY_NOBODY if scope["path"].startswith(PAGES) else CLOSED
        begun = False

        async def guarded(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                message = {**message, "headers": [*message["headers"], *HEADERS, policy]}
            await send(message)

        try:
            await self._app(scope, receive, guarded)
        except Exception:
            error_id = secrets.token_hex(6)
            log.exception("error %s: %s %s", error_id, scope["method"], scope["path"])
            if begun:  # half an answer cannot be mended, only cut off
                raise
            await self._failed(error_id)(scope, receive, guarded)
