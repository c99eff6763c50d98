"""Charts show what was spent, and that something is missing where it is."""

from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from spanledger_schema.api import Spend, SpendRow, Totals
from spanledger_ui import figures

COLOURS = ["red", "orange", "gold", "green", "blue", "navy", "grey"]


def row(day: str | None, model: str | None, usd: str | None, **totals: Any) -> SpendRow:
    """Return spend of a model on a day."""
    return SpendRow({"day": day, "model": model}, Totals(calls=1, cost_usd=usd, **totals), 1)


def spend(*rows: SpendRow) -> Spend:
    """Return an answer of these rows."""
    return Spend(["day", "model"], "UTC", list(rows), Totals())


def drawn(answer: Spend) -> dict[str, dict[str, float]]:
    """Return what is drawn: heights by series and day."""
    figure = figures.spend_by_day(answer, COLOURS)
    return {trace.name: dict(zip(trace.x, trace.y, strict=True)) for trace in figure.data}


@pytest.mark.parametrize(
    ("usd", "places"), [("12.5", 0), ("0.28", 2), ("0.0153", 4), ("0.00002", 6)]
)
def test_the_axis_writes_all_its_dollars_alike(usd: str, places: int):
    assert figures.places({"a": {"2026-11-21": Decimal(usd)}}) == places


def test_bars_stand_on_their_day_the_dearest_model_first():
    answer = spend(row("2026-11-21", "b", "1.5"), row("2026-11-20", "a", "2"),
                   row("2026-11-21", "a", "0.25"))  # fmt: skip
    assert drawn(answer) == {"a": {"2026-11-20": 2.0, "2026-11-21": 0.25}, "b": {"2026-11-21": 1.5}}
    assert list(drawn(answer)) == ["a", "b"]


def test_a_day_without_a_price_has_no_bar_but_a_mark_where_the_priced_ones_end():
    answer = spend(row("2026-11-20", "a", "2"), row("2026-11-20", "own", None, unpriced_calls=3),
                   row("2026-11-21", "own", None, unpriced_calls=1))  # fmt: skip
    assert drawn(answer) == {
        "a": {"2026-11-20": 2.0},
        "unpriced calls": {"2026-11-20": 2.0, "2026-11-21": 0.0},
    }


def test_models_beyond_the_sixth_are_one():
    answer = spend(*(row("2026-11-21", f"m{n}", str(10 - n)) for n in range(9)))
    assert list(drawn(answer)) == ["m0", "m1", "m2", "m3", "m4", "m5", "other"]
    assert drawn(answer)["other"] == {"2026-11-21": 4.0 + 3.0 + 2.0}


def test_a_call_without_a_model_is_named_so():
    assert list(drawn(spend(row("2026-11-21", None, "1")))) == ["model not reported"]


def test_a_model_called_like_a_tag_stays_text():
    assert list(drawn(spend(row("2026-11-21", "<a href='x'>&", "1")))) == [
        "&lt;a href='x'&gt;&amp;"
    ]


def test_nothing_at_all_is_an_empty_chart():
    assert figures.spend_by_day(spend(), COLOURS).data == ()


@pytest.mark.parametrize(
    ("since", "until", "first", "last"),
    [
        (None, None, 15, 21),  # a single day is one narrow bar among seven
        (15, 23, 15, 22),  # all of the range, though nothing ran at its ends
        (20, 22, 15, 21),
        (12, None, 12, 21),
    ],
)
def test_the_axis_is_the_range_and_seven_buckets_at_least(
    since: int | None, until: int | None, first: int, last: int
):
    asked = [datetime.fromisoformat(f"2026-11-{d}") if d else None for d in (since, until)]
    assert figures.ends([row("2026-11-21", "a", "1")], "day", *asked) == [
        f"2026-11-{first - 1:02}T12:00:00",
        f"2026-11-{last}T12:00:00",
    ]


def test_a_range_of_many_years_shows_what_there_is():
    ends = figures.ends(
        [row("2026-11-21", "a", "1")], "day", datetime.fromisoformat("2001-01-01"), None
    )
    assert ends == ["2026-11-14T12:00:00", "2026-11-21T12:00:00"]


def test_the_axis_reaches_from_the_first_hour_to_the_last():
    hours = [SpendRow({"hour": f"2026-11-{day}T10:00"}, Totals(), 1) for day in (19, 21)]
    assert figures.ends(hours, "hour", None, None) == ["2026-11-19T09:30:00", "2026-11-21T10:30:00"]


def test_tiles_are_the_dollars_of_a_value_divided_among_its_models():
    rows = [
        SpendRow({"user": user, "model": model}, Totals(calls=1, cost_usd=usd), 1)
        for user, model, usd in (("u1", "a", "2"), ("u1", "b", "0.5"), (None, "a", "1"),
                                 ("<u2>", "own", None))
    ]  # fmt: skip
    (tiles,) = figures.tiles(rows, "user", COLOURS).data
    shown = zip(tiles.labels, tiles.parents, tiles.values, strict=True)
    assert list(shown) == [
        ("u1", "", 2.5),
        ("user not reported", "", 1.0),
        ("a", "u1\n", 2.0),
        ("b", "u1\n", 0.5),
        ("a", "user not reported\n", 1.0),
    ]
    assert list(tiles.marker.colors) == ["red", "orange", "red", "red", "orange"]


def test_values_beyond_the_sixth_share_the_last_colour():
    rows = [SpendRow({"user": f"u{n}", "model": "m"}, Totals(calls=1, cost_usd=str(9 - n)), 1)
            for n in range(8)]  # fmt: skip
    (tiles,) = figures.tiles(rows, "user", COLOURS).data
    assert list(tiles.marker.colors)[:8] == [*COLOURS, "grey"]
