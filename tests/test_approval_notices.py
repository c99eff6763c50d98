"""People are told that a call waits, and what was said of it: by a real endpoint that verifies it."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from spanledger_collector.approvals.approval import Approval
from spanledger_collector.budgets.outbox import State, errands
from spanledger_collector.moments import SECOND_NS
from spanledger_collector.store import Store
from spanledger_ui.alerts.channels import channel
from spanledger_ui.alerts.errands import run
from spanledger_ui.client import Client
from tests.otlp import NOON_NS
from tests.pipeline import Pipeline, running
from tests.ports import free_port
from tests.receivers import SECRET, Hook, hook
from tests.ui_server import listening

NOON = datetime.fromtimestamp(NOON_NS // SECOND_NS, UTC)
ASKED = Approval("p", "call-1", "refund", {}, "big", "s", "u", "a", NOON_NS, NOON_NS + 60 * SECOND_NS)  # fmt: skip
DONE = replace(ASKED, verdict="approved", decided_by="ann", decided_ns=NOON_NS + SECOND_NS)
TOLD = State("pending", 1, NOON, "delivered")


def due(about: Approval, channels: tuple[str, ...] = ("c",), after: timedelta = timedelta(0), **states: State) -> list[tuple[str, str, str]]:  # fmt: skip
    """Return message, event and channel of what is due; states are those of messages on c."""
    known = {("p", f"call-1.{name}", "c"): state for name, state in states.items()}
    found = errands((), (), channels, known, NOON + after, [about])
    return [(message.id, message.event, name) for message, name, _ in found]


def test_a_decision_is_told_after_the_question_and_each_once():
    assert due(ASKED) == [("call-1.pending", "pending", "c")]
    assert due(ASKED, pending=TOLD) == []
    assert due(DONE) == [("call-1.pending", "pending", "c")]
    assert due(DONE, pending=replace(TOLD, outcome="retry", next_at=NOON + timedelta(hours=1))) == []  # fmt: skip
    assert due(DONE, pending=TOLD) == [("call-1.decided", "approved", "c")]
    assert due(DONE, pending=TOLD, decided=TOLD) == []


def test_a_call_that_waits_is_never_stale_and_one_that_does_not_is_after_a_day():
    week = timedelta(days=7)
    assert due(ASKED, after=week) == [("call-1.pending", "pending", "c")]
    assert due(DONE, after=timedelta(days=1)) == [("call-1.pending", "pending", "c")]
    assert due(DONE, after=timedelta(days=1, seconds=1)) == [("call-1.decided", "approved", "c")]
    assert due(DONE, after=timedelta(days=1, seconds=2)) == []


def test_the_channels_of_its_policy_are_told_and_every_one_where_it_names_none():
    assert [name for *_, name in due(ASKED, ("c", "d"))] == ["c", "d"]
    assert [name for *_, name in due(replace(ASKED, channels=("d", "x")), ("c", "d"))] == ["d"]


@pytest.fixture
def pipeline(embedded: Store, tmp_path: Path) -> Iterator[Pipeline]:
    with running(embedded, tmp_path) as found:
        yield found


@pytest.fixture
def endpoint() -> Iterator[tuple[Hook, str]]:
    with hook() as found:
        yield found


def deliver(pipeline: Pipeline, url: str) -> None:
    """Tell all that is due on a channel named ops."""
    section = {"kind": "webhook", "url": url, "secret_env": "S", "private": True}
    with listening(pipeline.api.app) as api, Client(api) as client:
        while run(client, {"ops": channel("ops", section, {"S": SECRET})}, NOON):
            pass


def ask(pipeline: Pipeline, id_: str, **more: Any) -> None:
    said = {"id": id_, "tool": "refund", "arguments": {"iban": "DE02"}, "session": "s", "agent": "refunds"}  # fmt: skip
    pipeline.ask("POST", "approvals", 201, json=said | more)


def decide(pipeline: Pipeline, id_: str, verdict: str) -> None:
    said = {"verdict": verdict, "by": "ann", "reason": "she called"}
    pipeline.ask("POST", f"approvals/{id_}/decision", json=said)


def write(pipeline: Pipeline, **said: Any) -> None:
    pipeline.ask("PUT", "policies/big", json={"tool": "refund", "timeout_s": 60} | said)


def test_asked_approved_denied_and_timed_out_arrive_signed_and_once_each(
    pipeline: Pipeline, endpoint: tuple[Hook, str]
):
    found, url = endpoint
    write(pipeline)
    for id_ in ("yes", "no", "late"):
        ask(pipeline, id_)
    deliver(pipeline, url)
    decide(pipeline, "yes", "approved")
    decide(pipeline, "no", "denied")
    pipeline.now_ns += 60 * SECOND_NS
    pipeline.restart()
    deliver(pipeline, url)
    deliver(pipeline, url)
    assert sorted((id_, said["type"], said["data"]["title"]) for id_, said in found.got) == [
        ("late.decided", "approval.timed_out", "Not approved in time: refund, agent refunds"),
        ("late.pending", "approval.pending", "Waits for approval: refund, agent refunds"),
        ("no.decided", "approval.denied", "Denied by ann: refund, agent refunds"),
        ("no.pending", "approval.pending", "Waits for approval: refund, agent refunds"),
        ("yes.decided", "approval.approved", "Approved by ann: refund, agent refunds"),
        ("yes.pending", "approval.pending", "Waits for approval: refund, agent refunds"),
    ]
    assert "DE02" not in repr(found.got)
    log = pipeline.get("alerts/deliveries")
    assert {(row["event"], row["outcome"]) for row in log} == {
        (event, "delivered") for event in ("pending", "approved", "denied", "timed_out")
    }
    approved = dict(found.got)["yes.decided"]["data"]
    assert approved == {
        "title": "Approved by ann: refund, agent refunds", "severity": "info", "project_id": "default",
        "id": "yes", "tool": "refund", "policy": "big", "session_id": "s", "user_id": "",
        "agent": "refunds", "verdict": "approved", "by": "ann", "reason": "she called",
        "asked_at": "2026-11-21T12:00:00.000000000Z", "expires_at": "2026-11-21T12:01:00.000000000Z",
        "decided_at": "2026-11-21T12:00:00.000000000Z",
    }  # fmt: skip


def test_a_channel_that_does_not_answer_is_tried_once_a_round_and_holds_nobody_up(
    pipeline: Pipeline, endpoint: tuple[Hook, str]
):
    found, url = endpoint
    for id_ in ("first", "second", "third"):
        ask(pipeline, id_, policy="big")
    section = {"kind": "webhook", "secret_env": "S", "private": True}
    nobody = f"http://127.0.0.1:{free_port()}/"
    known = {name: channel(name, section | {"url": place}, {"S": SECRET})
             for name, place in (("away", nobody), ("ops", url))}  # fmt: skip
    with listening(pipeline.api.app) as api, Client(api) as client:
        assert run(client, known, NOON) == 4
    assert [id_ for id_, _ in found.got] == ["first.pending", "second.pending", "third.pending"]
    log = pipeline.get("alerts/deliveries")
    assert [(r["message_id"], r["outcome"]) for r in log if r["channel"] == "away"] == [
        ("first.pending", "retry")
    ]


def test_quiet_channels_are_asked_for_what_is_critical_alone(
    pipeline: Pipeline, endpoint: tuple[Hook, str]
):
    found, url = endpoint
    ask(pipeline, "waits", policy="big")
    section = {"kind": "webhook", "secret_env": "S", "private": True, "url": url}
    known = {"ops": channel("ops", section | {"quiet": "11:00-13:00 UTC"}, {"S": SECRET})}
    with listening(pipeline.api.app) as api, Client(api) as client:
        assert client.alerts.errands(["ops"], ["ops"]) == []
        assert run(client, known, NOON) == 0
        assert run(client, known, NOON + timedelta(hours=1)) == 1
    assert [id_ for id_, _ in found.got] == ["waits.pending"]


def test_a_policy_names_who_is_told_and_one_withdrawn_since_still_does(pipeline: Pipeline):
    write(pipeline, channels=["desk"])
    ask(pipeline, "call-1")
    pipeline.api.delete("/api/v1/policies/big").raise_for_status()
    told = pipeline.get("alerts/outbox", channel=["ops", "desk"])
    assert [(e["message_id"], e["channel"]) for e in told] == [("call-1.pending", "desk")]


def test_nobody_is_told_of_what_a_policy_alone_decides(pipeline: Pipeline):
    write(pipeline, effect="deny")
    ask(pipeline, "call-1")
    assert pipeline.get("alerts/outbox", channel=["ops"]) == []
