"""Periods of budgets: bounds on the clock of a zone, whatever that clock does."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spanledger_collector.budgets.period import Period, Span, around


def at(written: str) -> datetime:
    return datetime.fromisoformat(written).astimezone(UTC)


@pytest.mark.parametrize(
    ("period", "moment", "start", "end"),
    [
        (Period("hour"), "2026-11-21T09:59:59Z", "2026-11-21T09:00Z", "2026-11-21T10:00Z"),
        (Period("hour", "Asia/Kolkata"), "2026-11-21T09:00Z", "2026-11-21T08:30Z", "2026-11-21T09:30Z"),
        (Period("day"), "2026-11-21T00:00Z", "2026-11-21T00:00Z", "2026-11-22T00:00Z"),
        # the day that the clocks go back has 25 hours, the one they go forward 23
        (Period("day", "Europe/Berlin"), "2026-10-25T12:00Z", "2026-10-24T22:00Z", "2026-10-25T23:00Z"),
        (Period("day", "Europe/Berlin"), "2026-03-29T12:00Z", "2026-03-28T23:00Z", "2026-03-29T22:00Z"),
        # in Santiago the clocks go forward at midnight: that day begins at one
        (Period("day", "America/Santiago"), "2026-09-06T12:00Z", "2026-09-06T04:00Z", "2026-09-07T03:00Z"),
        (Period("week"), "2026-11-21T12:00Z", "2026-11-16T00:00Z", "2026-11-23T00:00Z"),
        (Period("week", starts_on=7), "2026-11-21T12:00Z", "2026-11-15T00:00Z", "2026-11-22T00:00Z"),
        (Period("month"), "2026-02-28T23:59Z", "2026-02-01T00:00Z", "2026-03-01T00:00Z"),
        (Period("month", starts_on=31), "2026-03-01T00:00Z", "2026-02-28T00:00Z", "2026-03-31T00:00Z"),
        (Period("month", starts_on=15), "2026-01-14T00:00Z", "2025-12-15T00:00Z", "2026-01-15T00:00Z"),
        (Period("quarter"), "2026-11-21T12:00Z", "2026-10-01T00:00Z", "2027-01-01T00:00Z"),
        (Period("year"), "2026-11-21T12:00Z", "2026-01-01T00:00Z", "2027-01-01T00:00Z"),
        (Period("rolling", hours=24), "2026-11-21T12:07Z", "2026-11-20T12:15Z", "2026-11-21T12:15Z"),
    ],
)  # fmt: skip
def test_a_period_begins_and_ends_on_the_clock_of_its_zone(
    period: Period, moment: str, start: str, end: str
):
    assert around(period, at(moment)) == Span(at(start), at(end))


def test_a_session_has_always_begun_and_has_no_end():
    assert around(Period("session"), at("2026-11-21T12:00Z")).end is None


ZONES = st.sampled_from(
    ["UTC", "Europe/Berlin", "America/New_York", "America/Santiago", "Australia/Lord_Howe",
     "Asia/Kathmandu", "Pacific/Apia", "Africa/Casablanca"]
)  # fmt: skip
CALENDAR = st.builds(
    Period,
    st.sampled_from(["day", "week", "month", "quarter", "year"]),
    ZONES,
    starts_on=st.integers(1, 7),
)


MOMENTS = st.integers(1_577_836_800, 1_893_456_000).map(  # ten years from 2020
    lambda seconds: datetime.fromtimestamp(seconds, UTC)
)


@given(CALENDAR, MOMENTS)
def test_every_moment_lies_in_one_period_and_the_next_begins_where_it_ends(
    period: Period, moment: datetime
):
    span = around(period, moment)
    assert span.end is not None
    assert span.start <= moment < span.end
    assert around(period, span.start) == span
    assert around(period, span.end).start == span.end


@given(ZONES, MOMENTS)
def test_a_day_begins_on_a_quarter_of_an_hour_as_lines_of_spend_do(zone: str, moment: datetime):
    span = around(Period("day", zone), moment)
    begins = span.start.astimezone(ZoneInfo(zone))
    assert (begins.date(), begins.minute % 15, begins.second) == (
        moment.astimezone(ZoneInfo(zone)).date(), 0, 0
    )  # fmt: skip
