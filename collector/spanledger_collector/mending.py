"""Stores again what the engine has lost, as far as the spools reach back.

Takes the losses that were found at the start, replays the spools, computes every trace anew where
totals were lost, and says what remains missing. Done by the thread that drains, between two rounds,
a piece at a time.
"""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass

from spanledger_collector.drain import Drain
from spanledger_collector.handover import Closing
from spanledger_collector.ledger.recount import stored_traces
from spanledger_collector.parts import Part, Parts
from spanledger_collector.rollup import TraceKey
from spanledger_collector.spoolwork import Yard, replay
from spanledger_collector.store import Store

log = logging.getLogger(__name__)

FROM_SPOOL = frozenset({"spans", "payloads", "log_records"})


@dataclass(frozen=True, slots=True)
class Mender:
    """The parts of a store, and the ways to what they can be made from again."""

    store: Store
    parts: Parts
    yard: Yard

    def start(self) -> None:
        """Make good what was lost, in a thread; rows of traces are not relied on any more."""
        if self.parts.lost:
            threading.Thread(target=self.run, name="mending", daemon=True).start()

    def run(self) -> None:
        """Make good what can be, and say so."""
        try:
            mended = self._mended()
            self.yard.handover.do(lambda _: self.parts.mend(mended))
        except Closing:
            return  # it is noted, and found again at the next start
        for part in mended:
            log.warning("stored again what was lost of %s", part)
        for reason in self.degraded():
            log.error("%s", reason)

    def _mended(self) -> list[Part]:
        """Store again what the spools still have; return the parts that are whole by that."""
        found = replay(self.yard, 0)
        log.warning("replayed %d spans from the spools", found.spans)
        if any(part.table == "traces" for part in self.parts.lost):
            self._total()
        since_s = self.yard.handover.do(lambda _: kept_since_ns(self.yard)) / 1e9
        return [part for part in self.parts.lost if can_mend(part, since_s)]

    def _total(self) -> None:
        """Compute every trace anew from its spans."""
        for project in [row["project_id"] for row in self.store.rows("ledger_projects")]:
            for traces in stored_traces(self.store, project):
                self.yard.handover.do(recomputed([(project, trace) for trace in traces]))

    def degraded(self) -> list[str]:
        """Return what the store lacks, in words."""
        return [
            f"lost a part of {part}: stored again as far as the spool reaches back; for the rest"
            " restore a backup, then `spanledger replay --since` the day of it"
            for part in self.parts.lost
        ]


def can_mend(part: Part, since_s: float) -> bool:
    """Tell whether a replay of all that was received since a moment makes a part whole."""
    if part.table == "traces":
        return True  # computed anew, from spans
    return part.table in FROM_SPOOL and (since_s == 0 or since_s <= part.oldest_s)


def kept_since_ns(yard: Yard) -> int:
    """Return since when the spools still have everything; 0 when they have all that ever came."""
    both = yard.spools().values()
    return max(reader.kept_since_ns(cursor.position()) for reader, cursor in both)


def recomputed(keys: list[TraceKey]) -> Callable[[Drain], None]:
    """Return what computes some traces anew."""
    return lambda drain: drain.recompute(keys)
