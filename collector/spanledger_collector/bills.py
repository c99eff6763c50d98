"""Rate cards and usages in, bills out, many at once: `price.bill` for a whole batch of the drain.

A call of text whose rates are whole 1e-12 dollars, nine in ten, is multiplied and added in Python's
own integers, which are exact however long and were measured as fast as numpy's, which are not; its
lines are written out when somebody reads them. Every other call goes to `price`.
"""

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import overload

from spanledger_collector import price
from spanledger_collector.prices.cards import PICO_USD, CardTier, RateCard, Unpriced
from spanledger_schema.span import Bill, Line, Usage

MOST_PICO = 10**28
"""A longer product would be rounded to the digits of a Decimal: it is left to `price`."""

Columns = tuple[Sequence[str], Sequence[int], Sequence[Decimal], Sequence[Decimal]]
"""Lines by column: meters, quantities, dollars per unit, dollars."""


class Lines(Sequence[Line]):
    """The lines of a call all of whose rates are whole 1e-12 dollars."""

    __slots__ = ("_tier", "_usage")

    def __init__(self, tier: CardTier, usage: Usage) -> None:
        """Take what was used and, at least for all of that, what it costs."""
        self._tier = tier
        self._usage = usage

    def columns(self) -> Columns:
        """Return the lines by column, without making any."""
        tier = self._tier
        found = price.quantities(tier, self._usage)
        rates = [tier.rates[meter].usd for meter in found]
        pico = [quantity * tier.pico[meter] for meter, quantity in found.items()]
        return list(found), list(found.values()), rates, [PICO_USD * each for each in pico]

    def __iter__(self) -> Iterator[Line]:
        return map(Line, *self.columns())

    def __len__(self) -> int:
        return len(price.quantities(self._tier, self._usage))

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


def columns(lines: Sequence[Line]) -> Columns:
    """Return the lines of any bill by column."""
    if isinstance(lines, Lines):
        return lines.columns()
    return (
        [line.meter for line in lines],
        [line.quantity for line in lines],
        [line.usd_per_unit for line in lines],
        [line.usd for line in lines],
    )


def bills(calls: Iterable[tuple[RateCard | Unpriced, Usage]]) -> list[Bill]:
    """Return the bill of each call, the same that `price.bill` makes of it."""
    return [text_bill(card, usage) or price.bill(card, usage) for card, usage in calls]


def text_bill(card: RateCard | Unpriced, usage: Usage) -> Bill | None:
    """Return the bill of a call of text; None where there is more to it than multiplying."""
    if not isinstance(card, RateCard) or not is_text(usage):
        return None
    tier = card.tier(usage.input_tokens or 0)
    usd = pico_usd(tier, usage)
    if usd is None or usd >= MOST_PICO:
        return None
    lines = Lines(tier, usage)
    return Bill(PICO_USD * usd, card.status, card.reason, lines, card.id, card.version, card.model)


def is_text(usage: Usage) -> bool:
    """Tell whether a usage was reported and is one of text and its cache alone."""
    return (
        usage.state == "reported"
        and usage.input_tokens is not None
        and not price.has_rare_meters(usage)
    )


def pico_usd(tier: CardTier, usage: Usage) -> int | None:
    """Return what text costs in 1e-12 dollars; None where a rate is finer, guessed or missing.

    Each part is added at what it costs more than the whole that contains it.
    """
    rates = tier.pico
    try:
        base = rates["input"]
        usd = usage.input_tokens * base  # type: ignore[operator]  # `is_text` has looked
        if read := usage.cache_read_tokens:
            usd += read * (rates["cache_read"] - base)
        if write := usage.cache_write_tokens:
            usd += write * (rates["cache_write"] - base)
            if hour := usage.cache_write_1h_tokens:
                usd += hour * (rates["cache_write_1h"] - rates["cache_write"])
        if output := usage.output_tokens:
            usd += output * rates["output"]
            if tier.reasoning_apart and (thought := usage.reasoning_tokens):
                usd += thought * (rates["reasoning"] - rates["output"])
        return usd + rates["request"] if tier.per_request else usd
    except KeyError:
        return None
