"""A rate card and a usage in, a bill out: arithmetic alone.

Exact: a rate times a count is rounded half-even to 1e-12 dollars once, and the bill is the sum of
its lines. No clock and no price table, so the same call always costs the same.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from spanledger_collector.prices.cards import PICO_USD, Rate, RateCard, Unpriced
from spanledger_collector.prices.rates import EXACT
from spanledger_schema.span import Bill, Line, Usage


def bill(card: RateCard | Unpriced, usage: Usage) -> Bill:
    """Return what a call cost under a card, line by line.

    Zero usage that was reported costs 0; no usage, or none that the card has a rate for, is None.
    """
    if usage.state != "reported":
        return without_usage(usage, card)
    if isinstance(card, Unpriced):
        return Bill(None, "unpriced", card.reason, (), "", card.version, card.model)
    tier = card.tier(usage.input_tokens or 0)
    quantities = meters(usage, reasoning_apart=tier.reasoning_apart, write_meter=tier.write_meter)
    if tier.per_request:
        quantities["request"] = 1
    lines, usd, gaps = priced(quantities, tier.rates)
    if gaps or usage.input_tokens is None:
        return incomplete(card, usage, lines, usd, gaps)
    return Bill(usd, card.status, card.reason, lines, card.id, card.version, card.model)


def priced(
    quantities: Mapping[str, int], rates: Mapping[str, Rate]
) -> tuple[tuple[Line, ...], Decimal, list[str]]:
    """Return the lines, their sum, and the meters that the card has no rate of their own for."""
    lines, total, gaps = [], Decimal(0), []
    for meter, quantity in quantities.items():
        rate = rates.get(meter)
        if rate is None:
            gaps.append(meter)
            continue
        # exact: 12 digits of a rate times the 16 of the longest count fit the 28 of a Decimal
        usd = rounded(rate.usd, quantity) if rate.fine else rate.usd * quantity
        if rate.guessed:
            gaps.append(meter)
        total += usd
        lines.append(Line(meter, quantity, rate.usd, usd))
    return tuple(lines), total, gaps


def rounded(usd_per_unit: Decimal, quantity: int) -> Decimal:
    """Return a product rounded half-even to 1e-12 dollars, however many digits it has."""
    return EXACT.multiply(usd_per_unit, quantity).quantize(PICO_USD, context=EXACT)


def meters(
    usage: Usage, *, reasoning_apart: bool = False, write_meter: str = "cache_write"
) -> dict[str, int]:
    """Return the usage as disjoint meters, the empty ones left out: they sum to its totals.

    Args:
        usage: with inclusive totals.
        reasoning_apart: count reasoning beside the output, for cards that price it.
        write_meter: name of the cache writes that do not live an hour.
    """
    read, write = usage.cache_read_tokens or 0, usage.cache_write_tokens or 0
    found = {"input": (usage.input_tokens or 0) - read - write, "cache_read": read}
    if write:
        hour = usage.cache_write_1h_tokens or 0
        found[write_meter], found["cache_write_1h"] = write - hour, hour
    if usage.input_audio_tokens or usage.cache_read_audio_tokens or usage.input_image_tokens:
        found |= input_media(usage, found)
    found["output"] = usage.output_tokens or 0
    if reasoning_apart and usage.reasoning_tokens:
        found["reasoning"] = usage.reasoning_tokens
        found["output"] -= usage.reasoning_tokens
    if usage.output_audio_tokens or usage.output_image_tokens:
        found |= output_media(usage, found)
    if usage.web_searches or usage.rerank_searches:
        found["web_search"] = usage.web_searches or 0
        found["rerank_search"] = usage.rerank_searches or 0
    return {meter: quantity for meter, quantity in found.items() if quantity}


def input_media(usage: Usage, found: Mapping[str, int]) -> dict[str, int]:
    """Return the input that is not text, and what text is left beside it."""
    cached, image = usage.cache_read_audio_tokens or 0, usage.input_image_tokens or 0
    audio = (usage.input_audio_tokens or cached) - cached
    return {
        "input": found["input"] - audio - image,
        "cache_read": found["cache_read"] - cached,
        "input_audio": audio,
        "cache_read_audio": cached,
        "input_image": image,
    }


def output_media(usage: Usage, found: Mapping[str, int]) -> dict[str, int]:
    """Return the output that is not text, and what text is left beside it."""
    audio, image = usage.output_audio_tokens or 0, usage.output_image_tokens or 0
    return {
        "output": found["output"] - audio - image,
        "output_audio": audio,
        "output_image": image,
    }


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
