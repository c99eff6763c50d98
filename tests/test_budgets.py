"""Budgets against what is stored: how they stand, what they tell, and what they refuse."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from spanledger_collector.store import Store
from tests.finance import DAY_NS, add_price, call, gpt, reprice
from tests.otlp import attribute, span, traces
from tests.pipeline import Pipeline, running

STORES = ["chdb"]

HOUR_NS = 3_600_000_000_000


@pytest.fixture
def pipeline(store: Store, tmp_path: Path) -> Iterator[Pipeline]:
    with running(store, tmp_path) as found:
        yield found


def add(pipeline: Pipeline, **said: Any) -> Any:
    """Write a budget down: two cents a day, told at 50, 80 and 100 %, unless it says otherwise."""
    said = {"id": "b", "name": "all", "limit": "0.02", "period": {"unit": "day"}} | said
    return pipeline.ask("POST", "budgets", 201, json=said)


def standings(pipeline: Pipeline) -> list[tuple[str, str, str, list[str]]]:
    """Return group, spent, remaining and crossed thresholds, as evaluated now."""
    pipeline.budgets.run()
    found = pipeline.get("budgets/standings")["standings"]
    return [(s["group"], s["spent"], s["remaining"], s["crossed"]) for s in found]


def told(pipeline: Pipeline) -> list[tuple[str, str, str, int, bool]]:
    """Return group, threshold, spent, how often it was told, and whether it recovered."""
    pipeline.budgets.run()
    return sorted(
        (a["group"], a["threshold"], a["spent"], a["told"], a["recovered_at"] is not None)
        for a in pipeline.get("alerts")
    )


def test_a_budget_stands_at_what_was_spent_in_its_period_and_nothing_else(pipeline: Pipeline):
    pipeline.post("traces", traces(gpt(1), gpt(2, days_ago=1), gpt(3)))
    add(pipeline)
    assert standings(pipeline) == [("", "0.019", "0.001", ["actual:50", "actual:80"])]


def test_a_budget_without_spend_stands_at_nothing_spent(pipeline: Pipeline):
    add(pipeline)
    assert standings(pipeline) == [("", "0", "0.02", [])]


@pytest.mark.parametrize(
    ("measure", "at_least"), [("usd", True), ("tokens", True), ("calls", False)]
)
def test_what_reported_no_tokens_leaves_more_spent_than_is_known(
    pipeline: Pipeline, measure: str, at_least: bool
):
    silent = span(
        trace_id=b"s" * 16, span_id=b"s" * 8,
        attributes=[attribute("gen_ai.operation.name", "chat"), attribute("session.id", "s"),
                    attribute("gen_ai.provider.name", "openai"),
                    attribute("gen_ai.response.model", "gpt-4o-2024-08-06")],
    )  # fmt: skip
    pipeline.post("traces", traces(gpt(1, session__id="s"), silent))
    add(pipeline, measure=measure, limit="9", hard=True)
    (standing,) = pipeline.get("budgets/standings")["standings"]
    (counted,) = pipeline.get("budgets/counting", session="s")
    (left,) = pipeline.ask("POST", "decide", json={})["left"]
    assert [said["at_least"] for said in (standing, counted, left)] == [at_least] * 3


def test_a_budget_counts_what_it_is_about(pipeline: Pipeline):
    pipeline.post("traces", traces(gpt(1, user__id="ann"), gpt(2, user__id="bob"), call(3)))
    add(pipeline, scope={"user": "ann"})
    add(pipeline, id="calls", measure="calls", limit="10", thresholds=[])
    add(pipeline, id="tokens", measure="tokens", limit="10000", thresholds=[], scope={"model": "llama-3.3-70b"})  # fmt: skip
    pipeline.budgets.run()
    found = pipeline.get("budgets/standings")["standings"]
    assert {s["budget_id"]: s["spent"] for s in found} == {"b": "0.0095", "calls": "3", "tokens": "3200"}  # fmt: skip


def test_a_budget_for_each_user_counts_users_apart_and_nobody_for_none(pipeline: Pipeline):
    pipeline.post(
        "traces",
        traces(gpt(1, user__id="ann"), gpt(2, user__id="ann"), gpt(3, user__id="bob"), gpt(4)),
    )
    add(pipeline, each="user")
    assert standings(pipeline) == [
        ("ann", "0.019", "0.001", ["actual:50", "actual:80"]),
        ("bob", "0.0095", "0.0105", []),
    ]


def test_a_budget_for_each_team_counts_the_values_of_that_tag(pipeline: Pipeline):
    pipeline.post(
        "traces",
        traces(gpt(1, langfuse__trace__tags='["team:a", "x"]'), gpt(2, langfuse__trace__tags='["team:b"]')),
    )  # fmt: skip
    add(pipeline, each="tag:team")
    assert [s[:2] for s in standings(pipeline)] == [("a", "0.0095"), ("b", "0.0095")]


def test_a_budget_for_each_session_counts_whole_sessions(pipeline: Pipeline):
    pipeline.post(
        "traces", traces(gpt(1, session__id="s", days_ago=3), gpt(2, session__id="s"), gpt(3, session__id="t"))
    )  # fmt: skip
    add(pipeline, period={"unit": "session"})
    assert [s[:2] for s in standings(pipeline)] == [("s", "0.019"), ("t", "0.0095")]


def test_a_session_that_spent_its_hard_budget_is_refused_however_long_it_pauses(pipeline: Pipeline):
    pipeline.post("traces", traces(*(gpt(n, session__id="s") for n in (1, 2, 3))))
    add(pipeline, period={"unit": "session"}, hard=True)
    whole = {"name": "all", "period": {"unit": "session"}, "hard": True}
    for _ in range(2):
        pipeline.now_ns += 3 * DAY_NS
        pipeline.restart()
        assert standings(pipeline) == [
            ("s", "0.0285", "-0.0085", ["actual:50", "actual:80", "actual:100"])
        ]
        assert pipeline.ask("POST", "decide", json={"session": "s"})["cause"] == "budget"
    pipeline.ask("PUT", "budgets/b", json=whole | {"limit": "0.03"})
    assert pipeline.ask("POST", "decide", json={"session": "s"})["allowed"]


def test_a_session_of_long_ago_is_told_which_budgets_counted_it(pipeline: Pipeline):
    pipeline.post("traces", traces(gpt(1, session__id="s")))
    add(pipeline, period={"unit": "session"})
    pipeline.now_ns += 3 * DAY_NS
    assert standings(pipeline) == []
    (counted,) = pipeline.get("budgets/counting", session="s")
    assert (counted["group"], counted["counted"], counted["remaining"]) == ("s", "0.0095", "0.0105")


def test_each_threshold_is_told_once_in_a_period_whatever_comes_again(pipeline: Pipeline):
    add(pipeline)
    assert told(pipeline) == []
    half = [("", "actual:50", "0.019", 1, False), ("", "actual:80", "0.019", 1, False)]
    for _ in range(2):
        pipeline.post("traces", traces(gpt(1), gpt(2)))
        assert told(pipeline) == half
    pipeline.restart()
    pipeline.post("traces", traces(gpt(3)))
    assert told(pipeline) == [("", "actual:100", "0.0285", 1, False), *half]


def test_alerts_of_one_moment_stand_by_budget_the_highest_threshold_first(pipeline: Pipeline):
    names = ["a", "b", "c", "d"]
    for name in names:
        add(pipeline, id=name)
    pipeline.post("traces", traces(gpt(1), gpt(2), gpt(3)))
    pipeline.budgets.run()
    order = [(alert["budget_id"], alert["threshold"]) for alert in pipeline.get("alerts")]
    assert order == [(name, f"actual:{share}") for name in names for share in (100, 80, 50)]


def test_the_next_period_tells_anew(pipeline: Pipeline):
    add(pipeline, thresholds=[{"percent": 40}])
    pipeline.post("traces", traces(gpt(1)))
    pipeline.budgets.run()
    pipeline.now_ns += DAY_NS
    pipeline.post("traces", traces(gpt(2, days_ago=-1)))
    assert [t[1:3] for t in told(pipeline)] == [("actual:40", "0.0095")] * 2


def test_what_comes_after_a_period_has_ended_is_told_of_that_period_once(pipeline: Pipeline):
    add(pipeline, thresholds=[{"percent": 40}, {"percent": 80}], remind_hours=1)
    pipeline.post("traces", traces(gpt(1)))
    assert told(pipeline) == [("", "actual:40", "0.0095", 1, False)]
    pipeline.now_ns += 13 * HOUR_NS  # an hour into the next day
    pipeline.post("traces", traces(gpt(2)))
    once = [("", "actual:40", "0.0095", 1, False), ("", "actual:80", "0.019", 1, False)]
    assert told(pipeline) == once
    (latest, _) = pipeline.get("alerts")
    assert (latest["period_end"], latest["fired_at"]) == (
        "2026-11-22T00:00:00.000000000Z", "2026-11-22T01:00:00.000000000Z",
    )  # fmt: skip
    pipeline.restart()
    pipeline.now_ns += 2 * HOUR_NS
    assert told(pipeline) == once


def test_a_budget_says_nothing_of_periods_before_it_was_written_down(pipeline: Pipeline):
    pipeline.post("traces", traces(gpt(1, days_ago=1), gpt(2, days_ago=1)))
    add(pipeline)
    assert told(pipeline) == []
    pipeline.now_ns += 13 * HOUR_NS
    change = {"name": "all", "limit": "0.001", "period": {"unit": "day"}}
    pipeline.ask("PUT", "budgets/b", json=change)
    pipeline.post("traces", traces(gpt(3)))
    assert told(pipeline) == []


def test_a_price_that_comes_late_is_told_late_and_says_so_at_once(pipeline: Pipeline):
    add(pipeline, limit="0.0004", thresholds=[{"percent": 90}])
    pipeline.post("traces", traces(call(1)))
    pipeline.budgets.run()
    (before,) = pipeline.get("budgets/standings")["standings"]
    assert (before["spent"], before["at_least"], before["unpriced_calls"]) == ("0", True, 1)
    add_price(pipeline)
    reprice(pipeline)
    assert told(pipeline) == [("", "actual:90", "0.00038", 1, False)]
    (after,) = pipeline.get("budgets/standings")["standings"]
    assert (after["spent"], after["at_least"]) == ("0.00038", False)


def test_a_higher_limit_recovers_and_a_limit_passed_anew_is_told_anew(pipeline: Pipeline):
    add(pipeline, thresholds=[{"percent": 100}], limit="0.009")
    pipeline.post("traces", traces(gpt(1)))
    assert told(pipeline) == [("", "actual:100", "0.0095", 1, False)]
    raised = {"name": "all", "limit": "0.018", "period": {"unit": "day"}, "thresholds": [{"percent": 100}]}  # fmt: skip
    pipeline.ask("PUT", "budgets/b", json=raised)
    pipeline.post("traces", traces(gpt(2)))
    assert [t[2] for t in told(pipeline)] == ["0.0095", "0.019"]


def test_what_still_holds_is_told_again_when_somebody_wants_that(pipeline: Pipeline):
    add(pipeline, thresholds=[{"percent": 40}], remind_hours=6)
    pipeline.post("traces", traces(gpt(1)))
    assert [t[3] for t in told(pipeline)] == [1]
    pipeline.now_ns += 5 * HOUR_NS
    assert [t[3] for t in told(pipeline)] == [1]
    pipeline.now_ns += HOUR_NS
    assert [t[3] for t in told(pipeline)] == [2]


def test_a_month_is_foreseen_by_the_weekdays_before_it(pipeline: Pipeline):
    pipeline.post("traces", traces(*(gpt(n, days_ago=n) for n in range(1, 29))))
    add(pipeline, limit="0.25", period={"unit": "month"},
        thresholds=[{"percent": 100, "basis": "forecast"}])  # fmt: skip
    pipeline.budgets.run()
    (found,) = pipeline.get("budgets/standings")["standings"]
    # 20 days of November at 0.0095 are spent; 9.5 days are still to come at the same rate
    assert found["spent"] == "0.19"
    assert found["outlook"] == {
        "amount": "0.28025", "low": "0.28025", "high": "0.28025",
        "exhausted_at": found["outlook"]["exhausted_at"],
    }  # fmt: skip
    assert found["outlook"]["exhausted_at"][:10] == "2026-11-27"
    assert found["crossed"] == ["forecast:100"]


def test_a_hard_budget_refuses_once_it_is_spent_and_says_what_is_left(pipeline: Pipeline):
    add(pipeline, each="user", hard=True)
    assert ask(pipeline, user="ann") == (True, "")
    pipeline.post("traces", traces(*(gpt(n, user__id="ann") for n in (1, 2, 3))))
    pipeline.budgets.run()
    assert ask(pipeline, user="ann") == (False, "budget 'all' of user ann: 0 of 0.02 USD left")
    assert ask(pipeline, user="bob") == (True, "")
    assert ask(pipeline, user="bob", estimated_usd="0.03") == (
        False, "budget 'all' of user bob: 0.02 of 0.02 USD left",
    )  # fmt: skip
    assert ask(pipeline) == (True, "")


def ask(pipeline: Pipeline, **about: Any) -> tuple[bool, str]:
    """Return what `decide` says of a step."""
    said = pipeline.ask("POST", "decide", json=about)
    return said["allowed"], said["reason"]


def test_a_session_is_told_which_budgets_count_it_and_how_much_of_it(pipeline: Pipeline):
    spans = [
        gpt(n, user__id=user, session__id=s) for n, user, s in ((1, "ann", "s"), (2, "bob", "t"))
    ]
    pipeline.post("traces", traces(*spans, call(3, user__id="ann", session__id="s")))
    add(pipeline)
    add(pipeline, id="users", name="users", each="user", limit="1", hard=True)
    add(pipeline, id="bobs", name="bobs", scope={"user": "bob"})
    add(pipeline, id="mine", name="mine", scope={"session": "s"}, measure="calls", limit="9")
    add(pipeline, id="theirs", name="theirs", scope={"session": "t"})
    found = pipeline.get("budgets/counting", session="s")
    assert [(b["name"], b["group"], b["counted"], b["at_least"], b["remaining"]) for b in found] == [
        ("all", "", "0.0095", True, "0.001"), ("users", "ann", "0.0095", True, "0.9905"),
        ("mine", "", "2", False, "7"),
    ]  # fmt: skip
    assert pipeline.get("budgets/counting", session="nobody's") == []


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ('{"colour": "red"}', "colour: Extra inputs are not permitted, not 'red'"),
        ('{"estimated_usd": "-1"}', "estimated_usd: Input should be greater than or equal to 0, not '-1'"),
        ('{"tags": ["a", 1]}', "tags.1: Input should be a valid string, not 1"),
        ('{"session": ', "body: Invalid JSON"),
    ],
)  # fmt: skip
def test_a_question_that_cannot_be_meant_is_refused_by_name(
    pipeline: Pipeline, body: str, complaint: str
):
    answer = pipeline.api.post("/api/v1/decide", content=body)
    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")
    assert answer.json()["detail"].startswith(complaint)


def test_the_document_tells_what_can_be_asked_of_decide(pipeline: Pipeline):
    document = pipeline.api.get("/openapi.json").json()
    asked = document["paths"]["/api/v1/decide"]["post"]["requestBody"]["content"]
    (name,) = asked["application/json"]["schema"].values()
    fields = document["components"]["schemas"][name.rpartition("/")[2]]["properties"]
    assert {"session", "user", "tags", "estimated_usd", "tool"} < fields.keys()


def test_a_stop_refuses_until_it_is_lifted(pipeline: Pipeline):
    stop = {"subject": "session", "value": "s", "reason": "it loops"}
    made = pipeline.ask("POST", "stops", 201, json=stop, params={"by": "ann"})
    assert ask(pipeline, session="s") == (False, "stopped by ann: it loops")
    assert ask(pipeline, session="t") == (True, "")
    assert pipeline.get("stops") == [made]
    assert pipeline.api.delete(f"/api/v1/stops/{made['id']}").status_code == 204
    assert ask(pipeline, session="s") == (True, "")
    assert pipeline.get("stops") == []


def test_changes_of_a_budget_are_on_the_audit(pipeline: Pipeline):
    add(pipeline)
    pipeline.api.delete("/api/v1/budgets/b", params={"by": "ann", "note": "over"})
    assert pipeline.get("budgets") == []
    assert [(e["action"], e["actor"], e["note"]) for e in pipeline.get("audit")["items"]] == [
        ("budget withdrawn", "ann", "over"), ("budget added", None, None),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("said", "complaint"),
    [
        ({"limit": "0"}, "limit"),
        ({"limit": "0.0000000000001"}, "limit: Decimal input should have no more than 12 decimal places"),
        ({"thresholds": [{"percent": "0.00001"}]}, "no more than 4 decimal places"),
        ({"period": {"unit": "day", "zone": "Mars/Base"}}, "no time zone 'Mars/Base'"),
        ({"period": {"unit": "rolling"}}, "give hours for a rolling period"),
        ({"each": "colour"}, "'colour' is none of"),
        ({"scope": {"colour": "red"}}, "'colour' is none of"),
        ({"thresholds": [{"percent": 50}, {"percent": 50}]}, "the same one twice"),
        ({"period": {"unit": "day"}, "thresholds": [{"percent": 1, "basis": "forecast"}]}, "no forecast for a day"),
        ({"colour": "red"}, "colour"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_a_budget_that_cannot_be_meant_is_refused_by_name(
    pipeline: Pipeline, said: dict[str, Any], complaint: str
):
    whole = {"name": "all", "limit": "1", "period": {"unit": "day"}} | said
    answer = pipeline.api.post("/api/v1/budgets", json=whole)
    assert answer.status_code in (400, 422)
    assert complaint in answer.text


def test_a_preview_says_what_would_have_been_told_and_writes_nothing(pipeline: Pipeline):
    pipeline.post("traces", traces(gpt(1), gpt(2, days_ago=1), gpt(3, days_ago=1)))
    wanted = {"name": "all", "limit": "0.02", "period": {"unit": "day"}}
    found = pipeline.ask("POST", "budgets/preview", json=wanted, params={"periods": 2})
    assert [(p["period_start"][:10], p["spent"], p["crossed"]) for p in found] == [
        ("2026-11-21", "0.0095", []), ("2026-11-20", "0.019", ["actual:50", "actual:80"]),
    ]  # fmt: skip
    assert pipeline.get("budgets") == []


def test_the_budgets_of_one_project_are_nobody_elses(pipeline: Pipeline):
    add(pipeline)
    other = {"x-spanledger-project": "other"}
    assert pipeline.ask("GET", "budgets", headers=other) == []
    assert pipeline.ask("GET", "budgets/standings", headers=other)["standings"] == []
    assert pipeline.api.delete("/api/v1/budgets/b", headers=other).status_code == 404


def test_budgets_of_the_same_id_in_two_projects_stand_apart(pipeline: Pipeline):
    pipeline.post("traces", traces(gpt(1)))
    add(pipeline, hard=True, limit="0.005")
    theirs = {"id": "b", "name": "theirs", "limit": "1", "period": {"unit": "day"}, "hard": True}
    other = {"x-spanledger-project": "other"}
    pipeline.ask("POST", "budgets", 201, json=theirs, headers=other)
    assert [s[1] for s in standings(pipeline)] == ["0.0095"]
    assert not pipeline.ask("POST", "decide", json={})["allowed"]
    assert pipeline.ask("POST", "decide", json={}, headers=other)["allowed"]
    (told,) = {a["name"] for a in pipeline.get("alerts")}
    assert told == "all"
