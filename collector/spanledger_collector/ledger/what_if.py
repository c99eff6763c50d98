"""What if: the calls of a filter under another model's prices.

Each billed call is priced again with the tokens it used, as if the other model had used as many.
Calls that have no dollars on one of the two sides are left out of both sums and counted.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from spanledger_collector.ledger.calls import Call, CallFilter, batches
from spanledger_collector.ledger.desk import Desk
from spanledger_collector.moments import rfc3339
from spanledger_collector.money import dollars
from spanledger_collector.pricebook import ToPrice
from spanledger_schema.api_ledger import WhatIf
from spanledger_schema.span import Bill

MOST_CALLS = 2_000_000


class TooMuch(ValueError):
    """More calls than one question may read."""


@dataclass(frozen=True, slots=True)
class Other:
    """The model to compare with, and how it would have been called."""

    provider: str
    model: str
    context: Mapping[str, str]
    at_ns: int | None  # at whose prices; None: each call at those of its own moment


@dataclass(slots=True)
class Comparison:
    """What some calls cost and would have cost."""

    calls: int = 0
    compared: int = 0
    actual: Decimal = Decimal(0)
    what_if: Decimal = Decimal(0)
    unpriced: int = 0
    refused: Counter[str] = field(default_factory=Counter)

    def add(self, call: Call, bill: Bill) -> None:
        """Count one call in."""
        self.calls += 1
        self.unpriced += call.outcome.usd is None
        if bill.usd is None:
            self.refused[bill.reason or bill.status] += 1
        elif call.outcome.usd is not None:
            self.compared += 1
            self.actual += call.outcome.usd
            self.what_if += bill.usd


def what_if(desk: Desk, wanted: CallFilter, other: Other) -> WhatIf:
    """Return what the billed calls of a filter would have cost.

    Raises:
        TooMuch: the filter means too many calls.
    """
    found = Comparison()
    book = desk.book
    for calls in batches(desk.store, wanted):
        billed = [call for call in calls if call.billed]
        bills = book.bills(as_other(call, other, wanted.project) for call in billed)
        for call, bill in zip(billed, bills, strict=True):
            found.add(call, bill)
        if found.calls > MOST_CALLS:
            raise TooMuch(f"more than {MOST_CALLS:,} calls; narrow since, until or the filter")
    return answer(found, other)


def as_other(call: Call, other: Other, project: str) -> ToPrice:
    """Return a call as if the other model had answered it."""
    at_ns = call.priced_ns if other.at_ns is None else other.at_ns
    return ToPrice(other.provider, other.model, call.usage, at_ns, other.context, project)


def answer(found: Comparison, other: Other) -> WhatIf:
    """Return a comparison as the API says it."""
    return WhatIf(
        provider=other.provider,
        model=other.model,
        rates_at=None if other.at_ns is None else rfc3339(other.at_ns),
        calls=found.calls,
        compared_calls=found.compared,
        actual_usd=dollars(found.actual),
        what_if_usd=dollars(found.what_if),
        change_usd=dollars(found.what_if - found.actual),
        unpriced_calls=found.unpriced,
        unpriced_what_if=dict(found.refused),
    )
