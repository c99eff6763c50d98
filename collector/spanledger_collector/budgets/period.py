"""The periods of a budget: calendar ones on the clock of a zone, rolling ones, and whole sessions.

Pure: a moment in, the period it lies in out. A local day is a day whether it has 23, 24 or 25
hours. Lines of spend carry quarters of an hour, so every bound is one of those.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from types import MappingProxyType
from typing import Literal
from zoneinfo import ZoneInfo

Unit = Literal["hour", "day", "week", "month", "quarter", "year", "rolling", "session"]

QUARTER_OF_AN_HOUR = timedelta(minutes=15)
INSTANT = timedelta(microseconds=1)
MONTHS = MappingProxyType({"month": 1, "quarter": 3, "year": 12})


@dataclass(frozen=True, slots=True)
class Period:
    """How long a budget counts before it begins anew.

    `hours` is the length of a rolling one. `starts_on` is the weekday (1 Monday … 7 Sunday) on
    which a week begins, or the day of the month on which a month, quarter or year does; a month
    that is too short for it begins on its last day.
    """

    unit: Unit
    zone: str = "UTC"
    hours: int = 0
    starts_on: int = 1


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time in UTC; `end` is exclusive, None where there is no end to wait for."""

    start: datetime
    end: datetime | None


BEGINNING = datetime.fromtimestamp(0, UTC)


def around(period: Period, at: datetime) -> Span:
    """Return the stretch of a period that holds the moment `at`.

    A rolling one ends with the quarter of an hour that holds `at`; a session has always begun.
    """
    if period.unit == "session":
        return Span(BEGINNING, None)
    if period.unit == "rolling":
        end = floor(at) + QUARTER_OF_AN_HOUR
        return Span(end - timedelta(hours=period.hours), end)
    zone = ZoneInfo(period.zone)
    local = at.astimezone(zone)
    if period.unit == "hour":
        past = timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
        start = at.astimezone(UTC) - past
        return Span(start, start + timedelta(hours=1))
    first = FIRST[period.unit](local.date(), period)
    return Span(midnight(first, zone), midnight(following(first, period), zone))


def floor(at: datetime) -> datetime:
    """Return the beginning of the quarter of an hour that holds a moment."""
    return at.astimezone(UTC).replace(minute=at.minute // 15 * 15, second=0, microsecond=0)


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """Return the first moment of a day on the clock of a zone, in UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)


def first_of_day(day: date, _: Period) -> date:
    """Return the day itself."""
    return day


def first_of_week(day: date, period: Period) -> date:
    """Return the last day up to `day` that is the weekday on which the weeks begin."""
    return day - timedelta(days=(day.isoweekday() - period.starts_on) % 7)


def first_of_months(day: date, period: Period) -> date:
    """Return the first day of the month, quarter or year of a budget that holds `day`."""
    length = MONTHS[period.unit]
    month = day.year * 12 + day.month - 1
    start = month - month % length
    first = on_day(start, period.starts_on)
    return first if first <= day else on_day(start - length, period.starts_on)


def on_day(month: int, day: int) -> date:
    """Return a day of a month (counted from year 0), its last day when it is shorter."""
    begins = date(month // 12, month % 12 + 1, 1)
    ends = date((month + 1) // 12, (month + 1) % 12 + 1, 1)
    return min(begins + timedelta(days=day - 1), ends - timedelta(days=1))


FIRST: Mapping[str, Callable[[date, Period], date]] = MappingProxyType(
    {
        "day": first_of_day,
        "week": first_of_week,
        "month": first_of_months,
        "quarter": first_of_months,
        "year": first_of_months,
    }
)


def following(first: date, period: Period) -> date:
    """Return the first day of the period after the one that begins on `first`."""
    if period.unit in MONTHS:
        start = first.year * 12 + first.month - 1
        return on_day(start + MONTHS[period.unit], period.starts_on)
    return first + timedelta(days=7 if period.unit == "week" else 1)
