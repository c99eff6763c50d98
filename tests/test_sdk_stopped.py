"""An agent that would never stop is stopped by a hard budget of the server, alone and with others."""

import threading
from datetime import datetime
from pathlib import Path

import httpx
import pytest

import spanledger
from tests.sdk import configured
from tests.serving import serving

MOST_STEPS = 100_000
STEP_USD = 0.0025  # 1,000 input tokens of gpt-4o


@spanledger.llm_call
def call() -> None:
    spanledger.record_usage(model="gpt-4o", input_tokens=1000, output_tokens=0)


class Runaway(threading.Thread):
    """A session that goes on until somebody says no. `pace` is what keeps it from flooding."""

    def __init__(self, number: int, pace: threading.Event) -> None:
        super().__init__()
        self.number, self.pace = number, pace
        self.steps = 0
        self.stopped: spanledger.BudgetExceeded | None = None

    def run(self) -> None:
        with spanledger.session(f"s-{self.number}", user="ada"):
            try:
                while self.steps < MOST_STEPS:
                    call()
                    self.steps += 1
                    self.pace.wait(0.05)  # what a model would take to answer
            except spanledger.BudgetExceeded as error:
                self.stopped = error


@pytest.mark.parametrize("sessions", [1, 8])
def test_a_hard_budget_stops_every_session_and_what_is_spent_beyond_it_is_bounded(
    tmp_path: Path, sessions: int
):
    keep_s = 0.5
    with serving(tmp_path) as server:
        limit_usd = 10 * sessions * STEP_USD
        budget = {"name": "ada", "limit": str(limit_usd), "period": {"unit": "year"}, "hard": True,
                  "scope": {"user": "ada"}, "thresholds": [{"percent": 100}]}  # fmt: skip
        httpx.post(f"{server.api}/api/v1/budgets", json=budget).raise_for_status()
        with configured(server.otlp, guard="open", guard_url=server.api, guard_keep_s=keep_s):
            agents = [Runaway(number, threading.Event()) for number in range(sessions)]
            for agent in agents:
                agent.start()
            for agent in agents:
                agent.join(120)
            assert [a.stopped and a.stopped.limit for a in agents] == ["budget"] * sessions
            assert "0 of" in str(agents[0].stopped)
            assert spanledger.flush(60).pending == 0
        server.settle()
        spans = [
            step
            for number in range(sessions)
            for step in httpx.get(f"{server.api}/api/v1/sessions/s-{number}/events").json()[
                "events"
            ]
        ]
        (alert,) = httpx.get(f"{server.api}/api/v1/alerts").json()
        fired = datetime.fromisoformat(alert["fired_at"]).timestamp()
        began = [datetime.fromisoformat(step["started_at"]).timestamp() for step in spans]
        assert len(spans) == sum(agent.steps for agent in agents)
        # from when the server knew: what an answer may still hold, and the asking itself
        late = [at - fired for at in began if at > fired]
        assert max(late, default=0) <= keep_s + PATIENCE_S


PATIENCE_S = 5
"""For the evaluation that fired to be the one that is asked, and for threads to have their turn."""
