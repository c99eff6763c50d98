"""What the embedded engine lost while we were not looking: parts of tables that are gone.

The engine starts without a word after it has set a damaged part aside. So the parts that a table
consists of are noted in a file while it runs, and compared with what is there at the next start.
Takes a store and a file, gives the losses; how they are made good is not known here.
"""

import json
import logging
import os
from collections.abc import Iterable, Sequence, Set
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from spanledger_collector.store import Store

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Part:
    """Rows of one table that lie together on disk; the blocks it holds name it."""

    table: str
    partition_id: str
    first_block: int
    last_block: int
    row_count: int = 0  # 0: not known
    oldest_s: int = 0  # when the oldest of its rows was received; 0: not known

    def holds(self, other: "Part") -> bool:
        """Tell whether another part was merged into this one, or is this one."""
        same = (self.table, self.partition_id) == (other.table, other.partition_id)
        return (
            same and self.first_block <= other.first_block and other.last_block <= self.last_block
        )

    def __str__(self) -> str:
        blocks = f"{self.partition_id}, blocks {self.first_block} to {self.last_block}"
        return f"{self.table} ({blocks}, {self.row_count or 'an unknown number of'} rows)"


@dataclass(frozen=True, slots=True)
class Noted:
    """What the file says: the parts of a store, and which of the damaged ones no longer matter."""

    store: str
    parts: tuple[Part, ...] = ()
    mended: tuple[Part, ...] = ()


class Parts:
    """Knows what an embedded store should consist of. For the thread that drains, once it runs.

    `lost` says what is missing and not yet made good.
    """

    def __init__(self, store: Store, file: Path) -> None:
        """Compare the store with the file, which need not exist yet."""
        self._store = store
        self._file = file
        self._noted = of_tables(tables(store), noted(file, store.dsn))
        self.lost = lost(self._noted, active(store), broken(store)) if store.exclusive else ()
        for part in self.lost:
            log.error("the store has lost a part of %s", part)

    def note(self) -> None:
        """Write down what there is; what is lost stays noted until it is made good."""
        if not self._store.exclusive:
            return
        found = Noted(self._store.dsn, (*active(self._store), *self.lost), self._noted.mended)
        if found != self._noted:
            written(self._file, found)
            self._noted = found

    def mend(self, parts: Iterable[Part]) -> None:
        """Note that the rows of these parts are stored again, or can be done without."""
        gone = set(parts)
        self.lost = tuple(part for part in self.lost if part not in gone)
        self._noted = Noted(self._noted.store, (), (*self._noted.mended, *gone))
        self.note()


def lost(known: Noted, now: Sequence[Part], damaged: Sequence[Part]) -> tuple[Part, ...]:
    """Return the parts that were noted or set aside and whose rows are no longer there."""
    missing = [part for part in known.parts if not covered(part, now)]
    unknown = [
        part
        for part in damaged
        if not any(m.holds(part) for m in (*missing, *known.mended)) and not covered(part, now)
    ]
    return (*missing, *unknown)


def covered(part: Part, now: Sequence[Part]) -> bool:
    """Tell whether the rows of a part are in others: merged into one, or in those it was made of."""
    if any(other.holds(part) for other in now):
        return True
    within = sum(other.row_count for other in now if part.holds(other))
    return 0 < part.row_count <= within


def of_tables(names: Set[str], known: Noted) -> Noted:
    """Return what was noted of these tables: one that an upgrade replaced is not missed."""
    return replace(known, parts=tuple(part for part in known.parts if part.table in names))


def tables(store: Store) -> frozenset[str]:
    """Return the names of the tables that there are."""
    return frozenset(row["table"] for row in store.rows("tables"))


def active(store: Store) -> tuple[Part, ...]:
    """Return the parts that there are."""
    return tuple(Part(**row) for row in store.rows("active_parts"))


def broken(store: Store) -> tuple[Part, ...]:
    """Return the parts that the engine set aside."""
    return tuple(Part(**row) for row in store.rows("broken_parts"))


def noted(file: Path, store: str) -> Noted:
    """Return what a file says about a store, nothing when it is of another or cannot be read."""
    try:
        said = json.loads(file.read_text(encoding="utf-8"))
        found = Noted(
            said["store"], *(tuple(Part(**p) for p in said[k]) for k in ("parts", "mended"))
        )
    except FileNotFoundError:
        return Noted(store)
    except (OSError, ValueError, KeyError, TypeError) as error:
        log.warning("%s cannot be read (%s); parts lost before now are not noticed", file, error)
        return Noted(store)
    return found if found.store == store else Noted(store)


def written(file: Path, what: Noted) -> None:
    """Replace a file at once, so that a kill leaves the old or the new."""
    beside = file.with_suffix(".new")
    with beside.open("w", encoding="utf-8") as out:
        json.dump(asdict(what), out)
        out.flush()
        os.fsync(out.fileno())
    beside.replace(file)
