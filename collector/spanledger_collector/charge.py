"""Which dollars count for a call: those computed from prices, or those its sender reported.

Takes the bill and the report, keeps both, picks one. Pure.
"""

from collections.abc import Set
from dataclasses import dataclass
from decimal import Decimal

from spanledger_schema.span import Bill, Usage

REPORTS_WHAT_IT_CHARGES: frozenset[str] = frozenset({"openrouter", "xai"})
"""Providers whose own figure is the invoice: it knows their contract, a price list does not."""


@dataclass(frozen=True, slots=True)
class Charge:
    """The dollars of one call and where they come from; `usd` is None when nobody knows."""

    usd: Decimal | None
    source: str  # priced, reported, estimated, free, unpriced; '' where nothing was used


def charge(
    bill: Bill,
    usage: Usage,
    reported_usd: Decimal | None,
    provider: str | None,
    trusted: Set[str] = REPORTS_WHAT_IT_CHARGES,
) -> Charge:
    """Return which dollars count.

    A report of zero never counts: it is what gateways send for models they have no price of, and
    where a model is free the price list says so.
    """
    if reported_usd and (bill.usd is None or provider in trusted):
        return Charge(reported_usd, "reported")
    if bill.usd is not None:
        return Charge(bill.usd, source_of(bill, usage))
    return Charge(None, "unpriced" if bill.status != "no_usage" else "")


def source_of(bill: Bill, usage: Usage) -> str:
    """Return where a computed amount comes from."""
    if usage.source == "estimated":
        return "estimated"
    return "free" if bill.status == "free" else "priced"
