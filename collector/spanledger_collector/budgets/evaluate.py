"""All budgets against what is stored: how each stands, and what there is to tell.

Adds up by one query per budget, the rows that every screen reads. Runs on the thread that writes,
after a drain and on a timer, no longer than a twentieth of the time in the long run: with many budgets it runs
less often instead. What it finds is put in one place at once, for other threads to read.
"""

import logging
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from spanledger_collector.approvals import table as approvals
from spanledger_collector.approvals.policy import Policy
from spanledger_collector.budgets import stops, table
from spanledger_collector.budgets.alarm import Alert, Event, step
from spanledger_collector.budgets.board import Board, Rules
from spanledger_collector.budgets.decide import Stop
from spanledger_collector.budgets.decision import evaluated
from spanledger_collector.budgets.forecast import HISTORY_DAYS, ByDay, Forecast, forecast
from spanledger_collector.budgets.form import UNFORESEEN
from spanledger_collector.budgets.period import INSTANT, Span, around, midnight
from spanledger_collector.budgets.rule import SCOPE, Budget
from spanledger_collector.budgets.standing import Key, Spent, Standing
from spanledger_collector.failpoints import Point, reach
from spanledger_collector.moments import SECOND_NS
from spanledger_collector.store import Store
from spanledger_collector.turns import Turns

log = logging.getLogger(__name__)

LEAST_PAUSE_S = 1.0
IDLE_PAUSE_S = 10.0  # a period may end while nothing arrives

SESSIONS_OF = timedelta(days=1)
"""A budget per session looks at sessions that did something in the last day, and those it refuses."""

LOOK_BACK_EVERY = timedelta(minutes=1)
"""How often the period before the present one is looked at: what comes late is told late."""

FAR_FUTURE_S = 4_000_000_000  # as far as the column goes, nearly


@dataclass(frozen=True, slots=True)
class Books:
    """What an evaluation found: how every budget stands, and when that was."""

    at: datetime
    standings: Mapping[Key, Standing] = field(default_factory=dict)
    took_s: float = 0.0


class Evaluator:
    """Keeps the standings of one store process. Only the thread that writes may call it.

    What it knows (`budgets`, `stops`, `policies`, `books`) is replaced, never changed: any thread may read it.
    Other processes read it on the board.
    """

    def __init__(self, store: Store, board: Board, clock: Callable[[], int] = time.time_ns) -> None:
        self._store = store
        self._board = board
        self._clock = clock
        self.budgets: Sequence[Budget] = ()
        self.stops: Sequence[Stop] = ()
        self.policies: Sequence[Policy] = ()
        self._told: defaultdict[Key, dict[str, Alert]] = defaultdict(dict)
        self._turns = Turns(LEAST_PAUSE_S, IDLE_PAUSE_S)
        self.books = Books(datetime.fromtimestamp(0, UTC))
        self._looked_back_at = self.books.at
        self.reload()

    def reload(self) -> None:
        """Read budgets and alerts anew: somebody changed them, or another process may have."""
        self.budgets = table.budgets(table.standing_rows(self._store))
        self.stops = stops.stops(self._store)
        self.policies = approvals.policies(self._store)
        self._board.lay_down(Rules(self.budgets, self.stops, self.policies))
        self._told.clear()
        for alert in table.alerts(self._store, self._now() - table.RECALL):
            self._told[key(alert)][alert.id] = alert

    def run_if_due(self, news: bool) -> None:
        """Evaluate, if it is time to; `news`: something was stored since this was asked last."""
        if self.budgets and self._turns.begins(news):
            try:
                self.run()
            finally:
                self._turns.ended()

    def run(self) -> list[tuple[Event, Alert]]:
        """Evaluate every budget; return what was told, which is on disk by then."""
        began, now = time.monotonic(), self._now()
        standings = {
            s.key: s
            for budget in self.budgets
            for s in standing(self._store, budget, now, self._board.refused(budget))
        }
        news = [*self._news(standings.values(), now), *self._late_news(now)]
        if news:
            reach(Point.ALERT_FOUND)
            table.keep(self._store, [alert for _, alert in news], self._clock())
            reach(Point.ALERT_STORED)
        for event, alert in news:
            self._told[key(alert)][alert.id] = alert
            log.info("budget %s %s %s %s", alert.budget_id, alert.group, alert.threshold, event)
        try:
            self._board.post(evaluated(now), standings)
        finally:
            self.books = Books(now, standings, time.monotonic() - began)
        return news

    def _news(self, found: Iterable[Standing], now: datetime) -> Iterator[tuple[Event, Alert]]:
        """Yield what there is to tell of standings."""
        lowest = {(b.project_id, b.id): first_at(b) for b in self.budgets}
        for each in found:
            place = each.key
            told = self._told.get(place, {})
            if told or each.forecast or each.spent.amount >= lowest[place[:2]]:
                yield from step(told, each, now)

    def _late_news(self, now: datetime) -> list[tuple[Event, Alert]]:
        """Return what was crossed in periods that ended of late, and nobody was told of yet."""
        if timedelta(0) <= now - self._looked_back_at < LOOK_BACK_EVERY:
            return []
        self._looked_back_at = now
        over = (s for budget in self.budgets for s in ended(self._store, budget, now))
        return [(event, alert) for event, alert in self._news(over, now) if event == "fired"]

    def close(self) -> None:
        """Let go of the board; what stands there goes on to hold."""
        self._board.close()

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock() / SECOND_NS, UTC)


def key(alert: Alert) -> Key:
    """Return whose standing an alert was told of."""
    return alert.project_id, alert.budget_id, alert.group


def standing(
    store: Store, budget: Budget, now: datetime, refused: Sequence[str] = ()
) -> Iterator[Standing]:
    """Yield how a budget stands, one for each group that has spent; for all as one, always one.

    `refused` are sessions that had spent theirs: they are looked at however long they did nothing.
    """
    span = around(budget.period, now)
    spent = spending(store, budget, span, now, refused)
    if not budget.each:
        spent = {"": spent.get("", Spent())}
    coming = forecasts(store, budget, span, now, spent) if is_foreseen(budget) else {}
    for group, each in spent.items():
        yield Standing(budget, group, span, each, coming.get(group))


def ended(store: Store, budget: Budget, now: datetime) -> Iterator[Standing]:
    """Yield how a budget stands in the period before this one, for a day after that has ended.

    A rule that was written down since then says nothing of it.
    """
    begins = around(budget.period, now).start
    is_later = budget.revision_ns >= int(begins.timestamp()) * SECOND_NS
    if budget.period.unit in ("rolling", "session") or is_later or now - begins > table.RECALL:
        return
    span = around(budget.period, begins - INSTANT)
    for group, spent in spending(store, budget, span, now).items():
        yield Standing(budget, group, span, spent)


def first_at(budget: Budget) -> Decimal:
    """Return the amount below which a budget says nothing: of ten thousand groups most are there."""
    return min((budget.at(threshold) for threshold in budget.thresholds), default=Decimal("inf"))


def is_foreseen(budget: Budget) -> bool:
    """Tell whether a forecast is worth its query: somebody wants to be told of one."""
    return budget.period.unit not in UNFORESEEN and any(
        threshold.basis == "forecast" for threshold in budget.thresholds
    )


def spending(
    store: Store, budget: Budget, span: Span, now: datetime, also: Sequence[str] = ()
) -> dict[str, Spent]:
    """Return what each group spent in a stretch of time; of sessions those of late, and `also`."""
    active = now - SESSIONS_OF if budget.period.unit == "session" else None
    rows = query(store, budget, span, active=active, also=also)
    return {
        group: Spent(Decimal(amount), unpriced, Decimal(estimated), silent)
        for group, _, amount, unpriced, estimated, silent in rows
    }


def forecasts(
    store: Store, budget: Budget, span: Span, now: datetime, spent: Mapping[str, Spent]
) -> dict[str, Forecast]:
    """Return where each group is heading, for those of which that can be said."""
    zone = ZoneInfo(budget.period.zone)
    past = history(store, budget, now, zone)
    found = {
        group: forecast(each.amount, budget.limit, span, now, past[group], zone)
        for group, each in spent.items()
        if group in past
    }
    return {group: each for group, each in found.items() if each is not None}


def history(store: Store, budget: Budget, now: datetime, zone: ZoneInfo) -> dict[str, ByDay]:
    """Return what each group spent on each of the last complete days."""
    today = now.astimezone(zone).date()
    span = Span(midnight(today - timedelta(days=HISTORY_DAYS), zone), midnight(today, zone))
    found: defaultdict[str, dict[date, Decimal]] = defaultdict(dict)
    for group, day, amount, *_ in query(store, budget, span, by_day=True):
        found[group][date.fromisoformat(day)] = Decimal(amount)
    return dict(found)


def query(
    store: Store,
    budget: Budget,
    span: Span,
    *,
    by_day: bool = False,
    active: datetime | None = None,
    also: Sequence[str] = (),
) -> Iterator[tuple[str, str, str, int, str, int]]:
    """Return rows of `budget_spend.sql`: group, day, amount, unpriced calls, estimated, silent calls."""
    columns = store.columns(
        "budget_spend",
        project=budget.project_id,
        measure=budget.measure,
        each=budget.each,
        tz=budget.period.zone,
        by_day=by_day,
        since_s=seconds(span.start),
        until_s=seconds(span.end) if span.end else FAR_FUTURE_S,
        active_s=seconds(active) if active else 0,
        also=list(also),
        **{name: budget.scope.get(name, "") for name in SCOPE},
    )
    return zip(*columns, strict=True)


def seconds(at: datetime) -> int:
    """Return a moment as whole seconds since the epoch, as bounds of quarters are."""
    return max(0, int(at.timestamp()))
