"""A decorated agent, as it arrives: real SDK, real ingest, real engine, real answers."""

import time
from collections.abc import Iterator
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import spanledger
from spanledger_collector.receive.losses import losses
from spanledger_collector.store import Store
from tests.pipeline import Pipeline, running
from tests.sdk import configured

STORES = ["chdb"]


@pytest.fixture
def pipeline(store: Store, tmp_path: Path) -> Iterator[Pipeline]:
    with running(store, tmp_path) as pipeline:
        pipeline.now_ns = time.time_ns()
        with configured(str(pipeline.otlp.base_url), environment="test", release="1.2"):
            yield pipeline


@spanledger.llm_call(model="claude-sonnet-4-5", provider="anthropic")
def ask(question: str) -> str:
    spanledger.record_usage(
        model="claude-sonnet-4-5-20250929", input_tokens=2000, output_tokens=300,
        cache_read_tokens=1000, response_id="msg_1",
    )  # fmt: skip
    return "I will refund 84.50."


@spanledger.tool
def issue_refund(order: str, amount: float) -> dict[str, str]:
    if amount > 100:
        raise ValueError("amount exceeds the 100.00 limit")
    return {"refund": "RF-77"}


@spanledger.step
def check_policy(amount: float) -> None:
    spanledger.decision(
        "issue_refund",
        {"amount": amount},
        "approved",
        "refunds under 100",
        "small",
        "policy engine",
    )


@spanledger.agent("refunds")
def refund(order: str) -> str:
    spanledger.state("complained", "checking", reason="broken")
    ask(f"My order {order} came broken.")
    with suppress(ValueError):
        issue_refund(order, 845.0)
    check_policy(84.5)
    issue_refund(order, 84.5)
    with spanledger.waiting_for("the bank"):
        pass
    spanledger.add_cost("0.25", "bank fee")
    spanledger.feedback(0.5, "slow")
    spanledger.state("checking", "refunded")
    return "done"


def run(pipeline: Pipeline) -> tuple[Any, Any]:
    scope = spanledger.session("refund-1", user="ada", tags=["test"], metadata={"tier": "gold"})
    with scope:
        refund("B-2")
    assert spanledger.flush(10)
    pipeline.settle()
    return pipeline.get("sessions/refund-1"), pipeline.get("sessions/refund-1/events")["events"]


def test_a_decorated_agent_arrives_with_its_session_steps_tokens_and_dollars(pipeline: Pipeline):
    session, events = run(pipeline)
    assert (session["user_id"], session["agent"], session["tags"]) == ("ada", "refunds", ["test"])
    totals = session["totals"]
    assert (totals["calls"], totals["tool_calls"], totals["tool_errors"]) == (1, 2, 1)
    # dollars a million: 3 in, 0.3 from the cache, 15 out
    called = (1000 * Decimal(3) + 1000 * Decimal("0.3") + 300 * Decimal(15)) / 1_000_000
    assert Decimal(totals["cost_usd"]) == called + Decimal("0.25")
    steps = [(e["kind"], e["state_to"] or e["verdict"] or e["status"]) for e in events]
    assert steps == [
        ("agent", "unset"),
        ("state", "checking"),
        ("llm", "unset"),
        ("tool", "error"),
        ("node", "unset"),
        ("decision", "approved"),
        ("tool", "unset"),
        ("wait", "unset"),
        ("span", "unset"),
        ("event", "unset"),
        ("state", "refunded"),
    ]


def test_a_wait_is_seen_while_it_lasts_and_measured_when_it_is_over(pipeline: Pipeline):
    with (
        spanledger.session("refund-2"),
        spanledger.span("refunds", "agent"),
        spanledger.waiting_for("human approval"),
    ):
        assert spanledger.flush(10)
        pipeline.settle()
        open_session = pipeline.get("sessions/refund-2")
        (step,) = pipeline.get("sessions/refund-2/events")["events"]
    assert (open_session["status"], open_session["waiting_ns"]) == ("waiting", 0)
    assert (step["kind"], step["status"], step["duration_ns"]) == ("wait", "waiting", None)
    assert step["preview"] == "human approval"

    assert spanledger.flush(10)
    pipeline.settle()
    session = pipeline.get("sessions/refund-2")
    agent, wait = pipeline.get("sessions/refund-2/events")["events"]
    assert (session["status"], wait["status"]) == ("ok", "unset")
    assert 0 < session["waiting_ns"] == wait["duration_ns"] <= agent["duration_ns"]
    assert pipeline.get("integrity")["holds"]


def test_a_cost_of_no_call_is_paid_for_and_counted_as_no_call(pipeline: Pipeline):
    with spanledger.session("fees"):
        spanledger.add_cost("0.25", "bank fee")
    assert spanledger.flush(10)
    pipeline.settle()
    totals = pipeline.get("sessions/fees")["totals"]
    assert (totals["calls"], Decimal(totals["cost_usd"])) == (0, Decimal("0.25"))
    assert pipeline.get("sessions/fees")["totals"]["calls_without_usage"] == 0


def test_what_the_sdk_lost_shows_on_integrity(pipeline: Pipeline):
    with configured(str(pipeline.otlp.base_url), delay_s=60, max_queue_spans=2):
        for _ in range(5):
            spanledger.add_cost(1, "x")
        assert spanledger.flush(10).reasons == {"queue_full": 3}
    pipeline.settle()
    told = pipeline.get("integrity")
    assert (told["holds"], told["lost_by_clients"]) == (True, {"queue_full": 3})


def test_losses_are_read_with_care():
    assert losses(b"queue_full=3, gave_up=1,made_up=2,queue_full=x,=,refused=99999999999") == {
        "queue_full": 3,
        "gave_up": 1,
        "other": 2,
    }
