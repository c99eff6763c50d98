"""Tool calls that wait for a person: which do, who decides, and that nobody gets past it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import spanledger
from spanledger_collector.approvals.policy import Condition, Policy, strictest
from spanledger_collector.store import Store
from tests.pipeline import Pipeline, running
from tests.ports import free_port
from tests.sdk import configured

ASK = Policy("ask", "p", "refund*", "ask", (Condition("order.amount", ">=", "100"),))
DENY = Policy("deny", "p", "refund_all", "deny")


@pytest.mark.parametrize(
    ("tool", "arguments", "held"),
    [
        ("refund", {"order": {"amount": 100}}, "ask"),
        ("refund", {"order": {"amount": "100.00"}}, "ask"),
        ("refund", {"order": {"amount": 99.99}}, None),
        ("refund", {}, "ask"),
        ("refund", {"order": {"amount": "a lot"}}, "ask"),
        ("refund", {"order": {"amount": True}}, "ask"),
        ("search", {"order": {"amount": 100}}, None),
        ("refund_all", {"order": {"amount": 100}}, "deny"),
    ],
    ids=["at it", "as text", "below", "missing", "no number", "a truth value", "another tool", "stricter"],
)  # fmt: skip
def test_a_policy_holds_for_the_calls_it_is_about_and_for_those_that_hide_it(
    tool: str, arguments: dict[str, Any], held: str | None
):
    found = strictest([ASK, DENY], "p", tool, arguments)
    assert (found and found.id) == held
    assert strictest([ASK, DENY], "other", tool, arguments) is None


@pytest.mark.parametrize(
    ("op", "value", "given", "holds"),
    [
        ("=", "eu", "eu", True), ("=", "eu", "us", False), ("=", "1", 1.0, True),
        ("=", "true", True, True), ("!=", "eu", "us", True), ("!=", "eu", "eu", False),
        ("<", "5", 4, True), ("<", "5", 5, False), ("<=", "5", 5, True), (">", "5", 5, False),
        ("matches", "*.example.com", "a.example.com", True), ("matches", "*.example.com", "b.org", False),
    ],
)  # fmt: skip
def test_arguments_are_compared_as_numbers_where_they_are_numbers(
    op: Any, value: str, given: Any, holds: bool
):
    rule = Policy("r", "p", "*", "ask", (Condition("x", op, value),))
    assert (strictest([rule], "p", "any", {"x": given}) is not None) is holds


@pytest.fixture
def pipeline(embedded: Store, tmp_path: Path) -> Iterator[Pipeline]:
    with running(embedded, tmp_path) as found:
        yield found


def write(pipeline: Pipeline, id_: str = "big", **said: Any) -> None:
    over = {"tool": "refund", "conditions": [{"argument": "amount", "op": ">", "value": 50}]}
    pipeline.ask("PUT", f"policies/{id_}", json=over | said, params={"by": "ann"})


def ask(pipeline: Pipeline, amount: int = 80, **more: Any) -> Any:
    said = {"tool": "refund", "arguments": {"amount": amount}, "session": "s"} | more
    return pipeline.ask("POST", "approvals", 201, json=said)


def decide(pipeline: Pipeline, id_: str, status: int = 200, **said: Any) -> Any:
    whole = {"verdict": "approved", "by": "ann", "reason": "she called"} | said
    return pipeline.ask("POST", f"approvals/{id_}/decision", status, json=whole)


def test_a_call_waits_until_somebody_named_decides_and_for_good(pipeline: Pipeline):
    write(pipeline)
    assert ask(pipeline, 50)["verdict"] == "allowed"
    waiting = ask(pipeline, 51, id="call-1")
    assert (waiting["verdict"], waiting["policy"]) == ("pending", "big")
    assert ask(pipeline, 51, id="call-1") == waiting
    decide(pipeline, "call-1", 400, by=" ")
    done = decide(pipeline, "call-1")
    pipeline.restart()
    assert pipeline.get("approvals/call-1") == done
    assert (done["verdict"], done["by"], done["reason"]) == ("approved", "ann", "she called")
    late = decide(pipeline, "call-1", 409, verdict="denied", by="bob")
    assert late["detail"] == "refund call-1: approved by ann already"
    assert ask(pipeline, 51, id="call-1") == done
    assert [a["id"] for a in pipeline.get("approvals")] == ["call-1"]
    assert [(e["action"], e["actor"]) for e in pipeline.get("audit")["items"]] == [
        ("approval approved", "ann"), ("policy written", "ann"),
    ]  # fmt: skip


def test_what_is_said_of_one_call_is_said_of_no_other_under_its_id(pipeline: Pipeline):
    write(pipeline)
    ask(pipeline, 51, id="call-1")
    decide(pipeline, "call-1")
    for other in ({"arguments": {"amount": 5100}}, {"tool": "refund_all"}):
        said = {"tool": "refund", "arguments": {"amount": 51}, "id": "call-1", "policy": "any"}
        pipeline.ask("POST", "approvals", 409, json=said | other)
    assert len(pipeline.get("approvals")) == 1


def test_what_nobody_decides_in_time_is_not_allowed_any_more(pipeline: Pipeline):
    write(pipeline, timeout_s=60)
    waiting = ask(pipeline)
    pipeline.now_ns += 59_999_999_999
    assert pipeline.get(f"approvals/{waiting['id']}")["verdict"] == "pending"
    pipeline.now_ns += 1
    assert pipeline.get(f"approvals/{waiting['id']}")["verdict"] == "timed_out"
    assert "timed_out already" in decide(pipeline, waiting["id"], 409)["detail"]


def test_a_policy_may_refuse_and_be_withdrawn_and_one_that_nobody_wrote_asks(pipeline: Pipeline):
    write(pipeline, "never", effect="deny", conditions=[], reason="closed")
    refused = ask(pipeline)
    assert (refused["verdict"], refused["policy"], refused["reason"]) == (
        "denied",
        "never",
        "closed",
    )
    assert pipeline.api.delete("/api/v1/policies/never").status_code == 204
    assert pipeline.api.delete("/api/v1/policies/never").status_code == 404
    assert ask(pipeline)["verdict"] == "allowed"
    assert ask(pipeline, policy="our own")["verdict"] == "pending"


def test_arguments_that_cannot_be_kept_are_refused_by_name(pipeline: Pipeline):
    for argument in ('"\\ud800"', str(10**30), f'"{"x" * 70_000}"'):
        body = f'{{"tool": "refund", "policy": "x", "arguments": {{"a": {argument}}}}}'
        answer = pipeline.api.post(
            "/api/v1/approvals", content=body, headers={"content-type": "application/json"}
        )
        assert (answer.status_code, "arguments" in answer.json()["detail"]) == (400, True)


def test_decide_says_which_calls_are_refused_and_which_need_a_person(pipeline: Pipeline):
    write(pipeline)
    write(pipeline, "never", tool="drop_*", conditions=[], effect="deny", reason="not by agents")
    for tool, arguments, cause, reason in (
        ("refund", {"amount": 50}, "", ""),
        ("refund", {"amount": 51}, "approval", "policy 'big' asks for a person before refund"),
        ("drop_table", {}, "policy", "policy 'never' refuses drop_table: not by agents"),
    ):
        said = pipeline.ask("POST", "decide", json={"tool": tool, "arguments": arguments})
        assert (said["allowed"], said["cause"], said["reason"]) == (not cause, cause, reason)
    assert pipeline.ask("POST", "decide", json={})["allowed"]


def test_the_calls_of_one_project_are_nobody_elses(pipeline: Pipeline):
    write(pipeline)
    waiting = ask(pipeline)
    other = {"x-spanledger-project": "other"}
    for path in ("approvals", "policies"):
        assert pipeline.ask("GET", path, headers=other) == []
    said = {"verdict": "approved", "by": "eve"}
    pipeline.ask("POST", f"approvals/{waiting['id']}/decision", 404, json=said, headers=other)
    pipeline.ask("GET", f"approvals/{waiting['id']}", 404, headers=other)


def test_who_is_erased_leaves_no_words_in_what_was_asked_for(pipeline: Pipeline):
    write(pipeline)
    ask(pipeline, user="ann@example.com", id="call-1")
    pipeline.ask("POST", "erase", json={"kind": "user", "id": "ann@example.com"})
    (found,) = pipeline.get("approvals")
    assert (found["arguments"], "ann" in found["user_id"]) == ({}, False)


@pytest.mark.parametrize(
    "said",
    [{"tool": ""}, {"effect": "maybe"}, {"timeout_s": 0}, {"colour": "red"},
     {"conditions": [{"argument": "a", "op": ">", "value": "lots"}]},
     {"conditions": [{"argument": "a..b", "op": "=", "value": "1"}]}],
    ids=str,
)  # fmt: skip
def test_a_policy_that_cannot_be_meant_is_refused(said: dict[str, Any]):
    from pydantic import ValidationError

    from spanledger_collector.approvals.form import PolicyForm

    with pytest.raises(ValidationError):
        PolicyForm.model_validate({"tool": "refund"} | said)


def test_where_no_server_answers_the_call_is_denied_unless_somebody_said_otherwise():
    # nothing is configured here: nobody can be asked
    with pytest.raises(spanledger.Denied, match="unanswered"):
        spanledger.require_approval("refund")
    with configured(f"http://127.0.0.1:{free_port()}", guard_url=f"http://127.0.0.1:{free_port()}"):
        with pytest.raises(spanledger.Denied, match="no server answers"):
            spanledger.require_approval("refund")
        spanledger.require_approval("refund", on_silence="allow")
