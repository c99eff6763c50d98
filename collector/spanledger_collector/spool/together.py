"""What all the spools of a folder come to, whoever writes them.

Any worker may be asked for the figures of ingest, so each reads what the others have on the disk.
"""

from contextlib import closing
from pathlib import Path

import apsw

from spanledger_collector.spool import files
from spanledger_collector.spool.batch import Stats, summed
from spanledger_collector.spool.reader import TALLY
from spanledger_collector.spool.writer import Spool


def stats_of_all(own: Spool) -> Stats:
    """Return the sums of every spool beside our own, and of it; those without a worker included."""
    found = own.stats()
    for path in files.spools(own.path.parent):
        if path != own.path:
            found.add(stats_on_disk(path))
    return found


def stats_on_disk(path: Path) -> Stats:
    """Return the sums of a spool that another process writes, or nobody any more."""
    try:
        db = files.open_to_read(path)
        if db is None:
            return Stats()
        with closing(db):
            if not db.pragma("schema_version"):
                return Stats()
            found = summed(db.execute(TALLY))
            pages = db.pragma("page_count") - db.pragma("freelist_count")
            found.used_bytes = pages * db.pragma("page_size")
            return found
    except apsw.Error:  # damaged: the store says more about it
        return Stats(unreadable=1)
