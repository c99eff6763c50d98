"""genai-prices behind our own rules: which entry a name means, and what it costs at a moment.

The look-up is made strict (a name that merely begins like a known one is another model), prices
become `PriceList`s in dollars per unit, and a context counts as covered only where a variant of
the list really matched. Reads the data of the package; never its network, never its clock.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version as version_of

from genai_prices import data, types

from spanledger_collector.prices.names import candidates, dashed, is_version

VERSION = f"genai-prices-{version_of('genai-prices')}"

IDS: Mapping[str, str] = {"vertex": "google", "bedrock": "aws", "xai": "x-ai"}
"""Folded provider names that the catalogue spells otherwise."""

MAKERS: Mapping[str, str] = {"azure": "openai", "google": "anthropic"}
"""Hosts whose entries lack the tiers they sell: host → maker, at whose discount they sell them."""

HOSTED_KEYS = frozenset({"processing", "service_tier"})
"""What of a maker's tiers a host sells too; fast modes are the makers' own."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A model of the catalogue, as one provider sells it."""

    name: str  # the spelling that matched
    model: types.ModelInfo
    variants: tuple[types.PriceVariant, ...]  # tiers in the list's own dollars
    maker: types.ModelInfo | None = None  # whose tiers stand in, as ratios, where it lacks them

    @property
    def id(self) -> str:
        """Return the model's name in the catalogue."""
        return self.model.id


@dataclass(frozen=True, slots=True)
class NotListed:
    """Why there is no entry: unknown-provider, unknown-model or unrecognised-variant."""

    reason: str


def find(provider: str, model: str) -> Entry | NotListed:
    """Return the entry of a reported model name at a provider, given by its folded name."""
    seller = providers().get(IDS.get(provider, provider))
    if seller is None:
        return NotListed("unknown-provider")
    loose = False
    for spelling in spellings(model):
        for owner in (seller, *fallbacks(seller)):
            for info in owner.models:
                if not info.is_match(spelling):
                    continue
                if spelling == info.id.lower() or is_exact(info.match, spelling):
                    return entry(spelling, info, seller, owner)
                loose = True
    return NotListed("unrecognised-variant" if loose else "unknown-model")


def spellings(model: str) -> Iterator[str]:
    """Yield the names to try, each as it is and with a compact date written out."""
    for name in candidates(model):
        yield name
        if (written := dashed(name)) != name:
            yield written


def entry(name: str, info: types.ModelInfo, seller: types.Provider, owner: types.Provider) -> Entry:
    """Return the entry of a model that `seller` sells from `owner`'s list."""
    variants = tuple(info.price_variants or ())
    if owner is not seller:
        return Entry(name, info, tuple(v for v in variants if v.when.keys() <= HOSTED_KEYS))
    if variants or seller.id not in MAKERS:
        return Entry(name, info, variants)
    return Entry(name, info, variants, made(providers()[MAKERS[seller.id]], name))


def made(maker: types.Provider, name: str) -> types.ModelInfo | None:
    """Return a maker's own entry of a model that a host sells under the same name."""
    for spelling in candidates(name):
        for info in maker.models:
            if info.is_match(spelling) and is_exact(info.match, spelling):
                return info
    return None


@cache
def providers() -> Mapping[str, types.Provider]:
    """Return the catalogue's providers by its own id."""
    return {provider.id: provider for provider in data.providers}


def fallbacks(seller: types.Provider) -> Iterator[types.Provider]:
    """Yield the lists a provider's own is completed from: Azure sells OpenAI's models."""
    for name in seller.fallback_model_providers or ():
        yield providers()[name]


def names(provider: str) -> list[str]:
    """Return the models the catalogue lists for a provider, for "did you mean"."""
    seller = providers().get(IDS.get(provider, provider))
    return [] if seller is None else [model.id for model in seller.models]


def is_exact(logic: types.MatchLogic, name: str) -> bool:
    """Tell whether a name is the model itself or a version of it, by what in it matched."""
    return any(is_version(name, before, length) for before, length in matches(logic, name))


def matches(logic: types.MatchLogic, name: str) -> Iterator[tuple[int, int]]:
    """Yield where the clauses that hold matched a name: characters before and matched."""
    if not logic.is_match(name):
        return
    match logic:
        case types.ClauseOr(or_=clauses) | types.ClauseAnd(and_=clauses):
            for clause in clauses:
                yield from matches(clause, name)
        case types.ClauseEquals():
            yield 0, len(name)
        case types.ClauseStartsWith(starts_with=text):
            yield 0, len(text)
        case types.ClauseEndsWith(ends_with=text):
            yield len(name) - len(text), len(text)
        case types.ClauseContains(contains=text):
            yield name.find(text.lower()), len(text)
        case types.ClauseRegex(regex=pattern):
            yield from regex_match(pattern, name)


def regex_match(pattern: str, name: str) -> Iterator[tuple[int, int]]:
    """Yield what a pattern matched; one that only looks ahead is evidence of nothing."""
    if (found := re.search(pattern, name)) and found[0]:
        yield found.start(), len(found[0])
