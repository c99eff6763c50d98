"""Rate cards: a price list made ready for multiplying, or the reason why there is none.

A card is what one key of (project, provider, model, context, period) costs; it carries the
provenance that a bill repeats. Pure: it is made once and asked millions of times.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from hashlib import blake2b
from typing import Literal

from spanledger_collector.prices.rates import EXACT, METERS, PARENTS, PriceList, Tier

OTHER_GOODS = frozenset(
    {"cache_write_1h", "input_audio", "cache_read_audio", "output_audio", "output_image"}
)
"""Meters that vendors never sell at their parent's rate: to bill them so is a lower bound."""

ATTO_USD = Decimal(10) ** -18
"""The finest rate: what the store can show, and exact for every list and discount we know."""

PICO_USD = Decimal(10) ** -12
PLAIN_DIGITS = 12  # with the 16 of the longest count they fit the 28 of a Decimal


@dataclass(frozen=True, slots=True)
class Rate:
    """Dollars per unit."""

    usd: Decimal
    fine: bool  # its products can have more than 28 digits or 12 decimal places
    guessed: bool = False  # the parent's rate, where the list should have had another


@dataclass(frozen=True, slots=True)
class CardTier:
    """The rates for inputs of at least this length, parents' rates filled in."""

    at_least: int
    rates: Mapping[str, Rate]
    pico: Mapping[str, int]  # of those that are whole 1e-12 dollars and the meter's own
    reasoning_apart: bool  # reasoning has a rate of its own
    write_meter: str  # what the writes of the shortest lifetime are called
    per_request: bool  # each call pays a fee


@dataclass(frozen=True, slots=True)
class RateCard:
    """What a model costs, and where that comes from."""

    id: str
    version: str
    model: str  # as the price list calls it
    source: str  # the row or list that the rates come from
    status: Literal["priced", "partial", "free"]
    reason: str
    tiers: tuple[CardTier, ...]  # longest input first; the last one takes any length

    def tier(self, input_tokens: int) -> CardTier:
        """Return the tier that an input of this length reaches."""
        for tier in self.tiers:
            if input_tokens >= tier.at_least:
                return tier
        return self.tiers[-1]


@dataclass(frozen=True, slots=True)
class Unpriced:
    """Why there is no card: unknown-provider, unknown-model, unmatched-context and the like."""

    reason: str
    version: str
    model: str = ""


def card(
    prices: PriceList,
    *,
    model: str,
    source: str,
    version: str,
    reason: str = "",
    complete: bool = False,
) -> RateCard:
    """Return the card of a price list.

    Args:
        prices: dollars per unit.
        model: its name in the price list.
        source: the row or list the rates come from.
        version: of all price tables together.
        reason: what about the call the rates do not cover; makes the card partial.
        complete: the list means its parents' rates, so none of them is a guess.
    """
    tiers = tuple(card_tier(tier, complete=complete) for tier in reversed(prices.tiers))
    status: Literal["priced", "partial", "free"] = "priced"
    if reason:
        status = "partial"
    elif prices.free:
        status = "free"
    digest = blake2b(repr((source, model, status, reason, tiers)).encode(), digest_size=6)
    return RateCard(f"{model}#{digest.hexdigest()}", version, model, source, status, reason, tiers)


def card_tier(tier: Tier, *, complete: bool) -> CardTier:
    """Return a tier with every meter resolved that has a rate or a parent with one."""
    rates = {}
    for meter in METERS:
        payer: str | None = meter
        while payer is not None and payer not in tier.rates:
            payer = PARENTS.get(payer)
        if payer is not None:
            guessed = payer != meter and meter in OTHER_GOODS and not complete
            rates[meter] = rate(tier.rates[payer], guessed=guessed)
    name = "cache_write_5m" if "cache_write_1h" in tier.rates else "cache_write"
    if "cache_write" in rates:
        rates[name] = rates["cache_write"]
    return CardTier(
        at_least=tier.at_least,
        rates=rates,
        pico={m: int(r.usd / PICO_USD) for m, r in rates.items() if not (r.fine or r.guessed)},
        reasoning_apart="reasoning" in tier.rates,
        write_meter=name,
        per_request="request" in tier.rates,
    )


def rate(usd: Decimal, *, guessed: bool = False) -> Rate:
    """Return a rate, rounded half-even to 1e-18 dollars where it is finer."""
    exact = usd.quantize(ATTO_USD, context=EXACT)
    shown = exact.normalize(EXACT) if exact else Decimal(0)
    _, digits, exponent = shown.as_tuple()
    plain = isinstance(exponent, int) and exponent >= -PLAIN_DIGITS and shown < 1
    return Rate(shown, not plain or len(digits) > PLAIN_DIGITS, guessed)
