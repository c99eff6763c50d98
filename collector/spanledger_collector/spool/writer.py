"""The writing side of the spool: many requests, one commit.

Batches come in from any thread, each answered by a future that is done when the batch is on the
disk. One thread takes what has gathered during the last commit and commits it together, so that
one fsync acknowledges them all. An error is never half-acknowledged: the transaction goes back.
"""

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Lock, Thread
from typing import Any
from zlib import crc32

import apsw

from spanledger_collector import failpoints
from spanledger_collector.decode.wire import Signal
from spanledger_collector.failpoints import Point
from spanledger_collector.spool import codec, files
from spanledger_collector.spool.batch import LOST, REDACTED, Batch, Stats, summed
from spanledger_collector.spool.cursor import Position
from spanledger_collector.spool.files import Durability
from spanledger_collector.spool.upkeep import Refusal, Upkeep

log = logging.getLogger(__name__)

GROUP_BATCHES = 64
GROUP_BYTES = 8 << 20
IDLE_S = 1.0  # between two looks around when nothing comes in
BUSY_S = 0.005  # when upkeep has more to do

INSERT = """
INSERT INTO batch (received_ns, project_id, key_id, signal, encoding, items, crc32, body)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)
"""
ADD = """
INSERT INTO tally VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET value = value + excluded.value
"""
ABOVE_CURSOR = """
INSERT INTO sqlite_sequence SELECT 'batch', 0
WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'batch');
UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = 'batch';
"""
TALLY = "SELECT signal, name, value FROM tally"

Tally = Counter[tuple[Signal, str]]
"""By signal and name: items, batches, bytes, or the code of a rejection."""


class SpoolRefused(RuntimeError):
    """A batch was not kept and must not be acknowledged. `code` is of the closed list."""

    def __init__(self, code: Refusal) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Waiting:
    """A batch on its way to the disk, and who waits for it."""

    batch: Batch
    rejected: Mapping[str, int]
    redacted: Mapping[str, int]
    lost: Mapping[str, int]
    done: "Future[None]"


class Spool:
    """The one writer of a spool file. Any thread may append.

    `failed` is set for good once the disk refused: an fsync that failed is never tried again,
    because the system may have forgotten the pages and would report success. What is to be taken from
    then on belongs into another file; this one is read to the last batch that was acknowledged.
    """

    def __init__(
        self,
        path: Path,
        durability: Durability = "fsync",
        max_bytes: int = 10 << 30,
        keep_s: float = 3600.0,
        targets: Sequence[str] = (),
    ) -> None:
        """Open or create a spool and start its thread.

        Raises:
            SpoolUnusable: it is in use, damaged, or on a file system that cannot be relied on.
        """
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._locked = files.lock(path.with_suffix(".lock"))
        self._db = files.open_to_write(path, durability)
        self._number_above_cursor(path)
        self._tally: Tally = Counter(
            {(signal, name): value for signal, name, value in self._db.execute(TALLY)}
        )
        self._upkeep = Upkeep(
            self._db, path, max_bytes, keep_s, flush=durability == "os", targets=targets
        )
        self._queue: SimpleQueue[Waiting | None] = SimpleQueue()
        self._door = Lock()  # held to enter the queue, to shut it, and to change the sums
        self._closed = False
        self.failed = False
        self.on_failure: Callable[[], None] = lambda: None
        self._thread = Thread(target=self._run, name=f"spool {path.name}")
        self._thread.start()

    @property
    def refusal(self) -> Refusal:
        """Return why a batch would be refused now, '' when there is room."""
        if self._closed:
            return "shutting_down"
        return "overloaded" if self.failed else self._upkeep.refusal

    def append(
        self,
        batch: Batch,
        rejected: Mapping[str, int] | None = None,
        redacted: Mapping[str, int] | None = None,
        lost: Mapping[str, int] | None = None,
    ) -> "Future[None]":
        """Return a future that is done when the batch is durable; it fails with `SpoolRefused`.

        Args:
            batch: one without items is not kept, only what was rejected is counted.
            rejected: how many items of the request were left out, by code.
            redacted: how often words were taken out of it, by rule.
            lost: how many its sender could not send before, by reason.
        """
        waiting = Waiting(batch, rejected or {}, redacted or {}, lost or {}, Future())
        with self._door:
            refusal = self.refusal
            if not refusal:
                self._queue.put(waiting)
        if refusal:
            waiting.done.set_exception(SpoolRefused(refusal))
        return waiting.done

    def stats(self) -> Stats:
        """Return the sums so far, of what is durable."""
        with self._door:
            tally = self._tally.copy()
        found = summed((*key, value) for key, value in tally.items())
        found.used_bytes = self._upkeep.used_bytes
        return found

    def close(self) -> None:
        """Commit what waits, fold the log into the file and let another process have it."""
        with self._door:
            self._closed = True
            self._queue.put(None)
        self._thread.join()
        if self.failed:  # closing would fold the log in, with an fsync
            self._db.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
        else:
            self._upkeep.finish()
        self._upkeep.close()
        self._db.close()
        files.unlock(self._locked)

    def _number_above_cursor(self, path: Path) -> None:
        """Never number a batch below what the store is done with: after the spool was moved away."""
        position = Position(files.cursor_path(path))
        self._db.execute(ABOVE_CURSOR, (position.read(),))
        position.close()

    def _run(self) -> None:
        wait_s = IDLE_S
        group: list[Waiting] = []
        try:
            last = False
            while not last:
                group, last = self._gathered(wait_s)
                if group:
                    self._commit(group)
                more = self._kept_up(idle=not group)
                wait_s = BUSY_S if more else IDLE_S
        except Exception:
            log.exception("the spool has failed and takes no more")
            self._fail(group)

    def _gathered(self, wait_s: float) -> tuple[list[Waiting], bool]:
        """Return what came in meanwhile, up to a group, and whether it is the last.

        It waits for the first one and never for a second: alone, a request takes one fsync.
        """
        group: list[Waiting] = []
        size = 0
        try:
            waiting = self._queue.get(timeout=wait_s)
            while waiting is not None:
                if waiting.done.set_running_or_notify_cancel():
                    group.append(waiting)
                    size += len(waiting.batch.body)
                if len(group) >= GROUP_BATCHES or size >= GROUP_BYTES:
                    return group, False
                waiting = self._queue.get_nowait()
        except Empty:
            return group, False
        return group, True

    def _commit(self, group: Sequence[Waiting]) -> None:
        """Make a group durable and tell whoever waits, or tell them that it is not."""
        added = _added(group)
        rows = [_row(waiting.batch) for waiting in group if waiting.batch.items]
        try:
            self._db.execute("BEGIN IMMEDIATE")
            failpoints.reach(Point.SPOOL_BEGUN)
            self._db.executemany(INSERT, rows)
            self._db.executemany(ADD, ((*key, value) for key, value in added.items()))
            failpoints.reach(Point.SPOOL_WRITTEN)
            self._db.execute("COMMIT")
        except apsw.FullError:
            self._roll_back()
            log.warning("the disk is full: refused %d requests", len(group))
            _refuse(group, "disk_full")
            return
        failpoints.reach(Point.SPOOL_COMMITTED)
        with self._door:
            self._tally.update(added)
        for waiting in group:
            waiting.done.set_result(None)
        failpoints.reach(Point.SPOOL_ACKNOWLEDGED)

    def _roll_back(self) -> None:
        if self._db.in_transaction:  # SQLite may have done so itself
            self._db.execute("ROLLBACK")

    def _kept_up(self, idle: bool) -> bool:
        """Do a step of upkeep and return whether there is more; a full disk only delays it."""
        try:
            return self._upkeep.step(idle)
        except apsw.FullError:
            self._roll_back()
            return False

    def _fail(self, group: Iterable[Waiting]) -> None:
        """Shut the door for good and send everybody away."""
        with self._door:
            self.failed = True
        _refuse(group, "overloaded")
        while not self._queue.empty():
            waiting = self._queue.get_nowait()
            if waiting is not None and waiting.done.set_running_or_notify_cancel():
                _refuse([waiting], "overloaded")
        self.on_failure()


def _row(batch: Batch) -> tuple[Any, ...]:
    kept = codec.packed(batch.body)
    return (
        batch.received_ns,
        batch.project_id,
        batch.key_id,
        batch.signal,
        batch.encoding,
        batch.items,
        crc32(kept),
        kept,
    )


def _added(group: Iterable[Waiting]) -> Tally:
    """Return what a group adds to the sums."""
    added: Tally = Counter()
    for waiting in group:
        batch = waiting.batch
        if batch.items:
            added[batch.signal, "items"] += batch.items
            added[batch.signal, "batches"] += 1
            added[batch.signal, "bytes"] += len(batch.body)
        for code, count in waiting.rejected.items():
            added[batch.signal, code] += count
        for rule, count in waiting.redacted.items():
            added[batch.signal, REDACTED + rule] += count
        for reason, count in waiting.lost.items():
            added[batch.signal, LOST + reason] += count
    return added


def _refuse(group: Iterable[Waiting], code: Refusal) -> None:
    for waiting in group:
        if not waiting.done.done():
            waiting.done.set_exception(SpoolRefused(code))
