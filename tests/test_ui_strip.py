"""The strip shows what was done when, and that something is missing where it is."""

from datetime import UTC, datetime

import pytest

from spanledger_schema.api_tables import Beat, Pulse
from spanledger_ui import strip

# seven days to now, as the reader's clock shows them
WEEK = [datetime.fromisoformat(m) for m in ("2026-11-15T09:30", "2026-11-22T09:31")]


def beats(*dollars: str | None) -> Pulse:
    """Return a day with one session, the next with two, and so on, with these dollars."""
    days = enumerate(dollars)
    return Pulse(
        "day", "UTC", [Beat(f"2026-11-{20 + n}", n + 1, n, usd, 0, 9 * 10**9) for n, usd in days]
    )


def hours(*starts: str) -> Pulse:
    """Return a session in each of these hours."""
    return Pulse("hour", "UTC", [Beat(start, 1, 0, "1", 0, 10**9) for start in starts])


def test_a_bar_stands_at_its_day_as_high_as_the_root_of_what_it_stands_for():
    assert strip.drawn(strip.over(beats("1", "4"), *WEEK), "cost", "Sessions over time") == {
        "label": "Sessions over time",
        "buckets": 8,
        "bars": [
            {"at": 5, "share": 0.5, "quiet": False,
             "title": "20 Nov 2026\n1 session\n1.0000 USD\np95 9.0 s"},
            {"at": 6, "share": 1.0, "quiet": False,
             "title": "21 Nov 2026\n2 sessions, 1 failed\n4.0000 USD\np95 9.0 s"},
        ],
        "ticks": [(0, "15 Nov"), (1, "16 Nov"), (2, "17 Nov"), (3, "18 Nov"), (4, "19 Nov"),
                  (5, "20 Nov"), (6, "21 Nov"), (7, "22 Nov")],
    }  # fmt: skip


def test_a_day_with_sessions_and_no_dollars_is_a_faint_tick():
    bars = strip.drawn(beats("4", None), "cost", "")["bars"]
    assert [(bar["share"], bar["quiet"]) for bar in bars] == [(1.0, False), (0.04, True)]


@pytest.mark.parametrize(
    ("measure", "shares"), [("sessions", [0.7071, 1]), ("cost", [0.6667, 1]), ("p95", [1, 1])]
)
def test_the_strip_shows_the_measure_asked_for(measure: str, shares: list[float]):
    bars = strip.drawn(beats("4", "9"), measure, "")["bars"]
    assert [bar["share"] for bar in bars] == shares


def test_a_strip_shows_its_range_whether_anything_ran_at_its_ends_or_not():
    told = strip.over(beats("1"), *WEEK)
    drawn = strip.drawn(told, "cost", "")
    places = [(bar["at"], bar["quiet"]) for bar in drawn["bars"]]
    assert (drawn["buckets"], places) == (8, [(5, False)])  # no bar where there was no session
    assert strip.over(told, *WEEK) == told
    assert strip.chosen(told, (7, 7)) is None
    assert strip.over(beats(), *WEEK) == beats()


def test_nothing_at_all_is_an_empty_strip():
    assert strip.drawn(beats(), "cost", "") == {"label": "", "buckets": 0, "bars": [], "ticks": []}


def test_hours_are_told_by_the_clock_and_the_day_where_it_changes():
    told = hours("2026-11-20T22:00:00", "2026-11-21T13:00:00")
    assert strip.over(told, datetime.fromisoformat("2026-11-20T22:30"), None) == told
    assert strip.ticks(told, 16) == [
        (0, "22:00 20 Nov"), (2, "00:00 21 Nov"), (4, "02:00"), (6, "04:00"), (8, "06:00"),
        (10, "08:00"), (12, "10:00"), (14, "12:00"),
    ]  # fmt: skip


def test_bars_that_are_chosen_last_from_the_first_to_the_end_of_the_last():
    told = hours("2026-11-20T22:00:00", "2026-11-21T13:00:00")
    assert strip.chosen(told, (15, 0)) == (
        datetime(2026, 11, 20, 22, tzinfo=UTC),
        datetime(2026, 11, 21, 14, tzinfo=UTC),
    )


def test_a_choice_that_holds_no_session_is_none():
    assert strip.chosen(hours("2026-11-20T22:00:00", "2026-11-21T13:00:00"), (3, 5)) is None
