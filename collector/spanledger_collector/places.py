"""How many models and tags have a place of their own in the totals of a day; the others share one.

An attribute that holds an id would otherwise make a line of spend of every call. A value comes in,
and goes out as totals show it: as it is, or as `__other__` once its project's day has no place left.
The span keeps what it says. Who has a place is stored before the totals that show it, and a place is
never taken away, so that counting again comes to the same, whatever has arrived or been set since.
"""

import hashlib
import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any, NamedTuple

from spanledger_collector.store import Read
from spanledger_collector.totals import Dimension

log = logging.getLogger(__name__)

OTHER = "__other__"
DAY_NS = 86_400_000_000_000
EPOCH = date(1970, 1, 1).toordinal()
MOST_DAYS = 1000  # whose places are at hand
WARN_S = 3600.0


@dataclass(frozen=True, slots=True)
class Most:
    """How many places there are in a day of UTC, for each project."""

    models: int = 1000
    tags: int = 200  # by what stands before the first colon


class Day(NamedTuple):
    """What has places: a dimension of a project's totals, on one day since 1970."""

    project_id: str
    dimension: Dimension
    number: int


class Places:
    """The places that are taken, read back when first asked for. For one thread."""

    def __init__(
        self,
        read: Read,
        most: Most = Most(),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._read = read
        self._most = {"model": most.models, "tag": most.tags}
        self._clock = clock
        self._taken: OrderedDict[Day, set[bytes]] = OrderedDict()
        self._new: list[tuple[Day, bytes]] = []
        self._warn_due_s = 0.0

    def shown(self, dimension: Dimension, project_id: str, at_ns: int, value: str) -> str:
        """Return a value as stored totals show it. For whoever counts again."""
        taken = self._of(Day(project_id, dimension, at_ns // DAY_NS))
        return OTHER if CLOSED in taken and digest(named(dimension, value)) not in taken else value

    def admitted(self, dimension: Dimension, project_id: str, at_ns: int, value: str) -> str:
        """Return a value as totals are to show it; it takes a place while there is one."""
        day = Day(project_id, dimension, at_ns // DAY_NS)
        taken = self._of(day)
        place = digest(named(dimension, value))
        if place in taken:
            return value
        if CLOSED not in taken:
            full = len(taken) >= self._most[dimension]
            self._take(day, CLOSED if full else place)
            if not full:
                return value
        self._warn(day)
        return OTHER

    def _take(self, day: Day, place: bytes) -> None:
        self._taken[day].add(place)
        self._new.append((day, place))

    def new(self) -> dict[str, Sequence[Any]]:
        """Return the places that were taken since `kept`, as columns of `admitted`."""
        return {
            "project_id": [day.project_id for day, _ in self._new],
            "dimension": [day.dimension for day, _ in self._new],
            "day": [date.fromordinal(EPOCH + day.number) for day, _ in self._new],
            "digest": [place for _, place in self._new],
        }

    def kept(self, exclusive: bool) -> None:
        """Note that the new places are stored; where others take places too, ask anew from now on."""
        self._new.clear()
        while len(self._taken) > (MOST_DAYS if exclusive else 0):
            self._taken.popitem(last=False)

    def _of(self, day: Day) -> set[bytes]:
        if (taken := self._taken.get(day)) is None:
            asked = {
                "project": day.project_id,
                "dimension": day.dimension,
                "day": date.fromordinal(EPOCH + day.number),
            }
            found = self._read("admitted", **asked)
            taken = self._taken[day] = set(found[0] if found else ())
        return taken

    def _warn(self, day: Day) -> None:
        if self._clock() >= self._warn_due_s:
            self._warn_due_s = self._clock() + WARN_S
            log.warning(
                "project %s has more than %d %ss on one day; totals show the others as %s",
                day.project_id, self._most[day.dimension], day.dimension, OTHER,
            )  # fmt: skip


def named(dimension: Dimension, value: str) -> str:
    """Return what takes the place of a value: of a tag its key."""
    return value.partition(":")[0] if dimension == "tag" else value


@lru_cache(maxsize=4096)
def digest(value: str) -> bytes:
    """Return the name under which a value has its place."""
    return hashlib.sha256(value.encode("utf-8", "surrogatepass")).digest()[:16]


CLOSED = digest(OTHER)
"""Takes the last place of a day: from then on, nothing new is let in."""
