"""Reading a spool that another process writes.

Positions come in, batches in order of arrival go out. Read-only: it neither locks nor marks
anything, and keeps no read open between two calls, so the writer's log can always be recycled.
"""

import time
import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import apsw

from spanledger_collector.spool import codec, files
from spanledger_collector.spool.batch import Batch, Stats, summed
from spanledger_collector.spool.files import SpoolUnreadable

FROM = """
SELECT seq, received_ns, project_id, key_id, signal, encoding, items, crc32, body
FROM batch WHERE seq > ? ORDER BY seq
"""
TALLY = "SELECT signal, name, value FROM tally"
BEFORE = "SELECT max(seq) FROM batch WHERE received_ns < ?"
OLDEST = "SELECT seq, received_ns FROM batch WHERE seq > ? ORDER BY seq LIMIT 1"
PENDING = "SELECT signal, sum(items) FROM batch WHERE seq > ? GROUP BY signal"
WAITING = "SELECT signal, min(received_ns) FROM batch WHERE seq > ? GROUP BY signal"


ROUND_BYTES = 64 << 20  # of bodies, read at once


def is_full(batches: Sequence[Batch], max_items: int) -> bool:
    """Tell whether batches are as many as are read at once, so that more may wait behind them."""
    items = sum(batch.items for batch in batches)
    return items >= max_items or sum(len(batch.body) for batch in batches) >= ROUND_BYTES


class Reader:
    """A spool as the store sees it. For one thread; the spool need not exist yet."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._db: apsw.Connection | None = None

    def read_from(
        self, seq: int, max_items: int = 10_000, max_bytes: int = ROUND_BYTES
    ) -> list[Batch]:
        """Return the batches after `seq` until there are enough; at least one, if there is any.

        A batch that the disk has changed comes with its damage named and without a body.

        Raises:
            SpoolUnreadable: not even the first of them can be read.
        """
        batches: list[Batch] = []
        items = size = 0
        try:
            for row in self._rows(FROM, seq):
                batches.append(batch := _batch(*row))
                items += batch.items
                size += len(batch.body)
                if items >= max_items or size >= max_bytes:
                    break
        except apsw.Error as error:
            if not batches:
                raise SpoolUnreadable(f"{self._path} after batch {seq}: {error}") from error
        return batches

    def before(self, since_ns: int) -> int:
        """Return the last batch that was received before a moment, 0 when none of them is kept."""
        found = self._rows(BEFORE, since_ns)
        return next((seq or 0 for (seq,) in found), 0)

    def kept_since_ns(self, position: int) -> int:
        """Return when the oldest batch was received that is kept, 0 when none was ever forgotten.

        Where nothing is kept of what came before `position`, that is now.
        """
        for seq, received_ns in self._rows(OLDEST, 0):
            return 0 if seq == 1 else int(received_ns)
        return time.time_ns() if position else 0

    def pending(self, seq: int) -> Counter[str]:
        """Return how many items wait after `seq`, by signal."""
        return Counter(dict(self._rows(PENDING, seq)))

    def accounts(self, seq: int) -> tuple[Stats, Counter[str], Mapping[str, int]]:
        """Return the sums of the spool and, by signal, how many items wait after `seq` and since when (ns)."""
        db = self._opened()
        if db is None:
            return Stats(), Counter(), {}
        with db:  # one transaction: the writer may commit between two reads
            sums = summed(db.execute(TALLY))
            pending, waiting = (dict(db.execute(sql, (seq,))) for sql in (PENDING, WAITING))
        return sums, Counter(pending), waiting

    def _rows(self, sql: str, seq: int) -> Any:
        """Return the rows of a query, none before the writer has made its tables."""
        db = self._opened()
        return () if db is None else db.execute(sql, (seq,))

    def _opened(self) -> apsw.Connection | None:
        """Return the spool's connection, None before the writer has made its tables."""
        if self._db is None:
            self._db = files.open_to_read(self._path)
        return self._db if self._db is not None and self._db.pragma("schema_version") else None

    def close(self) -> None:
        """Close the file."""
        if self._db is not None:
            self._db.close()


def _batch(*row: Any) -> Batch:
    seq, received_ns, project_id, key_id, signal, encoding, items, crc32, kept = row
    intact = zlib.crc32(kept) == crc32  # SQLite itself keeps no checksum of its pages
    return Batch(
        seq=seq,
        received_ns=received_ns,
        project_id=project_id,
        key_id=key_id,
        signal=signal,
        encoding=encoding,
        items=items,
        body=codec.unpacked(kept) if intact else b"",
        damage="" if intact else "crc_mismatch",
    )
