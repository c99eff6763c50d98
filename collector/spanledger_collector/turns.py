"""When what is dear is done again: soon where something has changed, seldom where nothing has.

Takes whether there is news and how long it took the last times; says whether it is due. Its share of
the thread stays bounded however long it takes. That it took long once counts for nothing: the first time
after a start everything is cold, and whoever is to be told of money would wait for it.
"""

import time
from collections.abc import Callable

SHARE = 20  # of twenty-one moments, at most one


class Turns:
    """Says when it is somebody's turn. For one thread."""

    def __init__(
        self, least_s: float, idle_s: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Take how long to wait after a turn at least, and how long where nothing has changed."""
        self._least_s = least_s
        self._idle_s = idle_s
        self._clock = clock
        self._news = False
        self._took_s = (0.0, 0.0)
        self._began_s = self._ended_s = float("-inf")

    def begins(self, news: bool) -> bool:
        """Tell whether it is due, and begin; whoever is told so says when it has `ended`."""
        self._news |= news
        pause_s = max(self._least_s if self._news else self._idle_s, SHARE * min(self._took_s))
        if self._clock() < self._ended_s + pause_s:
            return False
        self._began_s, self._news = self._clock(), False
        return True

    def ended(self) -> None:
        """Note that the turn is over."""
        self._ended_s = self._clock()
        self._took_s = (self._took_s[1], self._ended_s - self._began_s)
