"""Spans of our own SDK: what the conventions have no name for."""

import dataclasses
from decimal import Decimal
from typing import Any

import pytest

from spanledger_collector import normalise
from spanledger_collector.dialects import spanledger
from spanledger_schema import attributes as names
from spanledger_schema.span import Content, Counts, Facts, Span
from tests.recorded import NOON_NS, made, survives

CHANGE = {
    names.KIND: "state", names.STATE_FROM: "planning", names.STATE_TO: "executing",
    names.STATE_REASON: "plan approved",
}  # fmt: skip
DECISION = {
    names.KIND: "decision", names.VERDICT: "denied", names.POLICY: "refunds over 100",
    names.ACTOR: "kim", names.DECISION_REASON: "no receipt", "gen_ai.tool.name": "refund",
}  # fmt: skip


def ours(**attributes: Any) -> Span:
    return made("x", "spanledger", **attributes)


def test_a_state_change_reads_from_and_to_and_why():
    assert spanledger.read(ours(attributes=CHANGE)) == Facts(
        kind="state",
        state_from="planning",
        state_to="executing",
        reason="plan approved",
        preview="planning → executing",
        dialect="spanledger",
    )


def test_a_decision_tells_who_decided_what_by_which_policy():
    facts = normalise.facts(ours(attributes=DECISION))
    assert (facts.kind, facts.verdict, facts.policy, facts.actor, facts.tool) == (
        "decision", "denied", "refunds over 100", "kim", "refund",
    )  # fmt: skip
    assert facts.preview == "denied by kim: no receipt"


def test_a_pending_decision_is_waited_for():
    given = {names.KIND: "decision", names.VERDICT: "pending"}
    assert normalise.facts(ours(attributes=given)).status == "waiting"


@pytest.mark.parametrize(("end_ns", "status"), [(0, "waiting"), (NOON_NS + 1, "ok")])
def test_a_wait_waits_as_long_as_it_has_no_end(end_ns: int, status: str):
    span = dataclasses.replace(ours(attributes={names.WAIT_FOR: "the bank"}), end_ns=end_ns)
    facts = normalise.facts(span)
    assert (facts.kind, facts.status, facts.preview) == ("wait", status, "the bank")


def test_a_node_of_our_own_has_its_run_and_step():
    given = {
        names.KIND: "node",
        names.NODE_NAME: "plan",
        names.NODE_RUN: "plan:1",
        names.NODE_STEP: 3,
    }
    facts = spanledger.read(ours(attributes=given))
    assert (facts.node, facts.node_run, facts.node_step) == ("plan", "plan:1", 3)


def test_meters_without_a_conventional_name_join_those_that_have_one():
    given = {
        "gen_ai.operation.name": "chat",
        "gen_ai.usage.input_tokens": 10,
        names.WEB_SEARCHES: 2,
    }
    assert normalise.facts(ours(attributes=given)).counts == Counts(input_tokens=10, web_searches=2)


def test_a_cost_that_no_token_explains_is_reported():
    facts = spanledger.read(ours(attributes={names.COST_USD: "0.25"}))
    assert (facts.reported_usd, facts.reported_by) == (Decimal("0.25"), names.COST_USD)
    assert facts.usage_role == "cost"


def test_feedback_shows_score_and_comment():
    given = {names.KIND: "event", names.FEEDBACK_SCORE: 0.5, names.FEEDBACK_COMMENT: "slow"}
    assert spanledger.read(ours(attributes=given)).preview == "0.5: slow"


def test_what_a_step_was_given_and_returned_is_its_content():
    given = {names.KIND: "node", names.INPUT: '{"q": 1}', names.OUTPUT: '"done"'}
    span = ours(attributes=given)
    assert spanledger.content(span, ()) == Content(arguments={"q": 1}, result="done")
    assert spanledger.read(span).preview == "done"


@pytest.mark.parametrize("kind", ["nonsense", "", 7])
def test_a_kind_that_nobody_knows_is_a_plain_span(kind: object):
    assert normalise.facts(ours(attributes={names.KIND: kind})).kind == "span"


def test_the_price_context_is_what_the_application_says():
    given = {f"{names.PRICE_CONTEXT}processing": "batch"}
    assert spanledger.read(ours(attributes=given)).price_context == {"processing": "batch"}


@pytest.mark.parametrize("given", [CHANGE, DECISION])
def test_garbage_in_any_place_never_raises(given: dict[str, Any]):
    survives(spanledger, ours(attributes=given))
