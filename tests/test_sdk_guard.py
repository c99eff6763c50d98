"""Limits of a session, held in the process; and the prices they rest on."""

import json
from collections.abc import Iterator
from decimal import Decimal

import pytest
from opentelemetry import trace

import spanledger
from spanledger import rates
from spanledger.guard import Guard, Limits
from tests import sdk_rates
from tests.sdk import Receiver, configured, receiving


@pytest.fixture(params=[1.0, 0.0], ids=["recorded", "sampled out"])
def receiver(request: pytest.FixtureRequest) -> Iterator[Receiver]:
    with receiving() as receiver, configured(receiver.url, sample=request.param):
        yield receiver


@pytest.fixture
def recorded() -> Iterator[None]:
    with receiving() as receiver, configured(receiver.url):
        yield


@spanledger.tool
def work(x: int = 0) -> int:
    return x


@spanledger.llm_call
def ask(tokens: int, model: str = "gpt-4o") -> None:
    spanledger.record_usage(model=model, input_tokens=tokens, output_tokens=0)


def test_steps_are_counted_and_the_one_too_many_never_runs(receiver: Receiver):
    ran = []

    @spanledger.step
    def one() -> None:
        ran.append(1)

    @spanledger.agent
    def run() -> None:
        while True:
            one()

    with spanledger.session("s", max_steps=3), pytest.raises(spanledger.BudgetExceeded) as stop:
        run()
    assert (len(ran), stop.value.limit, stop.value.used, stop.value.allowed) == (
        3,
        "max_steps",
        3,
        3,
    )


def test_who_catches_the_stop_is_stopped_again_at_the_next_boundary(receiver: Receiver):
    with spanledger.session("s", max_steps=1):
        work()
        for _ in range(3):
            with pytest.raises(spanledger.BudgetExceeded):
                work()
    work()


def test_tokens_and_dollars_stop_the_call_after_the_one_that_used_them_up(recorded: None):
    with spanledger.session("s", max_tokens=100):
        ask(60)
        ask(60)
        with pytest.raises(spanledger.BudgetExceeded, match="max_tokens: 120 of 100 used"):
            ask(1)
    with spanledger.session("s", max_usd="0.01") as scope:
        ask(4_000)
        assert scope.spent is not None
        assert scope.spent.usd == Decimal("0.01")  # 2.5 dollars a million
        with pytest.raises(spanledger.BudgetExceeded, match="max_usd"):
            work()


def test_seconds_are_those_since_the_session_was_opened():
    now = [10.0]
    guard = Guard(Limits(seconds=5), lambda: now[0])
    guard.check()
    now[0] = 15.0
    with pytest.raises(spanledger.BudgetExceeded, match=r"max_seconds: 5\.0 of 5 used"):
        guard.check()


def test_a_model_without_a_price_is_counted_apart_and_warned_of(
    recorded: None, caplog: pytest.LogCaptureFixture
):
    with spanledger.session("s", max_usd=1) as scope:
        ask(4_000, "house-model")
        assert scope.spent is not None
        assert (scope.spent.usd, scope.spent.unpriced, scope.spent.tokens) == (Decimal(0), 1, 4_000)
    assert "no price is known for model house-model" in caplog.text


def test_costs_of_no_call_count_against_the_dollars(recorded: None):
    with spanledger.session("s", max_usd=1):
        spanledger.add_cost("1.5", "sandbox")
        with pytest.raises(spanledger.BudgetExceeded, match=r"max_usd: 1\.5 of 1 used"):
            work()


def test_a_tool_called_again_and_again_with_the_same_arguments_is_a_loop(
    receiver: Receiver, caplog: pytest.LogCaptureFixture
):
    with spanledger.session("s", max_repeats=2):
        for _ in range(3):
            work(1)
    assert "tool work was called 3 times with the same arguments" in caplog.text
    with spanledger.session("s", max_repeats=2, on_loop="stop"):
        work(1), work(2), work(1), work(2)
        with pytest.raises(spanledger.LoopDetected, match="max_repeats of tool work: 2 of 2 used"):
            work(1)


def test_calls_that_others_instrument_count_too(recorded: None):
    tracer = trace.get_tracer("other")
    told = {"gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt-4o"}
    with spanledger.session("s", max_steps=1, max_usd=1) as scope:
        with tracer.start_as_current_span("chat", attributes=told) as span:
            span.set_attribute("gen_ai.usage.input_tokens", 1_000)
        assert scope.spent is not None
        assert scope.spent.usd == Decimal("0.0025")
        with (
            pytest.raises(spanledger.BudgetExceeded),
            tracer.start_as_current_span("c", attributes=told),
        ):
            pass


def test_what_is_no_amount_of_dollars_is_said_at_once():
    with pytest.raises(ValueError, match="max_usd: 'lots' is no amount of dollars"):
        spanledger.session("s", max_usd="lots")


@pytest.mark.parametrize(
    ("model", "usd"),
    [
        ("claude-sonnet-4-5-20250929", "0.0078"),
        ("anthropic/claude-sonnet-4-5", "0.0078"),
        ("Claude-Sonnet-4-5", "0.0078"),
        ("claude-sonnet-4-5-turbo", None),
        ("", None),
    ],
)
def test_a_model_is_priced_by_its_name_or_a_version_of_it(model: str, usd: str | None):
    # dollars a million: 3 in, 0.3 from the cache, 15 out
    found = rates.usd(model, 2000, 300, 1000, 0)
    assert found == (None if usd is None else Decimal(usd))


def test_the_shipped_rates_are_those_of_the_price_book():
    shipped = json.loads(sdk_rates.FILE.read_text(), parse_float=Decimal, parse_int=Decimal)
    assert shipped["usd_per_mtok"] == sdk_rates.table(shipped["as_of"])
    assert sdk_rates.FILE.stat().st_size < 50_000
