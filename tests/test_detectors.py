"""Detectors on plain values: what each finds at its limit, and what it lets pass just below."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from spanledger_collector.detectors.catalogue import DETECTORS
from spanledger_collector.detectors.finding import (
    Finding,
    Hour,
    Pace,
    Seen,
    Session,
    Silence,
    Step,
    Usual,
)
from spanledger_collector.detectors.telling import alert, news
from spanledger_collector.detectors.tuning import Tuning, limit_of

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
SEARCH = Step("tool", tool="search", arguments='{"q":"x"}')
FAILED = Step("tool", tool="search", arguments='{"q":"x"}', error="Timeout")


def found(name: str, seen: Seen, *tunings: Tuning) -> list[tuple[str, str, str]]:
    """Return project, name and words of what a detector finds."""
    detector = DETECTORS[name]
    findings = detector.look(seen, limit_of(detector, tunings))
    return [(f.project_id, f.name, f.said) for f in findings]


def walked(*tail: Step) -> Seen:
    return Seen(NOON, [Session("p", "s", "a", tail=tail)])


def calls(*input_tokens: int) -> Seen:
    return walked(*(Step("llm", agent="a", input_tokens=n) for n in input_tokens))


def paced(now: Hour, *before: Hour) -> Seen:
    return Seen(NOON, paces=[Pace("p", "a", now, before)])


@pytest.mark.parametrize(
    ("tail", "said"),
    [
        ([FAILED] * 5, "search called 5 times, the same arguments, same error"),
        ([FAILED] * 4, None),
        ([SEARCH] * 10, "search called 10 times, the same arguments, no new state"),
        ([SEARCH] * 9, None),
        ([Step("tool", tool="search", error="Timeout")] * 5, "search called 5 times, arguments unknown, same error"),
        ([Step("tool", tool="search")] * 50, None),
        ([Step("tool", tool="search", arguments=str(n), error="Timeout") for n in range(50)], None),
        ([FAILED, FAILED, FAILED, Step("state", state="retrying"), FAILED, FAILED], None),
        (
            [Step("state", state="retrying"), FAILED, FAILED, FAILED, Step("state", state="retrying"), FAILED, FAILED],
            "search called 5 times, the same arguments, same error",
        ),
    ],
    ids=["fails", "fails less", "succeeds", "succeeds less", "unknown arguments fail", "unknown arguments succeed",
         "other arguments", "a new state in between", "a state it was in before"],
)  # fmt: skip
def test_a_session_that_repeats_itself_is_found(tail: Sequence[Step], said: str | None):
    assert found("loop", walked(*tail)) == ([("p", "s", said)] if said else [])


def test_a_session_that_spends_too_fast_is_found_and_says_what_is_not_in_it():
    slow, fast = (
        Session("p", "slow", hour_usd=Decimal("24.99")),
        Session("p", "fast", hour_usd=Decimal(25)),
    )
    some = Session("p", "some", hour_usd=Decimal(25), hour_unpriced=1)
    assert found("velocity", Seen(NOON, [slow, fast, some])) == [
        ("p", "fast", "25.00 USD in the last hour"),
        ("p", "some", "at least 25.00 USD in the last hour"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("tokens", "said"),
    [
        ([10_000, 10_000, 10_000, 40_000, 80_000, 80_000], "10,000 input tokens a call have become 80,000"),
        ([10_000, 10_000, 10_000, 40_000, 79_000, 79_000], None),
        ([1_000, 1_000, 1_000, 40_000, 49_999, 49_999], None),
        ([10_000, 10_000, 80_000, 80_000, 80_000], None),
        ([10_000, 10_000, 10_000, 10_000, 10_000, 900_000], None),
    ],
    ids=["eight times", "less", "still small", "few calls", "one long call"],
)  # fmt: skip
def test_a_context_that_grows_out_of_proportion_is_found(tokens: Sequence[int], said: str | None):
    assert found("context", calls(*tokens)) == ([("p", "s", said)] if said else [])


@pytest.mark.parametrize(
    ("steps", "usual", "is_found"),
    [
        (60, Usual(20, 20), True),
        (59, Usual(20, 20), False),
        (60, Usual(20, 19), False),
        (29, Usual(5, 99), False),
        (900, None, False),
    ],
    ids=["three times", "less", "few sessions", "few steps", "nothing known"],
)
def test_a_session_that_goes_on_and_on_is_found(steps: int, usual: Usual | None, is_found: bool):
    known = {("p", "a"): usual} if usual else {}
    seen = Seen(NOON, [Session("p", "s", "a", steps=steps)], usual=known)
    said = f"{steps} steps; 95 of 100 sessions of this agent take at most 20"
    assert found("steps", seen) == ([("p", "s", said)] if is_found else [])


@pytest.mark.parametrize(
    ("now", "before", "is_found"),
    [
        ("6", ("1", "2", "0", "0"), True),
        ("5.9", ("1", "2", "0", "0"), False),
        ("6", ("2", "0", "0", "0"), False),
        ("0.99", ("0.1", "0.1", "0.1", "0.1"), False),
        ("6", (), False),
    ],
    ids=["three times the dearest", "less", "one week", "cents", "nothing known"],
)
def test_an_hour_far_dearer_than_the_same_one_of_other_weeks_is_found(
    now: str, before: Sequence[str], is_found: bool
):
    seen = paced(Hour(usd=Decimal(now)), *(Hour(usd=Decimal(usd)) for usd in before))
    said = f"{now}.00 USD in the last hour; at most 2.00 in the same hour of the last four weeks"
    assert found("anomaly", seen) == ([("p", "a", said)] if is_found else [])


@pytest.mark.parametrize(
    ("minutes", "before", "is_found"),
    [(30, (4, 1), True), (29, (4, 1), False), (90, (4, 0), False), (90, (4,), False)],
    ids=["half an hour", "less", "one week was silent too", "one week is known"],
)
def test_a_project_that_falls_silent_at_a_busy_time_is_found(
    minutes: int, before: Sequence[int], is_found: bool
):
    said = f"no span for {minutes} minutes; 4 traces in the same stretch of last week"
    seen = Seen(NOON, silences=[Silence("p", minutes, before)])
    assert found("stalled", seen) == ([("p", "", said)] if is_found else [])


def test_calls_without_a_price_are_found_from_a_fifth_and_twenty_calls_on():
    assert found("unpriced", paced(Hour(calls=20, unpriced=4))) == [
        ("p", "a", "4 of 20 calls of the last hour have no price")
    ]
    assert found("unpriced", paced(Hour(calls=20, unpriced=3))) == []
    assert found("unpriced", paced(Hour(calls=19, unpriced=19))) == []


@pytest.mark.parametrize(
    ("now", "before", "said"),
    [
        (Hour(12, 3), (), "3 of 12 calls of the last hour failed; usual are 0.0 %"),
        (Hour(12, 3), (Hour(80, 10),), "3 of 12 calls of the last hour failed; usual are 12.5 %"),
        (Hour(12, 3), (Hour(79, 10),), None),
        (Hour(12, 2), (), None),
        (Hour(9, 9), (), None),
    ],
    ids=["nothing known", "twice the usual", "less than twice", "less than a quarter", "few calls"],
)
def test_an_agent_whose_calls_begin_to_fail_is_found(
    now: Hour, before: Sequence[Hour], said: str | None
):
    assert found("errors", paced(now, *before)) == ([("p", "a", said)] if said else [])


def test_what_is_set_for_an_agent_goes_before_what_is_set_for_all():
    seen = Seen(
        NOON,
        [
            Session("p", "s", "a", hour_usd=Decimal(30)),
            Session("q", "t", "a", hour_usd=Decimal(30)),
        ],
    )
    all_muted = Tuning("p", "velocity", muted=True)
    assert [name for _, name, _ in found("velocity", seen, all_muted)] == ["t"]
    own = Tuning("p", "velocity", "a", Decimal(30))
    assert [name for _, name, _ in found("velocity", seen, all_muted, own)] == ["s", "t"]
    higher = Tuning("p", "velocity", "a", Decimal(31))
    assert [name for _, name, _ in found("velocity", seen, higher)] == ["t"]
    assert [name for _, name, _ in found("loop", walked(*[FAILED] * 5), all_muted)] == ["s"]


FINDING = Finding("loop", "p", "session", "s", Decimal(5), Decimal(5), "search called 5 times")


def test_a_finding_is_told_once_while_it_lasts_and_recovers_when_it_is_over():
    ((event, fired),) = news({}, [FINDING], NOON)
    told = {("p", fired.id): fired}
    assert (event, fired) == ("fired", alert(FINDING, NOON))
    assert list(news(told, [FINDING], NOON + timedelta(days=2))) == []
    ((event, over),) = news(told, [], NOON + timedelta(minutes=5))
    assert (event, over.id, over.recovered_at) == (
        "recovered",
        fired.id,
        NOON + timedelta(minutes=5),
    )


def test_what_comes_back_is_told_again_on_another_day_only():
    first = alert(FINDING, NOON)
    ((_, over),) = news({("p", first.id): first}, [], NOON)
    told = {("p", over.id): over}
    assert list(news(told, [FINDING], NOON + timedelta(hours=1))) == []
    assert [event for event, _ in news(told, [FINDING], NOON + timedelta(days=1))] == ["fired"]


def test_the_same_session_of_two_projects_is_two():
    other = Finding("loop", "q", "session", "s", Decimal(5), Decimal(5), "search called 5 times")
    first = alert(FINDING, NOON)
    ((_, fired),) = news({("p", first.id): first}, [FINDING, other], NOON)
    assert fired.project_id == "q"
