"""Which large traces are not computed anew right now, and until when that can wait.

A trace is computed whole, so one of ten thousand spans costs as much at each touch as all of them. It
is put off in proportion to its size, then takes at most a tenth of the drain's time. Sizes and moments
come in, keys go out. Knows no store; whoever asks notes durably what is owed.
"""

import time
from collections.abc import Callable, Iterable

TraceKey = tuple[str, bytes]

LARGE = 512  # spans; a smaller trace is never put off, so nothing ordinary is seen late
SPAN_S = 26e-6  # what computing a trace costs a span of it, on one core
SHARE = 0.1  # of the drain's time that one trace may take
MOST_KNOWN = 10_000  # large traces whose turn is remembered


class Debts:
    """Large traces and when they may be computed again."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._turn_s: dict[TraceKey, float] = {}
        self._owed: dict[TraceKey, None] = {}

    @property
    def owed(self) -> frozenset[TraceKey]:
        """Return the traces whose rows are behind their spans."""
        return frozenset(self._owed)

    def put_off(self, keys: Iterable[TraceKey]) -> frozenset[TraceKey]:
        """Return those of these touched traces that have to wait; they are owed from now on."""
        now_s = self._clock()
        waiting = [key for key in keys if self._turn_s.get(key, now_s) > now_s]
        self._owed.update(dict.fromkeys(waiting))
        return frozenset(waiting)

    def owe(self, keys: Iterable[TraceKey]) -> None:
        """Note traces that somebody put off before us; their turn is now."""
        self._owed.update(dict.fromkeys(keys))

    def due(self) -> list[TraceKey]:
        """Return the owed traces whose turn has come."""
        now_s = self._clock()
        return [key for key in self._owed if self._turn_s.get(key, now_s) <= now_s]

    def paid(self, key: TraceKey, spans: int) -> None:
        """Note that the row of a trace of this size was written."""
        self._owed.pop(key, None)
        self._turn_s.pop(key, None)
        if spans >= LARGE:
            self._turn_s[key] = self._clock() + spans * SPAN_S / SHARE
            if len(self._turn_s) > MOST_KNOWN:
                del self._turn_s[next(iter(self._turn_s))]  # paid longest ago
