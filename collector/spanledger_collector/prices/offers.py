"""An offer: all that the price tables say about one model of one provider, for one project.

Own prices first, the shipped corrections second, the catalogue third, nothing fourth. An offer is
put together once; it then answers with the rate card of any moment and context, and knows the
moments at which its answer changes.
"""

from bisect import bisect_right
from dataclasses import dataclass
from datetime import datetime, time

from spanledger_collector.prices import catalogue, corrections, listed
from spanledger_collector.prices.cards import RateCard, Unpriced, card
from spanledger_collector.prices.catalogue import Entry, NotListed
from spanledger_collector.prices.contexts import TIERS, Context
from spanledger_collector.prices.names import candidates
from spanledger_collector.prices.own import OwnTable, holding
from spanledger_collector.prices.rates import UNIT_METERS, PriceList
from spanledger_collector.prices.rows import BEGINNING, Row
from spanledger_collector.providers import fold, infer

PAID_HOSTS = frozenset({"vertex"})
"""They share a list with an API that gives some models away, and do not."""


@dataclass(frozen=True, slots=True)
class Listed:
    """What the lists charge, before any own row: rates, where they come from, what they miss."""

    prices: PriceList
    source: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Offer:
    """One model of one provider."""

    provider: str  # folded
    model: str  # as it was reported, or as an alias says
    entry: Entry | NotListed
    own: tuple[Row, ...]  # the most telling first
    corrections: tuple[Row, ...]  # in the order they apply
    version: str

    @property
    def id(self) -> str:
        """Return the model's name in the price list, '' when none lists it."""
        return self.entry.id if isinstance(self.entry, Entry) else ""

    @property
    def unknown(self) -> bool:
        """Tell whether no table has a rate to give."""
        rates = any(row.effect == "replace" for row in self.corrections)
        return isinstance(self.entry, NotListed) and not self.own and not rates

    def card(self, at: datetime, context: Context) -> RateCard | Unpriced:
        """Return the rate card of a moment (UTC) and a context, or why there is none."""
        rows = holding(self.own, at, context)
        if not rows:
            return self.listed_card(self.listed(at, context))
        top, *others = rows
        if top.effect == "replace":
            return self.own_card(top, at, context)
        fixed = next((row for row in others if row.effect == "replace"), None)
        beneath = self.listed(at, context)
        if fixed is not None and fixed.prices is not None:
            beneath = Listed(fixed.prices, f"own:{fixed.id}")
        if isinstance(beneath, Unpriced):
            return beneath
        prices = corrections.effect(top, beneath.prices) or beneath.prices
        if top.effect == "multiply" and top.prices is not None:
            prices = top.prices.over(prices)
        source = f"own:{top.id} on {beneath.source}"
        return self.listed_card(Listed(prices, source, beneath.reason))

    def own_card(self, row: Row, at: datetime, context: Context) -> RateCard | Unpriced:
        """Return the card of an own row; fees that it leaves out are the provider's still."""
        beneath = self.listed(at, context)
        prices = row.prices or PriceList(())
        if isinstance(beneath, Listed):
            fees = beneath.prices.changed(
                lambda rates: {m: usd for m, usd in rates.items() if m in UNIT_METERS[:2]}
            )
            prices = prices.over(fees)
        return card(
            prices,
            model=self.id or self.model,
            source=f"own:{row.id}",
            version=self.version,
            complete=True,
        )

    def listed_card(self, found: Listed | Unpriced) -> RateCard | Unpriced:
        """Return the card of listed rates."""
        if isinstance(found, Unpriced):
            return found
        return card(
            found.prices,
            model=self.id or self.model,
            source=found.source,
            version=self.version,
            reason=found.reason,
            complete=found.prices.free or found.source.startswith("own:"),
        )

    def listed(self, at: datetime, context: Context) -> Listed | Unpriced:
        """Return what corrections and catalogue charge; never the usual price for an odd call."""
        prices: PriceList | None = None
        covered: Context = ()
        if isinstance(self.entry, Entry):
            prices, covered = listed.price_list(self.entry, at, context, self.sold_since)
            if prices.free and self.provider in PAID_HOSTS:
                prices = None
        prices, explained, used = corrections.applied(
            self.corrections, prices, at, context, covered
        )
        if prices is None or not prices.tiers:
            reason = self.entry.reason if isinstance(self.entry, NotListed) else "no-rates"
            return Unpriced(reason, self.version, self.id)
        left = [pair for pair in context if pair not in explained]
        reason = ", ".join(f"unmatched-context: {key}={value}" for key, value in left)
        if any(key in TIERS for key, _ in left):
            return Unpriced(reason, self.version, self.id)
        return Listed(prices, "+".join(("genai-prices", *used)), reason)

    def sold_since(self, context: Context) -> datetime | None:
        """Return since when the provider sells a tier, where the catalogue learnt of it later."""
        return corrections.shipped().sold_since(self.provider, context)

    def changes(self) -> tuple[set[datetime], set[time]]:
        """Return when the answer may change: at UTC instants, and daily at UTC times.

        A daily time stands for every weekday; with one there, midnights count too.
        """
        instants, times = set[datetime](), set[time]()
        if isinstance(self.entry, Entry):
            instants, times = listed.changes(self.entry)
        for row in self.own + self.corrections:
            instants |= {row.since, row.until}
            times |= {clock for window in row.hours for clock in window}
            times |= {time.min} if len(row.days) < 7 else set()
        instants |= {tier.since for tier in corrections.shipped().tiers}
        return instants, times | ({time.min} if times else set())


@dataclass(frozen=True, slots=True)
class Offers:
    """What names as a span reports them mean: one offer, or one after the other by dated aliases."""

    since: tuple[datetime, ...]  # from when each holds, ascending
    each: tuple[Offer, ...]

    @property
    def unknown(self) -> bool:
        """Tell whether no table ever has a rate to give."""
        return all(offer.unknown for offer in self.each)

    def card(self, at: datetime, context: Context) -> RateCard | Unpriced:
        """Return the rate card of a moment (UTC) and a context, or why there is none."""
        return self.each[max(bisect_right(self.since, at) - 1, 0)].card(at, context)

    def changes(self) -> tuple[set[datetime], set[time]]:
        """Return when the answer may change, as `Offer.changes` does."""
        instants, times = set(self.since), set[time]()
        for offer in self.each:
            more, daily = offer.changes()
            instants |= more
            times |= daily
        return instants, times


def offers(own: OwnTable, provider: str, model: str, project_id: str, version: str) -> Offers:
    """Return what names as a span reports them mean, whenever that is.

    Args:
        own: the operator's rows and aliases.
        provider: any spelling; '' or a framework's name lets the model name tell.
        model: any spelling.
        project_id: whose rows count beside those for all.
        version: of all tables together.
    """
    aliases = own.meant(provider, model, project_id)
    since = sorted({BEGINNING, *(edge for one in aliases for edge in (one.since, one.until))})
    names = (own.renamed(provider, model, project_id, at) for at in since)
    return Offers(tuple(since), tuple(offer(own, *named, project_id, version) for named in names))


def offer(own: OwnTable, provider: str, model: str, project_id: str, version: str) -> Offer:
    """Return the offer for names that no alias stands before; the arguments are those of `offers`."""
    name = fold(provider) or infer(model)
    entry = catalogue.find(name, model) if name else NotListed("unknown-provider")
    names = list(dict.fromkeys((model.strip().lower(), *candidates(model))))
    listed_names = [entry.id, entry.name] if isinstance(entry, Entry) else []
    strict = isinstance(entry, NotListed) and entry.reason == "unrecognised-variant"
    return Offer(
        provider=name,
        model=model,
        entry=entry,
        own=own.about({name, provider.strip().lower()}, names, project_id),
        corrections=corrections.shipped().about(name, names + listed_names, exactly=strict),
        version=version,
    )
