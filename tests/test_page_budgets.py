"""The page of budgets shows how they stand, tries one on the past, and writes down and lifts."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from spanledger_collector.store import Store
from spanledger_schema.api_budgets import AlertRow
from spanledger_ui import budgetform
from tests.finance import gpt
from tests.otlp import traces
from tests.pipeline import Pipeline, running
from tests.ui_server import ledgers, listening, page, shown, texts
from tests.ui_shapes import filled

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture
def pipeline(embedded: Store, tmp_path: Path) -> Iterator[Pipeline]:
    """Return two calls of 0.0095 dollars each, and another that has no price."""
    with running(embedded, tmp_path) as found:
        own = gpt(3, gen_ai__response__model="our-own-7b")
        found.post("traces", traces(gpt(1), gpt(2), own))
        yield found


def press(test: AppTest, label: str) -> None:
    """Press a button of the page."""
    next(button for button in test.button if button.label == label).click().run()


def written(test: AppTest, label: str) -> None:
    """Press a button of the form of budgets, as somebody with a name."""
    test.text_input(key="budget-by").set_value("ann")
    press(test, label)


def test_a_budget_is_tried_written_down_and_stands(pipeline: Pipeline):
    with listening(pipeline.api.app) as api:
        test = page("budgets", api)
        assert [info.value for info in test.info] == ["No budget has counted anything yet."]
        test.text_input[0].set_value("refund agents")
        test.text_input[1].set_value("0.02")
        test.button[0].click().run()
        tried = texts(ledgers(test)["In the last periods"]["rows"][0])
        assert (tried["spent"], tried["crossed"]) == ("at least 0.0190 USD", "50 %, 80 %")
        press(test, "Write it down")
        assert [error.value for error in test.error] == ["Give your name: it stands on the audit."]
        written(test, "Write it down")
        pipeline.budgets.run()
        test = page("budgets", api)
        assert list(test.exception) == []
        line = texts(ledgers(test)["Budgets"]["rows"][0])
    (standing,) = pipeline.get("budgets/standings")["standings"]
    assert (standing["spent"], standing["remaining"]) == ("0.019", "0.001")
    assert (line["name"], line["spent"], line["share"], line["state"]) == (
        "refund agents", "at least 0.0190 USD", "95 %", "50 %, 80 %",
    )  # fmt: skip


def test_the_overview_shows_what_is_nearest_to_its_limit_and_what_was_told(pipeline: Pipeline):
    with listening(pipeline.api.app) as api:
        before = page("overview", api)
        assert "None in 7 days: no threshold was crossed, and nothing looked wrong." in shown(
            before
        )
        for name, limit in (("roomy", "5"), ("tight", "0.02")):
            said = {"name": name, "limit": limit, "period": {"unit": "month"}}
            pipeline.ask("POST", "budgets", 201, json=said)
        pipeline.budgets.run()
        found = ledgers(page("overview", api))
    assert [texts(row)["name"] for row in found["Budgets"]["rows"]] == ["tight", "roomy"]
    told = [texts(row) for row in found["Last alerts"]["rows"]]
    assert [(row["name"], row["threshold"]) for row in told] == [
        ("tight", "80 %"),
        ("tight", "50 %"),
    ]


def test_a_budget_is_changed_where_the_form_says_so_and_stays_as_it_was_elsewhere(
    pipeline: Pipeline,
):
    wanted = {
        "name": "refunds", "limit": "5", "period": {"unit": "rolling", "hours": 6},
        "scope": {"agent": "refunds", "user": "u1"}, "remind_hours": 4, "owner": "ann",
        "thresholds": [{"percent": "80", "severity": "critical"}],
    }  # fmt: skip
    before = pipeline.ask("POST", "budgets", 201, json=wanted)
    with listening(pipeline.api.app) as api:
        test = page("budgets", api, edit=before["id"])
        assert test.text_input(key=f"thresholds-{before['id']}").value == "80 critical"
        test.text_input(key=f"limit-{before['id']}").set_value("7.5")
        written(test, "Write it down")
        assert ("edit" in test.query_params, list(test.exception)) == (False, [])
        assert texts(ledgers(test)["Budgets"]["rows"][0])["limit"] == "7.50 USD"
    (after,) = pipeline.get("budgets")
    assert after["written"] == before["written"] | {"limit": "7.5"}


WHOLE = {
    "name": "refunds", "measure": "tokens", "limit": "500",
    "period": {"unit": "rolling", "zone": "Europe/Berlin", "hours": 6, "starts_on": 1},
    "scope": {"agent": "refunds", "model": "gpt, 4", "tag": "team:a"}, "each": "tag:feature",
    "thresholds": [{"percent": "100", "basis": "actual", "severity": "critical"}],
    "hard": True, "channels": ["ops", "mail"], "remind_hours": 4, "owner": "ann", "note": "see it",
}  # fmt: skip


def test_all_that_a_budget_can_say_is_entered_on_the_page(pipeline: Pipeline):
    with listening(pipeline.api.app) as api:
        test = page("budgets", api, tz="Europe/Berlin")
        for name, value in budgetform.entered(WHOLE).items():
            if name in ("unit", "measure"):
                test.selectbox(key=f"{name}-new").set_value(value)
            elif name == "hard":
                test.toggle(key="hard-new").set_value(value)
            elif name != "zone":
                test.text_input(key=f"{name}-new").set_value(value)
        written(test, "Write it down")
        assert (list(test.exception), list(test.error)) == ([], [])
    (made,) = pipeline.get("budgets")
    assert made["written"] == WHOLE | {"id": made["id"]}
    assert budgetform.changed(WHOLE, budgetform.entered(WHOLE)) == WHOLE


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("hours", "6", "give hours for a rolling period, and only for that"),
        ("remind_hours", "daily", "remind_hours"),
        ("thresholds", "80 soon", "thresholds.0.basis"),
    ],
)
def test_what_is_rarely_entered_is_refused_as_the_api_does(
    pipeline: Pipeline, name: str, value: str, said: str
):
    with listening(pipeline.api.app) as api:
        test = page("budgets", api)
        test.text_input(key="name-new").set_value("b")
        test.text_input(key=f"{name}-new").set_value(value)
        press(test, "Preview")
    assert said in test.code[0].value


def test_a_preview_says_that_it_tries_no_forecast(pipeline: Pipeline):
    pipeline.post("traces", traces(gpt(1)))
    with listening(pipeline.api.app) as api:
        test = page("budgets", api)
        for name, value in {"name": "b", "limit": "1", "thresholds": "100 forecast"}.items():
            test.text_input(key=f"{name}-new").set_value(value)
        press(test, "Preview")
    assert "Thresholds on the forecast are not tried: only what was spent is." in [
        each.value for each in test.caption
    ]


def test_a_budget_is_withdrawn_where_it_is_changed(pipeline: Pipeline):
    made = {"name": "refunds", "limit": "5", "period": {"unit": "month"}}
    budget_id = pipeline.ask("POST", "budgets", 201, json=made)["id"]
    with listening(pipeline.api.app) as api:
        test = page("budgets", api)
        assert ledgers(test)["Budgets"]["rows"][0]["href"] == f"budgets?edit={budget_id}"
        written(page("budgets", api, edit=budget_id), "Withdraw")
    assert pipeline.get("budgets") == []
    (withdrawn, *_) = pipeline.get("audit")["items"]
    assert (withdrawn["action"], withdrawn["actor"]) == ("budget withdrawn", "ann")


def test_a_test_of_a_channel_is_asked_for_and_its_attempts_are_logged(pipeline: Pipeline):
    pipeline.ask("POST", "alerts/test", 202, json={"channel": "ops"})
    with listening(pipeline.api.app) as api:
        test = page("budgets", api)
        test.selectbox[-1].select("ops")
        test.button[-1].click().run()
        said = [texts(row) for row in ledgers(test)["Deliveries"]["rows"]]
    assert [(row["channel"], row["event"], row["outcome"], row["attempt"]) for row in said] == [
        ("ops", "test", "asked", "–"),
    ] * 2  # fmt: skip
    assert {e["event"] for e in pipeline.get("alerts/outbox", channel="ops")} == {"test"}


def test_what_is_refused_says_which_field(pipeline: Pipeline):
    with listening(pipeline.api.app) as api:
        test = page("budgets", api)
        test.text_input[0].set_value("b")
        test.text_input[1].set_value("plenty")
        written(test, "Write it down")
    assert [error.value for error in test.error] == ["The query API refused this."]
    assert "limit" in test.code[0].value


def test_a_stop_in_force_stands_above_all_budgets(pipeline: Pipeline):
    pipeline.ask("POST", "stops", 201, json={"subject": "agent", "value": "refunds"})
    said = {"name": "tight", "limit": "0.02", "period": {"unit": "month"}}
    pipeline.ask("POST", "budgets", 201, json=said)
    pipeline.budgets.run()
    with listening(pipeline.api.app) as api:
        assert list(ledgers(page("budgets", api)))[:2] == ["Stopped", "Budgets"]


def test_a_stop_is_shown_and_lifted(pipeline: Pipeline):
    pipeline.ask("POST", "stops", 201, json={"subject": "agent", "value": "refunds"})
    with listening(pipeline.api.app) as api:
        test = page("budgets", api)
        assert texts(ledgers(test)["Stopped"]["rows"][0])["what"] == "agent refunds"
        test.selectbox[0].select("agent refunds")
        test.button[0].click().run()
        assert [error.value for error in test.error] == ["Give your name: it stands on the audit."]
        test.text_input(key="lift-by").set_value("ann")
        test.text_input(key="lift-why").set_value("it was mended")
        test.button[0].click().run()
        assert "Stopped" not in ledgers(test)
    assert pipeline.get("stops") == []
    (lifted,) = (e for e in pipeline.get("audit")["items"] if e["action"] == "stop lifted")
    assert (lifted["actor"], lifted["note"]) == ("ann", "it was mended")


def test_a_session_is_stopped_from_its_replay_by_somebody_named(pipeline: Pipeline):
    (session, *_) = pipeline.sessions()
    with listening(pipeline.api.app) as api:
        test = page("replay", api, session=session["id"])
        (stop,) = (b for b in test.button if b.label == "Stop this session")
        stop.click().run()
        assert pipeline.get("stops") == []
        test.text_input(key="stop-by").set_value("ann")
        test.text_input(key="stop-why").set_value("it loops")
        (stop,) = (b for b in test.button if b.label == "Stop this session")
        stop.click().run()
        assert list(test.exception) == []
    (made,) = pipeline.get("stops")
    said = pipeline.ask("POST", "decide", json={"session": session["id"]})
    assert (made["value"], made["by"], said["reason"]) == (
        session["id"], "ann", "stopped by ann: it loops",
    )  # fmt: skip


def test_a_session_is_shown_with_the_budgets_that_count_it(pipeline: Pipeline):
    session = next(s for s in pipeline.sessions() if s["totals"]["cost_usd"])
    wanted = {"name": "all", "limit": "1", "period": {"unit": "day"}, "hard": True}
    pipeline.ask("POST", "budgets", 201, json=wanted)
    with listening(pipeline.api.app) as api:
        test = page("budgets", api, session=session["id"])
        assert list(test.exception) == []
        (line,) = map(texts, ledgers(test)["Budgets of the session"]["rows"])
        other = page("budgets", api, session="nobody's")
        assert "None counts it: no budget is about it, or it did nothing in this period." in shown(
            other
        )
    assert (line["name"], line["counted"], line["remaining"], line["hard"]) == (
        "all", "0.0095 USD", "0.9810 USD", "agents that ask must stop",
    )  # fmt: skip


def test_nothing_crossed_says_so(pipeline: Pipeline):
    with listening(pipeline.api.app) as api:
        assert "None in 31 days: no threshold was crossed, and nothing looked wrong." in shown(
            page("budgets", api)
        )


def test_a_detector_is_shown_and_muted_for_an_agent(pipeline: Pipeline):
    with listening(pipeline.api.app) as api:
        test = page("budgets", api)
        assert [texts(row)["limit"] for row in ledgers(test)["Detectors"]["rows"]][:2] == [
            "5 repeats", "25 USD an hour",
        ]  # fmt: skip
        next(box for box in test.selectbox if box.label == "Detector").select("Runaway loop")
        next(box for box in test.text_input if box.label == "Of agent").set_value("poller")
        next(box for box in test.toggle if box.label == "Tells nothing").set_value(True)
        next(button for button in test.button if button.label == "Set").click().run()
        lines = [texts(row) for row in ledgers(test)["Detectors"]["rows"]][:2]
    assert [(line["agent"], line["limit"]) for line in lines] == [
        ("all", "5 repeats"),
        ("poller", "muted"),
    ]
    assert pipeline.warden.tunings[0].agent == "poller"


def test_thresholds_are_written_as_people_write_them():
    assert budgetform.thresholds("50, 80 %, 100 critical forecast, %,") == [
        {"percent": "50", "basis": "actual"},
        {"percent": "80", "basis": "actual"},
        {"percent": "100", "basis": "forecast", "severity": "critical"},
    ]
    assert [budgetform.threshold(name) for name in ("actual:80", "forecast:100")] == [
        "80 %", "100 % forecast",
    ]  # fmt: skip


def test_an_alert_says_how_often_it_was_told_again():
    fired = {"threshold": "actual:80", "spent": "8", "limit": "10", "measure": "usd",
             "severity": "warning", "fired_at": f"{NOON}", "told_at": f"{NOON}"}  # fmt: skip
    alerts = [AlertRow(**filled(AlertRow, fired | {"told": told})) for told in (1, 3)]
    rows = [budgetform.alert_row(alert, UTC, NOON) for alert in alerts]
    assert [texts(row)["reminded"] for row in rows] == ["–", "2×, 21 Nov 12:00:00"]


def test_an_amount_is_in_the_measure_of_its_budget():
    assert [budgetform.amount("1234.5", m) for m in ("usd", "tokens")] == [
        "1,234.50 USD", "1,234.5 tokens",
    ]  # fmt: skip
