"""The server's word on a session: asked before a step, held for a while, and what silence means."""

import json
import threading
from collections.abc import Iterator
from contextlib import nullcontext
from typing import Any, Literal

import pytest

import spanledger
from spanledger import health
from spanledger.ask import Answer, Decider, Question
from tests.sdk import Receiver, configured, receiving

YES: Answer = {"allowed": True}
SPENT: Answer = {"allowed": False, "cause": "budget", "reason": "budget 'all': 0 of 1 USD left"}
STOPPED: Answer = {"allowed": False, "cause": "stop", "reason": "stopped by ann: it loops"}
ASKED: Question = (("session", "s"),)


class Server:
    """Answers what it is told to, or nothing; counts how often it was asked."""

    def __init__(self, answer: Answer | None) -> None:
        self.answer = answer
        self.asked = 0
        self.now = 0.0

    def __call__(self, _: Question) -> Answer:
        self.asked += 1
        if self.answer is None:
            raise ConnectionError
        return self.answer

    def decider(self, mode: Any, wait_s: float = 20) -> Decider:
        return Decider(self, mode, 2.0, wait_s, lambda: self.now)


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    yield
    health.forget()


def test_an_answer_holds_for_its_time_and_is_then_asked_for_again():
    server = Server(YES)
    decider = server.decider("open")
    for at, asked in ((0, 1), (1.9, 1), (2, 2)):
        server.now = at
        decider.check(ASKED)
        assert server.asked == asked


def test_a_no_is_raised_at_every_step_until_the_server_says_something_else():
    server = Server(SPENT)
    decider = server.decider("open")
    for _ in range(2):
        with pytest.raises(spanledger.BudgetExceeded, match="0 of 1 USD left") as stop:
            decider.check(ASKED)
        assert stop.value.limit == "budget"
    server.answer, server.now = YES, 2.0
    decider.check(ASKED)


def test_an_operators_stop_is_told_apart():
    with pytest.raises(spanledger.Stopped, match="stopped by ann: it loops"):
        Server(STOPPED).decider("open").check(ASKED)


def test_silence_means_what_was_chosen():
    Server(None).decider("open").check(ASKED)
    with pytest.raises(spanledger.BudgetExceeded, match="did not say"):
        Server(None).decider("closed").check(ASKED)


@pytest.mark.parametrize("mode", ["open", "closed"])
def test_a_yes_of_old_is_no_answer_where_silence_means_no(mode: Literal["open", "closed"]):
    server, back = Server(YES), threading.Event()

    def slow(asked: Question) -> Answer:
        if server.asked:
            back.wait()
        return server(asked)

    decider = Decider(slow, mode, 2.0, 0.5, lambda: server.now)
    decider.check(ASKED)
    server.now = 2.0
    refused = pytest.raises(spanledger.BudgetExceeded, match="did not say")
    with refused if mode == "closed" else nullcontext():
        decider.check(ASKED)
    back.set()


def test_silence_after_a_no_stays_a_no():
    server = Server(SPENT)
    decider = server.decider("open")
    for server.answer in (SPENT, None):
        with pytest.raises(spanledger.BudgetExceeded, match="0 of 1"):
            decider.check(ASKED)
        server.now += 2


def test_steps_at_once_ask_once():
    server = Server(YES)
    decider = server.decider("open")
    steps = [threading.Thread(target=decider.check, args=(ASKED,)) for _ in range(20)]
    for step in steps:
        step.start()
    for step in steps:
        step.join()
    assert server.asked == 1


@pytest.fixture
def server() -> Iterator[Receiver]:
    """Return a server that says no to whatever it is asked, and takes spans."""
    with receiving() as found:
        found.answers = [(200, {}, json.dumps(SPENT).encode())]
        with configured(found.url, guard="closed", guard_url=found.url, guard_wait_s=20, key="k"):
            yield found


def test_a_step_that_the_server_refuses_never_runs_and_the_question_says_whose_it_is(
    server: Receiver,
):
    ran = []

    @spanledger.agent("refunds")
    def run() -> None:
        ran.append(1)

    with (
        spanledger.session("s", user="ann", tags=["team:a"]),
        pytest.raises(spanledger.BudgetExceeded),
    ):
        run()
    assert ran == []
    assert json.loads(server.bodies[0]) == {
        "session": "s", "user": "ann", "tags": ["team:a"], "agent": "refunds", "service": "test",
    }  # fmt: skip
    assert server.headers[0]["authorization"] == "Bearer k"
    server.bodies.clear()  # no span among them


def test_the_guard_asks_where_spans_go(server: Receiver):
    with receiving() as elsewhere, configured(server.url, guard="closed", guard_url=elsewhere.url):
        refused()
        assert elsewhere.headers == []


@pytest.mark.parametrize("protocol", ["http", "grpc"])
def test_what_knows_no_budgets_is_asked_once_and_what_speaks_grpc_never(protocol: str):
    with receiving() as collector, receiving() as api:
        collector.answers = [(404, {}, b"")] * 2
        api.answers = [(200, {}, json.dumps(SPENT).encode())] * 2
        with configured(
            collector.url, guard="closed", guard_url=api.url, guard_keep_s=0, guard_wait_s=20,
            headers={"x-tenant": "t"}, protocol=protocol,
        ):  # fmt: skip
            for _ in range(2):
                refused()
        assert ["x-tenant" in headers for headers in api.headers] == [False] * 2
        assert [headers["x-tenant"] for headers in collector.headers] == ["t"] * (
            protocol == "http"
        )


def refused() -> None:
    """Begin an agent, which the server refuses."""
    with pytest.raises(spanledger.BudgetExceeded, match="0 of 1 USD left"):
        spanledger.agent(lambda: None)()
