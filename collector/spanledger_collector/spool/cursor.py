"""How far the store has come with a spool, and what it could not take from it.

The store alone writes it, in one durable transaction for each round of the drain; everybody else
asks `position_of` or opens it read-only. A round confirmed here is never drained again.
"""

import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from spanledger_collector.spool import codec, files
from spanledger_collector.spool.batch import Batch

SCHEMA = """
CREATE TABLE IF NOT EXISTS position (only_row INTEGER PRIMARY KEY, seq INTEGER NOT NULL) STRICT;
INSERT OR IGNORE INTO position VALUES (1, 0);
CREATE TABLE IF NOT EXISTS tally (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS quarantine (
    seq INTEGER PRIMARY KEY,
    reason TEXT NOT NULL,
    since_ns INTEGER NOT NULL,
    received_ns INTEGER NOT NULL,
    project_id TEXT NOT NULL,
    key_id TEXT NOT NULL,
    signal TEXT NOT NULL,
    encoding TEXT NOT NULL,
    items INTEGER NOT NULL,
    body BLOB NOT NULL           -- packed: the spool forgets its own copy after a while
) STRICT;
"""
POSITION = "SELECT seq FROM position"
ADD = "INSERT INTO tally VALUES (?, ?) ON CONFLICT DO UPDATE SET value = value + excluded.value"
QUARANTINE = "INSERT OR REPLACE INTO quarantine VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"


class Cursor:
    """The store's place in one spool. One process, one writing thread."""

    def __init__(self, spool: Path) -> None:
        """Open the cursor beside a spool, which need not exist yet.

        Raises:
            SpoolUnusable: another store drains this spool, or the file is damaged.
        """
        path = files.cursor_path(spool)
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = files.lock(path.with_suffix(".lock"))
        self._db = files.open_to_write(path, "fsync", SCHEMA)
        self._db.wal_autocheckpoint(1000)  # nobody waits for this file

    def position(self) -> int:
        """Return the last batch that is done with, 0 before the first."""
        found: int = self._db.execute(POSITION).get
        return found

    def confirm(
        self,
        seq: int,
        *,
        stored: int = 0,
        records: int = 0,
        unlinked: int = 0,
        quarantined: Iterable[tuple[Batch, str]] = (),
    ) -> None:
        """Note, durably and at once, that everything up to `seq` is in the store or set aside.

        Args:
            seq: the last batch of the round.
            stored: spans that were written.
            records: log records that were written.
            unlinked: log records that name no span and were left out.
            quarantined: batches that could not be read, with the reason.
        """
        added = Counter(stored=stored, records=records, unlinked=unlinked)
        with self._db:
            for batch, reason in quarantined:
                self._db.execute(QUARANTINE, _quarantine_row(batch, reason))
                added[f"quarantined_{batch.signal}"] += batch.items
            self._db.executemany(ADD, added.items())
            self._db.execute("UPDATE position SET seq = ?", (seq,))

    def tally(self) -> Counter[str]:
        """Return the sums of all rounds: stored, records, unlinked, quarantined_traces …_logs."""
        return Counter(dict(self._db.execute("SELECT name, value FROM tally")))

    def close(self) -> None:
        """Close the file and let another process have it."""
        self._db.close()
        files.unlock(self._lock)


class Position:
    """The store's place in a spool as ingest sees it: read-only, 0 before there is a cursor."""

    def __init__(self, spool: Path) -> None:
        self._path = files.cursor_path(spool)
        self._db = files.open_to_read(self._path)

    def read(self) -> int:
        """Return the last batch the store is done with."""
        if self._db is None:
            self._db = files.open_to_read(self._path)
        if self._db is None or not self._db.pragma("schema_version"):
            return 0
        return self._db.execute(POSITION).get or 0

    def close(self) -> None:
        """Close the file."""
        if self._db is not None:
            self._db.close()


def _quarantine_row(batch: Batch, reason: str) -> tuple[str | int | bytes, ...]:
    return (
        batch.seq,
        reason,
        time.time_ns(),
        batch.received_ns,
        batch.project_id,
        batch.key_id,
        batch.signal,
        batch.encoding,
        batch.items,
        codec.packed(batch.body),
    )
