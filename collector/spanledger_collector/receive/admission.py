"""Who may come in now: bounds on what is in memory at once, and on what one key may send.

Sizes and keys come in, the code of a refusal goes out or ''. For one event loop; knows neither
what is sent nor by which transport.
"""

import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

MOST_KEYS = 10_000  # buckets kept; the one that was asked for longest ago is full again anyway
BURST_S = 2.0  # how much of its rate a key may send at once


@dataclass(frozen=True, slots=True)
class Bounds:
    """The largest load that is taken in; a rate of 0 has no bound."""

    in_flight_bytes: int = 256 << 20
    key_requests_per_s: float = 0
    key_bytes_per_s: float = 0


@dataclass(slots=True)
class Bucket:
    """What a key may still send: filled at its rate, and in debt after more than it held."""

    left: float
    at_s: float

    def fill(self, rate: float, now_s: float) -> None:
        """Add what has trickled in since the last time."""
        self.left = min(self.left + (now_s - self.at_s) * rate, rate * BURST_S)
        self.at_s = now_s


class Rate:
    """One bucket for each key."""

    def __init__(self, per_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_s = per_s
        self._clock = clock
        self._buckets: OrderedDict[str, Bucket] = OrderedDict()

    def exhausted(self, key: str) -> bool:
        """Tell whether a key has less left than the least that can be sent."""
        return bool(self._per_s) and self._bucket(key).left < 1

    def take(self, key: str, amount: float) -> None:
        """Note that a key has sent something."""
        if self._per_s:
            self._bucket(key).left -= amount

    def _bucket(self, key: str) -> Bucket:
        now_s = self._clock()
        bucket = self._buckets.get(key)
        if bucket is None:
            bucket = self._buckets[key] = Bucket(self._per_s * BURST_S, now_s)
            if len(self._buckets) > MOST_KEYS:
                self._buckets.popitem(last=False)
        bucket.fill(self._per_s, now_s)
        self._buckets.move_to_end(key)
        return bucket


class Admission:
    """The door of one event loop."""

    def __init__(self, bounds: Bounds, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = bounds.in_flight_bytes
        self._requests = Rate(bounds.key_requests_per_s, clock)
        self._bytes = Rate(bounds.key_bytes_per_s, clock)
        self._in_flight = 0

    def refusal(self, key: str, body_bytes: int) -> str:
        """Return why a request must wait, '' when it need not; one that need not is counted."""
        if self._in_flight + body_bytes > self._most:
            return "overloaded"
        if self._requests.exhausted(key) or self._bytes.exhausted(key):
            return "rate_limited"
        self._requests.take(key, 1)
        return ""

    @contextmanager
    def in_flight(self, key: str) -> Iterator[Callable[[int], bool]]:
        """Return what counts bytes as in memory until the block ends; it says whether they fit."""
        held = 0

        def hold(size: int) -> bool:
            nonlocal held
            held += size
            self._in_flight += size
            return self._in_flight <= self._most

        try:
            yield hold
        finally:
            self._in_flight -= held
            self._bytes.take(key, held)
