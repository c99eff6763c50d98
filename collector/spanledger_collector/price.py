"""A rate card and a usage in, a bill out: arithmetic alone.

Exact: bills are summed in whole 1e-12 dollars; a rate that is finer is multiplied as a Decimal and
rounded half-even once a line, and the bill is the sum of its lines. No clock and no price table, so the same call always costs the same.
"""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import overload

from spanledger_collector.prices.cards import PICO_USD, Rate, RateCard, Unpriced
from spanledger_collector.prices.rates import EXACT
from spanledger_schema.span import Bill, Line, Usage


class Lines(Sequence[Line]):
    """The lines of a bill, written out when somebody reads them: most bills only need their sum."""

    __slots__ = ("_quantities", "_rates")

    def __init__(self, quantities: Mapping[str, int], rates: Mapping[str, Rate]) -> None:
        """Take what is billed and, at least for all of that, what it costs."""
        self._quantities = quantities
        self._rates = rates

    def __iter__(self) -> Iterator[Line]:
        return (
            line(meter, quantity, self._rates[meter])
            for meter, quantity in self._quantities.items()
        )

    def __len__(self) -> int:
        return len(self._quantities)

    @overload
    def __getitem__(self, index: int) -> Line: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Line]: ...
    def __getitem__(self, index: int | slice) -> Line | Sequence[Line]:
        return tuple(self)[index]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and tuple(self) == tuple(other)

    __hash__ = None  # type: ignore[assignment]  # as for every mutable sequence

    def __repr__(self) -> str:
        return repr(tuple(self))


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
    found = meters(usage, tier.reasoning_apart, tier.write_meter)
    if tier.per_request:
        found["request"] = 1
    rates, pico = tier.pico, 0
    for meter, quantity in found.items():
        if meter not in rates:
            return long_bill(card, usage, found, tier.rates)
        pico += quantity * rates[meter]
    if input_tokens is None:
        return long_bill(card, usage, found, tier.rates)
    lines = Lines(found, tier.rates)
    return Bill(PICO_USD * pico, card.status, card.reason, lines, card.id, card.version, card.model)


def line(meter: str, quantity: int, rate: Rate) -> Line:
    """Return one line, rounded half-even to 1e-12 dollars where its product is finer."""
    usd = rate.usd * quantity
    if rate.fine:
        usd = EXACT.multiply(rate.usd, quantity).quantize(PICO_USD, context=EXACT)
    return Line(meter, quantity, rate.usd, usd)


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
        usage.input_audio_tokens
        or usage.input_image_tokens
        or usage.cache_read_audio_tokens
        or usage.output_audio_tokens
        or usage.output_image_tokens
        or usage.web_searches
        or usage.rerank_searches
        or (reasoning_apart and usage.reasoning_tokens)
    ):
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


def long_bill(
    card: RateCard, usage: Usage, quantities: Mapping[str, int], rates: Mapping[str, Rate]
) -> Bill:
    """Return the bill of a call whose rates are fine, guessed or missing.

    A call that reports only searches is whole without an input.
    """
    lines = tuple(line(m, n, rates[m]) for m, n in quantities.items() if m in rates)
    gaps = ", ".join(m for m in quantities if m not in rates or rates[m].guessed)
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
    usd = sum((one.usd for one in lines), Decimal(0))
    return Bill(usd, status, reason, lines, card.id, card.version, card.model)


def without_usage(usage: Usage, card: RateCard | Unpriced) -> Bill:
    """Return the bill of a call whose usage is absent, suspect or impossible."""
    if usage.state == "invalid":
        return Bill(None, "invalid", "contradictory-counts", (), "", card.version, card.model)
    reason = "zero-suspect" if usage.state == "zero_suspect" else ""
    return Bill(None, "no_usage", reason, (), "", card.version, card.model)
