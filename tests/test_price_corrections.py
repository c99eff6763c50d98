"""Each shipped correction: that it says what it should, and that the catalogue still needs it."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from spanledger_collector.pricebook import Pricebook, nanoseconds
from spanledger_collector.prices import catalogue, corrections, listed
from spanledger_collector.prices.catalogue import Entry
from spanledger_collector.prices.contexts import Context
from spanledger_collector.prices.corrections import shipped
from spanledger_collector.prices.offers import Offer, offer
from spanledger_collector.prices.own import OwnTable
from spanledger_collector.prices.rows import Row, pattern
from spanledger_schema.span import Usage

BOOK = Pricebook()
PROVIDERS = {row.provider for row in shipped().rows}


def rates(provider: str, model: str, at: str, **context: str) -> dict[str, Decimal]:
    """Return the dollars per million of a call's card, or per piece where it is a fee."""
    moment = nanoseconds(datetime.fromisoformat(at))
    usage = Usage(
        input_tokens=10**6,
        output_tokens=10**6,
        cache_read_tokens=1,
        web_searches=1,
        state="reported",
    )
    bill = BOOK.bill(provider, model, usage, moment, context)
    return {line.meter: line.usd_per_unit * 10**6 for line in bill.lines}


def test_the_corrections_were_compared_with_the_catalogue_that_is_installed():
    assert shipped().checked_against.replace(" ", "-") == catalogue.VERSION


@pytest.mark.parametrize("row", shipped().rows, ids=lambda row: row.id)
def test_every_correction_has_a_source(row: Row):
    assert row.source_url.startswith("https://")


def test_every_correction_has_an_id_of_its_own():
    ids = [row.id for row in shipped().rows]
    assert sorted(set(ids)) == sorted(ids)


def models(row: Row) -> Iterator[str]:
    """Yield names that a row holds for: those it names, and those of the catalogue it fits."""
    yield from (name for name in row.models if "*" not in name)
    yield from (name.replace("*", "") for name in row.models if name.startswith("ft:"))
    for info in catalogue.names(row.provider) + catalogue.names("openai"):
        if any(pattern(text).fullmatch(info) for text in row.models):
            yield info


def contexts(row: Row) -> Iterator[Context]:
    """Yield contexts that a row fits."""
    yield tuple(sorted((key, values[0].replace("*", "west")) for key, values in row.when))


def moments(row: Row) -> Iterator[datetime]:
    """Yield hours of the first and of the last week in which a row holds."""
    first = max(row.since, datetime(2024, 6, 1, tzinfo=UTC))
    last = min(row.until, datetime(2026, 11, 20, tzinfo=UTC)) - timedelta(days=7)
    for start in (first, last):
        yield from (start + timedelta(hours=hour) for hour in range(0, 168, 3))


def without(found: Offer, row: Row) -> Offer:
    return replace(found, corrections=tuple(one for one in found.corrections if one != row))


@pytest.mark.parametrize("row", shipped().rows, ids=lambda row: row.id)
def test_the_catalogue_still_needs_every_correction(row: Row):
    for name in models(row):
        found = offer(OwnTable(), row.provider, name, "", "v")
        if row not in found.corrections:
            continue
        for context in contexts(row):
            for at in moments(row):
                if found.card(at, context) != without(found, row).card(at, context):
                    return
    pytest.fail(f"{row.id} changes nothing any more: take it out")


@pytest.mark.parametrize("tier", shipped().tiers, ids=lambda tier: f"{tier.provider}-{tier.when}")
def test_the_catalogue_still_learns_of_every_tier_too_late(tier: corrections.Tier):
    context = tuple((key, values[0].replace("*", "priority")) for key, values in tier.when)
    for name in catalogue.names(tier.provider) + catalogue.names("openai"):
        entry = catalogue.find(tier.provider, name)
        if not isinstance(entry, Entry):
            continue
        day = datetime(2026, 9, 1, tzinfo=UTC)
        _, known = listed.price_list(entry, day, context, lambda _: None)
        _, told = listed.price_list(entry, day, context, lambda _: tier.since)
        if told != known:
            return
    pytest.fail("the catalogue knows this tier by itself now: take it out")


# ---- DeepSeek: Wednesday 18 November, Saturday 21 November 2026 ---------------------------------

PEAK, OFF_PEAK = Decimal("0.3"), Decimal("0.15")


@pytest.mark.parametrize(
    ("at", "usd"),
    [
        ("2026-11-18T00:59:59.999999Z", OFF_PEAK),
        ("2026-11-18T01:00:00Z", PEAK),
        ("2026-11-18T03:59:59.999999Z", PEAK),
        ("2026-11-18T04:00:00Z", OFF_PEAK),
        ("2026-11-18T06:00:00Z", PEAK),
        ("2026-11-18T10:00:00Z", OFF_PEAK),
        ("2026-11-20T09:59:59Z", PEAK),
        ("2026-11-21T07:00:00Z", OFF_PEAK),
        ("2026-11-22T07:00:00Z", OFF_PEAK),
        ("2026-11-23T07:00:00Z", PEAK),
        ("2026-11-18T15:00:00+08:00", PEAK),
        ("2026-10-01T07:00:00Z", OFF_PEAK),  # National Day
    ],
)
def test_deepseek_has_peaks_on_weekdays_only(at: str, usd: Decimal):
    assert rates("deepseek", "deepseek-flash", at)["input"] == usd


def test_deepseek_v4_had_no_peaks_before_they_were_invented():
    assert rates("deepseek", "deepseek-v4-pro", "2026-07-20T07:00:00Z")["output"] == Decimal("0.87")


@pytest.mark.parametrize(
    ("at", "usd"),
    [
        ("2025-03-01T12:00:00Z", "0.27"),
        ("2025-03-01T20:00:00Z", "0.135"),
        ("2025-09-05T15:59:59Z", "0.27"),
        ("2025-09-05T16:00:00Z", "0.56"),
        ("2025-09-29T00:00:00Z", "0.28"),
        ("2026-11-21T07:00:00Z", "0.28"),
    ],
)
def test_deepseek_chat_follows_its_price_history(at: str, usd: str):
    assert rates("deepseek", "deepseek-chat", at)["input"] == Decimal(usd)


# ---- the others ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("provider", "model", "at", "context", "expected"),
    [
        ("mistral", "mistral-large-latest", "2025-12-01T23:59:59Z", {}, {"input": "2"}),
        ("mistral", "mistral-large-latest", "2025-12-02T00:00:00Z", {}, {"input": "0.5"}),
        ("anthropic", "claude-sonnet-4-20250514", "2025-09-01T00:00:00Z", {}, {"input": "6"}),
        ("anthropic", "claude-sonnet-4-20250514", "2025-08-01T00:00:00Z", {}, {"input": "3"}),
        ("anthropic", "claude-opus-4-6", "2026-11-04T00:00:00Z", {"inference_geo": "us"},
         {"input": "5.5", "cache_read": "0.55", "output": "27.5"}),
        ("anthropic", "claude-opus-4-5", "2026-11-04T00:00:00Z", {"inference_geo": "us"},
         {"input": "5", "output": "25"}),
        ("anthropic", "claude-3-haiku-20240307", "2025-03-04T00:00:00Z", {"processing": "batch"},
         {"input": "0.125", "output": "0.625"}),
        ("openai", "gpt-5.4-mini", "2026-11-04T00:00:00Z", {"region": "eu"}, {"input": "0.825"}),
        ("openai", "gpt-5.1", "2026-11-04T00:00:00Z", {"region": "eu"}, {"input": "1.25"}),
        ("azure", "gpt-6-sol", "2026-11-04T00:00:00Z",
         {"deployment_type": "DataZoneStandard", "region": "swedencentral"}, {"output": "18"}),
        ("vertex", "claude-3-5-sonnet", "2026-11-04T00:00:00Z", {"region": "us-east5"},
         {"input": "3"}),
        ("bedrock", "global.openai.gpt-6-astra", "2026-11-04T00:00:00Z",
         {"service_tier": "ultrafast"}, {"output": "450"}),
        ("groq", "llama-3.3-70b-versatile", "2026-11-04T00:00:00Z", {"processing": "batch"},
         {"input": "0.295", "output": "0.395"}),
        ("x_ai", "grok-4.7", "2026-11-04T00:00:00Z", {"processing": "batch"}, {"input": "3.2"}),
    ],
)  # fmt: skip
def test_a_correction_gives_the_vendors_own_rate(
    provider: str, model: str, at: str, context: dict[str, str], expected: dict[str, str]
):
    found = rates(provider, model, at, **context)
    assert {meter: found[meter] for meter in expected} == {
        meter: Decimal(usd) for meter, usd in expected.items()
    }


def test_claude_before_4_6_costs_the_same_in_the_us():
    assert rates(
        "anthropic", "claude-sonnet-4-5", "2026-11-04T10:00:00Z", inference_geo="us"
    ) == rates("anthropic", "claude-sonnet-4-5", "2026-11-04T10:00:00Z")
    used = Usage(input_tokens=1, output_tokens=1, state="reported")
    at_ns = nanoseconds(datetime(2026, 11, 4, 10, tzinfo=UTC))
    found = BOOK.bill("anthropic", "claude-sonnet-4-5", used, at_ns, {"inference_geo": "us"})
    assert found.status == "priced"


@pytest.mark.parametrize("model", ["gpt-image-1", "gpt-image-1-mini"])
def test_the_output_of_a_model_that_only_paints_is_images_whether_it_says_so_or_not(model: str):
    at_ns = nanoseconds(datetime(2026, 11, 4, 10, tzinfo=UTC))
    plain, said = (
        BOOK.bill("openai", model, Usage(input_tokens=9, output_tokens=99, output_image_tokens=n,
                                         state="reported"), at_ns)
        for n in (None, 99)
    )  # fmt: skip
    assert (said.usd, said.status) == (plain.usd, "priced")


def test_an_uplift_leaves_the_fee_of_a_search_alone():
    found = rates("openai", "gpt-5.5", "2026-11-04T00:00:00Z", region="eu")
    assert found["web_search"] == 10_000


def test_audio_of_the_audio_preview_costs_what_audio_costs():
    usage = Usage(
        input_tokens=10**6,
        output_tokens=10**6,
        input_audio_tokens=10**6,
        output_audio_tokens=10**6,
        state="reported",
    )
    at = nanoseconds(datetime(2026, 11, 4, tzinfo=UTC))
    assert BOOK.bill("openai", "gpt-4o-audio-preview", usage, at).usd == 120


@pytest.mark.parametrize(
    ("model", "usd"),
    [
        ("rerank-v3.5", "0.006"),
        ("rerank-multilingual-v3.0", "0.006"),
        ("rerank-v4.0-pro", "0.0075"),
    ],
)
def test_reranks_are_billed_by_the_search(model: str, usd: str):
    usage = Usage(rerank_searches=3, state="reported")
    bill = BOOK.bill("cohere", model, usage, nanoseconds(datetime(2026, 11, 4, tzinfo=UTC)))
    assert (str(bill.usd), bill.status) == (usd, "priced")


def test_a_correction_by_glob_prices_no_name_that_the_catalogue_does_not_recognise():
    at = nanoseconds(datetime(2026, 11, 21, 7, tzinfo=UTC))
    usage = Usage(input_tokens=1, output_tokens=1, state="reported")
    assert BOOK.bill("deepseek", "deepseek-v4-flash-super", usage, at).status == "unpriced"
