"""An agent waits for a person, who decides in a real browser; the session tells of it afterwards."""

import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect

import spanledger
from tests.browser import needed
from tests.sdk import configured
from tests.serving import Server, serving

BIG = {"tool": "refund", "conditions": [{"argument": "amount", "op": ">=", "value": 100}]}


@spanledger.tool
def refund(amount: int) -> str:
    return f"{amount} refunded"


@spanledger.agent("refunds")
def answer(amount: int) -> str:
    spanledger.require_approval("refund", {"amount": amount})
    return refund(amount)


class Agent(threading.Thread):
    """Answers once, in a session of its own; keeps what came of it."""

    def __init__(self, session: str, amount: int) -> None:
        super().__init__()
        self.session, self.amount = session, amount
        self.came_to: str | spanledger.Denied = ""

    def run(self) -> None:
        with spanledger.session(self.session, user="u42"):
            try:
                self.came_to = answer(self.amount)
            except spanledger.Denied as denied:
                self.came_to = denied


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("approvals")) as running:
        httpx.put(f"{running.api}/api/v1/policies/big", json=BIG).raise_for_status()
        with configured(running.otlp, guard_url=running.api):
            yield running


def decide_in_the_browser(page: Page, server: Server, button: str, reason: str) -> None:
    page.goto(f"{server.screens}/approvals")
    expect(page.get_by_text("refund", exact=True).first).to_be_visible()
    page.get_by_label("Your name").fill("ann")
    page.get_by_label("Reason").fill(reason)
    page.get_by_role("button", name=button).click()
    expect(page.get_by_text("Nothing waits for anybody.")).to_be_visible()


def write_a_policy_in_the_browser(page: Page, server: Server) -> None:
    page.goto(f"{server.screens}/approvals")
    page.get_by_label("Name of the policy").fill("huge")
    page.get_by_label("Tool", exact=True).fill("refund")
    page.get_by_label("Amount in argument").fill("amount")
    page.get_by_label("From this amount on").fill("120")
    page.get_by_label("Written by").fill("ann")
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_text("About 1 of 1 calls")).to_be_visible()
    page.get_by_role("button", name="Write it down").click()
    expect(page.get_by_text("amount >= 120")).to_be_visible()


@needed
def test_an_agent_waits_a_person_approves_and_replay_and_audit_show_it(server: Server, tab: Page):
    agent = Agent("s-approved", 120)
    agent.start()
    decide_in_the_browser(tab, server, "Approve", "the parcel is lost")
    agent.join(60)
    assert agent.came_to == "120 refunded"
    row, events = told(server, "s-approved")
    tab.goto(f"{server.screens}/replay?session=s-approved")
    expect(tab.get_by_text("approved by ann: the parcel is lost").first).to_be_visible()
    write_a_policy_in_the_browser(tab, server)
    (waited,) = [e for e in events if e["verdict"] == "approved"]
    assert [e["verdict"] for e in events if e["kind"] == "decision"] == ["pending", "approved"]
    assert row["waiting_ns"] >= waited["duration_ns"] > 0
    assert row["status"] == "ok"
    (entry,) = [e for e in audit(server) if e["after"]["session"] == "s-approved"]
    assert (entry["action"], entry["actor"], entry["note"]) == (
        "approval approved", "ann", "the parcel is lost",
    )  # fmt: skip


def test_who_is_denied_or_not_answered_in_time_does_not_act(server: Server):
    agent = Agent("s-denied", 100)
    agent.start()
    waiting = until(server, "s-denied")
    said = {"verdict": "denied", "by": "bob", "reason": "too much"}
    url = f"{server.api}/api/v1/approvals/{waiting['id']}/decision"
    httpx.post(url, json=said).raise_for_status()
    agent.join(60)
    assert str(agent.came_to) == "refund: denied by bob: too much"
    with pytest.raises(spanledger.Denied) as late, spanledger.session("s-late"):
        spanledger.require_approval("refund", {"amount": 100}, timeout_s=1)
    assert late.value.verdict == "timed_out"
    assert answer(99) == "99 refunded"
    _, events = told(server, "s-denied")
    assert [e["tool"] for e in events if e["kind"] == "tool"] == []


def until(server: Server, session: str) -> Any:
    """Return the approval of a session, once it was asked for."""
    pause = threading.Event()
    for _ in range(600):
        for found in httpx.get(f"{server.api}/api/v1/approvals").json():
            if found["session_id"] == session:
                return found
        pause.wait(0.1)
    raise AssertionError(f"{session} never asked")


def told(server: Server, session: str) -> tuple[Any, Any]:
    """Return a session and its events, once all of it is stored."""
    assert spanledger.flush(60).pending == 0
    server.settle()
    url = f"{server.api}/api/v1/sessions/{session}"
    return httpx.get(url).json(), httpx.get(f"{url}/events").json()["events"]


def audit(server: Server) -> list[Any]:
    found: list[Any] = httpx.get(f"{server.api}/api/v1/audit").json()["items"]
    return [entry for entry in found if entry["action"].startswith("approval")]
