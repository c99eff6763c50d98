"""What is due on which channel: each message once, in its order, again after a failure."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from spanledger_collector.budgets.alarm import Alert
from spanledger_collector.budgets.outbox import GIVE_UP, State, at_most, errands, next_at
from spanledger_collector.budgets.period import Period, Span
from spanledger_collector.budgets.rule import Budget
from spanledger_collector.store import Store
from tests.finance import gpt
from tests.otlp import traces
from tests.pipeline import Pipeline, running

STORES = ["chdb"]

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
BUDGET = Budget("b", "p", "all", Decimal(1), Period("day"))
ALERT = Alert(
    id="a-0", budget_id="b", project_id="p", name="all", group="", threshold="actual:80",
    severity="warning", measure="usd", span=Span(NOON - 12 * HOUR, NOON + 12 * HOUR), fired_at=NOON,
    spent=Decimal(1), limit=Decimal(1), at_least=False, unpriced_calls=0, estimated_usd=Decimal(0),
    told_at=NOON,
)  # fmt: skip
DELIVERED = State("fired", 1, NOON, "delivered")


def due(
    alert: Alert = ALERT,
    budget: Budget | None = BUDGET,
    channels: tuple[str, ...] = ("c",),
    now: datetime = NOON,
    **states: State,
) -> list[tuple[str, str, int]]:
    """Return message, channel and attempt of what is due; states are those of messages on c."""
    known = {("p", id_.replace("_", "-", 1).replace("_", "."), "c"): s for id_, s in states.items()}
    found = errands([alert], [budget] if budget else [], channels, known, now)
    return [(message.id, channel, attempt) for message, channel, attempt in found]


def test_an_alert_goes_to_every_channel_or_to_those_its_budget_names():
    assert due(channels=("c", "d")) == [("a-0.1", "c", 1), ("a-0.1", "d", 1)]
    assert due(budget=replace(BUDGET, channels=("d", "x")), channels=("c", "d")) == [("a-0.1", "d", 1)]  # fmt: skip


def test_what_was_delivered_or_given_up_is_not_due():
    assert due(a_0_1=DELIVERED) == []
    assert due(a_0_1=replace(DELIVERED, outcome="dead")) == []


def test_what_failed_is_due_when_its_pause_is_over_not_before():
    failed = replace(DELIVERED, outcome="retry", next_at=NOON + HOUR)
    assert due(a_0_1=failed, now=NOON + HOUR - timedelta(seconds=1)) == []
    assert due(a_0_1=failed, now=NOON + HOUR) == [("a-0.1", "c", 2)]


def test_a_recovery_is_told_after_what_it_recovers_from():
    recovered = replace(ALERT, recovered_at=NOON + HOUR)
    assert due(recovered) == [("a-0.1", "c", 1)]
    failed = replace(DELIVERED, outcome="retry", next_at=NOON + HOUR)
    assert due(recovered, a_0_1=failed) == []
    assert due(recovered, a_0_1=DELIVERED) == [("a-0.recovered", "c", 1)]
    assert due(recovered, a_0_1=DELIVERED, a_0_recovered=DELIVERED) == []


def test_a_reminder_takes_the_place_of_what_it_reminds_of():
    assert due(replace(ALERT, told=3)) == [("a-0.3", "c", 1)]


def test_nobody_is_told_of_a_budget_that_was_withdrawn_or_of_last_week():
    assert due(budget=None) == []
    assert due(now=NOON + timedelta(days=7)) == [("a-0.1", "c", 1)]
    assert due(now=NOON + timedelta(days=7, seconds=1)) == []


def test_a_quiet_channel_is_told_only_what_is_critical_and_tests():
    grave = replace(ALERT, id="b-0", severity="critical")
    test = {("p", "test-1", "c"): State("test", 0, NOON, "asked")}
    found = errands([ALERT, grave], [BUDGET], ["c", "d"], test, NOON, quiet=["c"])
    assert [(message.id, channel) for message, channel, _ in found] == [
        ("a-0.1", "d"), ("b-0.1", "c"), ("b-0.1", "d"), ("test-1", "c"),
    ]  # fmt: skip


def test_a_channel_that_takes_nothing_keeps_nothing_from_another():
    many = [replace(ALERT, id=f"a-{n}") for n in range(10)]
    states = {("p", f"a-{n}.1", "d"): DELIVERED for n in range(9)}
    found = at_most(errands(many, [BUDGET], ["c", "d"], states, NOON), 3)
    assert [(message.id, channel) for message, channel, _ in found] == [
        ("a-0.1", "c"), ("a-1.1", "c"), ("a-2.1", "c"), ("a-9.1", "d"),
    ]  # fmt: skip


def test_a_message_is_tried_for_a_day_with_longer_and_longer_pauses():
    at, pauses = NOON, []
    for attempt in range(1, 100):
        again = next_at(attempt, NOON, at)
        if again is None:
            break
        pauses.append((again - at).total_seconds())
        at = again
    assert pauses[:7] == [10, 30, 90, 270, 810, 2430, 7200]
    assert GIVE_UP - 2 * HOUR < at - NOON <= GIVE_UP


@pytest.fixture
def pipeline(store: Store, tmp_path: Path) -> Iterator[Pipeline]:
    with running(store, tmp_path) as found:
        yield found


def outbox(pipeline: Pipeline, *channels: str) -> list[Any]:
    found: list[Any] = pipeline.ask("GET", "alerts/outbox", params={"channel": channels or ["c"]})
    return found


def overspend(pipeline: Pipeline, **said: Any) -> None:
    """Spend more than half of two cents, which one threshold tells of."""
    said = {"id": "b", "name": "all", "limit": "0.02", "period": {"unit": "day"},
            "thresholds": [{"percent": 40}]} | said  # fmt: skip
    pipeline.ask("POST", "budgets", 201, json=said)
    pipeline.post("traces", traces(gpt(1)))
    pipeline.budgets.run()


def result(errand: Any, **more: Any) -> dict[str, Any]:
    """Return what is told of an attempt at an errand."""
    fields = ("project_id", "message_id", "event", "channel", "attempt")
    return {name: errand[name] for name in fields} | more


def test_an_alert_stays_in_the_outbox_until_it_is_delivered_also_when_the_store_starts_again(
    pipeline: Pipeline,
):
    overspend(pipeline)
    (errand,) = outbox(pipeline)
    (alert,) = pipeline.get("alerts")
    assert errand == {
        "message_id": f"{alert['id']}.1", "project_id": "default", "event": "fired", "channel": "c",
        "attempt": 1, "happened_at": alert["fired_at"], "alert": alert,
        "approval": None,
    }  # fmt: skip
    pipeline.restart()
    assert outbox(pipeline) == [errand]
    done = pipeline.ask("POST", "alerts/deliveries", 201, json=result(errand))
    assert (done["outcome"], done["next_at"]) == ("delivered", None)
    pipeline.restart()
    assert outbox(pipeline) == []
    assert [e["channel"] for e in outbox(pipeline, "c", "d")] == ["d"]
    assert pipeline.get("alerts/deliveries") == [done]


def test_a_failure_is_tried_again_later_and_in_the_end_given_up(pipeline: Pipeline):
    overspend(pipeline)
    attempts = 0
    while found := outbox(pipeline):
        attempts += 1
        assert [e["attempt"] for e in found] == [attempts]
        failed = result(found[0], error="status_503")
        said = pipeline.ask("POST", "alerts/deliveries", 201, json=failed)
        if said["next_at"]:
            assert outbox(pipeline) == []
            later = datetime.fromisoformat(said["next_at"]).timestamp()
            pipeline.now_ns = round(later) * 1_000_000_000 + 1_000_000_000
    log = pipeline.get("alerts/deliveries")
    assert [row["outcome"] for row in log] == ["dead", *["retry"] * (attempts - 1)]
    assert {row["error"] for row in log} == {"status_503"}
    assert 15 < attempts < 20


def test_what_cannot_work_is_given_up_at_once(pipeline: Pipeline):
    overspend(pipeline)
    (errand,) = outbox(pipeline)
    failed = result(errand, error="status_404", permanent=True)
    assert pipeline.ask("POST", "alerts/deliveries", 201, json=failed)["outcome"] == "dead"
    assert outbox(pipeline) == []


def test_a_test_goes_to_its_channel_once(pipeline: Pipeline):
    asked = pipeline.ask("POST", "alerts/test", 202, json={"channel": "c"})
    assert outbox(pipeline, "d") == []
    (errand,) = outbox(pipeline)
    assert (errand["message_id"], errand["event"], errand["alert"]) == (asked["message_id"], "test", None)  # fmt: skip
    pipeline.ask("POST", "alerts/deliveries", 201, json=result(errand))
    assert outbox(pipeline) == []
