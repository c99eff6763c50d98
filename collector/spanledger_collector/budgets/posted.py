"""What the store process has posted for `decide` (`board`), as ingest reads it: when it is asked.

A question in; a decision and the moment of the evaluation it rests on out, by a few look-ups in a file
that is in memory. It stays good while the store process is away: a stop goes on holding.
"""

import os
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import apsw

from spanledger_collector.budgets.board import FORM, Rules, rules
from spanledger_collector.budgets.decide import Decision, Question, decide
from spanledger_collector.budgets.standing import Key

CHANGED = "PRAGMA data_version"  # another number after each transaction of the store process
NOW = "SELECT revision, at FROM rules, evaluation"
WRITTEN = "SELECT written FROM rules"
STANDING = """
SELECT remaining, at_least FROM standing WHERE project_id = ? AND budget_id = ? AND counted = ?
"""
KEPT = 10_000  # standings, until something changes
WAIT_MS = 50  # while the store process begins: whoever asks waits, and so do the spans behind them


class NothingPosted(Exception):
    """Nothing can be said about what may go on; the message says why, and names no file."""


class Remains(NamedTuple):
    """How a budget stands, as far as `decide` asks."""

    remaining: Decimal
    at_least: bool


class Posted:
    """The file of one data folder, for one thread."""

    def __init__(self, file: Path) -> None:
        self._file = os.fspath(file)
        self._db: apsw.Connection | None = None
        self._inode = 0
        self._version = self._revision = -1
        self._rules = Rules()
        self._at: str | None = None
        self._standings: dict[Key, Remains | None] = {}  # those that were asked for

    def decide(self, question: Question) -> tuple[Decision, str | None]:
        """Return whether a step may be taken, and when budgets were evaluated, None where never.

        Raises:
            NothingPosted: there is no file yet.
            apsw.Error: it cannot be read.
            OSError: nor can the folder.
        """
        try:
            with self._connection() as db:  # one state of the file for all that is read
                self._keep_up(db)
                known = self._rules
                found = decide(question, known.budgets, self, known.stops, known.policies)
        except apsw.Error:
            self.close()
            raise
        return found, self._at

    def get(self, key: Key) -> Remains | None:
        """Return how a budget stands, None where nothing is spent of it."""
        if key not in self._standings:
            assert self._db is not None
            row = self._db.execute(STANDING, key).fetchone()
            if len(self._standings) == KEPT:
                self._standings.clear()
            self._standings[key] = row and Remains(Decimal(row[0]), bool(row[1]))
        return self._standings[key]

    def _keep_up(self, db: apsw.Connection) -> None:
        """Forget what was read before the last change."""
        version = db.execute(CHANGED).get
        if version == self._version:
            return
        revision, self._at = db.execute(NOW).get
        if revision != self._revision:
            self._rules, self._revision = rules(db.execute(WRITTEN).get), revision
        self._standings.clear()
        self._version = version

    def _connection(self) -> apsw.Connection:
        """Return a connection to the file that is there now: it may have been begun anew."""
        try:
            inode = os.stat(self._file).st_ino
        except FileNotFoundError:
            raise NothingPosted(
                "the store process has not said yet what budgets there are"
            ) from None
        if self._db is None or inode != self._inode:
            self.close()
            self._db, self._inode = opened(self._file), inode
        return self._db

    def close(self) -> None:
        """Let go of the file, and of what was read in it."""
        if self._db is not None:
            self._db.close()
        self._db, self._version, self._revision = None, -1, -1


def opened(file: str) -> apsw.Connection:
    """Return a connection that reads."""
    db = apsw.Connection(file, flags=apsw.SQLITE_OPEN_READONLY)
    db.set_busy_timeout(WAIT_MS)
    if (form := db.pragma("user_version")) != FORM:
        db.close()
        raise NothingPosted(f"budgets are written down in form {form}, this is for form {FORM}")
    return db
