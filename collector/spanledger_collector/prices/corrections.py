"""The corrections we ship: rates beneath and a call in, corrected rates out.

Reads `corrections.toml` of this package, where every row has its source and the catalogue it was
compared with. Beats the catalogue, yields to the operator's own prices.
"""

import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from hashlib import blake2b
from importlib.resources import files

from spanledger_collector.prices.contexts import Context
from spanledger_collector.prices.rates import PriceList
from spanledger_collector.prices.rowfile import conditions, instant, row
from spanledger_collector.prices.rows import Row, pattern
from spanledger_collector.providers import fold


@dataclass(frozen=True, slots=True)
class Tier:
    """Since when a provider sells a tier that the catalogue knows only from a later day."""

    provider: str
    when: tuple[tuple[str, tuple[str, ...]], ...]
    since: datetime


@dataclass(frozen=True, slots=True)
class Corrections:
    """The shipped rows, the tiers they know to be older, and the digest of them all."""

    rows: tuple[Row, ...]
    tiers: tuple[Tier, ...]
    digest: str
    checked_against: str

    def about(
        self, provider: str, names: Sequence[str], *, exactly: bool = False
    ) -> tuple[Row, ...]:
        """Return the rows that name a model, in the order they apply.

        Args:
            provider: folded.
            names: all spellings of the model.
            exactly: leave out rows that reach it by a glob only.
        """
        hits = ((row, row.names((provider,), names)) for row in self.rows)
        return tuple(row for row, hit in hits if hit and not (exactly and "*" in hit))

    def sold_since(self, provider: str, context: Context) -> datetime | None:
        """Return since when a provider sells the tier that a context asks for."""
        for tier in self.tiers:
            if tier.provider == provider and all(
                any(
                    key == k and any(pattern(v).fullmatch(value) for v in vs) for k, vs in tier.when
                )
                for key, value in context
            ):
                return tier.since
        return None


@cache
def shipped() -> Corrections:
    """Return the corrections of this package."""
    text = files("spanledger_collector.prices").joinpath("corrections.toml").read_bytes()
    written = tomllib.loads(text.decode())
    return Corrections(
        rows=tuple(row(fields, order) for order, fields in enumerate(written["row"])),
        tiers=tuple(
            Tier(fold(t["provider"]), conditions(t["when"]), instant(t["since"]))
            for t in written["sold"]
        ),
        digest=blake2b(text, digest_size=4).hexdigest(),
        checked_against=written["checked_against"],
    )


def applied(
    rows: Iterable[Row], beneath: PriceList | None, at: datetime, context: Context, covered: Context
) -> tuple[PriceList | None, Context, tuple[str, ...]]:
    """Return the corrected rates, the part of the context that is now explained, the rows used.

    Args:
        rows: that name the model, in the order they apply.
        beneath: the catalogue's rates, None when it has none.
        at: when the call started, UTC.
        context: of the call.
        covered: the part of it that the catalogue's rates already answer.
    """
    prices, explained, used = beneath, set(covered), []
    for one in rows:
        if not one.holds(at, context):
            continue
        pairs = set(one.covered(context))
        if one.when and pairs <= explained:
            continue
        changed = effect(one, prices)
        if changed is None:
            continue
        if changed != prices:
            used.append(one.id)
        prices = changed
        explained |= pairs
    return prices, tuple(sorted(explained)), tuple(used)


def effect(one: Row, beneath: PriceList | None) -> PriceList | None:
    """Return what a row makes of the rates beneath it; nothing comes of nothing but a list."""
    match one.effect:
        case "replace":
            return one.prices
        case _ if beneath is None:
            return None
        case "complete":
            return beneath if one.prices is None else one.prices.over(beneath)
        case "fill":
            return beneath if one.prices is None else beneath.over(one.prices)
        case "multiply":
            return beneath.scaled(one.factors)
        case _:
            return beneath
