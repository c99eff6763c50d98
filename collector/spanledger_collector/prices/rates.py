"""What a price is made of: meters, rates in dollars per unit, tiers by length of the input.

Values and the arithmetic between them. Knows no model names, no dates and no sources: those
belong to `pricebook`, which puts price lists together and has them made into cards.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal

INPUT_METERS = (
    "input",
    "cache_read",
    "cache_write",
    "cache_write_1h",
    "input_audio",
    "cache_read_audio",
    "input_image",
)
OUTPUT_METERS = ("output", "reasoning", "output_audio", "output_image")
TOKEN_METERS = INPUT_METERS + OUTPUT_METERS
UNIT_METERS = ("web_search", "rerank_search", "request")
METERS = TOKEN_METERS + UNIT_METERS

PARENTS: Mapping[str, str] = {
    "cache_read": "input",
    "cache_write": "input",
    "cache_write_1h": "cache_write",
    "input_audio": "input",
    "cache_read_audio": "cache_read",
    "input_image": "input",
    "reasoning": "output",
    "output_audio": "output",
    "output_image": "output",
}
"""Where a meter without a rate of its own is billed."""

MTOK = Decimal(1_000_000)
EXACT = Context(prec=100, rounding=ROUND_HALF_EVEN)

Rates = Mapping[str, Decimal]
"""Dollars per single token, search or request, by meter."""


@dataclass(frozen=True, slots=True)
class Tier:
    """Rates for calls whose whole input, cached tokens included, is at least this long."""

    at_least: int
    rates: Rates


@dataclass(frozen=True, slots=True)
class PriceList:
    """The rates of one model at one moment: tiers by length of the input, shortest first."""

    tiers: tuple[Tier, ...]
    free: bool = False  # the list itself says that the model costs nothing

    def rates(self, input_tokens: int) -> Rates:
        """Return the rates for an input of this length; the whole call pays them."""
        return next((t.rates for t in reversed(self.tiers) if t.at_least <= input_tokens), {})

    def scaled(self, factors: Mapping[str, Decimal]) -> "PriceList":
        """Return the list with some meters multiplied; one that is not named stays as it is.

        A meter that so far was billed at its parent's rate follows the parent.
        """
        return self.changed(
            lambda rates: {
                meter: EXACT.multiply(rate, factors[meter]) if meter in factors else rate
                for meter, rate in rates.items()
            }
        )

    def over(self, beneath: "PriceList | None") -> "PriceList":
        """Return this list with the meters it leaves out taken from another."""
        if beneath is None:
            return self
        starts = sorted({tier.at_least for tier in self.tiers + beneath.tiers})
        return PriceList(tuple(Tier(at, {**beneath.rates(at), **self.rates(at)}) for at in starts))

    def changed(self, change: Callable[[Rates], Rates]) -> "PriceList":
        """Return the same tiers with their rates changed."""
        return PriceList(tuple(Tier(t.at_least, change(t.rates)) for t in self.tiers), self.free)


def flat(rates: Rates) -> PriceList:
    """Return a list that charges the same for inputs of any length."""
    return PriceList((Tier(0, rates),))
