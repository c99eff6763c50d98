"""Budgets of one store process for those who ask and those who change: the one door to `evaluate`.

What is asked is answered from what is at hand, whatever the drain does meanwhile. What is changed
is handed to the thread that writes, which evaluates at once, so that the answer already counts.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from spanledger_collector.budgets import stops, table
from spanledger_collector.budgets.decide import Decision, Question, Stop, decide
from spanledger_collector.budgets.evaluate import Books, Evaluator, spending
from spanledger_collector.budgets.period import INSTANT, around
from spanledger_collector.budgets.rule import Budget
from spanledger_collector.budgets.standing import Spent, Standing
from spanledger_collector.budgets.table import Edit
from spanledger_collector.ledger.desk import Desk
from spanledger_collector.moments import SECOND_NS


class Office:
    """What the query API asks of budgets; any thread may."""

    def __init__(self, desk: Desk, evaluator: Evaluator) -> None:
        self._desk = desk
        self._evaluator = evaluator

    @property
    def books(self) -> Books:
        """Return how every budget stood when that was last worked out."""
        return self._evaluator.books

    @property
    def now(self) -> datetime:
        """Return the moment, by the clock of the ledger."""
        return datetime.fromtimestamp(self._desk.clock() / SECOND_NS, UTC)

    def decide(self, question: Question) -> Decision:
        """Return whether a step of an agent may be taken."""
        known = self._evaluator
        return decide(question, known.budgets, known.books.standings, known.stops, known.policies)

    def reload(self) -> None:
        """Read what was written down elsewhere: policies."""
        self._desk.handover.do(lambda _: self._evaluator.reload())

    def change(
        self, plan: Callable[[Sequence[Budget]], Sequence[Edit]], by: str, note: str
    ) -> None:
        """Carry out what a plan makes of the budgets as they are then; it may refuse by raising."""
        desk, evaluator = self._desk, self._evaluator

        def work(_: object) -> None:
            edits = plan(evaluator.budgets)
            if edits:
                last_ns = max((b.revision_ns + 1 for b in evaluator.budgets), default=0)
                table.write(desk.store, edits, max(desk.clock(), last_ns), by, note)
                evaluator.reload()
                evaluator.run()

        desk.handover.do(work)

    def stop(self, stop: Stop, *, lifted: bool = False) -> None:
        """Stop something, or let it go on."""
        desk, evaluator = self._desk, self._evaluator

        def work(_: object) -> None:
            if lifted and stop.id not in (known.id for known in evaluator.stops):
                raise stops.NoStop(f"nothing is stopped under {stop.id!r}")
            stops.write(desk.store, stop, lifted=lifted, now_ns=desk.clock())
            evaluator.reload()

        desk.handover.do(work)

    def counting(self, project_id: str, session: str) -> list[tuple[Standing, Spent]]:
        """Return the budgets that count a session: how each stands, and what of it is the session's.

        Asked of the very rows that the budgets are evaluated on, so it cannot say otherwise than they do.
        """
        at, standings = self.now, self.books.standings
        found = []
        for budget in self._evaluator.budgets:
            if budget.project_id != project_id or budget.scope.get("session", session) != session:
                continue
            own = replace(budget, scope={**budget.scope, "session": session})
            span = around(budget.period, at)
            for group, spent in spending(self._desk.store, own, span, at, [session]).items():
                known = standings.get((project_id, budget.id, group))
                if known is None and budget.period.unit == "session":
                    known = Standing(
                        budget, group, span, spent
                    )  # nothing of late: it is all there is
                if known:
                    found.append((known, spent))
        return found

    def preview(self, budget: Budget, periods: int) -> list[Standing]:
        """Return what a budget would have come to in its last periods, newest first."""
        found: list[Standing] = []
        at = self.now
        for _ in range(periods):
            span = around(budget.period, at)
            spent = spending(self._desk.store, budget, span, at)
            found += [Standing(budget, group, span, each) for group, each in spent.items()]
            if span.end is None:
                break
            at = span.start - INSTANT
        return found
