from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spanledger_collector.price import bill, meters
from spanledger_collector.prices.cards import RateCard, Unpriced, card
from spanledger_collector.prices.rates import PriceList, Tier, flat
from spanledger_schema.span import Bill, Line, Usage


def usd(text: str) -> Decimal:
    return Decimal(text)


def priced_by(prices: PriceList, **options: object) -> RateCard:
    complete = bool(options.get("complete"))
    return card(prices, model="m", source="test", version="v1", complete=complete)


PLAIN = priced_by(
    flat({"input": usd("0.0000025"), "cache_read": usd("0.00000125"), "output": usd("0.00001")})
)


def used(**counts: int | None) -> Usage:
    return Usage(**counts, state="reported")  # type: ignore[arg-type]


def shown(found: Bill) -> list[tuple[str, int, str]]:
    return [(line.meter, line.quantity, f"{line.usd.normalize():f}") for line in found.lines]


def test_a_bill_has_a_line_for_each_meter_and_sums_them():
    found = bill(PLAIN, used(input_tokens=5000, output_tokens=500, cache_read_tokens=4096))
    assert found == Bill(
        usd("0.01238"),
        "priced",
        "",
        (
            Line("input", 904, usd("0.0000025"), usd("0.00226")),
            Line("cache_read", 4096, usd("0.00000125"), usd("0.00512")),
            Line("output", 500, usd("0.00001"), usd("0.005")),
        ),
        PLAIN.id,
        "v1",
        "m",
    )


def test_a_reported_zero_costs_zero():
    found = bill(PLAIN, used(input_tokens=0, output_tokens=0))
    assert (found.usd, found.status, found.lines) == (Decimal(0), "priced", ())


@pytest.mark.parametrize(
    ("usage", "status", "reason"),
    [
        (Usage(), "no_usage", ""),
        (Usage(state="zero_suspect"), "no_usage", "zero-suspect"),
        (Usage(input_tokens=1, state="invalid"), "invalid", "contradictory-counts"),
        (used(), "unpriced", "total-only"),
    ],
)
def test_what_was_not_counted_has_no_price(usage: Usage, status: str, reason: str):
    found = bill(PLAIN, usage)
    assert (found.usd, found.status, found.reason) == (None, status, reason)


def test_a_call_without_a_card_is_unpriced_and_says_why():
    found = bill(Unpriced("unknown-model", "v1"), used(input_tokens=1))
    assert found == Bill(None, "unpriced", "unknown-model", (), "", "v1", "")


def test_no_usage_is_said_before_no_price():
    assert bill(Unpriced("unknown-model", "v1"), Usage()).status == "no_usage"


TIERED = priced_by(
    PriceList(
        (
            Tier(0, {"input": usd("0.000001"), "output": usd("0.000002")}),
            Tier(200_001, {"input": usd("0.000002"), "output": usd("0.000003")}),
        )
    )
)


@pytest.mark.parametrize(("input_tokens", "cost"), [(200_000, "0.200002"), (200_001, "0.400005")])
def test_a_long_input_moves_the_whole_call_to_the_dearer_tier(input_tokens: int, cost: str):
    found = bill(TIERED, used(input_tokens=input_tokens, output_tokens=1))
    assert found.usd == usd(cost)


def test_the_tier_is_reached_by_cached_tokens_too():
    found = bill(TIERED, used(input_tokens=200_001, cache_read_tokens=200_001))
    assert found.usd == usd("0.400002")


def test_a_meter_without_a_rate_is_billed_at_its_parents():
    found = bill(
        priced_by(flat({"input": usd("0.000003"), "output": usd("0.000015")})),
        used(input_tokens=30, cache_read_tokens=10, cache_write_tokens=10, output_tokens=1),
    )
    assert shown(found) == [
        ("input", 10, "0.00003"),
        ("cache_read", 10, "0.00003"),
        ("cache_write", 10, "0.00003"),
        ("output", 1, "0.000015"),
    ]
    assert found.status == "priced"


def test_audio_at_the_rate_of_text_is_a_lower_bound_and_said_to_be():
    found = bill(PLAIN, used(input_tokens=100, input_audio_tokens=90, output_tokens=1))
    assert (found.status, found.reason) == ("partial", "missing-meter: input_audio")
    assert shown(found) == [
        ("input", 10, "0.000025"),
        ("input_audio", 90, "0.000225"),
        ("output", 1, "0.00001"),
    ]


def test_an_own_row_means_its_parents_rates():
    prices = priced_by(flat({"input": usd("0.000001"), "output": usd("0.000001")}), complete=True)
    assert bill(prices, used(input_tokens=10, input_audio_tokens=9)).status == "priced"


def test_a_search_without_a_fee_leaves_a_bill_partial():
    found = bill(PLAIN, used(input_tokens=10, output_tokens=1, web_searches=2))
    assert (found.status, found.reason) == ("partial", "missing-meter: web_search")


def test_a_call_none_of_whose_meters_has_a_rate_is_unpriced():
    found = bill(priced_by(flat({"rerank_search": usd("0.002")})), used(input_tokens=10))
    assert (found.usd, found.reason) == (None, "missing-meter: input")


def test_a_bill_without_the_input_count_is_partial():
    found = bill(PLAIN, used(output_tokens=10))
    assert (found.usd, found.status, found.reason) == (
        usd("0.0001"),
        "partial",
        "missing-count: input",
    )


def test_searches_alone_are_a_whole_bill():
    found = bill(priced_by(flat({"rerank_search": usd("0.002")})), used(rerank_searches=3))
    assert (found.usd, found.status) == (usd("0.006"), "priced")


def test_reasoning_is_billed_apart_only_where_it_has_a_rate():
    rates = {"input": usd("0.000002"), "output": usd("0.000008"), "reasoning": usd("0.000003")}
    usage = used(input_tokens=0, output_tokens=10, reasoning_tokens=4)
    assert shown(bill(priced_by(flat(rates)), usage)) == [
        ("output", 6, "0.000048"),
        ("reasoning", 4, "0.000012"),
    ]
    assert shown(bill(PLAIN, usage)) == [("output", 10, "0.0001")]


def test_writes_are_named_by_their_lifetime_where_there_are_two():
    rates = {"input": usd("1e-6"), "cache_write": usd("2e-6"), "cache_write_1h": usd("3e-6")}
    usage = used(input_tokens=10, cache_write_tokens=10, cache_write_1h_tokens=4)
    assert shown(bill(priced_by(flat(rates)), usage)) == [
        ("cache_write_5m", 6, "0.000012"),
        ("cache_write_1h", 4, "0.000012"),
    ]


def test_a_fee_is_paid_once_a_call():
    rates = {"input": usd("0.000001"), "output": usd("0.000001"), "request": usd("0.012")}
    found = bill(priced_by(flat(rates)), used(input_tokens=0, output_tokens=0))
    assert found.usd == usd("0.012")


@pytest.mark.parametrize(
    ("rate", "cost"),
    [
        ("0.0000000000005", "0"),  # half of 1e-12 goes to the even neighbour, 0
        ("0.0000000000015", "0.000000000002"),
        ("0.0000000000025", "0.000000000002"),
        ("0.000000000002500001", "0.000000000003"),
    ],
)
def test_a_line_is_rounded_half_even_to_a_trillionth_of_a_dollar(rate: str, cost: str):
    found = bill(priced_by(flat({"input": usd(rate)})), used(input_tokens=1))
    assert found.usd == usd(cost)


def test_each_line_is_rounded_once_and_the_total_is_their_sum():
    rates = {"input": usd("0.0000000000004"), "output": usd("0.0000000000004")}
    found = bill(priced_by(flat(rates)), used(input_tokens=1, output_tokens=1))
    assert found.usd == Decimal(0)


COUNT = st.integers(0, 10**12)
RATE = st.decimals(0, "0.01", places=15) | st.decimals(0, "0.0001", places=18)


@st.composite
def usages(draw: st.DrawFn) -> Usage:
    """Return a usage whose parts fit into each other."""
    fresh, read, write, audio, cached_audio = (draw(COUNT) for _ in range(5))
    text, reasoning, sound, image = (draw(COUNT) for _ in range(4))
    return Usage(
        input_tokens=fresh + read + cached_audio + write + audio,
        output_tokens=text + reasoning + sound + image,
        cache_read_tokens=read + cached_audio,
        cache_write_tokens=write,
        cache_write_1h_tokens=draw(st.integers(0, write)),
        reasoning_tokens=reasoning,
        input_audio_tokens=audio + cached_audio,
        cache_read_audio_tokens=cached_audio,
        output_audio_tokens=sound,
        output_image_tokens=image,
        state="reported",
    )


INPUT = {"input", "cache_read", "cache_write", "cache_write_1h", "input_audio"} | {
    "cache_read_audio"
}


@given(usages(), st.booleans())
def test_disjoint_meters_sum_to_the_totals(usage: Usage, apart: bool):
    found = meters(usage, reasoning_apart=apart)
    assert sum(found[m] for m in found if m in INPUT) == usage.input_tokens
    assert sum(found[m] for m in found if m not in INPUT) == usage.output_tokens
    assert min(found.values(), default=1) > 0


CARD_RATES = st.fixed_dictionaries(
    {"input": RATE, "output": RATE},
    optional={
        "cache_read": RATE,
        "cache_write": RATE,
        "cache_write_1h": RATE,
        "input_audio": RATE,
        "output_audio": RATE,
        "reasoning": RATE,
    },
)


def half_even(exact: Fraction) -> Fraction:
    """Return dollars rounded to whole 1e-12, by the integers alone: the oracle."""
    return Fraction(round(exact * 10**12), 10**12)


@given(usages(), CARD_RATES)
def test_a_bill_is_the_exact_products_rounded_once(usage: Usage, rates: dict[str, Decimal]):
    found = bill(priced_by(flat(rates), complete=True), usage)
    assert found.usd is not None
    assert [Fraction(line.usd) for line in found.lines] == [
        half_even(Fraction(line.usd_per_unit) * line.quantity) for line in found.lines
    ]
    assert Fraction(found.usd) == sum(Fraction(line.usd) for line in found.lines)


@given(usages(), st.integers(0, 1000))
def test_a_cost_is_linear_in_the_counts(usage: Usage, factor: int):
    rates = {"input": usd("0.000003"), "cache_read": usd("0.0000003"), "output": usd("0.000015")}
    flat_card = priced_by(flat(rates), complete=True)
    counts = {
        name: getattr(usage, name) * factor
        for name in Usage.__dataclass_fields__
        if name.endswith("_tokens") and getattr(usage, name) is not None
    }
    one, many = bill(flat_card, usage).usd, bill(flat_card, used(**counts)).usd
    assert one is not None
    assert many == one * factor


def test_a_trillion_tokens_cost_exactly_a_trillion_times_one():
    found = bill(PLAIN, used(input_tokens=10**12, output_tokens=10**12, cache_read_tokens=7))
    assert found.usd == usd("12499999.99999125")


def test_the_longest_counts_are_exact_at_the_finest_rates():
    most = 2**53
    rate = usd("0.000123456789012345")
    found = bill(priced_by(flat({"input": rate})), used(input_tokens=most))
    assert found.usd == Decimal(round(Fraction(rate) * most * 10**12)).scaleb(-12)
