"""Models: which were called, what each costs and since when, and which have no price.

The spend of a range and a price book in, rows of the API out.
"""

from difflib import get_close_matches
from typing import Any

from spanledger_collector import query
from spanledger_collector.ledger.desk import Desk
from spanledger_collector.moments import rfc3339
from spanledger_collector.money import dollars
from spanledger_collector.pricebook import AFTER, BEFORE, Periods, Pricebook
from spanledger_collector.prices import catalogue
from spanledger_collector.prices.cards import CardTier, RateCard, Unpriced
from spanledger_collector.prices.offers import offers
from spanledger_collector.prices.rates import EXACT, MTOK, TOKEN_METERS
from spanledger_collector.providers import fold, infer
from spanledger_schema.api_ledger import (
    DriftingModel,
    DriftingModels,
    ModelRow,
    Models,
    RateInForce,
    RateTier,
    UnpricedModel,
    UnpricedModels,
    Written,
)

MOST_MODELS = 1000
MOST_STEPS = 1000  # between changes of a price list that do not change this price
NEAREST = 3


def seen(desk: Desk, project: str, since_s: int, until_s: int, at_ns: int) -> Models:
    """Return the models called in a range with what they cost at a moment, dearest first."""
    spent = query.spend(desk.store, project, ["provider", "model"], since_s, until_s, "UTC")
    rows = [model_row(desk.book, project, row.key, row, at_ns) for row in spent.rows]
    return Models(rfc3339(at_ns), rows)


def model_row(
    book: Pricebook, project: str, key: dict[str, str | None], spent: Any, at_ns: int
) -> ModelRow:
    """Return one model with its rate."""
    found = in_force(book, key["provider"] or "", key["model"] or "", project, at_ns)
    return ModelRow(
        provider=key["provider"],
        model=key["model"],
        totals=spent.totals,
        sessions=spent.sessions,
        rate=None if isinstance(found, str) else found,
        unpriced_because=found if isinstance(found, str) else None,
    )


def in_force(
    book: Pricebook, provider: str, model: str, project: str, at_ns: int
) -> RateInForce | str:
    """Return the rate of a model at a moment and from when until when it holds, or why none does."""
    periods = Periods(offers(book.own, provider, model, project, book.version), ())
    since_ns, until_ns, card = periods.turned(at_ns)
    if isinstance(card, Unpriced):
        return card.reason
    for _ in range(MOST_STEPS):  # changes of the lists that leave this card as it is
        before = periods.turned(since_ns - 1)
        if since_ns <= BEFORE or not same(before[2], card):
            break
        since_ns = before[0]
    for _ in range(MOST_STEPS):
        after = periods.turned(until_ns)
        if until_ns >= AFTER or not same(after[2], card):
            break
        until_ns = after[1]
    return rate(card, since_ns, until_ns)


def same(one: RateCard | Unpriced, other: RateCard) -> bool:
    """Tell whether two cards charge the same for the same reason."""
    return isinstance(one, RateCard) and one.id == other.id


def rate(card: RateCard, since_ns: int, until_ns: int) -> RateInForce:
    """Return a card as the API says it; the beginning and the end of time are None."""
    return RateInForce(
        model_priced=card.model,
        source=card.source,
        status=card.status,
        reason=card.reason or None,
        since=rfc3339(since_ns) if since_ns > 0 else None,
        until=rfc3339(until_ns) if until_ns <= query.END_OF_TIME_NS else None,
        tiers=[RateTier(tier.at_least, rates(tier)) for tier in reversed(card.tiers)],
        price_id=card.id,
        price_version=card.version,
    )


def rates(tier: CardTier) -> dict[str, str]:
    """Return the rates of a tier that are its own: no meter that is billed as another one."""
    return {meter: dollars(rate.usd) for meter, rate in tier.rates.items() if not rate.guessed}


def unpriced(desk: Desk, project: str, since_ns: int, until_ns: int) -> UnpricedModels:
    """Return the models of a range that have billed calls without dollars, most tokens first."""
    asked = {"project": project, "since_ns": since_ns, "until_ns": until_ns}
    rows = desk.store.rows("unpriced_models", **asked, limit=MOST_MODELS)
    return UnpricedModels([unpriced_model(desk.book, project, row) for row in rows])


def unpriced_model(book: Pricebook, project: str, row: query.Row) -> UnpricedModel:
    """Return one unpriced model, and whether it would be priced by now."""
    provider, model = row["provider"], row["model"]
    card = book.card(provider, model, row["last_priced_ns"], None, project)
    near = nearest(provider, model)
    return UnpricedModel(
        provider=provider or None,
        model=model or None,
        reasons=sorted(reason for reason in row["reasons"] if reason),
        calls=row["call_count"],
        tokens=row["tokens"],
        first_seen=rfc3339(row["first_ns"]),
        last_seen=rfc3339(row["last_ns"]),
        nearest=near,
        priced_now=isinstance(card, RateCard),
        suggested=suggested(book, project, row, near[0]) if near else None,
    )


def suggested(book: Pricebook, project: str, row: query.Row, name: str) -> Written | None:
    """Return a price for an unpriced model that charges what another one does; None if that has none."""
    card = book.card(row["provider"], name, row["last_priced_ns"], None, project)
    if isinstance(card, Unpriced):
        return None
    base, *longer = reversed(card.tiers)
    tiers = [
        {"threshold": tier.at_least, "inclusive": True, "usd_per_mtok": per_mtok(tier)}
        for tier in longer
    ]
    return {
        "provider": row["provider"] or "*",
        "model": row["model"],
        "effective_from": f"{rfc3339(row['first_ns'])[:19]}Z",
        "usd_per_mtok": per_mtok(base),
        **({"tiers": tiers} if tiers else {}),
        "note": f"the rates of {card.model}, which is spelt alike",
    }


def per_mtok(tier: CardTier) -> dict[str, str]:
    """Return the rates of a tier in dollars per million tokens, those it does not guess."""
    return {
        meter: dollars(EXACT.multiply(rate.usd, MTOK))
        for meter, rate in tier.rates.items()
        if meter in TOKEN_METERS and not rate.guessed
    }


def drifting(desk: Desk, project: str, since_ns: int, until_ns: int) -> DriftingModels:
    """Return the models of a range whose reported dollars are not those that prices come to."""
    asked = {"project": project, "since_ns": since_ns, "until_ns": until_ns}
    rows = desk.store.rows("drifting_models", **asked, limit=MOST_MODELS)
    return DriftingModels([drifting_model(row) for row in rows])


def drifting_model(row: query.Row) -> DriftingModel:
    """Return one model with the dollars of both kinds."""
    return DriftingModel(
        provider=row["provider"] or None,
        model=row["model"] or None,
        reported_by=row["reported_by"],
        calls=row["call_count"],
        drifting_calls=row["drifting_count"],
        reported_usd=dollars(row["reported_sum"]),
        computed_usd=dollars(row["computed_sum"]),
        difference_usd=dollars(row["reported_sum"] - row["computed_sum"]),
    )


def nearest(provider: str, model: str) -> list[str]:
    """Return the names of the catalogue that are spelt most like an unknown one."""
    names = catalogue.names(fold(provider) or infer(model))
    return get_close_matches(model.lower().rpartition("/")[2], names, n=NEAREST, cutoff=0.6)
