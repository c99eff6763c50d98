"""What Streamlit needs to send people to their OpenID provider, and the way back to where they were.

Knows nothing of what people may see: their ID token goes to the query API, which looks at it anew.
"""

import hmac
from collections.abc import Iterable, Mapping
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOGIN, CALLBACK = "/auth/login", "/oauth2callback"
COOKIE = "spanledger_return"
KEPT_S = 900
LONGEST = 2000


def section(sign_in: Mapping[str, str]) -> dict[str, Any]:
    """Return Streamlit's `[auth]`; its cookies are signed by a key that a restart does not change."""
    secret = sign_in["client_secret"]
    return {
        "redirect_uri": sign_in["url"] + CALLBACK,
        "cookie_secret": hmac.digest(secret.encode(), b"spanledger cookies", "sha256").hex(),
        "client_id": sign_in["client_id"],
        "client_secret": secret,
        "server_metadata_url": sign_in["issuer"] + "/.well-known/openid-configuration",
        "client_kwargs": {"scope": "openid profile email", "code_challenge_method": "S256"},
        "expose_tokens": ["id"],
    }


def host(sign_in: Mapping[str, str]) -> str:
    """Return the name by which browsers reach the screens."""
    return urlsplit(sign_in["url"]).hostname or ""


class Returning:
    """ASGI middleware: after signing in, people are where they were, not on the first page.

    Streamlit always comes back to its first page; where they left from is kept in a cookie.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        path = scope["path"] if scope["type"] == "http" else ""
        if path not in (LOGIN, CALLBACK):
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        left = left_from(headers) if path == LOGIN else ""
        back = kept_place(headers) if path == CALLBACK else ""

        async def send_back(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": list(turned(message["headers"], left, back))}
            await send(message)

        await self._app(scope, receive, send_back)


def turned(
    headers: Iterable[tuple[bytes, bytes]], left: str, back: str
) -> Iterable[tuple[bytes, bytes]]:
    """Yield the headers of an answer that keeps where somebody left from, or leads back there."""
    for name, value in headers:
        leads = back and name.lower() == b"location"
        yield name, back.encode() if leads else value
    if left or back:
        age = KEPT_S if left else 0
        kept = f"{COOKIE}={quote(left, safe='')}; Max-Age={age}; Path=/; HttpOnly; SameSite=Lax"
        yield b"set-cookie", kept.encode()


def left_from(headers: Mapping[bytes, bytes]) -> str:
    """Return the page that a browser says it comes from, '' for the first page or none."""
    parts = urlsplit(headers.get(b"referer", b"").decode("latin-1"))
    return place(parts.path + (f"?{parts.query}" if parts.query else ""))


def kept_place(headers: Mapping[bytes, bytes]) -> str:
    """Return the page in our cookie, '' where there is none."""
    try:
        cookie = SimpleCookie(headers.get(b"cookie", b"").decode("latin-1")).get(COOKIE)
    except CookieError:
        return ""
    return place(unquote(cookie.value)) if cookie else ""


def place(said: str) -> str:
    """Return an address if it is one of ours: a path of this server, written in plain ASCII."""
    plain = said.isascii() and said.isprintable() and "\\" not in said and len(said) <= LONGEST
    return (
        said if plain and said.startswith("/") and not said.startswith("//") and said != "/" else ""
    )
