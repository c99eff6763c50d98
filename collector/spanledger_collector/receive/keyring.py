"""Whose request this is: an `Authorization` header in, a project and its scopes out, or a refusal.

Reads the keys that the store process hands over in a file of the data folder (`keys`), so that
callers are known while the store is down. Where no key is demanded, whoever brings none is the
operator of this machine; a key that is brought has to be good all the same.
"""

import time
from collections.abc import Callable
from pathlib import Path

from spanledger_collector.keys import ANYBODY, EVERY_SCOPE, Caller, Keys, offered, read_keys
from spanledger_collector.receive.answers import Refused

LOOK_S = 1.0  # between two looks at the file: a revoked key is refused this much later

UNKNOWN = Refused("unauthenticated", "no valid key")
"""One sentence for every bad key: an unknown one is not told from a revoked or an expired one."""


class Keyring:
    """The keys that are good now."""

    def __init__(
        self, file: Path | None, demanded: bool, clock: Callable[[], float] = time.time
    ) -> None:
        """Read the keys in `file`, and again whenever it changes; None means that there are none."""
        self._file = file
        self._demanded = demanded
        self._clock = clock
        self._keys = Keys()
        self._stamp: tuple[int, int] | None = None
        self._look_at_s = 0.0

    def caller(self, authorization: str, scope: str = "ingest") -> Caller | Refused:
        """Return who sends this header, or why they are refused."""
        if not authorization:
            return UNKNOWN if self._demanded else ANYBODY
        token = offered(authorization)
        found = self._good().caller(token, self._clock()) if token else None
        if found is None:
            return UNKNOWN
        return (
            found
            if scope in found.scopes
            else Refused("forbidden", f"the key has no {scope} scope")
        )

    def _good(self) -> Keys:
        """Return the keys as the file says, which is looked at once a second."""
        now_s = time.monotonic()
        if self._file is None or now_s < self._look_at_s:
            return self._keys
        self._look_at_s = now_s + LOOK_S
        try:
            state = self._file.stat()
        except FileNotFoundError:
            self._keys, self._stamp = Keys(), None
            return self._keys
        if (stamp := (state.st_mtime_ns, state.st_ino)) != self._stamp:
            self._keys, self._stamp = read_keys(self._file), stamp
        return self._keys


OPEN = Keyring(None, demanded=False)

__all__ = ["ANYBODY", "EVERY_SCOPE", "OPEN", "Caller", "Keyring"]
