"""What a month will have cost."""

from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from spanledger_ui.forecast import Forecast, forecast

BERLIN = ZoneInfo("Europe/Berlin")
NOON = datetime(2026, 11, 21, 12, tzinfo=BERLIN)


def test_the_pace_is_the_mean_of_the_last_seven_whole_days():
    days = {f"2026-11-{day:02}": Decimal(day) for day in range(1, 22)}
    assert forecast(days, NOON) == Forecast(
        month="2026-11",
        so_far_usd=Decimal(231),
        usd_per_day=Decimal(17),  # the mean of the 14th to the 20th
        pace_days=7,
        days_left=Decimal("9.50"),
    )


def test_calls_without_a_price_of_the_days_it_rests_on_are_counted():
    days = {"2026-11-19": Decimal(4), "2026-11-20": Decimal(2)}
    second = datetime(2026, 12, 2, tzinfo=BERLIN)
    unpriced = {"2026-10-01": 1, "2026-11-19": 2, "2026-11-21": 4}
    found, later = forecast(days, NOON, unpriced), forecast(days, second, {"2026-11-20": 8})
    assert found is not None
    assert later is not None
    assert (found.unpriced_calls, later.unpriced_calls) == (6, 0)


def test_the_total_is_what_its_parts_say():
    found = Forecast("2026-11", Decimal(231), Decimal(17), 7, Decimal("9.50"))
    assert found.total_usd == Decimal("392.5")


def test_a_day_without_spend_counts_as_a_day():
    found = forecast({"2026-11-01": Decimal(1), "2026-11-20": Decimal(7)}, NOON)
    assert found is not None
    assert (found.so_far_usd, found.usd_per_day) == (Decimal(8), Decimal(1))


def test_days_before_the_first_spend_do_not_slow_the_pace():
    found = forecast({"2026-11-19": Decimal(4), "2026-11-20": Decimal(2)}, NOON)
    assert found is not None
    assert (found.usd_per_day, found.pace_days) == (Decimal(3), 2)


def test_early_in_a_month_the_pace_is_of_the_month_before():
    second = datetime(2026, 12, 2, tzinfo=BERLIN)
    found = forecast({"2026-11-30": Decimal(5), "2026-12-01": Decimal(3)}, second)
    assert found is not None
    assert (found.so_far_usd, found.usd_per_day) == (Decimal(3), Decimal(4))
    assert found.days_left == Decimal(30)


def test_an_hour_that_is_told_twice_is_an_hour_more():
    before_the_change = datetime(2026, 10, 24, tzinfo=BERLIN)
    found = forecast({"2026-10-23": Decimal(1)}, before_the_change)
    assert found is not None
    assert found.days_left == Decimal("8.04")


def test_without_a_whole_day_there_is_no_forecast():
    assert forecast({}, NOON) is None
    assert forecast({"2026-11-21": Decimal(9)}, NOON) is None
