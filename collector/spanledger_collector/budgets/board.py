"""What `decide` needs to know, in a file of the data folder that ingest reads (`posted`).

Budgets, stops and policies as they hold, and how each budget stands, come in from the thread that
evaluates; rows of SQLite go out, of which only those are written that have changed. The truth is in the
store: a file that cannot be read, or is of another form, is begun anew when the store process starts.
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import apsw
import orjson

from spanledger_collector.approvals.policy import Policy, policy
from spanledger_collector.budgets.decide import Rest, Stop
from spanledger_collector.budgets.rule import Budget, budget
from spanledger_collector.budgets.standing import Key
from spanledger_collector.spool import files

FORM = 1
"""Of the file; another one is begun anew."""

SCHEMA = """
CREATE TABLE rules (              -- one row
    revision INTEGER NOT NULL,    -- one more with each change
    written TEXT NOT NULL         -- budgets, stops and policies, as JSON
) STRICT;
CREATE TABLE evaluation (         -- one row
    at TEXT                       -- as the API writes it; NULL before the first
) STRICT;
CREATE TABLE standing (
    project_id TEXT NOT NULL,
    budget_id TEXT NOT NULL,
    counted TEXT NOT NULL,        -- the group, '' where all count as one
    remaining TEXT NOT NULL,      -- a decimal, exact
    at_least INTEGER NOT NULL,
    PRIMARY KEY (project_id, budget_id, counted)
) STRICT, WITHOUT ROWID;
INSERT INTO rules VALUES (0, '{"budgets": [], "stops": [], "policies": []}');
INSERT INTO evaluation VALUES (NULL);
"""
RULES = "UPDATE rules SET revision = revision + 1, written = ?"
EVALUATION = "UPDATE evaluation SET at = ?"
STANDINGS = "SELECT * FROM standing"
STAND = "INSERT OR REPLACE INTO standing VALUES (?, ?, ?, ?, ?)"
FORGET = "DELETE FROM standing WHERE project_id = ? AND budget_id = ? AND counted = ?"


Noted = tuple[Decimal, bool]
"""What is left of a budget, and whether more is gone than is known."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What was laid down and by whom, as it holds now."""

    budgets: Sequence[Budget] = ()
    stops: Sequence[Stop] = ()
    policies: Sequence[Policy] = ()

    def written(self) -> str:
        """Return them as they stand in the file."""
        return orjson.dumps(self, default=str).decode()


def rules(written: str) -> Rules:
    """Return rules as they were written to the file."""
    said = orjson.loads(written)
    return Rules(
        tuple(budget(each, each["revision_ns"], each["limit_ns"]) for each in said["budgets"]),
        tuple(Stop(**each) for each in said["stops"]),
        tuple(policy(each, each["project_id"], each["id"]) for each in said["policies"]),
    )


def board_file(data: Path) -> Path:
    """Return where the store process writes for ingest what `decide` needs."""
    return data / "store.budgets"


class Board:
    """The file, for the thread that evaluates; what raises has written nothing."""

    def __init__(self, file: Path) -> None:
        """Open it, or begin it anew.

        Raises:
            SpoolUnusable: it cannot be written where it is.
        """
        self._db = opened(file)
        self._rules: str = self._db.execute("SELECT written FROM rules").get
        rows = self._db.execute(STANDINGS)
        self._standings: Mapping[Key, Noted] = {
            (project, budget_id, group): (Decimal(rest), bool(at_least))
            for project, budget_id, group, rest, at_least in rows
        }

    def lay_down(self, now: Rules) -> None:
        """Write budgets, stops and policies; forget how budgets stood that are withdrawn."""
        kept = {(each.project_id, each.id) for each in now.budgets}
        standings = {key: each for key, each in self._standings.items() if key[:2] in kept}
        written = now.written()
        if written != self._rules:
            with self._db:
                self._db.execute(RULES, (written,))
                self._write(standings)
            self._rules, self._standings = written, standings

    def post(self, at: str | None, standings: Mapping[Key, Rest]) -> None:
        """Write how budgets stand, all of them, and when that was worked out."""
        now = {key: (s.remaining, s.at_least) for key, s in standings.items()}
        with self._db:
            self._db.execute(EVALUATION, (at,))
            self._write(now)
        self._standings = now

    def refused(self, budget: Budget) -> list[str]:
        """Return the sessions that a hard budget per session refused when it was last worked out."""
        if not budget.hard or budget.period.unit != "session":
            return []
        place = budget.project_id, budget.id
        return [
            group for (*whose, group), (rest, _) in self._standings.items()
            if rest <= 0 and tuple(whose) == place
        ]  # fmt: skip

    def _write(self, now: Mapping[Key, Noted]) -> None:
        """Write what has changed, in a transaction of the caller's."""
        was = self._standings
        self._db.executemany(FORGET, was.keys() - now.keys())
        self._db.executemany(STAND, changed(was, now))

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()


def changed(
    was: Mapping[Key, Noted], now: Mapping[Key, Noted]
) -> Iterable[tuple[str, str, str, str, bool]]:
    """Return the rows of `standing` that are new or say something else."""
    return ((*key, str(now[key][0]), now[key][1]) for key in now if was.get(key) != now[key])


def opened(file: Path) -> apsw.Connection:
    """Return a connection that writes; after a power cut the file is whole, if not the latest."""
    with suppress(files.SpoolUnusable):  # what is damaged is as good as none
        if file.exists():
            db = files.open_to_write(file, "os", "")
            if db.pragma("user_version") == FORM:
                return settled(db)
            db.close()
    for suffix in ("", "-wal", "-shm"):  # in this order: without the first, nobody opens the others
        file.with_name(file.name + suffix).unlink(missing_ok=True)
    db = files.open_to_write(file, "os", SCHEMA)
    db.pragma("user_version", FORM)
    return settled(db)


def settled(db: apsw.Connection) -> apsw.Connection:
    """Return a connection whose log is emptied now and then; what is erased is overwritten."""
    db.wal_autocheckpoint(1000)
    db.pragma("secure_delete", True)
    return db
