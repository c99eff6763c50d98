"""A rate card and a usage in, a bill out: arithmetic alone.

Exact: a rate times a count is rounded half-even to 1e-12 dollars once, and the bill is the sum of
its lines. No clock and no price table, so the same call always costs the same.
"""

from collections.abc import Sequence
from decimal import Decimal

from spanledger_collector.prices.cards import PICO_USD, RateCard, Unpriced
from spanledger_collector.prices.rates import EXACT
from spanledger_schema.span import Bill, Line, Usage

NOTHING = Decimal(0)


def bill(card: RateCard | Unpriced, usage: Usage) -> Bill:
    """Return what a call cost under a card, line by line.

    Zero usage that was reported costs 0; no usage, or none that the card has a rate for, is None.
    """
    if usage.state != "reported":
        return without_usage(usage, card)
    if isinstance(card, Unpriced):
        return Bill(None, "unpriced", card.reason, (), "", card.version, card.model)
    tier = card.tier(usage.input_tokens or 0)
    rates = tier.rates
    lines, total, gaps = [], NOTHING, []
    found = meters(usage, tier.reasoning_apart, tier.write_meter)
    if tier.per_request:
        found["request"] = 1
    for meter, quantity in found.items():
        rate = rates.get(meter)
        if rate is None:
            gaps.append(meter)
            continue
        if rate.guessed:
            gaps.append(meter)
        # exact: 12 digits of a rate times the 16 of the longest count fit the 28 of a Decimal
        usd = rounded(rate.usd, quantity) if rate.fine else rate.usd * quantity
        total += usd
        lines.append(Line(meter, quantity, rate.usd, usd))
    if gaps or usage.input_tokens is None:
        return incomplete(card, usage, tuple(lines), total, gaps)
    return Bill(total, card.status, card.reason, tuple(lines), card.id, card.version, card.model)


def rounded(usd_per_unit: Decimal, quantity: int) -> Decimal:
    """Return a product rounded half-even to 1e-12 dollars, however many digits it has."""
    return EXACT.multiply(usd_per_unit, quantity).quantize(PICO_USD, context=EXACT)


def meters(
    usage: Usage, reasoning_apart: bool = False, write_meter: str = "cache_write"
) -> dict[str, int]:
    """Return the usage as disjoint meters, the empty ones left out: they sum to its totals.

    Args:
        usage: with inclusive totals.
        reasoning_apart: count reasoning beside the output, for cards that price it.
        write_meter: name of the cache writes that do not live an hour.
    """
    if (
        usage.cache_write_tokens
        or usage.input_audio_tokens
        or usage.input_image_tokens
        or usage.cache_read_audio_tokens
        or usage.output_audio_tokens
        or usage.output_image_tokens
        or usage.web_searches
        or usage.rerank_searches
        or (reasoning_apart and usage.reasoning_tokens)
    ):
        return all_meters(usage, reasoning_apart, write_meter)
    found = {}  # text in, from a cache, and out are nine calls in ten: they have a short way
    read = usage.cache_read_tokens
    if plain := (usage.input_tokens or 0) - (read or 0):
        found["input"] = plain
    if read:
        found["cache_read"] = read
    if output := usage.output_tokens:
        found["output"] = output
    return found


def all_meters(usage: Usage, reasoning_apart: bool, write_meter: str) -> dict[str, int]:
    """Return every meter of a usage that is not empty, disjoint."""
    read, write = usage.cache_read_tokens or 0, usage.cache_write_tokens or 0
    cached_audio, hour = usage.cache_read_audio_tokens or 0, usage.cache_write_1h_tokens or 0
    audio = (usage.input_audio_tokens or cached_audio) - cached_audio
    image = usage.input_image_tokens or 0
    reasoning = (usage.reasoning_tokens or 0) if reasoning_apart else 0
    sound, picture = usage.output_audio_tokens or 0, usage.output_image_tokens or 0
    found = {
        "input": (usage.input_tokens or 0) - read - write - audio - image,
        "cache_read": read - cached_audio,
        write_meter: write - hour,
        "cache_write_1h": hour,
        "input_audio": audio,
        "cache_read_audio": cached_audio,
        "input_image": image,
        "output": (usage.output_tokens or 0) - reasoning - sound - picture,
        "reasoning": reasoning,
        "output_audio": sound,
        "output_image": picture,
        "web_search": usage.web_searches or 0,
        "rerank_search": usage.rerank_searches or 0,
    }
    return {meter: quantity for meter, quantity in found.items() if quantity}


def incomplete(
    card: RateCard, usage: Usage, lines: tuple[Line, ...], usd: Decimal, gaps: Sequence[str]
) -> Bill:
    """Return the bill of a call that the card covers in part, or not at all.

    A call that reports only searches is whole without an input.
    """
    searched = usage.web_searches is not None or usage.rerank_searches is not None
    silent = usage.input_tokens is None and usage.output_tokens is None and not searched
    if silent or (gaps and not lines):
        reason = "total-only" if silent else "missing-meter: " + ", ".join(gaps)
        return Bill(None, "unpriced", reason, (), card.id, card.version, card.model)
    reason, status = card.reason, card.status
    if gaps:
        reason, status = "missing-meter: " + ", ".join(gaps), "partial"
    elif usage.output_tokens is not None:
        reason, status = "missing-count: input", "partial"
    return Bill(usd, status, reason, lines, card.id, card.version, card.model)


def without_usage(usage: Usage, card: RateCard | Unpriced) -> Bill:
    """Return the bill of a call whose usage is absent, suspect or impossible."""
    if usage.state == "invalid":
        return Bill(None, "invalid", "contradictory-counts", (), "", card.version, card.model)
    reason = "zero-suspect" if usage.state == "zero_suspect" else ""
    return Bill(None, "no_usage", reason, (), "", card.version, card.model)
