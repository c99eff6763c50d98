"""Numbers, times and hostile strings read as they should."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from spanledger_schema.api import Totals
from spanledger_ui import text

FORMATS: dict[str, list[list[Any]]] = json.loads(
    (Path(__file__).parent / "js" / "formats.json").read_text(encoding="utf-8")
)
NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("usd", "said"),
    [("0.0000025", "2.50"), ("0.00001", "10.00"), ("0.000000075", "0.075"), ("0.0012", "1,200.00")],
)
def test_rates_of_a_million_tokens_show_cents_at_least(usd: str, said: str):
    assert text.per_mtok(usd) == said


@pytest.mark.parametrize("name", FORMATS)
def test_python_and_the_browser_write_numbers_alike(name: str):
    said = [getattr(text, name)(*example[:-1]) for example in FORMATS[name]]
    assert said == [example[-1] for example in FORMATS[name]]


def test_an_unpriced_call_is_not_free():
    assert text.spent(Totals(calls=3, cost_usd=None, unpriced_calls=3)) == "3 unpriced"
    assert text.total_usd(Totals(calls=3, cost_usd=None, unpriced_calls=3)) == "unpriced"


def test_calls_that_said_nothing_cost_and_used_something_unknown():
    silent = Totals(calls=3, cost_usd=None, calls_without_usage=3)
    assert (text.spent(silent), text.total_usd(silent)) == ("–", "–")
    assert text.reported(silent.input_tokens, silent) is None
    assert text.reported(0, Totals()) == 0
    assert text.spent(Totals()) == "0.0000 USD"


def test_a_total_says_what_it_leaves_out():
    assert text.spent(Totals(calls=20, cost_usd="12.34", unpriced_calls=17), 2) == (
        "12.34 USD + 17 unpriced"
    )


def test_doubts_about_a_total_are_listed():
    totals = Totals(
        calls=9,
        cost_usd="2",
        unpriced_calls=1,
        unpriced_tokens=12_345,
        calls_without_usage=2,
        estimated_calls=3,
        estimated_usd="0.5",
    )
    assert text.left_out(totals) == [
        "1 call unpriced (12.3k tokens)",
        "2 calls reported no tokens",
        "25 % estimated",
    ]
    assert text.left_out(Totals(calls=1, cost_usd="1")) == []


@pytest.mark.parametrize(
    ("cost", "part", "said"),
    [("100", "0.5", "<1 %"), ("0", "0", "2 calls"), (None, "0", "2 calls"), ("3", "3", "100 %")],
)
def test_an_estimated_share_is_never_rounded_away(cost: str | None, part: str, said: str):
    totals = Totals(cost_usd=cost, estimated_calls=2, estimated_usd=part)
    assert text.estimated_share(totals) == said


@pytest.mark.parametrize(
    ("part", "places", "said"),
    [(0, 0, "0 %"), (0.005, 0, "<1 %"), (0.0051, 0, "1 %"), (10.86, 0, "1,086 %"),
     (0.0003, 1, "<0.1 %"), (0.467, 1, "46.7 %")],
)  # fmt: skip
def test_a_part_of_something_never_reads_as_nothing(part: float, places: int, said: str):
    assert text.per_cent(part, places) == said


def test_words_of_another_direction_turn_nothing_around():
    assert (text.apart("desk"), text.apart("סוכן")) == ("desk", "\u2068סוכן\u2069")


def test_exact_dollars_keep_every_digit():
    assert text.exact_usd("0.000000000001") == "0.000000000001 USD"
    assert text.exact_usd("1234.500000000000") == "1,234.5 USD"
    assert text.exact_usd("1200") == "1,200 USD"
    assert text.exact_usd(None) == "unpriced"


def test_times_are_the_readers_and_name_another_year():
    assert text.moment("2026-11-21T11:03:22.123456789Z", BERLIN, NOW) == "21 Nov 12:03:22"
    assert text.moment("2025-12-31T23:30:00.000000000Z", BERLIN, NOW) == "1 Jan 00:30:00"
    assert text.moment("2024-02-29T12:00:00Z", BERLIN, NOW) == "29 Feb 2024 13:00:00"
    assert text.moment(None, BERLIN, NOW) == "–"


def test_how_long_ago_never_lies_in_the_future():
    assert text.ago("2026-11-21T11:59:57.900Z", NOW) == "2 s ago"
    assert text.ago("2026-11-21T11:05:55Z", NOW) == "54 m ago"
    assert text.ago("2026-11-19T11:00:00Z", NOW) == "2 d ago"
    assert text.ago("2026-11-21T12:00:07Z", NOW) == "just now"


def test_a_long_text_is_cut_and_says_by_how_much():
    assert text.cut("abc", 3) == ("abc", 0)
    assert text.cut("🧾🧾🧾🧾", 3) == ("🧾🧾🧾", 1)


def test_long_strings_inside_a_structure_are_cut_too():
    value = {"a": ["x" * 5, 1, None, True], "b": {"c": "yy"}}
    assert text.bounded(value, 2) == {
        "a": ["xx… 3 more characters", 1, None, True],
        "b": {"c": "yy"},
    }
