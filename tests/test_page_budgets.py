"""The page of budgets shows how they stand, tries one on the past, and writes down and lifts."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from spanledger_collector.store import Store
from spanledger_ui import budgetform
from tests.finance import gpt
from tests.otlp import traces
from tests.pipeline import Pipeline, running
from tests.ui_server import ledgers, listening, page, shown, texts


@pytest.fixture
def pipeline(embedded: Store, tmp_path: Path) -> Iterator[Pipeline]:
    """Return two calls of 0.0095 dollars each, and another that has no price."""
    with running(embedded, tmp_path) as found:
        own = gpt(3, gen_ai__response__model="our-own-7b")
        found.post("traces", traces(gpt(1), gpt(2), own))
        yield found


def test_a_budget_is_tried_written_down_and_stands(pipeline: Pipeline):
    with listening(pipeline.api.app) as api:
        test = page("budgets", api)
        assert [info.value for info in test.info] == ["No budget has counted anything yet."]
        test.text_input[0].set_value("refund agents")
        test.text_input[1].set_value("0.02")
        test.button[0].click().run()
        tried = texts(ledgers(test)["In the last periods"]["rows"][0])
        assert (tried["spent"], tried["crossed"]) == ("at least 0.0190 USD", "50 %, 80 %")
        test.button[1].click().run()
        pipeline.budgets.run()
        test = page("budgets", api)
        assert list(test.exception) == []
        line = texts(ledgers(test)["Budgets"]["rows"][0])
    (standing,) = pipeline.get("budgets/standings")["standings"]
    assert (standing["spent"], standing["remaining"]) == ("0.019", "0.001")
    assert (line["name"], line["spent"], line["share"], line["state"]) == (
        "refund agents", "at least 0.0190 USD", "95%", "50 %, 80 %",
    )  # fmt: skip


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
        assert test.text_input(key=f"told-{before['id']}").value == "80"
        test.text_input(key=f"limit-{before['id']}").set_value("7.5")
        test.button[1].click().run()
        assert ("edit" in test.query_params, list(test.exception)) == (False, [])
        assert texts(ledgers(test)["Budgets"]["rows"][0])["limit"] == "7.50 USD"
    (after,) = pipeline.get("budgets")
    assert after["written"] == before["written"] | {"limit": "7.5"}


def test_a_budget_is_withdrawn_where_it_is_changed(pipeline: Pipeline):
    made = {"name": "refunds", "limit": "5", "period": {"unit": "month"}}
    budget_id = pipeline.ask("POST", "budgets", 201, json=made)["id"]
    with listening(pipeline.api.app) as api:
        test = page("budgets", api)
        assert ledgers(test)["Budgets"]["rows"][0]["href"] == f"budgets?edit={budget_id}"
        page("budgets", api, edit=budget_id).button[2].click().run()
    assert pipeline.get("budgets") == []


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
        test.button[1].click().run()
    assert [error.value for error in test.error] == ["The query API refused this."]
    assert "limit" in test.code[0].value


def test_a_stop_is_shown_and_lifted(pipeline: Pipeline):
    pipeline.ask("POST", "stops", 201, json={"subject": "agent", "value": "refunds"})
    with listening(pipeline.api.app) as api:
        test = page("budgets", api)
        assert texts(ledgers(test)["Stopped"]["rows"][0])["what"] == "agent refunds"
        test.selectbox[0].select("agent refunds")
        test.button[0].click().run()
        assert "Stopped" not in ledgers(test)
    assert pipeline.get("stops") == []


def test_nothing_crossed_says_so(pipeline: Pipeline):
    with listening(pipeline.api.app) as api:
        assert "None: no threshold was crossed, and nothing looked wrong." in shown(
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
    assert budgetform.thresholds("50, 80 %, 100 forecast,") == [
        {"percent": "50", "basis": "actual"},
        {"percent": "80", "basis": "actual"},
        {"percent": "100", "basis": "forecast"},
    ]
    assert [budgetform.threshold(name) for name in ("actual:80", "forecast:100")] == [
        "80 %", "100 % forecast",
    ]  # fmt: skip


def test_an_amount_is_in_the_measure_of_its_budget():
    assert [budgetform.amount("1234.5", m) for m in ("usd", "tokens")] == [
        "1,234.50 USD", "1,234.5 tokens",
    ]  # fmt: skip
