"""The public keys of an OpenID provider, fetched from it and kept for a while.

The provider's address comes in, its name for itself and its keys go out. Nothing is asked but that
address and the one its own document names; both must be https, or on this machine. Knows no token.
"""

import http.client
import logging
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import orjson
from joserfc.errors import JoseError

if TYPE_CHECKING:
    from joserfc.jwk import Key, KeySet

log = logging.getLogger(__name__)

DISCOVERY = "/.well-known/openid-configuration"
LOOPBACK = ("localhost", "127.0.0.1", "::1")
TIMEOUT_S = 5.0
MOST_BYTES = 1 << 20
KEPT_S = 600.0  # a key that the provider withdrew is refused this much later at the latest
STALE_S = 86_400.0  # for how long we go on with what we have while the provider is away
ASK_AGAIN_S = 10.0  # between two questions: nobody makes us ask by inventing key ids


class ProviderAway(Exception):
    """The provider did not tell its keys; the message says what it did instead."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a provider said: how it signs itself, and with what."""

    issuer: str
    keys: "KeySet"
    at_s: float  # of the clock of `Issuer`


class Issuer:
    """One provider, as known here; safe to share between threads."""

    def __init__(self, url: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._url = url
        self._clock = clock
        self._told: Told | None = None
        self._asked_s = float("-inf")
        self._asking = threading.Lock()

    def told(self, key_id: str | None) -> Told:
        """Return what the provider said, asked again where that is old or lacks this key.

        Raises:
            ProviderAway: it has told nothing that would still do.
        """
        with self._asking:
            told, now_s = self._told, self._clock()
            if told and now_s - told.at_s < KEPT_S and has(told.keys, key_id):
                return told
            if now_s - self._asked_s >= ASK_AGAIN_S:
                self._asked_s = now_s
                self._ask(now_s)
            if self._told is None or now_s - self._told.at_s > STALE_S:
                raise ProviderAway(f"{self._url} did not tell its keys; the log says why")
            return self._told

    def _ask(self, now_s: float) -> None:
        try:
            self._told = asked(self._url, now_s)
        except ProviderAway as error:
            log.warning("sign-in: %s", error)


def has(keys: "KeySet", key_id: str | None) -> bool:
    """Tell whether a key is among these."""
    return any(key.kid == key_id for key in keys)


def asked(url: str, now_s: float) -> Told:
    """Return what a provider says now.

    Raises:
        ProviderAway: it says nothing, or what will not do.
    """
    from joserfc.jwk import KeySet  # 0.1 s of CPU, for those with whom people sign in

    try:
        document = orjson.loads(fetched(f"{url}{DISCOVERY}"))
        if document["issuer"].rstrip("/") != url:
            raise ProviderAway(f"{url} calls itself {document['issuer']!r}; give that address")
        keys = KeySet.import_key_set(orjson.loads(fetched(document["jwks_uri"])))
        return Told(document["issuer"], KeySet([k for k in keys if signs(k)]), now_s)
    except (OSError, http.client.HTTPException, JoseError) as error:
        raise ProviderAway(f"{url}: {str(error) or type(error).__name__}") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ProviderAway(f"{url} answers as no OpenID provider does: {error!r}") from error


def signs(key: "Key") -> bool:
    """Tell whether a key can prove who signed: one that is shared proves nothing."""
    return key.key_type != "oct" and key.get("use") in (None, "sig")


def fetched(url: str) -> bytes:
    """Return what an address answers, of bounded length; no redirects, no proxies."""
    parts = urlsplit(secure(url))
    kind = Secure if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=TIMEOUT_S)
    try:
        connection.request("GET", parts.path + (f"?{parts.query}" if parts.query else ""))
        answer = connection.getresponse()
        body = answer.read(MOST_BYTES + 1)
    finally:
        connection.close()
    if answer.status != http.client.OK or len(body) > MOST_BYTES:
        raise ProviderAway(f"{url} answered {answer.status} and {len(body)} bytes")
    return body


class Secure(http.client.HTTPSConnection):
    """TLS whose certificates are verified, by the authorities of this machine."""

    def __init__(self, host: str, port: int | None, *, timeout: float) -> None:
        super().__init__(host, port, timeout=timeout, context=ssl.create_default_context())


def secure(url: str) -> str:
    """Return an address that nobody between can answer for.

    Raises:
        ValueError: it is neither https nor on this machine.
    """
    parts = urlsplit(url)
    if parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK):
        return url
    raise ValueError(f"{url!r} is not https, and keys that anybody could replace prove nothing")
