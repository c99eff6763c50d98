"""The durable queue between ingest and the store: what an acknowledgement means.

A spool is three files side by side. One ingest worker alone writes `0001.spool`, a SQLite database of
request bodies in order of arrival (`Spool`); a request is acknowledged when its commit is on the disk. The
store alone writes `0001.store.cursor`, a small SQLite database that says how far it has come and
keeps what it could not read (`Cursor`); forwarding has such a file for each target (`Follower`).
Each reads the other's file and never writes it (`Reader`),
so neither waits for the other's lock and each survives the other's crash. `0001.lock` keeps a
second ingest out; a second worker has `0002.spool`, and who
had to leave a spool that the disk refused goes on in `0001-2.spool`. Knows bytes and counts, never what is in a span.

Accounting, at any moment: received = rejected + spooled, spooled = stored + pending + quarantined.
"""

from spanledger_collector.spool.batch import Batch, Held, Stats
from spanledger_collector.spool.cursor import Cursor
from spanledger_collector.spool.files import (
    SpoolUnreadable,
    SpoolUnusable,
    of_worker,
    spools,
    successor,
)
from spanledger_collector.spool.reader import Reader, is_full
from spanledger_collector.spool.together import stats_of_all
from spanledger_collector.spool.writer import Spool, SpoolRefused

__all__ = [
    "Batch",
    "Cursor",
    "Held",
    "Reader",
    "Spool",
    "SpoolRefused",
    "SpoolUnreadable",
    "SpoolUnusable",
    "Stats",
    "is_full",
    "of_worker",
    "spools",
    "stats_of_all",
    "successor",
]
