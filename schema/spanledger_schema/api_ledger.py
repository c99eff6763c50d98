"""The shapes of finance's part of the query API: prices, repricing, verification, what-if.

As in `api`: dollars are decimal strings and None when unknown, times are RFC 3339 in UTC.
"""

from dataclasses import dataclass, field
from typing import Any, Literal

from spanledger_schema.api import Totals

Written = dict[str, Any]
"""A price or an alias in the fields of a price file (docs/costs.md)."""


@dataclass(slots=True)
class OwnPrice:
    """A price or an alias of the operator's own, as it was last written down."""

    kind: Literal["price", "alias"]
    id: str
    state: Literal["holds", "later", "ended", "withdrawn"]  # at the moment of asking
    written: Written
    created_at: str
    changed_at: str
    changed_by: str | None
    note: str | None  # why it was last changed


@dataclass(slots=True)
class PriceChange:
    """What became of one price or alias."""

    kind: Literal["price", "alias"]
    id: str
    change: Literal["added", "changed", "withdrawn"]
    before: Written | None
    after: Written | None


@dataclass(slots=True)
class PriceChanges:
    """What a price file changes, or would change."""

    dry_run: bool
    changes: list[PriceChange]
    unchanged: int


@dataclass(slots=True)
class RateTier:
    """Dollars per token, search or request, for inputs of at least so many tokens."""

    at_least_tokens: int
    usd_per_unit: dict[str, str]


@dataclass(slots=True)
class RateInForce:
    """What a model costs at a moment, without any price context, and where that comes from."""

    model_priced: str
    source: str  # genai-prices, a correction of ours, or own:ID
    status: Literal["priced", "partial", "free"]
    reason: str | None
    since: str | None  # None: as far back as the price tables go
    until: str | None  # None: no end is known
    tiers: list[RateTier]
    price_id: str
    price_version: str


@dataclass(slots=True)
class ModelRow:
    """A model that was called in a range of time; `rate` is None when it has no price."""

    provider: str | None
    model: str | None
    totals: Totals
    sessions: int
    rate: RateInForce | None
    unpriced_because: str | None


@dataclass(slots=True)
class Models:
    """The models called in a range of time, dearest first, with the rates of one moment."""

    rates_at: str
    items: list[ModelRow]


@dataclass(slots=True)
class UnpricedModel:
    """A model with billed calls that have no dollars."""

    provider: str | None
    model: str | None
    reasons: list[str]  # as of when the calls were priced
    calls: int
    tokens: int
    first_seen: str
    last_seen: str
    nearest: list[str]  # names of the catalogue that are spelt alike
    priced_now: bool  # a price is known by now: reprice
    suggested: Written | None  # a price to confirm and add: the nearest name's, since first seen


@dataclass(slots=True)
class UnpricedModels:
    """The unpriced models of a range of time, most tokens first."""

    items: list[UnpricedModel]


@dataclass(slots=True)
class DriftingModel:
    """A model whose senders report other dollars than its prices come to."""

    provider: str | None
    model: str | None
    reported_by: str  # the attribute
    calls: int  # billed, with dollars of both kinds
    drifting_calls: int  # more than 1 % and a millionth of a dollar off
    reported_usd: str
    computed_usd: str
    difference_usd: str  # reported - computed


@dataclass(slots=True)
class DriftingModels:
    """Where reported and computed dollars differ, furthest off first."""

    items: list[DriftingModel]


@dataclass(slots=True)
class Moved:
    """Billed calls whose dollars a repricing moves: dollars before and after, and what has none."""

    calls: int
    before_usd: str
    after_usd: str
    change_usd: str
    unpriced_before: int
    unpriced_after: int


@dataclass(slots=True)
class MovedModel:
    """What a repricing moves of one model."""

    provider: str | None
    model: str | None
    moved: Moved


@dataclass(slots=True)
class MovedDay:
    """What a repricing moves of one UTC day."""

    day: str
    moved: Moved


@dataclass(slots=True)
class Repricing:
    """What a repricing moved, or would move. `spans` counts those that are not billed too."""

    dry_run: bool
    since: str
    until: str
    model: str | None
    only: Literal["unpriced", "all"]
    price_version: str
    spans: int
    traces: int
    total: Moved
    models: list[MovedModel] = field(default_factory=list)
    days: list[MovedDay] = field(default_factory=list)


@dataclass(slots=True)
class WhatIf:
    """Billed calls under another model's prices. Both sums are of calls priced on both sides."""

    provider: str
    model: str
    rates_at: str | None  # None: each call at the prices of its own moment
    calls: int
    compared_calls: int
    actual_usd: str
    what_if_usd: str
    change_usd: str
    unpriced_calls: int  # without dollars of their own
    unpriced_what_if: dict[str, int]  # calls that the other model has no price for, by reason


@dataclass(slots=True)
class CacheSavings:
    """What prompt caches saved, at the rates the calls were billed at."""

    calls: int  # that read from or wrote to a cache
    cache_read_tokens: int
    cache_write_tokens: int
    reads_saved_usd: str  # against the rate of fresh input
    writes_cost_usd: str  # beyond the rate of fresh input
    net_usd: str
    unknown_calls: int  # of which the rate of fresh input is not known


@dataclass(slots=True)
class FailedSessions:
    """What sessions cost that ended in an error."""

    sessions: int
    cost_usd: str
    unpriced_calls: int
    share_of_spend: str | None  # of all dollars of the range, None when there were none


@dataclass(slots=True)
class Insights:
    """What is worth knowing about the spend of a range of time."""

    total_usd: str
    unpriced_calls: int
    caches: CacheSavings
    failed: FailedSessions


@dataclass(slots=True)
class Identity:
    """One identity that has to hold, with its figures; `differences` names the first that do not."""

    name: str
    holds: bool
    figures: dict[str, str]
    differences: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Verification:
    """Whether the books balance."""

    holds: bool
    traces: int
    spans: int
    identities: list[Identity]


@dataclass(slots=True)
class AuditEntry:
    """Who changed what, when and why."""

    at: str
    actor: str | None
    action: str
    subject: str
    before: Any
    after: Any
    note: str | None


@dataclass(slots=True)
class AuditPage:
    """Changes, newest first; pass `next_before` back for older ones."""

    items: list[AuditEntry]
    next_before: str | None = None
