"""What is told of a budget, against a plain account of what was ever crossed."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from spanledger_collector.budgets.alarm import Alert, Event, step
from spanledger_collector.budgets.period import Period, around
from spanledger_collector.budgets.rule import Budget, Threshold
from spanledger_collector.budgets.standing import Spent, Standing

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
THRESHOLDS = tuple(Threshold(Decimal(p)) for p in (50, 80, 100))
SHARES = {"actual:50": 5, "actual:80": 8, "actual:100": 10}


def daily(**said: object) -> Budget:
    """Return a budget of ten dollars a day."""
    fields = {"period": Period("day", "Europe/Berlin"), "thresholds": THRESHOLDS} | said
    return Budget("b", "p", "all", Decimal(10), **fields)  # type: ignore[arg-type]


def evaluate(
    budget: Budget, told: dict[str, Alert], spent: int, now: datetime
) -> list[tuple[Event, Alert]]:
    """Return what is told at a moment, and remember it."""
    standing = Standing(budget, "", around(budget.period, now), Spent(Decimal(spent)))
    news = list(step(told, standing, now))
    told |= {alert.id: alert for _, alert in news}
    return news


EVALUATIONS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 12)), min_size=1, max_size=30)
"""Hours that passed, and the spend then: it falls when the period ends or a price changes."""


@given(EVALUATIONS)
def test_each_threshold_that_was_ever_crossed_in_a_period_is_told_exactly_once(
    evaluations: list[tuple[int, int]],
):
    # the clocks go back in the second night: that day has 25 hours
    budget, now = daily(), datetime(2026, 10, 24, 12, tzinfo=UTC)
    told: dict[str, Alert] = {}
    fired: Counter[tuple[datetime, str]] = Counter()
    crossed: set[tuple[datetime, str]] = set()
    for hours, spent in evaluations:
        now += timedelta(hours=hours)
        start = around(budget.period, now).start
        news = evaluate(budget, told, spent, now)
        fired.update((a.span.start, a.threshold) for event, a in news if event == "fired")
        crossed |= {(start, key) for key, share in SHARES.items() if spent >= share}
    assert fired == dict.fromkeys(crossed, 1)


@given(st.lists(st.integers(0, 12), min_size=1, max_size=30))
def test_a_rolling_threshold_is_told_each_time_it_is_crossed_from_below(spends: list[int]):
    budget = daily(period=Period("rolling", hours=24), thresholds=(THRESHOLDS[2],))
    told: dict[str, Alert] = {}
    now, above, rises = NOON, False, 0
    for spent in spends:
        now += timedelta(minutes=20)
        rises += spent >= 10 and not above
        above = spent >= 10
        evaluate(budget, told, spent, now)
    assert len(told) == rises


def test_an_alert_recovers_when_spend_falls_and_is_not_told_twice():
    told: dict[str, Alert] = {}
    budget = daily(thresholds=(THRESHOLDS[0],))
    spends = (6, 4, 6)
    events = [[e for e, _ in evaluate(budget, told, spent, NOON)] for spent in spends]
    assert events == [["fired"], ["recovered"], []]


def test_two_processes_that_tell_the_same_thing_tell_one_alert():
    here: dict[str, Alert] = {}
    there: dict[str, Alert] = {}
    evaluate(daily(), here, 6, NOON)
    evaluate(daily(), there, 9, NOON + timedelta(seconds=3))
    assert here.keys() < there.keys()


def ids(budget: Budget, spent: int = 6) -> Mapping[str, Alert]:
    told: dict[str, Alert] = {}
    evaluate(budget, told, spent, NOON)
    return told


def test_a_new_note_tells_nothing_anew_and_a_new_limit_does():
    assert ids(daily()).keys() == ids(daily(note="for the team", owner="ann")).keys()
    raised = Budget("b", "p", "all", Decimal(12), Period("day", "Europe/Berlin"), thresholds=THRESHOLDS)  # fmt: skip
    assert not ids(daily()).keys() & ids(raised).keys()


def test_what_was_told_under_a_limit_that_holds_no_more_recovers_and_a_limit_of_old_tells_anew():
    first, now_ns = daily(), round(NOON.timestamp()) * 10**9
    more = daily(limit_ns=now_ns)
    back = daily(limit_ns=now_ns + 1)
    told: dict[str, Alert] = {}
    assert [event for event, _ in evaluate(first, told, 5, NOON)] == ["fired"]
    news = [(e, int(a.limit)) for e, a in evaluate(replace(more, limit=Decimal(4)), told, 3, NOON)]
    assert sorted(news) == [("fired", 4), ("recovered", 10)]
    news = [(e, int(a.limit)) for e, a in evaluate(back, told, 5, NOON)]
    assert sorted(news) == [("fired", 10), ("recovered", 4)]
    assert evaluate(back, told, 5, NOON) == []
    tomorrow = NOON + timedelta(days=1)
    assert [event for event, _ in evaluate(back, told, 5, tomorrow)] == ["fired"]
