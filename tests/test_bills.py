"""Many bills at once must be the bills that `price.bill` makes one by one, in Decimal."""

import random
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from spanledger_collector import price
from spanledger_collector.bills import Lines, bills, columns
from spanledger_collector.pricebook import Pricebook, ToPrice
from spanledger_collector.prices.cards import RateCard, Unpriced, card
from spanledger_collector.prices.rates import METERS, PriceList, Tier
from spanledger_collector.prices.rowfile import row
from spanledger_collector.usage import usage
from spanledger_schema.span import Counts, Scope, Usage

CALLS = 100_000
AT_NS = 1_793_786_400_000_000_000  # 4 November 2026
DAY_NS = 86_400_000_000_000

MODELS = (
    ("openai", "gpt-4o"), ("openai", "gpt-4.1-mini-2025-04-14"), ("openai", "gpt-5.4"),
    ("openai", "o3"), ("openai", "gpt-4o-audio-preview"), ("azure.ai.openai", "gpt-4o"),
    ("anthropic", "claude-sonnet-4-5"), ("anthropic", "claude-3-haiku-20240307"),
    ("aws.bedrock", "us.anthropic.claude-sonnet-4-5-20250929-v1:0"),
    ("gcp.gemini", "gemini-2.5-pro"), ("gcp.gemini", "gemini-2.5-flash"),
    ("gcp.vertex_ai", "gemini-2.5-pro"), ("x_ai", "grok-4"), ("deepseek", "deepseek-chat"),
    ("perplexity", "sonar-deep-research"), ("cohere", "rerank-v3.5"), ("groq", "openai/gpt-oss-120b"),
    ("vllm", "fine"), ("vllm", "coarse"), ("vllm", "nobody-knows"), ("", "gpt-4o"), (None, None),
)  # fmt: skip

CONTEXTS = (
    None, None, None, {"processing": "batch"}, {"service_tier": "flex"}, {"region": "eu"},
    {"service_tier": "no-such-tier"},
)  # fmt: skip

OWN: tuple[dict[str, Any], ...] = (
    {"id": "fine", "provider": "vllm", "model": "fine",
     "usd_per_mtok": {"input": "0.0000012345", "output": "0.33333333333"}},
    {"id": "coarse", "provider": "vllm", "model": "coarse", "usd_per_request": "0.01",
     "usd_per_mtok": {"input": "1", "cache_read": "0.1", "reasoning": "3", "output": "2"}},
    {"id": "mine", "provider": "openai", "model": "o3", "project_id": "p", "multiplier": "0.9"},
)  # fmt: skip


def some_counts(rng: random.Random) -> Counts:
    """Return counts such as calls report: mostly text, now and then anything, or nonsense."""
    most = rng.choice((2_000, 300_000, 10**12))

    def of(share: float) -> int | None:
        return rng.randrange(most) if rng.random() < share else None

    rare = 0.3 if rng.random() < 0.2 else 0.0
    return Counts(
        input_tokens=of(0.97), output_tokens=of(0.97), cache_read_tokens=of(0.4),
        cache_write_tokens=of(0.2), cache_write_1h_tokens=of(0.1), reasoning_tokens=of(0.3),
        input_audio_tokens=of(rare), input_image_tokens=of(rare), output_audio_tokens=of(rare),
        cache_read_audio_tokens=of(rare / 2), output_image_tokens=of(rare),
        web_searches=of(rare / 2), rerank_searches=of(rare / 2), includes_cache=rng.random() < 0.3,
    )  # fmt: skip


def some_calls() -> Iterator[ToPrice]:
    """Yield calls of many models, moments and contexts, the same ones each time."""
    rng = random.Random(4)
    for _ in range(CALLS):
        provider, model = rng.choice(MODELS)
        used = usage(some_counts(rng), provider=provider, scope=Scope())
        at_ns = AT_NS - rng.randrange(700 * DAY_NS)
        yield ToPrice(provider, model, used, at_ns, rng.choice(CONTEXTS), rng.choice(("", "p")))


def test_a_hundred_thousand_random_calls_cost_the_same_at_once_and_one_by_one():
    book = Pricebook([row(written, order) for order, written in enumerate(OWN)])
    calls = list(some_calls())
    at_once = book.bills(calls)
    assert len(at_once) == CALLS
    odd = [
        (call, found, alone)
        for call, found in zip(calls, at_once, strict=True)
        if found != (alone := book.bill(*call))
    ]
    assert odd[:3] == []
    quick = sum(isinstance(found.lines, Lines) for found in at_once)
    assert quick > CALLS / 4  # else this compared the slow way with itself
    assert {found.status for found in at_once} > {"priced", "partial", "unpriced", "invalid"}


COUNT = st.none() | st.integers(0, 2**53)
RATE = st.decimals(0, "0.01", places=12) | st.decimals(0, "0.99", places=18)
RATES = st.dictionaries(st.sampled_from(METERS), RATE)


@st.composite
def cards(draw: st.DrawFn) -> RateCard | Unpriced:
    """Return a card of any meters, with a dearer tier for long inputs, or none."""
    rates = draw(RATES)
    tiers = (Tier(0, rates), Tier(200_001, {m: usd * 2 for m, usd in rates.items()}))
    listed = PriceList(tiers[: draw(st.integers(0, 2))])
    if not listed.tiers:
        return Unpriced("unknown-model", "v1")
    return card(listed, model="m", source="s", version="v1", complete=draw(st.booleans()))


NUMBERS = [name for name in Usage.__dataclass_fields__ if name.endswith(("_tokens", "_searches"))]
COUNTS: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {name: COUNT for name in NUMBERS if name != "tool_prompt_tokens"}
)


@given(st.lists(st.tuples(cards(), COUNTS), max_size=5))
def test_bills_are_those_of_each_call_alone(said: list[tuple[RateCard | Unpriced, dict[str, Any]]]):
    calls = [(of, usage(Counts(**counts), provider="openai", scope=Scope())) for of, counts in said]
    assert bills(calls) == [price.bill(of, used) for of, used in calls]


def test_a_bill_beyond_the_digits_of_a_decimal_is_exact_all_the_same():
    rates = {"input": Decimal("0.999999999999"), "output": Decimal("0.999999999999")}
    dear = card(PriceList((Tier(0, rates),)), model="m", source="s", version="v1")
    longest = Usage(input_tokens=2**53, output_tokens=2**53, state="reported")
    (found,) = bills([(dear, longest)])
    assert found.usd == Decimal("18014398509463969.601490518016")  # 29 digits


def test_lines_by_column_are_the_lines():
    book = Pricebook()
    used = Usage(input_tokens=5000, cache_read_tokens=4000, output_tokens=7, state="reported")
    (quick,) = book.bills([ToPrice("openai", "gpt-4o", used, AT_NS)])
    alone = book.bill("openai", "gpt-4o", used, AT_NS)
    assert isinstance(quick.lines, Lines)
    assert [list(column) for column in columns(quick.lines)] == [
        ["input", "cache_read", "output"],
        [1000, 4000, 7],
        [Decimal("0.0000025"), Decimal("0.00000125"), Decimal("0.00001")],
        [Decimal("0.0025"), Decimal("0.005"), Decimal("0.00007")],
    ]
    assert list(map(list, columns(alone.lines))) == list(map(list, columns(quick.lines)))
    assert (len(quick.lines), quick.lines[0], quick.lines[1:]) == (
        3, alone.lines[0], tuple(alone.lines[1:]),
    )  # fmt: skip
