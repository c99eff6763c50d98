"""How far the store has come with a spool, and what it could not take from it.

The store alone writes it, in one durable transaction for each round of the drain; everybody else
asks `position_of` or opens it read-only. A round confirmed here is never drained again.
"""

import time
from collections import Counter
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any

from spanledger_collector import failpoints
from spanledger_collector.failpoints import Point
from spanledger_collector.spool import codec, files
from spanledger_collector.spool.batch import Batch, Held

SCHEMA = """
CREATE TABLE IF NOT EXISTS position (only_row INTEGER PRIMARY KEY, seq INTEGER NOT NULL) STRICT;
INSERT OR IGNORE INTO position VALUES (1, 0);
CREATE TABLE IF NOT EXISTS tally (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS owed (project_id TEXT, trace_id BLOB) STRICT;
CREATE TABLE IF NOT EXISTS quarantine (
    seq INTEGER NOT NULL,
    reason TEXT NOT NULL,
    places TEXT NOT NULL,        -- numbers of items, with commas; '' for all of them
    since_ns INTEGER NOT NULL,
    received_ns INTEGER NOT NULL,
    project_id TEXT NOT NULL,
    key_id TEXT NOT NULL,
    signal TEXT NOT NULL,
    encoding TEXT NOT NULL,
    items INTEGER NOT NULL,
    body BLOB NOT NULL,          -- packed: the spool forgets its own copy after a while
    PRIMARY KEY (seq, reason)
) STRICT;
"""
POSITION = "SELECT seq FROM position"
ADD = "INSERT INTO tally VALUES (?, ?) ON CONFLICT DO UPDATE SET value = value + excluded.value"
QUARANTINE = "INSERT OR REPLACE INTO quarantine VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
HELD = """
SELECT seq, reason, places, since_ns, received_ns, project_id, key_id, signal, encoding, items, body
FROM quarantine ORDER BY seq, reason
"""
OWED = "SELECT project_id, trace_id FROM owed"
RELEASE = "DELETE FROM quarantine WHERE seq = ? AND reason = ?"


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
        duplicates: int = 0,
        quarantined: Iterable[Held] = (),
        owed: Collection[tuple[str, bytes]] = (),
    ) -> None:
        """Note, durably and at once, that everything up to `seq` is in the store or set aside.

        Args:
            seq: the last batch of the round.
            stored: spans that were written.
            records: log records that were written.
            unlinked: log records that name no span and were left out.
            duplicates: spans of those written that had come before.
            quarantined: what could not be read, or not be written, with the reason.
            owed: traces whose totals are behind what is stored, by project and id.
        """
        added = Counter(stored=stored, records=records, unlinked=unlinked, duplicates=duplicates)
        with self._db:
            self._set_aside(quarantined, added)
            self._db.executemany(ADD, added.items())
            self._owe(owed)
            self._db.execute("UPDATE position SET seq = ?", (seq,))
            failpoints.reach(Point.CURSOR_MOVED)
        failpoints.reach(Point.CURSOR_CONFIRMED)

    def owed(self) -> list[tuple[str, bytes]]:
        """Return the traces whose totals were behind when the last round was confirmed."""
        return list(self._db.execute(OWED))

    def owe(self, traces: Collection[tuple[str, bytes]]) -> None:
        """Note, durably and at once, whose totals are behind now."""
        if set(self.owed()) != set(traces):
            with self._db:
                self._owe(traces)

    def _owe(self, traces: Collection[tuple[str, bytes]]) -> None:
        self._db.execute("DELETE FROM owed")
        self._db.executemany("INSERT INTO owed VALUES (?, ?)", traces)

    def _set_aside(self, quarantined: Iterable[Held], added: Counter[str]) -> None:
        for held in quarantined:
            self._db.execute(QUARANTINE, _quarantine_row(held))
            added[f"quarantined_{held.batch.signal}"] += held.items

    def held(self) -> list[Held]:
        """Return what is set aside, oldest batch first."""
        return [_held(*row) for row in self._db.execute(HELD)]

    def release(
        self,
        held: Held,
        *,
        stored: int = 0,
        records: int = 0,
        unlinked: int = 0,
        dropped: int = 0,
        quarantined: Iterable[Held] = (),
    ) -> None:
        """Note, durably and at once, what became of something that was set aside.

        Args:
            held: what was set aside; it no longer is.
            stored: spans of it that were written.
            records: log records of it that were written.
            unlinked: log records of it that name no span.
            dropped: items of it that were given up, because somebody said so.
            quarantined: what of it has to stay.
        """
        signal = held.batch.signal
        added = Counter(stored=stored, records=records, unlinked=unlinked)
        added[f"dropped_{signal}"] = dropped
        added[f"quarantined_{signal}"] = -held.items
        with self._db:
            self._db.execute(RELEASE, (held.batch.seq, held.reason))
            self._set_aside(quarantined, added)
            self._db.executemany(ADD, added.items())

    def tally(self) -> Counter[str]:
        """Return the sums of all rounds: stored, records, unlinked, duplicates, and by signal what is set aside.

        `quarantined_traces` and `dropped_traces` are of spans, `…_logs` of log records.
        """
        return Counter(dict(self._db.execute("SELECT name, value FROM tally")))

    def close(self) -> None:
        """Close the file and let another process have it."""
        self._db.close()
        files.unlock(self._lock)


class Position:
    """A reader's place in a spool as ingest sees it: read-only, 0 before there is a cursor."""

    def __init__(self, cursor: Path) -> None:
        self._path = cursor
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


def _quarantine_row(held: Held) -> tuple[str | int | bytes, ...]:
    batch = held.batch
    return (
        batch.seq,
        held.reason,
        ",".join(map(str, held.places)),
        held.since_ns or time.time_ns(),
        batch.received_ns,
        batch.project_id,
        batch.key_id,
        batch.signal,
        batch.encoding,
        batch.items,
        codec.packed(batch.body),
    )


def _held(*row: Any) -> Held:
    (
        seq,
        reason,
        places,
        since_ns,
        received_ns,
        project_id,
        key_id,
        signal,
        encoding,
        items,
        kept,
    ) = row
    batch = Batch(
        seq=seq,
        received_ns=received_ns,
        project_id=project_id,
        key_id=key_id,
        signal=signal,
        encoding=encoding,
        items=items,
        body=codec.unpacked(kept),
        damage="crc_mismatch" if reason == "crc_mismatch" else "",
    )
    return Held(batch, reason, tuple(map(int, filter(None, places.split(",")))), since_ns)
