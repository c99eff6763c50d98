"""Whose request this is: an `Authorization` header in, a project and its scopes out, or a refusal.

Reads the keys that the store process hands over in a file of the data folder (`keys`), so that
callers are known while the store is down. Where no key is demanded, whoever brings none is the
operator of this machine; a key that is brought has to be good all the same.
"""

import time
from collections.abc import Callable

from spanledger_collector.keys import ANYBODY, Caller, KeyFile, offered
from spanledger_collector.receive.answers import Refused

UNKNOWN = Refused("unauthenticated", "no valid key")
"""One sentence for every bad key: an unknown one is not told from a revoked or an expired one."""


class Keyring:
    """The callers of one server."""

    def __init__(
        self, keys: KeyFile | None, demanded: bool, clock: Callable[[], float] = time.time
    ) -> None:
        """Know callers by these keys; None means that there are none."""
        self._keys = keys
        self._demanded = demanded
        self._clock = clock

    def caller(self, authorization: str, scope: str = "ingest") -> Caller | Refused:
        """Return who sends this header, or why they are refused."""
        if not authorization:
            return UNKNOWN if self._demanded else ANYBODY
        if self._keys is None:
            return UNKNOWN
        found = self._keys.live().caller(offered(authorization), self._clock())
        if found is None:
            return UNKNOWN
        return found if scope in found.scopes else Refused("forbidden", f"it takes scope {scope}")


OPEN = Keyring(None, demanded=False)
