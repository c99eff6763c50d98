"""A budget of nobody's that is crossed once a day, so that it is known whether an alert would arrive.

It has a project of its own and goes through what every alert does: the same steps, the table of alerts,
the outbox and the process that delivers, which notes the arrival on a channel that tells nobody. When it
last arrived comes out. No spend is involved, and no other project sees it.
"""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import takewhile

from spanledger_collector.budgets import deliveries, table
from spanledger_collector.budgets.alarm import Alert, step
from spanledger_collector.budgets.deliveries import Delivery
from spanledger_collector.budgets.period import BEGINNING, Period, Span
from spanledger_collector.budgets.rule import Budget, Threshold
from spanledger_collector.budgets.standing import Spent, Standing
from spanledger_collector.moments import SECOND_NS
from spanledger_collector.store import Store
from spanledger_schema.api_budgets import PROOF_CHANNEL

log = logging.getLogger(__name__)

PROJECT = "__proof__"
RULE = Budget(
    id="alert-path", project_id=PROJECT, name="alert path", limit=Decimal(1), period=Period("day"),
    thresholds=(Threshold(Decimal(100), severity="info"),), channels=(PROOF_CHANNEL,),
)  # fmt: skip

REMEMBERED = timedelta(days=31)
MOST_ATTEMPTS = 10_000

GRACE = timedelta(minutes=5)
"""What a crossing may take to arrive; half the pause between two where that is shorter."""


@dataclass(frozen=True, slots=True)
class Known:
    """What became of the crossings: the last one, and the last one that arrived. None: there is none."""

    crossed_at: datetime | None = None
    waiting_since: datetime | None = None
    """When the first one was crossed of which nothing was heard; None: all arrived."""
    proven_at: datetime | None = None
    took: timedelta | None = None


class Prover:
    """Has the budget crossed when it is time to. For the thread that writes; `known` is for any."""

    def __init__(
        self,
        store: Store,
        every_s: float,
        expected: bool = False,
        clock: Callable[[], int] = time.time_ns,
    ) -> None:
        """Take how often it is crossed (0: never), and whether channels are known to be told."""
        self._store = store
        self._every = timedelta(seconds=int(every_s))
        self._expected = expected
        self._clock = clock
        self._due = BEGINNING
        self.known = Known()
        self.reload()

    def reload(self) -> None:
        """Read anew what became of the crossings."""
        since = self._now() - REMEMBERED
        told = table.alerts(self._store, since, PROJECT)
        self.known = known(told, deliveries.log(self._store, PROJECT, since, MOST_ATTEMPTS))

    def run_if_due(self, news: bool) -> None:
        """Have it crossed, if it was not in this stretch of time; news are none of its business."""
        now = self._now()
        if not self._every or now < self._due:
            return
        start = now - (now - BEGINNING) % self._every
        told = {a.id: a for a in table.alerts(self._store, start, PROJECT)}
        standing = Standing(RULE, "", Span(start, start + self._every), Spent(RULE.limit))
        found = [alert for _, alert in step(told, standing, now)]
        table.keep(self._store, found, self._clock())
        self.reload()
        self._due = start + self._every

    @property
    def overdue(self) -> bool:
        """Tell whether an alert might not arrive: a crossing did not, or there was none in time."""
        known = self.known
        if not self._every or known.crossed_at is None:
            return False
        if not (self._expected or known.proven_at):
            return False  # nobody is told of anything here, as far as is known
        awaited_from = known.waiting_since or known.crossed_at + self._every
        return self._now() > awaited_from + min(GRACE, self._every / 2)

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock() / SECOND_NS, UTC)


def known(told: Sequence[Alert], attempts: Sequence[Delivery]) -> Known:
    """Return what is known of crossings, given newest first, from attempts to tell of them."""
    if not told:
        return Known()
    noted = {d.message_id.rpartition(".")[0]: d.at for d in attempts if d.outcome == "delivered"}
    waiting = list(takewhile(lambda a: a.id not in noted, told))
    since = waiting[-1].fired_at if waiting else None
    if len(waiting) == len(told):
        return Known(told[0].fired_at, since)
    proven = told[len(waiting)]
    at = noted[proven.id]
    return Known(told[0].fired_at, since, at, at - proven.fired_at)
