"""The detectors of one store process: looks after drains and on a timer, and tells what is news.

Runs on the thread that writes, no longer than a twentieth of the time in the long run. What it knows is replaced,
never changed, so that any thread may read it.
"""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from spanledger_collector.budgets import table as alerts
from spanledger_collector.budgets.alarm import Alert, Event
from spanledger_collector.detectors import table
from spanledger_collector.detectors.catalogue import DETECTORS
from spanledger_collector.detectors.looking import Memory, look
from spanledger_collector.detectors.loop import LOOP
from spanledger_collector.detectors.telling import news
from spanledger_collector.detectors.tuning import Tuning, limit_of
from spanledger_collector.ledger.desk import Desk
from spanledger_collector.moments import SECOND_NS
from spanledger_collector.store import Store
from spanledger_collector.turns import Turns

log = logging.getLogger(__name__)

LEAST_PAUSE_S = 5.0
IDLE_PAUSE_S = 60.0  # silence, too, is told of: by the minute


class Warden:
    """Runs every detector. Only the thread that writes may call it; `tunings` any may read."""

    def __init__(self, store: Store, clock: Callable[[], int] = time.time_ns) -> None:
        self._store = store
        self._clock = clock
        self._memory = Memory()
        self._turns = Turns(LEAST_PAUSE_S, IDLE_PAUSE_S)
        self.tunings: Sequence[Tuning] = ()
        self.reload()

    def reload(self) -> None:
        """Read tunings anew: somebody changed them, or another process may have."""
        self.tunings = table.tunings(self._store)

    def run_if_due(self, news: bool) -> None:
        """Look, if it is time to; `news`: something was stored since this was asked last."""
        if self._turns.begins(news):
            try:
                self.run()
            finally:
                self._turns.ended()

    def run(self) -> list[tuple[Event, Alert]]:
        """Look once; return what was told, which is on disk by then."""
        now = self._now()
        seen = look(self._store, now, self._memory, limit_of(LOOP, self.tunings))
        findings = [
            finding
            for detector in DETECTORS.values()
            for finding in detector.look(seen, limit_of(detector, self.tunings))
        ]
        told = list(news(self._recent(now), findings, now))
        alerts.keep(self._store, [alert for _, alert in told], self._clock())
        for event, alert in told:
            log.info("%s of %s: %s", alert.budget_id, alert.project_id, event)
        return told

    def _recent(self, now: datetime) -> dict[tuple[str, str], Alert]:
        """Return what was told of late; read anew, because an erasure may have renamed it."""
        recent = alerts.alerts(self._store, now - alerts.RECALL)
        return {(a.project_id, a.id): a for a in recent if a.detail}

    def tune(self, tuning: Tuning) -> None:
        """Let a detector tell otherwise from now on."""
        table.write(self._store, tuning, self._clock())
        self.reload()
        self.run()

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock() / SECOND_NS, UTC)


class Tuner:
    """What the query API asks of detectors; any thread may."""

    def __init__(self, desk: Desk, warden: Warden) -> None:
        self._desk = desk
        self._warden = warden

    def tunings(self, project_id: str) -> list[Tuning]:
        """Return what is set otherwise in a project."""
        return [t for t in self._warden.tunings if t.project_id == project_id]

    def tune(self, tuning: Tuning) -> None:
        """Let a detector tell otherwise from now on; its alerts that this ends recover at once."""
        dated = replace(tuning, since_ns=self._desk.clock())
        self._desk.handover.do(lambda _: self._warden.tune(dated))
