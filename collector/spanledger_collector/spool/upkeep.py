"""What a spool does between commits: forget what the store has, give back room, watch the disk.

Runs in the writer's thread, in small steps, so that a request never waits long behind it.
"""

import os
import time
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import apsw

from spanledger_collector import failpoints
from spanledger_collector.failpoints import Point
from spanledger_collector.spool import files
from spanledger_collector.spool.cursor import Position
from spanledger_collector.spool.follower import follower_path

Refusal = Literal["", "spool_full", "disk_full", "overloaded", "shutting_down"]

LOOK_S = 1.0  # between two looks at the cursor and the disk
DELETE_ROWS = 64  # a transaction
VACUUM_PAGES = 1000  # a step
SPARE_PAGES = 4096  # free pages left in the file for the next batches
CHECKPOINT_FRAMES = 1024  # 16 MiB of log
FULL, ROOMY = 0.9, 0.8  # of max_bytes: refuse above the one, accept again below the other
TAIL = 0.5  # of max_bytes: above it, what is stored is forgotten before its time, forwarded or not
RESERVE_BYTES, RESERVE_SHARE = 1 << 30, 0.05  # of the disk, left to everybody else

FORGET = """
DELETE FROM batch WHERE seq IN (SELECT seq FROM batch WHERE seq <= ? ORDER BY seq LIMIT ?)
"""


class Upkeep:
    """The upkeep of one spool file. `refusal` says why no request can be taken now, if so."""

    def __init__(
        self,
        db: apsw.Connection,
        path: Path,
        max_bytes: int,
        keep_s: float,
        flush: bool,
        targets: Sequence[str] = (),
    ) -> None:
        """Look around for the first time.

        Args:
            db: the writer's connection.
            path: of the spool.
            max_bytes: how large it may become.
            keep_s: how long to keep what is stored, for a replay.
            flush: whether commits are not flushed by themselves, so that each look has to.
            targets: to whom it is forwarded; what they have not had is kept while there is room.
        """
        self._db = db
        self._folder = path.parent
        self._store = Position(files.cursor_path(path))
        self._targets = [Position(follower_path(path, target)) for target in targets]
        self._forwarded: int | None = None  # to all targets; None without any
        self._max_bytes = max_bytes
        self._keep_s = keep_s
        self._flush = flush
        self._frames = 0  # in the log since it was last folded into the file
        self._looked_s = 0.0
        self._position = 0
        self._seen: deque[tuple[float, int]] = deque()  # when the store was first seen where
        self._due = self._forgotten = 0
        self.used_bytes = 0
        self.refusal: Refusal = ""
        db.set_wal_hook(self._committed)
        self.look()

    def step(self, idle: bool) -> bool:
        """Do a little of what is due and return whether there is more.

        Args:
            idle: no request is waiting, so room can be given back to the disk.
        """
        looking = time.monotonic() - self._looked_s >= LOOK_S
        if looking:
            self.look()
        if self._frames >= CHECKPOINT_FRAMES or (looking and self._flush and self._frames):
            self.finish()
        return self._forget() or (idle and self._shrink())

    def look(self) -> None:
        """Look how far the store has come and how much room there is."""
        self._looked_s = time.monotonic()
        position = self._store.read()
        if position != self._position:
            self._position = position
            self._seen.append((self._looked_s, position))
        self._forwarded = min((target.read() for target in self._targets), default=None)
        pages: int = self._db.pragma("page_count")
        self.used_bytes = (pages - self._free_pages()) * self._db.pragma("page_size")
        self.refusal = self._lack()

    def finish(self) -> None:
        """Fold the log into the file, as far as no reader is in the middle of it."""
        self._db.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
        failpoints.reach(Point.SPOOL_FOLDED)
        self._frames = 0

    def close(self) -> None:
        """Close what was opened to look."""
        for position in (self._store, *self._targets):
            position.close()

    def _lack(self) -> Refusal:
        disk = os.statvfs(self._folder)
        if disk.f_bavail * disk.f_frsize < reserve_bytes(disk.f_blocks * disk.f_frsize):
            return "disk_full"
        share = ROOMY if self.refusal == "spool_full" else FULL
        return "spool_full" if self.used_bytes > share * self._max_bytes else ""

    def _forget(self) -> bool:
        """Delete a few batches that were stored long enough ago; return whether more are due."""
        crowded = self.used_bytes > TAIL * self._max_bytes
        oldest_s = self._looked_s - (0 if crowded else self._keep_s)
        while self._seen and self._seen[0][0] <= oldest_s:
            self._due = self._seen.popleft()[1]
        waited_for = None if crowded else self._forwarded
        due = self._due if waited_for is None else min(self._due, waited_for)
        if due <= self._forgotten:
            return False
        self._db.execute(FORGET, (due, DELETE_ROWS))
        failpoints.reach(Point.SPOOL_FORGOTTEN)
        if self._db.changes() < DELETE_ROWS:
            self._forgotten = due
            return False
        return True

    def _shrink(self) -> bool:
        """Give a few free pages back to the disk; return whether more could be."""
        if self._free_pages() <= SPARE_PAGES:
            return False
        self._db.execute(f"PRAGMA incremental_vacuum({VACUUM_PAGES})").fetchall()
        failpoints.reach(Point.SPOOL_SHRUNK)
        return True

    def _free_pages(self) -> int:
        pages: int = self._db.pragma("freelist_count")
        return pages

    def _committed(self, _: apsw.Connection, __: str, frames: int) -> int:
        self._frames = frames
        return apsw.SQLITE_OK


def reserve_bytes(disk_bytes: int) -> int:
    """Return how much of a disk stays free: 1 GiB or 5 %, and of a tiny disk a half."""
    return min(max(RESERVE_BYTES, int(disk_bytes * RESERVE_SHARE)), disk_bytes // 2)
