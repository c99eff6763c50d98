"""The only way out of this machine: a connection to an address that was looked at first.

A name is resolved once, every address it has must be one we may talk to, and the connection goes to
the address that was checked, so that a name cannot mean something else a moment later. No
redirects, no proxies of the environment, verified TLS; an answer is read for its status alone.
"""

import http.client
import ipaddress
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from urllib.parse import urlsplit

from spanledger_ui.alerts.transport import TransportError

TIMEOUT_S = 10.0
DEADLINE_S = 30.0
"""For all of an exchange: one that answers a byte at a time is cut off."""

PUBLIC_PORTS = (80, 443)
PASSING = (408, 425, 429)
"""Refusals that are worth another try, besides all of 500 and above."""

NAT64 = ipaddress.ip_network("64:ff9b::/96")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True)
class Target:
    """Where a request goes: an address of the web, taken apart."""

    scheme: str
    host: str
    port: int
    path: str


def target(url: str) -> Target:
    """Return an address taken apart; raise ValueError with the way out when it will not do."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username is not None:
        raise ValueError("give an address such as https://example.com/hook, without a user in it")
    if any(not c.isascii() or not c.isprintable() or c == " " for c in url):
        raise ValueError("it holds a character that an address cannot")
    port = parts.port or (443 if parts.scheme == "https" else 80)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(parts.scheme, parts.hostname, port, path)


def post(url: str, body: bytes, headers: Mapping[str, str], *, private: bool = False) -> None:
    """Send a request; return when it was taken (2xx).

    Args:
        url: where to; https unless private.
        body: JSON.
        headers: besides content type and length.
        private: whether it may be a machine of a private network, on any port.

    Raises:
        TransportError: it was not sent, or not taken.
    """
    where = target(url)
    if not private and where.port not in PUBLIC_PORTS:
        raise TransportError("port_refused", permanent=True)
    sent = {"Content-Type": "application/json", "User-Agent": "spanledger", **headers}
    try:
        with connected(where, private) as connection:
            connection.request("POST", where.path, body, sent)
            judge(connection.getresponse().status)
    except (OSError, http.client.HTTPException) as error:
        raise TransportError(code_of(error)) from error


@contextmanager
def connected(where: Target, private: bool) -> Iterator[http.client.HTTPConnection]:
    """Return a connection to a checked address, which ends with the deadline at the latest."""
    connection = http.client.HTTPConnection(where.host, where.port)
    raw = connect(where.host, where.port, private)
    cut = threading.Timer(DEADLINE_S, shut, [raw])
    cut.daemon = True
    cut.start()
    try:
        secure = where.scheme == "https"
        connection.sock = tls().wrap_socket(raw, server_hostname=where.host) if secure else raw
        yield connection
    finally:
        cut.cancel()
        connection.close()
        raw.close()


def shut(raw: socket.socket) -> None:
    """End a connection, whoever is waiting on it."""
    with suppress(OSError):
        raw.shutdown(socket.SHUT_RDWR)


@cache
def tls() -> ssl.SSLContext:
    """Return how we speak TLS: certificates are verified, 1.2 and up."""
    return ssl.create_default_context()


def connect(host: str, port: int, private: bool) -> socket.socket:
    """Return a connection to the first address of a host, all of which we may talk to.

    Raises:
        TransportError: one of them is none of ours to talk to.
        OSError: there is no such host, or it does not answer.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    for _, _, _, _, (written, *_) in found:
        if not allowed(ipaddress.ip_address(str(written).partition("%")[0]), private):
            raise TransportError("address_refused", permanent=True)
    return socket.create_connection((str(found[0][4][0]), port), TIMEOUT_S)


def allowed(address: Address, private: bool) -> bool:
    """Tell whether we may talk to an address, also one that stands in another one."""
    inner = unwrapped(address)
    if inner.is_multicast or inner.is_unspecified or inner.is_link_local:
        return False  # link-local: where clouds keep the credentials of their machines
    return inner.is_global or private


def unwrapped(address: Address) -> Address:
    """Return the address that an address stands for: mapped, 6to4, Teredo or NAT64."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    teredo = address.teredo[1] if address.teredo else None
    return address.ipv4_mapped or address.sixtofour or teredo or address


def judge(status: int) -> None:
    """Raise TransportError unless a status says that the request was taken."""
    if 200 <= status < 300:
        return
    permanent = status < 500 and status not in PASSING
    raise TransportError(f"status_{status}", permanent=permanent)


def code_of(error: Exception) -> str:
    """Return a word for what went wrong on the way."""
    if isinstance(error, TimeoutError):
        return "timeout"
    if isinstance(error, ssl.SSLError):
        return "tls"
    return "no_such_host" if isinstance(error, socket.gaierror) else "unreachable"
