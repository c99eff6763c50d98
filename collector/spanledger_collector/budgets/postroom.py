"""The account of what is told: what is due, and what became of it. The one door to deliveries.

What is asked is read from the store; what is noted is handed to the thread that writes.
"""

from collections.abc import Sequence
from datetime import UTC, datetime

from spanledger_collector.approvals import table as approvals
from spanledger_collector.approvals.approval import Approval
from spanledger_collector.budgets import deliveries, proof, table
from spanledger_collector.budgets.deliveries import Delivery
from spanledger_collector.budgets.evaluate import Evaluator
from spanledger_collector.budgets.outbox import LATE, STALE, Due, at_most, errands, next_at
from spanledger_collector.budgets.proof import Prover
from spanledger_collector.drain import Drain
from spanledger_collector.failpoints import Point, reach
from spanledger_collector.ledger.desk import Desk
from spanledger_collector.moments import SECOND_NS
from spanledger_collector.store import Store
from spanledger_schema.api_alerts import Event, Outcome

MOST_ERRANDS = 500


class Postroom:
    """Deliveries of one store process; any thread may ask."""

    def __init__(self, desk: Desk, evaluator: Evaluator, prover: Prover) -> None:
        self._desk = desk
        self._evaluator = evaluator
        self._prover = prover

    @property
    def store(self) -> Store:
        """Return where deliveries are kept."""
        return self._desk.store

    @property
    def now(self) -> datetime:
        """Return the moment, by the clock of the ledger."""
        return datetime.fromtimestamp(self._desk.clock() / SECOND_NS, UTC)

    def due(self, channels: Sequence[str], quiet: Sequence[str]) -> list[Due]:
        """Return what is to be told on these channels now, at most MOST_ERRANDS on each.

        On those that are `quiet` only what is critical, and tests.
        """
        now = self.now
        states = deliveries.states(self.store, now - 2 * STALE)
        alerts = table.alerts(self.store, now - STALE)
        waiting = self._approvals(now)
        budgets = [*self._evaluator.budgets, proof.RULE]
        found = errands(alerts, budgets, channels, states, now, waiting, quiet)
        return list(at_most(found, MOST_ERRANDS))

    def _approvals(self, now: datetime) -> list[Approval]:
        """Return what may have to be told of approvals, as they stand now."""
        now_ns = self._desk.clock()
        since_ns = int((now - LATE).timestamp() * SECOND_NS)
        return [each.at(now_ns) for each in approvals.told(self.store, since_ns)]

    def note(
        self,
        project_id: str,
        message_id: str,
        event: Event,
        channel: str,
        attempt: int,
        error: str,
        permanent: bool,
    ) -> Delivery:
        """Write down how an attempt went; return that, with when to try again."""
        now = self.now
        place = (project_id, message_id, channel)
        made = Delivery(*place, attempt, now, event, "delivered")
        if error:
            state = deliveries.states(self.store, now - 2 * STALE).get(place)
            again = None if permanent else next_at(attempt, state.first_at if state else now, now)
            outcome: Outcome = "retry" if again else "dead"
            made = Delivery(*place, attempt, now, event, outcome, again, error)
        self.keep(made)
        return made

    def keep(self, made: Delivery) -> None:
        """Write an attempt down."""

        def work(drain: Drain) -> None:
            reach(Point.DELIVERY_HEARD)
            deliveries.keep(drain.store, made)
            reach(Point.DELIVERY_STORED)
            if made.project_id == proof.PROJECT:
                self._prover.reload()

        self._desk.handover.do(work)
