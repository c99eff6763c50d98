"""A rate card and a usage in, a bill out: arithmetic alone.

Exact integers of 1e-12 dollars: a rate is whole 1e-18 dollars, a line is rounded half-even once,
the bill is the sum of its lines. No clock and no price table, so the same call always costs the
same.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from spanledger_collector.cards import Rate, RateCard, Unpriced
from spanledger_collector.rates import EXACT
from spanledger_schema.span import Bill, Line, Usage

ATTO_PER_PICO = 10**6
PICO_USD = Decimal(10) ** -12

usd_of_pico = EXACT.multiply


def bill(card: RateCard | Unpriced, usage: Usage) -> Bill:
    """Return what a call cost under a card, line by line.

    Zero usage that was reported costs 0; no usage, or none that the card has a rate for, is None.
    """
    if usage.state != "reported":
        return without_usage(usage, card)
    if isinstance(card, Unpriced):
        return Bill(None, "unpriced", card.reason, (), "", card.version, card.model)
    input_tokens = usage.input_tokens
    tier = card.tier(input_tokens or 0)
    quantities = meters(usage, reasoning_apart=tier.reasoning_apart, write_meter=tier.write_meter)
    if "request" in tier.rates:
        quantities["request"] = 1
    lines, pico, gaps = priced(quantities, tier.rates)
    if gaps or input_tokens is None:
        return incomplete(card, usage, lines, pico, gaps)
    return Bill(
        usd_of_pico(pico, PICO_USD),
        card.status,
        card.reason,
        tuple(lines),
        card.id,
        card.version,
        card.model,
    )


def priced(
    quantities: Mapping[str, int], rates: Mapping[str, Rate]
) -> tuple[list[Line], int, list[str]]:
    """Return the lines, their sum in 1e-12 dollars, and the meters without a rate of their own."""
    lines, total, gaps = [], 0, []
    for meter, quantity in quantities.items():
        rate = rates.get(meter)
        if rate is None:
            gaps.append(meter)
            continue
        if rate.guessed:
            gaps.append(meter)
        pico, rest = divmod(quantity * rate.atto, ATTO_PER_PICO)
        if rest:
            pico += half_even(pico, rest)
        total += pico
        lines.append(Line(meter, quantity, rate.usd, usd_of_pico(pico, PICO_USD)))
    return lines, total, gaps


def half_even(pico: int, rest: int) -> int:
    """Return 1 when a rest of 1e-18 dollars rounds the whole ones up, else 0."""
    twice = rest * 2
    return int(twice > ATTO_PER_PICO or (twice == ATTO_PER_PICO and pico % 2 == 1))


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
    hour = usage.cache_write_1h_tokens or 0
    cached_audio, image = usage.cache_read_audio_tokens or 0, usage.input_image_tokens or 0
    audio = (usage.input_audio_tokens or cached_audio) - cached_audio
    reasoning = usage.reasoning_tokens or 0 if reasoning_apart else 0
    sound, picture = usage.output_audio_tokens or 0, usage.output_image_tokens or 0
    every = {
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
    return {meter: quantity for meter, quantity in every.items() if quantity}


def incomplete(
    card: RateCard, usage: Usage, lines: Sequence[Line], pico: int, gaps: Sequence[str]
) -> Bill:
    """Return the bill of a call that the card covers in part, or not at all.

    A call that reports only searches is whole without an input.
    """
    searches = usage.web_searches is not None or usage.rerank_searches is not None
    silent = usage.input_tokens is None and usage.output_tokens is None and not searches
    if silent or (gaps and not lines):
        reason = "total-only" if silent else "missing-meter: " + ", ".join(gaps)
        return Bill(None, "unpriced", reason, (), card.id, card.version, card.model)
    reason, status = card.reason, card.status
    if gaps:
        reason, status = "missing-meter: " + ", ".join(gaps), "partial"
    elif usage.output_tokens is not None:
        reason, status = "missing-count: input", "partial"
    usd = usd_of_pico(pico, PICO_USD)
    return Bill(usd, status, reason, tuple(lines), card.id, card.version, card.model)


def without_usage(usage: Usage, card: RateCard | Unpriced) -> Bill:
    """Return the bill of a call whose usage is absent, suspect or impossible."""
    if usage.state == "invalid":
        return Bill(None, "invalid", "contradictory-counts", (), "", card.version, card.model)
    reason = "zero-suspect" if usage.state == "zero_suspect" else ""
    return Bill(None, "no_usage", reason, (), "", card.version, card.model)
