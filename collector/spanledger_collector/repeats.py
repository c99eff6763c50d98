"""Counts the spans that came before: sent again by a client, or by two exporters at once.

Keys of spans go in, how many of them came before comes out. A figure and nothing else: totals come
out right by themselves, and nothing is left out because of what is known here. It reaches back so
many spans and to the start of the process.
"""

from collections.abc import Iterable

MOST_KEPT = 200_000  # about 20 MB; clients send again within seconds

Key = tuple[str, bytes, bytes, bool]
"""Project, trace, span and whether it has ended: one that goes on and then ends comes twice by right."""


class Repeats:
    """The keys of the last spans, oldest first."""

    def __init__(self, most: int = MOST_KEPT) -> None:
        self._most = most
        self._known: dict[int, None] = {}

    def counted(self, keys: Iterable[Key]) -> int:
        """Return how many of these came before, among them too; from now on all of them have."""
        repeated = 0
        for key in map(hash, keys):  # a hash takes a third of the room; a clash is one in 10^14
            repeated += key in self._known
            self._known[key] = None
        while len(self._known) > self._most:
            del self._known[next(iter(self._known))]
        return repeated
