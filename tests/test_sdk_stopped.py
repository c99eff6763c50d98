"""Agents that would never stop are stopped by a hard budget: three users at once, of 1, 8 and 64 sessions."""

import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from itertools import chain

import orjson
import pytest

import spanledger
from tests.parts import Parts, parts
from tests.sdk import configured

MOST_STEPS = 100_000
STEP_USD = Decimal("0.0025")  # 1,000 input tokens of gpt-4o
STEPS = 10  # that the budget has room for, of each session
PACE_S = 0.2  # what a model takes to answer
KEEP_S = 0.5
PATIENCE_S = 120  # an answer that does not come is not what this is about


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Parts]:
    with parts(tmp_path_factory.mktemp("stopped")) as running:
        yield running


@spanledger.llm_call
def call() -> None:
    spanledger.record_usage(model="gpt-4o", input_tokens=1000, output_tokens=0)


class Runaway(threading.Thread):
    """A session that goes on until somebody says no."""

    def __init__(self, user: str, number: int) -> None:
        super().__init__()
        self.user, self.session = user, f"{user}-{number}"
        self.steps = 0
        self.stopped: spanledger.BudgetExceeded | None = None

    def run(self) -> None:
        answered = threading.Event()  # never: a model that takes its time
        with spanledger.session(self.session, user=self.user):
            try:
                while self.steps < MOST_STEPS:
                    call()
                    self.steps += 1
                    answered.wait(PACE_S)
            except spanledger.BudgetExceeded as error:
                self.stopped = error


def refused_s(server: Parts, users: Iterable[str]) -> dict[str, float]:
    """Return for each user a moment by which the server says no: it does so not much earlier."""
    found: dict[str, float] = {}

    def all_refused() -> bool:
        found.update({u: time.time() for u in users if u not in found and not allowed(server, u)})
        return found.keys() == set(users)

    server.until(all_refused, PATIENCE_S)
    return found


def allowed(server: Parts, user: str) -> bool:
    """Return what the server says of another step of a user."""
    answer = server.api.post("/api/v1/decide", json={"user": user})
    return bool(answer.json()["allowed"])


def steps(server: Parts, user: str) -> list[tuple[float, str, Decimal]]:
    """Return the calls of a user in order: when each began, in which session, and its dollars."""
    file = server.api.get("/api/v1/export/calls", params={"q": f"user:{user}", "format": "jsonl"})
    calls = [orjson.loads(line) for line in file.text.splitlines()]
    return sorted(
        (datetime.fromisoformat(c["started_at"]).timestamp(), c["session_id"], Decimal(c["cost_usd"]))
        for c in calls
    )  # fmt: skip


def limit_usd(sessions: int) -> Decimal:
    """Return the budget of a user who has so many sessions."""
    return STEPS * sessions * STEP_USD


def test_what_is_spent_or_stopped_stays_so_while_the_store_is_gone(server: Parts):
    budget = {"name": "little", "limit": str(STEP_USD), "period": {"unit": "year"}, "hard": True,
              "scope": {"user": "spender"}}  # fmt: skip
    server.api.post("/api/v1/budgets", json=budget).raise_for_status()
    with configured(str(server.otlp.base_url)), spanledger.session("spent", user="spender"):
        call()
    server.until(lambda: not allowed(server, "spender"), PATIENCE_S)
    stop = {"subject": "session", "value": "stopped", "reason": "it loops"}
    server.api.post("/api/v1/stops", json=stop).raise_for_status()
    server.kill("store")
    asked = ({"user": "spender"}, {"session": "stopped"}, {"user": "other", "session": "other"})
    answers = [server.otlp.post("/api/v1/decide", json=about).json() for about in asked]
    assert [answer["cause"] for answer in answers] == ["budget", "stop", ""]
    assert {answer["evaluated_at"] is None for answer in answers} == {False}
    server.start("store")


def test_a_hard_budget_stops_every_session_within_the_overshoot_that_is_stated(server: Parts):
    users = {f"user{sessions}": sessions for sessions in (1, 8, 64)}
    for user, sessions in users.items():
        budget = {"name": user, "limit": str(limit_usd(sessions)), "period": {"unit": "year"},
                  "hard": True, "scope": {"user": user}, "thresholds": [{"percent": 100}]}  # fmt: skip
        server.api.post("/api/v1/budgets", json=budget).raise_for_status()
    urls = str(server.otlp.base_url), str(server.api.base_url)
    with configured(
        urls[0], guard="open", guard_url=urls[1], guard_keep_s=KEEP_S, guard_wait_s=PATIENCE_S,
        timeout_s=PATIENCE_S,
    ):  # fmt: skip
        agents = {user: [Runaway(user, n) for n in range(users[user])] for user in users}
        for agent in chain(*agents.values()):
            agent.start()
        no_s = refused_s(server, users)
        for agent in chain(*agents.values()):
            agent.join(PATIENCE_S)
        assert spanledger.flush(PATIENCE_S).pending == 0
    server.settle()
    for user in users:
        stopped_in_time(agents[user], steps(server, user), no_s[user])


def stopped_in_time(
    agents: list[Runaway], took: list[tuple[float, str, Decimal]], no_s: float
) -> None:
    """Assert that the sessions of one user were stopped by their budget, none of them late."""
    sessions, user = len(agents), agents[0].user
    assert [a.stopped and a.stopped.limit for a in agents] == ["budget"] * sessions
    assert f"budget '{user}': 0 of" in str(agents[0].stopped)
    assert Counter(session for _, session, _ in took) == {a.session: a.steps for a in agents}
    # nobody takes a second step on an answer from before the server knew
    late = Counter(session for at_s, session, _ in took if at_s > no_s + KEEP_S)
    assert set(late.values()) <= {1}
    # docs/budgets.md: (sessions at once) × (a step) + (spend a second) × (until it says no + guard_keep_s)
    spent_s, usd_a_second = took[STEPS * sessions - 1][0], sessions * STEP_USD / Decimal(PACE_S)
    most_usd = sessions * STEP_USD + usd_a_second * Decimal(no_s - spent_s + KEEP_S)
    assert 0 <= sum(usd for *_, usd in took) - limit_usd(sessions) <= most_usd
