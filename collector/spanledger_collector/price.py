"""A rate card and a usage in, a bill out: arithmetic alone, in Decimal.

Exact: each line is rounded half-even once, to 1e-12 dollars, and a bill is the sum of its lines. No
clock and no price table, so the same call always costs the same. `bills` does it for many at once.
"""

from collections.abc import Iterable
from decimal import Decimal

from spanledger_collector.prices.cards import PICO_USD, CardTier, Rate, RateCard, Unpriced
from spanledger_collector.prices.rates import EXACT
from spanledger_schema.span import Bill, Line, Usage


def bill(card: RateCard | Unpriced, usage: Usage) -> Bill:
    """Return what a call cost under a card, line by line.

    Zero usage that was reported costs 0; no usage, or none that the card has a rate for, is None.
    A call that reports only searches is whole without an input.
    """
    if usage.state != "reported":
        return without_usage(usage, card)
    if isinstance(card, Unpriced):
        return Bill(None, "unpriced", card.reason, (), "", card.version, card.model)
    tier = card.tier(usage.input_tokens or 0)
    found, rates = quantities(tier, usage), tier.rates
    lines = tuple(line(m, n, rates[m]) for m, n in found.items() if m in rates)
    gaps = ", ".join(m for m in found if m not in rates or rates[m].guessed)
    searched = usage.web_searches is not None or usage.rerank_searches is not None
    silent = usage.input_tokens is None and usage.output_tokens is None and not searched
    if silent or (gaps and not lines):
        reason = "total-only" if silent else f"missing-meter: {gaps}"
        return Bill(None, "unpriced", reason, (), card.id, card.version, card.model)
    reason, status = card.reason, card.status
    if gaps:
        reason, status = f"missing-meter: {gaps}", "partial"
    elif usage.input_tokens is None and usage.output_tokens is not None:
        reason, status = "missing-count: input", "partial"
    return Bill(total(lines), status, reason, lines, card.id, card.version, card.model)


def total(lines: Iterable[Line]) -> Decimal:
    """Return the sum of lines, exact however long."""
    usd = Decimal(0)
    for one in lines:
        usd = EXACT.add(usd, one.usd)
    return usd


def line(meter: str, quantity: int, rate: Rate) -> Line:
    """Return one line, rounded half-even to 1e-12 dollars where its product is finer."""
    usd = rate.usd * quantity
    if rate.fine:
        usd = EXACT.multiply(rate.usd, quantity).quantize(PICO_USD, context=EXACT)
    return Line(meter, quantity, rate.usd, usd)


def quantities(tier: CardTier, usage: Usage) -> dict[str, int]:
    """Return what a call is billed for: its meters as a tier tells them apart, and its fee."""
    found = meters(usage, tier.reasoning_apart, tier.write_meter)
    if tier.per_request:
        found["request"] = 1
    return found


def meters(
    usage: Usage, reasoning_apart: bool = False, write_meter: str = "cache_write"
) -> dict[str, int]:
    """Return the usage as disjoint meters, the empty ones left out: they sum to its totals.

    Args:
        usage: with inclusive totals.
        reasoning_apart: count reasoning beside the output, for cards that price it.
        write_meter: name of the cache writes that do not live an hour.
    """
    if has_rare_meters(usage) or (reasoning_apart and usage.reasoning_tokens):
        return all_meters(usage, reasoning_apart, write_meter)
    found = {}  # plain text and its cache are nine calls in ten: they have a short way
    read, write = usage.cache_read_tokens or 0, usage.cache_write_tokens or 0
    if plain := (usage.input_tokens or 0) - read - write:
        found["input"] = plain
    if read:
        found["cache_read"] = read
    if write:
        hour = usage.cache_write_1h_tokens or 0
        if write != hour:
            found[write_meter] = write - hour
        if hour:
            found["cache_write_1h"] = hour
    if output := usage.output_tokens:
        found["output"] = output
    return found


def has_rare_meters(usage: Usage) -> bool:
    """Tell whether a usage holds more than text and its cache."""
    return bool(
        usage.input_audio_tokens
        or usage.input_image_tokens
        or usage.cache_read_audio_tokens
        or usage.output_audio_tokens
        or usage.output_image_tokens
        or usage.web_searches
        or usage.rerank_searches
    )


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


def without_usage(usage: Usage, card: RateCard | Unpriced) -> Bill:
    """Return the bill of a call whose usage is absent, suspect or impossible."""
    if usage.state == "invalid":
        return Bill(None, "invalid", "contradictory-counts", (), "", card.version, card.model)
    reason = "zero-suspect" if usage.state == "zero_suspect" else ""
    return Bill(None, "no_usage", reason, (), "", card.version, card.model)
