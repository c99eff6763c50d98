"""One request of the spool to one OTLP endpoint over HTTP.

A batch goes out, and whether it was taken comes back. Follows no redirect, asks no proxy, reads no
more of an answer than it needs, and connects only to an address that it has looked at.
"""

import gzip
import http.client
import socket
import ssl
from ipaddress import ip_address
from typing import Literal
from urllib.parse import urlsplit

from spanledger_collector.forward.targets import Target
from spanledger_collector.spool import Batch

TIMEOUT_S = 30.0
ANSWER_BYTES = 64 << 10
NEVER = (400, 413, 415, 422)  # about the request itself: sent again, it would be answered alike
CONTENT_TYPES = {"protobuf": "application/x-protobuf", "json": "application/json"}

Outcome = Literal["sent", "refused"]


class Unavailable(Exception):
    """A target takes nothing now; `retry_after_s` is what it asked for, 0 for nothing."""

    def __init__(self, said: str, retry_after_s: float = 0.0) -> None:
        super().__init__(said)
        self.retry_after_s = retry_after_s


def refuse_odd(written: str) -> None:
    """Raise OSError for an address that forwarding does not go to.

    Private networks may be meant, as for a collector next door. Link-local addresses, where clouds
    answer with credentials, and those of no one host are not.
    """
    address = ip_address(written.partition("%")[0])
    meant = getattr(address, "ipv4_mapped", None) or address
    if meant.is_link_local or meant.is_multicast or meant.is_unspecified:
        raise OSError(f"{address} is no address to forward to")


def reached(host: str, port: int, timeout_s: float) -> socket.socket:
    """Return a connection to an address of a host, the very one that was looked at."""
    family, _, _, _, where = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    refuse_odd(str(where[0]))
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        made.settimeout(timeout_s)
        made.connect(where)
    except BaseException:
        made.close()
        raise
    return made


class Plain(http.client.HTTPConnection):
    """A connection without TLS."""

    def connect(self) -> None:
        """Connect to the address that was looked at."""
        self.sock = reached(self.host, self.port, TIMEOUT_S)


class Secure(http.client.HTTPSConnection):
    """A connection with TLS, whose certificate has to be the host's."""

    def connect(self) -> None:
        """Connect to the address that was looked at."""
        plain = reached(self.host, self.port, TIMEOUT_S)
        self.sock = ssl.create_default_context().wrap_socket(plain, server_hostname=self.host)


class Sender:
    """The connection to one target, opened when needed."""

    def __init__(self, target: Target) -> None:
        parts = urlsplit(target.url)
        made = Secure if parts.scheme == "https" else Plain
        self._connection = made(parts.hostname or "", parts.port, timeout=TIMEOUT_S)
        self._target, self._path = target, parts.path.rstrip("/")

    def send(self, batch: Batch) -> Outcome:
        """Send one request; return whether the target took it or never will.

        Raises:
            Unavailable: it took nothing now and may do so later.
        """
        headers = {
            "content-type": CONTENT_TYPES[batch.encoding],
            "content-encoding": "gzip",
            "user-agent": "spanledger-forward",
            **self._target.headers,
        }
        body = gzip.compress(batch.body, compresslevel=1)
        try:
            self._connection.request("POST", f"{self._path}/v1/{batch.signal}", body, headers)
            answer = self._connection.getresponse()
            rest = len(answer.read(ANSWER_BYTES)) == ANSWER_BYTES
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise Unavailable(
                f"{self._target.url}: {str(error) or type(error).__name__}"
            ) from error
        if rest:  # a stranger's endless answer
            self.close()
        return self._outcome(answer)

    def _outcome(self, answer: http.client.HTTPResponse) -> Outcome:
        if 200 <= answer.status < 300:
            return "sent"
        if answer.status in NEVER:
            return "refused"
        after = answer.getheader("retry-after", "")
        wait_s = float(after) if after.isascii() and after.isdigit() else 0.0
        raise Unavailable(f"{self._target.url} answers {answer.status} {answer.reason}", wait_s)

    def close(self) -> None:
        """Close the connection; the next request opens another."""
        self._connection.close()
