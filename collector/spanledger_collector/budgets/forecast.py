"""What a period will have cost when it ends, going by the same weekdays of the last four weeks.

Pure. To what is spent, every day that is still to come adds the mean of its weekday over the last
28 complete days, today the part of it that is left. Said only once there are 14 days of history
and 3 complete days of the period: before that a number would be a guess. The interval holds four
times in five if days scatter as they did.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from spanledger_collector.budgets.period import Span, midnight

HISTORY_DAYS = 28
LEAST_HISTORY_DAYS = 14
LEAST_PERIOD_DAYS = 3
EIGHTY_PERCENT = Decimal("1.2816")
"""How many standard deviations to either side hold 80 % of a normal distribution."""
ROUND = Decimal("0.000001")

ByDay = Mapping[date, Decimal]
"""Local day → spend; a day without an entry had none."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """The amount at the end of the period, the interval around it, and when the limit is reached."""

    amount: Decimal
    low: Decimal
    high: Decimal
    exhausted_at: datetime | None


def forecast(
    spent: Decimal, limit: Decimal, span: Span, at: datetime, by_day: ByDay, zone: ZoneInfo
) -> Forecast | None:
    """Return where a period is heading, or None while too little is known to say.

    Args:
        spent: what is spent in the period up to `at`.
        limit: what may be.
        span: the period; one without an end has no forecast.
        at: now.
        by_day: spend of the complete days before today, from the first one known.
        zone: whose days these are.
    """
    today = at.astimezone(zone).date()
    if span.end is None or not enough(span, today, by_day, zone):
        return None
    rates = weekday_rates(by_day, today)
    days = list(remaining(span.end, at, zone))
    coming = sum((rates[day.isoweekday()] * share for day, share in days), Decimal(0))
    margin = EIGHTY_PERCENT * scatter(by_day, today, rates) * Decimal(len(days)).sqrt()
    amount = spent + coming
    return Forecast(
        amount.quantize(ROUND),
        max(spent, amount - margin).quantize(ROUND),
        (amount + margin).quantize(ROUND),
        exhausted_at(spent, limit, at, days, rates, zone),
    )


def enough(span: Span, today: date, by_day: ByDay, zone: ZoneInfo) -> bool:
    """Tell whether history and period are long enough to say anything."""
    began = span.start.astimezone(zone).date()
    known = (today - min(by_day, default=today)).days
    return known >= LEAST_HISTORY_DAYS and (today - began).days >= LEAST_PERIOD_DAYS


def history(today: date, by_day: ByDay) -> list[date]:
    """Return the complete days that are counted: at most 28, none before the first one known."""
    first = max(min(by_day, default=today), today - timedelta(days=HISTORY_DAYS))
    return [first + timedelta(days=n) for n in range((today - first).days)]


def weekday_rates(by_day: ByDay, today: date) -> dict[int, Decimal]:
    """Return the mean spend of each weekday, 1 Monday … 7 Sunday."""
    samples: dict[int, list[Decimal]] = {weekday: [] for weekday in range(1, 8)}
    for day in history(today, by_day):
        samples[day.isoweekday()].append(by_day.get(day, Decimal(0)))
    return {weekday: sum(found, Decimal(0)) / len(found) for weekday, found in samples.items()}


def scatter(by_day: ByDay, today: date, rates: Mapping[int, Decimal]) -> Decimal:
    """Return the standard deviation of a day's spend around the mean of its weekday."""
    days = history(today, by_day)
    squares = ((by_day.get(d, Decimal(0)) - rates[d.isoweekday()]) ** 2 for d in days)
    return (sum(squares, Decimal(0)) / len(days)).sqrt()


def remaining(end: datetime, at: datetime, zone: ZoneInfo) -> Iterator[tuple[date, Decimal]]:
    """Yield the days from now to the end of the period, with the part of each that is to come."""
    day = at.astimezone(zone).date()
    while (start := midnight(day, zone)) < end:
        stop = midnight(day + timedelta(days=1), zone)
        left = stop - max(start, at)
        yield day, Decimal(left / timedelta(seconds=1)) / Decimal((stop - start).total_seconds())
        day += timedelta(days=1)


def exhausted_at(
    spent: Decimal,
    limit: Decimal,
    at: datetime,
    days: list[tuple[date, Decimal]],
    rates: Mapping[int, Decimal],
    zone: ZoneInfo,
) -> datetime | None:
    """Return when the limit will be reached; None when it will not be in this period."""
    left = limit - spent
    if left <= 0:
        return at
    for day, share in days:
        coming = rates[day.isoweekday()] * share
        if coming >= left:
            begins, ends = max(midnight(day, zone), at), midnight(day + timedelta(days=1), zone)
            return (begins + (ends - begins) * float(left / coming)).astimezone(UTC)
        left -= coming
    return None
