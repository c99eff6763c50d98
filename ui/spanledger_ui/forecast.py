"""What a month will have cost: dollars so far, and the pace of the last days for the rest.

Spend by day comes in, a forecast with its arithmetic goes out, and how many calls it leaves out for
want of a price. Knows no season and no trend: whole days of the last week, each alike. Pure.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from decimal import Decimal
from types import MappingProxyType

PACE_DAYS = 7


@dataclass(frozen=True, slots=True)
class Forecast:
    """Dollars to the end of a month: `so_far_usd` + `days_left` × `usd_per_day`."""

    month: str
    so_far_usd: Decimal
    usd_per_day: Decimal
    pace_days: int  # how many whole days the pace is the mean of
    days_left: Decimal
    unpriced_calls: int = 0  # of the days it rests on; with any, it is the least that will be spent

    @property
    def total_usd(self) -> Decimal:
        """Return what the month will have cost."""
        return self.so_far_usd + self.usd_per_day * self.days_left


def forecast(
    usd_by_day: Mapping[str, Decimal],
    now: datetime,
    unpriced_by_day: Mapping[str, int] = MappingProxyType({}),
) -> Forecast | None:
    """Return the forecast of the month of `now`, None while there is no whole day to go by.

    Args:
        usd_by_day: dollars by date on the clock of `now`; a day that is left out cost nothing.
        now: the moment, in the reader's zone.
        unpriced_by_day: calls without a price by date, which the dollars leave out.
    """
    if not usd_by_day:
        return None
    first = max(
        now.date() - timedelta(days=PACE_DAYS), datetime.fromisoformat(min(usd_by_day)).date()
    )
    whole = {(first + timedelta(days=n)).isoformat() for n in range((now.date() - first).days)}
    if not whole:
        return None
    month = f"{now:%Y-%m}"
    spent = sum((usd_by_day.get(day, Decimal(0)) for day in whole), Decimal(0))
    so_far = sum((usd for day, usd in usd_by_day.items() if day.startswith(month)), Decimal(0))
    counted = {day for day in unpriced_by_day if day.startswith(month)} | whole
    return Forecast(
        month=month,
        so_far_usd=so_far,
        usd_per_day=spent / len(whole),
        pace_days=len(whole),
        days_left=days_left(now),
        unpriced_calls=sum(unpriced_by_day.get(day, 0) for day in counted),
    )


def days_left(now: datetime) -> Decimal:
    """Return how many days are left of a month, with their fraction."""
    first = now.replace(day=1) + timedelta(days=32)
    end = datetime.combine(first.replace(day=1), time(), now.tzinfo)
    left = end.timestamp() - now.timestamp()
    return (Decimal(int(left)) / 86_400).quantize(Decimal("0.01"))
