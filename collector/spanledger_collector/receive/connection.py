"""One HTTP connection of ingest: what uvicorn leaves unbounded is bounded here.

Headers have a size, a number and a deadline, a body has a deadline that grows with what arrives,
and there is a most of connections. A client that is too slow finds its connection closed without
an answer: an answer would be final for an OTLP client, a closed connection it tries again.

What is answered without waiting (`asgi.AtOnce`) is answered where the request ends: a task for each, and
ASGI's messages, would cost twice what `decide` does.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from uvicorn.protocols.http.httptools_impl import (
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)

from spanledger_collector.receive.answers import Refused, error_body
from spanledger_collector.receive.asgi import LONGEST, AtOnce

BYTES_PER_S = 100 << 10  # each of these buys a body another second
PHRASES = {400: "Bad Request", 431: "Request Header Fields Too Large", 503: "Service Unavailable"}


@dataclass(frozen=True, slots=True)
class Patience:
    """The bounds of one connection."""

    connections: int = 256
    header_bytes: int = 16 << 10
    headers: int = 100
    header_s: float = 10.0
    body_s: float = 30.0


class Unfit(Exception):
    """The headers break a rule; raised inside the parser, which ends the connection."""


class Connection(HttpToolsProtocol):
    """uvicorn's protocol with bounds; it is made with `functools.partial`, bounds first."""

    def __init__(
        self, patience: Patience, at_once: Mapping[str, AtOnce], *args: Any, **named: Any
    ) -> None:
        super().__init__(*args, **named)
        self._patience = patience
        self._at_once = {path.encode(): teller for path, teller in at_once.items()}
        self._teller: AtOnce | None = None  # of the request that is arriving
        self._asked = bytearray()
        self._header_bytes = 0  # of the request whose headers are arriving
        self._in_headers = True
        self._arriving = False  # a request of which something is missing
        self._body_bytes = 0
        self._began_s = 0.0
        self._deadline: asyncio.TimerHandle | None = None
        self._complaint = Refused("malformed_http", "no HTTP request")

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin, unless there are too many."""
        super().connection_made(transport)
        if len(self.connections) > self._patience.connections:
            self._complaint = Refused("overloaded", "too many connections")
            self.send_400_response("")
        else:
            self._allow(self._patience.header_s)

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        self._forget_deadline()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take bytes in."""
        if self.transport.is_closing():
            return  # refused already; whatever else was on the way is not read
        self._arriving = True
        if self._in_headers:
            self._header_bytes += len(data)
        super().data_received(data)
        if self._in_headers and self._header_bytes > self._patience.header_bytes:
            self._complaint = self._too_large()
            self.send_400_response("")
        elif self._arriving and self._deadline is None:  # most requests come in one piece
            self._allow(self._patience.header_s if self._in_headers else self._patience.body_s)

    def on_message_begin(self) -> None:
        """Begin a request."""
        self._arriving = True  # the one before may have ended in the same piece
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Check the headers, then begin to answer."""
        size = len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)
        if size > self._patience.header_bytes or len(self.headers) > self._patience.headers:
            self._complaint = self._too_large()
            raise Unfit
        if self.parser.get_http_version() == "1.1" and not any(
            n == b"host" for n, _ in self.headers
        ):
            self._complaint = Refused("malformed_http", "no Host")
            raise Unfit
        self._in_headers, self._header_bytes, self._body_bytes = False, 0, 0
        self._forget_deadline()
        self._teller = self._without_waiting()
        if self._teller is None:
            super().on_headers_complete()
        elif self.expect_100_continue:
            self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, body: bytes) -> None:
        """Take a piece of a body in."""
        self._body_bytes += len(body)
        if self._teller is None:
            super().on_body(body)
        elif len(self._asked) < LONGEST:
            self._asked += body

    def on_message_complete(self) -> None:
        """End a request; the next one may begin whenever it likes."""
        self._in_headers, self._arriving = True, False
        self._forget_deadline()
        if self._teller is None:
            super().on_message_complete()
        else:
            self._answer(self._teller)

    def _without_waiting(self) -> AtOnce | None:
        """Return what answers a request at once, None where it is an application's or has to wait."""
        before: RequestResponseCycle | None = self.cycle
        if self.flow.write_paused or (before is not None and not before.response_complete):
            return None
        return self._at_once.get(self.url) if self.parser.get_method() == b"POST" else None

    def _answer(self, teller: AtOnce) -> None:
        """Answer a request that has arrived whole."""
        status, headers, body = teller(b"POST", dict(self.headers), bytes(self._asked))
        self._asked.clear()
        headers.append((b"content-length", str(len(body)).encode()))
        kept = self.parser.get_http_version() != "1.0" and self.parser.should_keep_alive()
        if not kept:
            headers.append((b"connection", b"close"))
        lines = b"".join(b"%b: %b\r\n" % header for header in headers)
        self.transport.write(b"%b%b\r\n%b" % (STATUS_LINE[status], lines, body))
        if not kept:
            self.transport.close()
        self.on_response_complete()

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no request, in our words, and end the connection."""
        status = self._complaint.http_status
        body = error_body(self._complaint, "json")
        head = [f"HTTP/1.1 {status} {PHRASES[status]}", "content-type: application/json"]
        if self._complaint.retry_s is not None:
            head.append(f"retry-after: {self._complaint.retry_s}")
        head += [f"content-length: {len(body)}", "connection: close", "", ""]
        self.transport.write("\r\n".join(head).encode() + body)
        self.transport.close()

    def _too_large(self) -> Refused:
        bound = self._patience
        return Refused(
            "headers_too_large", f"at most {bound.headers} of {bound.header_bytes} bytes"
        )

    def _allow(self, seconds: float) -> None:
        """Give the client this long for what it is sending now."""
        self._forget_deadline()
        self._began_s = self.loop.time()
        self._deadline = self.loop.call_later(seconds, self._expired)

    def _expired(self) -> None:
        """End the connection, unless enough of a body came in to wait on."""
        allowed_s = self._patience.body_s + self._body_bytes / BYTES_PER_S
        left_s = self._began_s + allowed_s - self.loop.time()
        if self._in_headers or left_s <= 0:
            self.transport.abort()
        else:
            self._deadline = self.loop.call_later(left_s, self._expired)

    def _forget_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
