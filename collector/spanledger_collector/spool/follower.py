"""How far forwarding has come with a spool: a small file for each target.

The forwarding process alone writes it; ingest reads it to keep what is still to be sent, the store
process to show it. What a target took before a kill, and was not noted, is sent to it again.
"""

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from spanledger_collector.spool import files
from spanledger_collector.spool.reader import Reader

SCHEMA = """
CREATE TABLE IF NOT EXISTS position (only_row INTEGER PRIMARY KEY, seq INTEGER NOT NULL) STRICT;
INSERT OR IGNORE INTO position VALUES (1, 0);
CREATE TABLE IF NOT EXISTS tally (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS trouble (since_ns INTEGER NOT NULL, said TEXT NOT NULL) STRICT;
"""
POSITION = "SELECT seq FROM position"
ADD = "INSERT INTO tally VALUES (?, ?) ON CONFLICT DO UPDATE SET value = value + excluded.value"


def follower_path(spool: Path, target: str) -> Path:
    """Return where it is noted how far a target has come with a spool."""
    return spool.with_suffix(f".{sha256(target.encode()).hexdigest()[:16]}.forward.cursor")


class Follower:
    """The place of one target in one spool. One process, one thread."""

    def __init__(self, spool: Path, target: str) -> None:
        """Open the file beside a spool, which need not exist yet.

        Raises:
            SpoolUnusable: another process forwards this, or the file is damaged.
        """
        path = follower_path(spool, target)
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = files.lock(path.with_suffix(".lock"))
        self._db = files.open_to_write(path, "fsync", SCHEMA)
        self._db.wal_autocheckpoint(1000)  # nobody waits for this file

    def position(self) -> int:
        """Return the last batch that is done with, 0 before the first."""
        found: int = self._db.execute(POSITION).get
        return found

    def confirm(self, seq: int, added: Mapping[str, int]) -> None:
        """Note, durably and at once, that everything up to `seq` is done with, and what became of it."""
        with self._db:
            self._db.executemany(ADD, added.items())
            self._db.execute("UPDATE position SET seq = ?", (seq,))
            self._db.execute("DELETE FROM trouble")

    def trouble(self, said: str) -> None:
        """Note why nothing moves; since when stays as it was first noted."""
        with self._db:
            since_ns = self._db.execute("SELECT since_ns FROM trouble").get or time.time_ns()
            self._db.execute("DELETE FROM trouble")
            self._db.execute("INSERT INTO trouble VALUES (?, ?)", (since_ns, said))

    def close(self) -> None:
        """Close the file and let another process have it."""
        self._db.close()
        files.unlock(self._lock)


@dataclass(frozen=True, slots=True)
class Standing:
    """What a target has had of a spool. Items are spans and log records."""

    sent: int = 0
    refused: int = 0  # the target will never take them, it said
    skipped: int = 0  # batches: forgotten before they were sent, or spoiled on the disk
    pending: int = 0
    failing_since_ns: int = 0  # 0: it is not
    said: str = ""


def standing(spool: Path, target: str) -> Standing:
    """Return how a target stands with a spool. Any process may ask."""
    db = files.open_to_read(follower_path(spool, target))
    if db is None or not db.pragma("schema_version"):
        return Standing(pending=_pending(spool, 0))
    try:
        with db:
            seq: int = db.execute(POSITION).get
            tally = Counter(dict(db.execute("SELECT name, value FROM tally")))
            since_ns, said = next(iter(db.execute("SELECT since_ns, said FROM trouble")), (0, ""))
    finally:
        db.close()
    done = {name: tally[name] for name in ("sent", "refused", "skipped")}
    return Standing(**done, pending=_pending(spool, seq), failing_since_ns=since_ns, said=said)


def _pending(spool: Path, seq: int) -> int:
    reader = Reader(spool)
    try:
        return reader.pending(seq).total()
    finally:
        reader.close()
