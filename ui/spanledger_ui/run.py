"""The UI server: Streamlit, its settings, and the headers it does not send by itself.

The query API's address, a host and a port come in; it serves until it is told to stop. The page
may load nothing from anywhere else, and no other page may frame it.
"""

import logging
import re
from base64 import b64encode
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from threading import Thread
from typing import Any

import streamlit
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit.components.v2 import manifest_scanner
from streamlit.starlette import App

from spanledger_ui import oidc
from spanledger_ui.components import FOLDER, MODULES, assets
from spanledger_ui.theme import THEME

LOOPBACK = ("localhost", "127.0.0.1", "::1")
CLOSED = ("/_stcore/metrics", "/_stcore/agent")
"""Paths of Streamlit's own that are none of a reader's business."""

INLINE_SCRIPT = re.compile(rb"<script>(.*?)</script>", re.DOTALL)


def serve_ui(
    api_url: str,
    host: str = "127.0.0.1",
    port: int = 8501,
    *,
    otlp_url: str = "http://127.0.0.1:4318",
    allowed_hosts: Sequence[str] = (),
    api_key: str = "",
    sign_in: Mapping[str, str] | None = None,
) -> None:
    """Serve the screens until SIGTERM or Ctrl-C.

    Args:
        api_url: where the query API answers, as the server sees it.
        host: address to listen on.
        port: port to listen on; one in use ends the process with an error.
        otlp_url: where spans go, to be shown to whoever has sent none yet.
        allowed_hosts: names the page is reached by; loopback names are always among them.
        api_key: with which to ask the query API, '' where it asks for none.
        sign_in: how people sign in, as `oidc.section` takes it; None where they do not.
    """
    logging.getLogger("httpx").setLevel(logging.WARNING)  # else a line for each question we ask
    names = [*allowed_hosts, *([oidc.host(sign_in)] if sign_in else [])]
    keep_to_our_components()
    app(api_url, otlp_url, api_key, sign_in).run(config=flags(host, port, names))


def keep_to_our_components() -> None:
    """Have Streamlit look for no components in other packages: 0.35 s of CPU for reading of each."""
    manifest_scanner.scan_component_manifests = list  # type: ignore[assignment]


def app(
    api_url: str, otlp_url: str, api_key: str = "", sign_in: Mapping[str, str] | None = None
) -> App:
    """Return the ASGI application."""
    secrets: dict[str, Any] = {"api_url": api_url, "otlp_url": otlp_url, "api_key": api_key}
    if sign_in:
        # our own key is for ourselves: whoever has not signed in asks without one
        secrets |= {"api_key": "", "auth": oidc.section(sign_in)}
    return App(
        FOLDER / "pages" / "app.py",
        secrets=secrets,
        lifespan=warmed,
        routes=[*modules(), Route("/sessions", home)],
        middleware=[Middleware(Guard, policy=policy()), Middleware(oidc.Returning)],
    )


def home(request: Request) -> RedirectResponse:
    """Lead from the name of the first page to its address, where Streamlit knows no such page."""
    return RedirectResponse(f"/?{request.url.query}" if request.url.query else "/")


@asynccontextmanager
async def warmed(_: App) -> AsyncIterator[None]:
    """Import beside the first requests what the first page would wait for: 0.5 s of CPU."""
    Thread(target=import_module, args=("pandas",), daemon=True).start()
    yield


def modules() -> list[BaseRoute]:
    """Return the routes that serve our own modules."""
    at = f"/{assets()}"
    return [Mount(f"{at}/{name}", Lasting(directory=FOLDER / name)) for name in MODULES]


class Lasting(StaticFiles):
    """Files that a browser keeps for good; their address changes with them."""

    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        """Return one of them."""
        answer = super().file_response(*args, **kwargs)
        answer.headers["cache-control"] = "public, max-age=31536000, immutable"
        return answer


def flags(host: str, port: int, allowed_hosts: Sequence[str]) -> Mapping[str, Any]:
    """Return Streamlit's settings: nothing leaves the machine, nothing shows its insides."""
    return {
        "server.address": host,
        "server.port": port,
        "server.headless": True,
        "server.allowedHosts": [*LOOPBACK, host, *allowed_hosts],
        "server.enableCORS": True,
        "server.enableXsrfProtection": True,
        "server.enableStaticServing": False,
        "server.enableAgentApi": False,
        "server.maxUploadSize": 1,
        "server.fileWatcherType": "none",
        "server.runOnSave": False,
        "browser.gatherUsageStats": False,
        "client.showErrorDetails": "none",
        "client.showErrorLinks": False,
        "client.toolbarMode": "viewer",
        "client.disableDataExport": True,
        "global.developmentMode": False,
        "logger.hideWelcomeMessage": True,
        "runner.magicEnabled": False,
        **THEME,
    }


def policy() -> str:
    """Return the Content-Security-Policy: this server, and Streamlit's inline script by its hash.

    `blob:` is how Streamlit loads a component's code, inline styles are how it styles itself.
    """
    index = (Path(streamlit.__file__).parent / "static" / "index.html").read_bytes()
    hashes = " ".join(
        f"'sha256-{b64encode(sha256(script).digest()).decode()}'"
        for script in INLINE_SCRIPT.findall(index)
    )
    return "; ".join(
        (
            "default-src 'self'",
            f"script-src 'self' blob: {hashes}",
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "font-src 'self' data:",
            "connect-src 'self'",
            "worker-src 'self' blob:",
            "frame-src 'none'",
            "frame-ancestors 'none'",
            "object-src 'none'",
            "base-uri 'none'",
            "form-action 'self'",
        )
    )


class Guard:
    """ASGI middleware: closes some paths and adds security headers to all others."""

    def __init__(self, app: ASGIApp, policy: str) -> None:
        self._app = app
        self._headers: tuple[tuple[bytes, bytes], ...] = (
            (b"content-security-policy", policy.encode()),
            (b"x-content-type-options", b"nosniff"),
            (b"x-frame-options", b"DENY"),
            (b"referrer-policy", b"same-origin"),
            (b"cross-origin-opener-policy", b"same-origin"),
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if scope["path"].startswith(CLOSED):
            await PlainTextResponse("Not found", 404)(scope, receive, send)
            return
        ours = {name for name, _ in self._headers}

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                kept = [pair for pair in message["headers"] if pair[0].lower() not in ours]
                message = {**message, "headers": [*kept, *self._headers]}
            await send(message)

        await self._app(scope, receive, send_guarded)
