"""Price rows as they are written down: a mapping from TOML, JSON or YAML in, a `Row` out.

The one place that knows the field names of price files. A bad row is refused with its id, the
field and the value: a price that was silently left out would be an unpriced month.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any, get_args

from spanledger_collector.prices.contexts import KEYS, folded
from spanledger_collector.prices.rates import (
    EXACT,
    METERS,
    MTOK,
    OUTPUT_METERS,
    TOKEN_METERS,
    PriceList,
    Tier,
)
from spanledger_collector.prices.rows import BEGINNING, END, Effect, Row
from spanledger_collector.providers import fold

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

SAME_METER = {
    "cache_write_5m": "cache_write",
    "cached_input": "cache_read",
    "web_searches": "web_search",
    "rerank_searches": "rerank_search",
    "requests": "request",
}

SAME_FIELD = {"model_pattern": "model", "tenant": "project_id", "source": "source_url"}

GROUPS = {
    "tokens": TOKEN_METERS,
    "fresh": ("input", "input_audio", "input_image", *OUTPUT_METERS),  # nothing to do with a cache
}
"""Names for several meters in `multipliers`."""

RULES = ("usd_per_mtok", "usd_per_unit", "usd_per_request", "tiers", "multiplier", "multipliers")
CONDITIONS = ("effective_from", "effective_to", "when", "days", "hours", "project_id", "but_not")
HISTORY = ("source_url", "checked", "note", "comment", "created_by", "created_at", "superseded_by")
NAMES = ("id", "provider", "model", "models", "kind", "effect", "currency")
FIELDS = frozenset({*NAMES, *RULES, *CONDITIONS, *HISTORY})


class BadPrice(ValueError):
    """A row of a price file that cannot be meant as it is written."""


def row(written: Mapping[str, Any], order: int = 0) -> Row:
    """Return the row that a mapping writes down; amounts are dollars, best given as strings.

    Args:
        written: the fields named in `FIELDS`.
        order: its place in the file; of two rows that are equal otherwise the later wins.

    Raises:
        BadPrice: a field is unknown or missing, or holds what it cannot hold.
    """
    fields = {SAME_FIELD.get(key, key): value for key, value in written.items()}
    name = str(fields.get("id") or f"price-{order + 1}")
    try:
        return parsed(fields, name, order)
    except (KeyError, TypeError, ValueError, InvalidOperation) as problem:
        raise BadPrice(f"price row {name}: {problem}") from problem


def parsed(fields: Mapping[str, Any], name: str, order: int) -> Row:
    """Return the row, or raise a ValueError that says what is wrong with a field."""
    if unknown := sorted(fields.keys() - FIELDS):
        raise ValueError(f"no field is called {unknown[0]!r}")
    if fields.get("currency", "USD") != "USD":
        raise ValueError(f"currency {fields['currency']!r} is not kept, only USD")
    since, until = interval(fields)
    prices, factors = price_list(fields), multipliers(fields)
    return Row(
        id=name,
        provider=provider(fields["provider"]),
        models=texts(fields["models"] if "models" in fields else fields["model"]),
        effect=effect(fields, prices, factors),
        prices=prices,
        factors=factors,
        but_not=texts(fields.get("but_not", ())),
        since=since,
        until=until,
        when=conditions(fields.get("when") or {}),
        days=frozenset(DAYS.index(str(day)[:3].lower()) for day in fields.get("days", DAYS)),
        hours=tuple(window(text) for text in fields.get("hours", ())),
        project_id=str(fields.get("project_id") or ""),
        order=(str(fields.get("created_at") or ""), order),
        source_url=str(fields.get("source_url") or ""),
        note=str(fields.get("note") or ""),
    )


def provider(written: str) -> str:
    """Return a provider as calls are looked up by; "*" stays."""
    name = str(written).strip().lower()
    return name if name == "*" else fold(name) or name


def texts(written: str | Sequence[str]) -> tuple[str, ...]:
    """Return one or several names."""
    return (written,) if isinstance(written, str) else tuple(str(text) for text in written)


def effect(
    fields: Mapping[str, Any], prices: PriceList | None, factors: Mapping[str, Decimal]
) -> Effect:
    """Return what the row does: as it says, else replace or multiply by what it brings."""
    said = fields.get("effect")
    if said is not None:
        if said not in get_args(Effect):
            raise ValueError(f"effect {said!r} is none of {', '.join(get_args(Effect))}")
        found: Effect = said
        return found
    if factors:
        if "usd_per_mtok" in fields:
            raise ValueError("usd_per_mtok and multiplier exclude one another")
        return "multiply"
    if prices is None:
        raise ValueError(f"one of {', '.join(RULES)} must be there")
    return "replace"


def price_list(fields: Mapping[str, Any]) -> PriceList | None:
    """Return the rates a row gives, in dollars per unit, or None when it gives none."""
    units = {meter(key): amount(usd) for key, usd in (fields.get("usd_per_unit") or {}).items()}
    if fields.get("usd_per_request") is not None:
        units["request"] = amount(fields["usd_per_request"])
    first = units | per_token(fields.get("usd_per_mtok") or {})
    tiers = [Tier(0, first)]
    for written in sorted(fields.get("tiers") or (), key=lambda tier: int(tier["threshold"])):
        start = int(written["threshold"]) + (0 if written.get("inclusive") else 1)
        named = written["usd_per_mtok"] if "usd_per_mtok" in written else written["rates"]
        tiers.append(Tier(start, {**tiers[-1].rates, **per_token(named)}))
    return PriceList(tuple(tiers)) if tiers[-1].rates else None


def per_token(written: Mapping[str, Any]) -> dict[str, Decimal]:
    """Return rates per token from rates per million tokens."""
    found = {meter(key): EXACT.divide(amount(usd), MTOK) for key, usd in written.items()}
    if others := sorted(found.keys() - set(TOKEN_METERS)):
        raise ValueError(f"usd_per_mtok has no meter {others[0]!r}")
    return found


def multipliers(fields: Mapping[str, Any]) -> dict[str, Decimal]:
    """Return the factor of each meter that a row multiplies."""
    found: dict[str, Decimal] = {}
    if fields.get("multiplier") is not None:
        found = dict.fromkeys(METERS, amount(fields["multiplier"]))
    for key, factor in (fields.get("multipliers") or {}).items():
        found |= dict.fromkeys(GROUPS.get(key) or (meter(key),), amount(factor))
    return found


def meter(written: str) -> str:
    """Return a meter by its name in a price file."""
    found = SAME_METER.get(written, written)
    if found not in METERS:
        raise ValueError(f"no meter is called {written!r}; there are {', '.join(METERS)}")
    return found


def amount(written: Any) -> Decimal:
    """Return a rate or a factor: finite and not negative."""
    found = Decimal(str(written))
    if isinstance(written, bool) or not found.is_finite() or found < 0:
        raise ValueError(f"{written!r} is not an amount")
    return found


def interval(fields: Mapping[str, Any]) -> tuple[datetime, datetime]:
    """Return from when until when the row holds, half-open."""
    since = instant(fields["effective_from"]) if fields.get("effective_from") else BEGINNING
    until = instant(fields["effective_to"]) if fields.get("effective_to") else END
    if since >= until:
        raise ValueError(f"it ends at {until} and begins at {since}")
    return since, until


def instant(written: str | datetime) -> datetime:
    """Return an RFC 3339 instant in UTC; without an offset it is not one."""
    found = written if isinstance(written, datetime) else datetime.fromisoformat(str(written))
    if found.tzinfo is None:
        raise ValueError(f"{written} has no offset; write 2026-01-01T00:00:00Z")
    try:
        return found.astimezone(UTC)
    except OverflowError:
        raise ValueError(f"{written} is before the year 1 or after 9999 in UTC") from None


def conditions(written: Mapping[str, Any]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return what a call's context must have, in the spelling that contexts are folded to."""
    found = []
    for raw, values in written.items():
        key = KEYS.get(raw, raw)
        found.append((key, tuple(v if "*" in v else folded(key, v) for v in texts(values))))
    return tuple(found)


def window(written: str) -> tuple[time, time]:
    """Return a daily window "01:00-04:00", half-open and in UTC."""
    opens, _, closes = written.partition("-")
    found = time.fromisoformat(opens.strip()), time.fromisoformat(closes.strip())
    if found[0] >= found[1]:
        raise ValueError(f"hours {written!r} must begin before they end; write two windows")
    return found
