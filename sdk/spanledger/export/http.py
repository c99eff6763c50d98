"""OTLP over HTTP, on the standard library: one connection, kept open, to the configured origin only.

No redirect is followed, no proxy taken from the environment, of the answer no more than 64 KiB is
read, TLS is verified. A body goes out the same in every try, so that the server knows it again.
"""

import gzip
import http.client
import ssl
from collections.abc import Mapping
from urllib.parse import urlsplit

from spanledger.export.answer import Answer, of_status

MOST_ANSWER_BYTES = 64 << 10
COMPRESS_FROM = 1024  # bytes
LEVEL = 1  # four fifths of the gain for a third of the time


class HttpSender:
    """Sends bodies to one address."""

    def __init__(
        self, endpoint: str, key: str | None, headers: Mapping[str, str], timeout_s: float
    ) -> None:
        parts = urlsplit(endpoint)
        self._secure = parts.scheme == "https"
        # Sockets encode names so, and load the codec when they first connect: by then it may be too
        # late, a fork amidst that import leaves the child with a lock that nobody lets go of.
        self._host = (parts.hostname or "").encode("idna").decode()
        self._port = parts.port
        self._path = parts.path.rstrip("/") + "/v1/traces"
        self._timeout_s = timeout_s
        self._headers = {**headers, "content-type": "application/x-protobuf"}
        if key:
            self._headers["authorization"] = f"Bearer {key}"
        self._connection: http.client.HTTPConnection | None = None

    def send(self, body: bytes, more: Mapping[str, str]) -> Answer:
        """Return what came of one try; never raises."""
        headers = {**self._headers, **more}
        if len(body) >= COMPRESS_FROM:
            body = gzip.compress(body, LEVEL, mtime=0)
            headers["content-encoding"] = "gzip"
        try:
            return self._tried(body, headers)
        except Exception as error:  # noqa: BLE001 – OSError mostly, but what it is matters to nobody
            self.close()
            return Answer("retry", type(error).__name__)

    def _tried(self, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Return the answer to a body."""
        connection = self._connection = self._connection or self._connect()
        connection.request("POST", self._path, body, dict(headers))
        response = connection.getresponse()
        told = response.read(MOST_ANSWER_BYTES)
        if response.will_close or not response.isclosed():
            self.close()
        return of_status(response.status, told, response.headers.get("retry-after"))

    def _connect(self) -> http.client.HTTPConnection:
        """Return a connection that is not open yet."""
        if not self._secure:
            return http.client.HTTPConnection(self._host, self._port, timeout=self._timeout_s)
        trusted = ssl.create_default_context()
        return http.client.HTTPSConnection(
            self._host, self._port, timeout=self._timeout_s, context=trusted
        )

    def close(self) -> None:
        """Close the connection; the next try opens another."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def forked(self) -> None:
        """Let go of the parent's connection: its bytes are not ours."""
        self._connection = None
