"""OTLP over HTTP: requests in, answers out, by ASGI.

Reads headers and bodies, undoes gzip within the limit, and hands bytes to the intake. A bare ASGI
application: a framework's routing would cost as much per request as checking a batch of spans.
"""

import logging
from collections.abc import Callable, Mapping
from typing import Any

import orjson

from spanledger_collector.decode.wire import Encoding, Signal
from spanledger_collector.receive.answers import Answer, Refused, error_body, success_body
from spanledger_collector.receive.asgi import (
    AtOnce,
    HeaderList,
    Headers,
    Left,
    Receive,
    Scope,
    Send,
    answer_in_turn,
    chunks,
    send_whole,
)
from spanledger_collector.receive.exposition import CONTENT_TYPE, exposition
from spanledger_collector.receive.intake import Caller, Intake
from spanledger_collector.receive.losses import HEADER, losses

log = logging.getLogger(__name__)

SIGNALS: dict[str, Signal] = {
    "/v1/traces": "traces",
    "/v1/logs": "logs",
    "/v1/metrics": "metrics",
}
PAGES = ("/healthz", "/readyz", "/metrics")
ENCODINGS: dict[bytes, Encoding] = {
    b"application/x-protobuf": "protobuf",
    b"application/protobuf": "protobuf",
    b"application/json": "json",
}
MEDIA_TYPES: dict[Encoding, bytes] = {
    "protobuf": b"application/x-protobuf",
    "json": b"application/json",
}
HINTS: dict[str, tuple[bytes, bytes]] = {  # what to do instead, by code
    "unsupported_encoding": (b"accept-encoding", b"gzip"),
    "unauthenticated": (b"www-authenticate", b"Bearer"),
}


class Unacceptable(Exception):
    """A request that is refused for its body."""

    def __init__(self, refused: Refused) -> None:
        super().__init__(refused.code)
        self.refused = refused


class OtlpHttp:
    """The ASGI application of ingest."""

    def __init__(
        self,
        intake: Intake,
        about: Mapping[str, str],
        verbose: Mapping[str, str] | None = None,
        worker: int = 0,
        at_once: Mapping[str, AtOnce] | None = None,
    ) -> None:
        """Serve an intake.

        Args:
            intake: takes the requests.
            about: what /readyz tells everybody of the settings.
            verbose: what /readyz?verbose tells an administrator.
            worker: our number among several that listen side by side, 0 when alone.
            at_once: what else is answered here, by its path; the connection asks it where it can.
        """
        self._intake = intake
        self._about = about
        self._verbose = verbose or {}
        self._worker = worker
        self._at_once = at_once or {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        signal = SIGNALS.get(scope["path"])
        if signal is None:
            if teller := self._at_once.get(scope["path"]):
                await answer_in_turn(teller, scope, receive, send)
            else:
                await self._show(scope, send)
            return
        headers: Headers = dict(scope["headers"])
        media_type = headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
        encoding = ENCODINGS.get(media_type)
        try:
            answer = await self._answer(scope["method"], signal, encoding, headers, receive)
        except Left:
            return
        if isinstance(answer, Refused):
            self._intake.refused[answer.code] += 1
        await _send_answer(send, answer, encoding or "json")

    async def _answer(
        self,
        method: str,
        signal: Signal,
        encoding: Encoding | None,
        headers: Headers,
        receive: Receive,
    ) -> Answer:
        """Return the answer to an export request."""
        if method != "POST":
            return Refused("method_not_allowed", "use POST")
        if encoding is None:
            return Refused("unsupported_media_type", "use application/x-protobuf or /json")
        try:
            return await self._export(signal, encoding, headers, receive)
        except Unacceptable as error:
            return error.refused
        except Left:
            raise
        except Exception:
            # 500 would tell an OTLP client to throw the batch away.
            log.exception("an export request failed")
            return Refused("overloaded", "unexpected error")

    async def _export(
        self, signal: Signal, encoding: Encoding, headers: Headers, receive: Receive
    ) -> Answer:
        compression = headers.get(b"content-encoding", b"").strip().lower()
        if compression not in (b"gzip", b"identity", b""):
            return Refused("unsupported_encoding", "use gzip or none")
        caller = self._caller(headers, "ingest")
        if isinstance(caller, Refused):
            return caller
        refusal = self._intake.refusal(caller, int(headers.get(b"content-length", 0)))
        if refusal is not None:  # before the body is asked for: it may be large
            return refusal
        lost = losses(headers.get(HEADER, b""))
        with self._intake.in_flight(caller) as hold:
            body = await self._body(receive, hold)
            if compression != b"gzip":
                return await self._intake.take(caller, signal, encoding, body, lost=lost)
            unpacked = self._intake.unpacked(body, encoding, signal)
            if isinstance(unpacked, Refused):
                raise Unacceptable(unpacked)
            hold(len(unpacked))
            return await self._intake.take(caller, signal, encoding, unpacked, True, lost)

    def _caller(self, headers: Headers, scope: str) -> Caller | Refused:
        authorization = headers.get(b"authorization", b"").decode("latin-1")
        return self._intake.keyring.caller(authorization, scope)

    async def _body(self, receive: Receive, hold: Callable[[int], bool]) -> bytes:
        """Return the body as it was sent, within the limit."""
        found: list[bytes] = []
        size = 0
        async for chunk in chunks(receive):
            found.append(chunk)
            size += len(chunk)
            if not hold(len(chunk)):  # a body of unknown length has come to be too much
                raise Unacceptable(Refused("overloaded", "try again soon"))
            if size > self._intake.max_body_bytes:
                raise Unacceptable(self._intake.too_large())
        return b"".join(found)

    async def _show(self, scope: Scope, send: Send) -> None:
        """Answer a request for one of the pages about this process."""
        path = scope["path"]
        if path not in PAGES:
            await _send_answer(send, Refused("not_found", "see /v1/traces"), "json")
        elif scope["method"] not in ("GET", "HEAD"):
            await _send_answer(send, Refused("method_not_allowed", "use GET"), "json", b"GET, HEAD")
        elif path == "/metrics":
            text = exposition(self._intake, self._worker).encode()
            await send_whole(send, 200, text, [(b"content-type", CONTENT_TYPE)])
        else:
            refusal = self._unready(scope) if path == "/readyz" else ""
            told = self._readiness(scope, refusal) if path == "/readyz" else {"alive": True}
            header = (b"content-type", b"application/json")
            await send_whole(send, 503 if refusal else 200, orjson.dumps(told), [header])

    def _unready(self, scope: Scope) -> str:
        """Return why no request is taken, '' when it would be; `?worker=2` asks that one only.

        The system deals connections out among workers, so whoever waits for one asks until it is
        the one who answers.
        """
        name, _, value = scope["query_string"].partition(b"=")
        if self._worker and name == b"worker" and value != str(self._worker).encode():
            return "another_worker"
        return self._intake.spool.refusal

    def _readiness(self, scope: Scope, refusal: str) -> dict[str, Any]:
        """Return whether requests are taken, and to administrators who ask by which rules."""
        told: dict[str, Any] = {**self._about, "ready": not refusal, "reason": refusal}
        if scope["query_string"].partition(b"=")[0] == b"verbose":
            caller = self._caller(dict(scope["headers"]), "admin")
            if not isinstance(caller, Refused):
                told["settings"] = self._verbose
        return told


async def _send_answer(
    send: Send, answer: Answer, encoding: Encoding, allow: bytes = b"POST"
) -> None:
    """Send the answer to an export request in the encoding it came in."""
    headers: HeaderList = [(b"content-type", MEDIA_TYPES[encoding])]
    if not isinstance(answer, Refused):
        await send_whole(send, 200, success_body(answer, encoding), headers)
        return
    if answer.code == "method_not_allowed":
        headers.append((b"allow", allow))
    elif answer.code in HINTS:
        headers.append(HINTS[answer.code])
    if answer.retry_s is not None:
        headers.append((b"retry-after", str(answer.retry_s).encode()))
    await send_whole(send, answer.http_status, error_body(answer, encoding), headers)
