"""Places on the way of a span where a test may kill this process, as a machine that fails would.

A stage says where it is; normally nothing comes of it. Only in an interpreter started with
`-X failpoints`, and only if `SPANLEDGER_FAILPOINTS` names a file, the process that reaches the
point named in that file dies there: SIGKILL, nothing is flushed, nobody is told.
"""

import os
import signal
from enum import StrEnum
from pathlib import Path


class Point(StrEnum):
    """Every such place, in the order in which a span passes them, and then an alert."""

    SPOOL_BEGUN = "spool_begun"  # a transaction is open
    SPOOL_WRITTEN = "spool_written"  # requests are in it
    SPOOL_COMMITTED = "spool_committed"  # they are durable; nobody was told yet
    SPOOL_ACKNOWLEDGED = "spool_acknowledged"  # everybody was told
    SPOOL_FOLDED = "spool_folded"  # the log is in the file
    SPOOL_FORGOTTEN = "spool_forgotten"  # what was stored is deleted
    SPOOL_SHRUNK = "spool_shrunk"  # its room is given back
    DRAIN_READ = "drain_read"  # a round is out of the spool
    DRAIN_UNDERSTOOD = "drain_understood"  # and priced
    SPANS_STORED = "spans_stored"
    PAYLOADS_STORED = "payloads_stored"
    RECORDS_STORED = "records_stored"
    ROLLUP_READ_BACK = "rollup_read_back"  # what was stored of the same traces is at hand
    ROLLUP_COMPUTED = "rollup_computed"  # the new rows are, too
    ROLLUP_STORED = "rollup_stored"
    CURSOR_MOVED = "cursor_moved"  # in a transaction that is not committed
    CURSOR_CONFIRMED = "cursor_confirmed"
    ALERT_FOUND = "alert_found"  # a threshold is crossed; nothing says so yet
    ALERT_STORED = "alert_stored"
    DELIVERY_HEARD = "delivery_heard"  # whoever delivers it says how that went
    DELIVERY_STORED = "delivery_stored"  # that is noted; nobody was told so yet


_file: Path | None = None


def arm(file: Path | None) -> None:
    """Die from now on at the point named in `file`, whenever it names one; never if None."""
    global _file
    _file = file


def reach(point: Point) -> None:
    """Note that this process is at a point; it may be its last one."""
    if _file is not None and _named(_file) == point:
        die(point)


def die(_: Point) -> None:
    """End this process as nothing else does."""
    os.kill(os.getpid(), signal.SIGKILL)


def _named(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return ""
