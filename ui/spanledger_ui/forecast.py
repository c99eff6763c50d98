"""What a month will have cost: dollars so far, and the pace of the last days for the rest.

Dollars by day come in, a forecast with its arithmetic goes out. Knows no season and no trend: whole
days of the last week, each alike. Pure.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from decimal import Decimal

PACE_DAYS = 7


@dataclass(frozen=True, slots=True)
class Forecast:
    """Dollars to the end of a month: `so_far_usd` + `days_left` × `usd_per_day`."""

    month: str
    so_far_usd: Decimal
    usd_per_day: Decimal
    pace_days: int  # how many whole days the pace is the mean of
    days_left: Decimal

    @property
    def total_usd(self) -> Decimal:
        """Return what the month will have cost."""
        return self.so_far_usd + self.usd_per_day * self.days_left


def forecast(usd_by_day: Mapping[str, Decimal], now: datetime) -> Forecast | None:
    """Return the forecast of the month of `now`, None while there is no whole day to go by.

    Args:
        usd_by_day: dollars by date on the clock of `now`; a day that is left out cost nothing.
        now: the moment, in the reader's zone.
    """
    if not usd_by_day:
        return None
    first = max(
        now.date() - timedelta(days=PACE_DAYS), datetime.fromisoformat(min(usd_by_day)).date()
    )
    whole = [first + timedelta(days=n) for n in range((now.date() - first).days)]
    if not whole:
        return None
    spent = sum((usd_by_day.get(day.isoformat(), Decimal(0)) for day in whole), Decimal(0))
    month = f"{now:%Y-%m}"
    return Forecast(
        month=month,
        so_far_usd=sum(
            (usd for day, usd in usd_by_day.items() if day.startswith(month)), Decimal(0)
        ),
        usd_per_day=spent / len(whole),
        pace_days=len(whole),
        days_left=days_left(now),
    )


def days_left(now: datetime) -> Decimal:
    """Return how many days are left of a month, with their fraction."""
    first = now.replace(day=1) + timedelta(days=32)
    end = datetime.combine(first.replace(day=1), time(), now.tzinfo)
    left = end.timestamp() - now.timestamp()
    return (Decimal(int(left)) / 86_400).quantize(Decimal("0.01"))
