"""What an entry of the catalogue costs: a moment and a context in, a price list out.

Turns genai-prices' prices (dollars per million, thousand or hour, tiers above a threshold) into
dollars per unit and tiers from a length on. Where the list begins to know a tier later than the
vendor began to sell it, the tier's ratio to the standard price is carried back.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal

from genai_prices import types

from spanledger_collector.prices.catalogue import HOSTED_KEYS, Entry
from spanledger_collector.prices.contexts import Context
from spanledger_collector.prices.rates import EXACT, PriceList, Rates, Tier

KEYS: Mapping[str, tuple[str, int]] = {
    "input_mtok": ("input", 1_000_000),
    "cache_read_mtok": ("cache_read", 1_000_000),
    "cache_write_mtok": ("cache_write", 1_000_000),
    "cache_write_1h_mtok": ("cache_write_1h", 1_000_000),
    "input_audio_mtok": ("input_audio", 1_000_000),
    "cache_audio_read_mtok": ("cache_read_audio", 1_000_000),
    "input_image_mtok": ("input_image", 1_000_000),
    "output_mtok": ("output", 1_000_000),
    "output_reasoning_mtok": ("reasoning", 1_000_000),
    "output_audio_mtok": ("output_audio", 1_000_000),
    "output_image_mtok": ("output_image", 1_000_000),
    "web_searches_kcount": ("web_search", 1000),
    "rerank_searches_kcount": ("rerank_search", 1000),
    "requests_kcount": ("request", 1000),
}
"""Price keys that spans carry counts for: meter and units per price."""

FREE = frozenset({"gemma-3", "gemma-3n", "gemma-4-26b-a4b-it", "gemma-4-31b-it", "moderation"})
"""Models that stand in the list without a rate because the vendor gives them away."""

PAINTERS = re.compile(r"(?:chat)?gpt-image")

FINEST = Decimal(10) ** -15  # some lists went through floats: 0.18000000000000002

EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)

Since = Callable[[Context], datetime | None]
"""From when on a tier was sold, for tiers that the list knows only from a later date."""


def price_list(
    entry: Entry, at: datetime, context: Context, since: Since
) -> tuple[PriceList, Context]:
    """Return what an entry costs at a moment, and the part of the context that this covers."""
    keys = dict(standard(entry.model, at).__dict__)
    factors: dict[str, Decimal] = {}
    covered: list[Context] = []
    for when in offered(entry.variants, context):
        variants = [v for v in entry.variants if context_of(v) == when]
        active = [v for v in variants if v.constraint is None or v.constraint.active(at)]
        for variant in reversed(active):  # of two for one key, the first in the list wins
            keys.update(variant.prices.__dict__)
        if not active and not sold(since(when), at):
            continue
        if not active:
            factors |= ratios(entry.model, min(variants, key=start))
        covered.append(when)
    if entry.maker is not None:
        for when, variant in lent(entry.maker, at, context, since):
            factors |= ratios(entry.maker, variant)
            covered.append(when)
    prices = converted(keys, entry.id).scaled(factors).changed(clean)
    return prices, tuple(pair for when in covered for pair in when)


def standard(model: types.ModelInfo, at: datetime) -> types.ModelPrice:
    """Return the list's price without any context; a later entry that holds beats an earlier."""
    return model.get_prices(at)


def offered(variants: Iterable[types.PriceVariant], context: Context) -> list[Context]:
    """Return the contexts of a model's tiers that a call fulfils, in the order of the list."""
    fulfilled = (when for v in variants if (when := context_of(v)) and set(when) <= set(context))
    return list(dict.fromkeys(fulfilled))


def context_of(variant: types.PriceVariant) -> Context:
    """Return what a call must be for a variant to apply."""
    return tuple(sorted(variant.when.items()))


def start(variant: types.PriceVariant) -> datetime:
    """Return the moment from which the list knows a variant."""
    match variant.constraint:
        case types.StartDateConstraint(start_date=day):
            return midnight(day)
        case _:
            return EARLIEST


def sold(since: datetime | None, at: datetime) -> bool:
    """Tell whether a tier was sold before the list knew it."""
    return since is not None and at >= since


def lent(
    maker: types.ModelInfo, at: datetime, context: Context, since: Since
) -> Iterator[tuple[Context, types.PriceVariant]]:
    """Yield the maker's tiers that a host sells at the maker's discount."""
    for when in offered(maker.price_variants or (), context):
        first = min((v for v in maker.price_variants or () if context_of(v) == when), key=start)
        if all(key in HOSTED_KEYS for key, _ in when) and (
            at >= start(first) or sold(since(when), at)
        ):
            yield when, first


def ratios(model: types.ModelInfo, variant: types.PriceVariant) -> dict[str, Decimal]:
    """Return what a tier multiplies each meter by, as of the day the list first knew it."""
    before = standard(model, start(variant)).__dict__
    found = {}
    for key, price in variant.prices.__dict__.items():
        if key in KEYS and key in before and base(before[key]):
            found[KEYS[key][0]] = EXACT.divide(base(price), base(before[key]))
    return found


def converted(keys: Mapping[str, Decimal | types.TieredPrices], model: str) -> PriceList:
    """Return a price of the list in dollars per unit, tier by tier."""
    if not any(price is not None for price in keys.values()):
        return free() if model in FREE or model.endswith(":free") else PriceList(())
    starts = {0} | {
        tier.start + 1  # the list says "above", a PriceList "from … on"
        for price in keys.values()
        if isinstance(price, types.TieredPrices)
        for tier in price.tiers
    }
    return PriceList(tuple(Tier(at, rates(keys, at, model)) for at in sorted(starts)))


def rates(
    keys: Mapping[str, Decimal | types.TieredPrices], input_tokens: int, model: str
) -> dict[str, Decimal]:
    """Return dollars per unit for an input of this length.

    Embeddings have no output; some lists charge for one all the same. What paints and does nothing
    else has one output rate, which is that of its images.
    """
    found = {
        meter: EXACT.divide(at_length(keys[key], input_tokens), Decimal(units))
        for key, (meter, units) in KEYS.items()
        if keys.get(key) is not None
    }
    if "embed" in model and "input" in found:
        found["output"] = Decimal(0)
    if PAINTERS.match(model) and "output" in found:
        found.setdefault("output_image", found["output"])
    return found


def at_length(price: Decimal | types.TieredPrices, input_tokens: int) -> Decimal:
    """Return the price of a key for an input of this length."""
    if not isinstance(price, types.TieredPrices):
        return price
    reached = [tier.price for tier in price.tiers if input_tokens > tier.start]
    return reached[-1] if reached else price.base


def base(price: Decimal | types.TieredPrices) -> Decimal:
    """Return the price of a key for short inputs."""
    return price.base if isinstance(price, types.TieredPrices) else price


def clean(listed: Rates) -> Rates:
    """Return rates rounded to what a vendor can have meant: 1e-15 dollars a unit."""
    return {meter: rate.quantize(FINEST, context=EXACT) for meter, rate in listed.items()}


def free() -> PriceList:
    """Return the list of a model that is given away."""
    return PriceList((Tier(0, {"input": Decimal(0), "output": Decimal(0)}),), free=True)


def changes(entry: Entry) -> tuple[set[datetime], set[time]]:
    """Return when an entry's prices change: once, at UTC instants, and daily, at UTC times."""
    found = entry.model.prices
    constraints = [] if isinstance(found, types.ModelPrice) else [c.constraint for c in found]
    constraints += [v.constraint for v in entry.variants]
    if entry.maker is not None:
        constraints += [v.constraint for v in entry.maker.price_variants or ()]
    instants, times = set[datetime](), set[time]()
    for constraint in constraints:
        match constraint:
            case types.StartDateConstraint(start_date=day):
                instants.add(midnight(day))
            case types.TimeOfDateConstraint(start_time=opens, end_time=closes):
                times |= {opens.replace(tzinfo=None), closes.replace(tzinfo=None)}  # UTC
    return instants, times


def midnight(day: date) -> datetime:
    """Return the beginning of a day in UTC, where the list's days begin."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
