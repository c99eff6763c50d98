"""Price rows: one shape for the operator's own prices and for the corrections we ship.

A row says which calls it holds for (provider, models, context, a half-open interval, a weekly
window) and what it does to the rates beneath it. It can tell whether it holds; which of several
rows wins is for the table it stands in.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time
from decimal import Decimal
from functools import cache
from typing import Literal

from spanledger_collector.prices.contexts import Context
from spanledger_collector.prices.rates import PriceList

Effect = Literal[
    "replace",  # these are the rates
    "complete",  # these meters instead of the listed ones, the others stay
    "fill",  # these meters where the list has none
    "multiply",  # the rates beneath, times factors
    "none",  # the context is known and changes nothing
]

BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
END = datetime(9999, 12, 31, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a price table."""

    id: str
    provider: str  # folded, "*" for all
    models: tuple[str, ...]  # names; "*" in them stands for anything
    effect: Effect
    prices: PriceList | None = None
    factors: Mapping[str, Decimal] = field(default_factory=dict)
    but_not: tuple[str, ...] = ()
    since: datetime = BEGINNING
    until: datetime = END  # exclusive
    when: tuple[tuple[str, tuple[str, ...]], ...] = ()  # context keys and the values they may have
    days: frozenset[int] = frozenset(range(7))  # Monday is 0, UTC
    hours: tuple[tuple[time, time], ...] = ()  # half-open, UTC; none: all day
    project_id: str = ""  # '' for every project
    order: tuple[str, int] = ("", 0)  # when it was written down; the later of two equals wins
    source_url: str = ""
    note: str = ""

    def names(self, providers: Collection[str], names: Sequence[str]) -> str | None:
        """Return the most telling pattern that names a model, by any of its spellings, or None."""
        if self.provider != "*" and self.provider not in providers:
            return None
        if any(pattern(out).fullmatch(name) for out in self.but_not for name in names):
            return None
        hits = [p for p in self.models if any(pattern(p).fullmatch(name) for name in names)]
        return max(hits, key=telling, default=None)

    def holds(self, at: datetime, context: Context) -> bool:
        """Tell whether the row holds at a moment, for a call of this context."""
        return self.since <= at < self.until and self.open(at) and self.fits(context)

    def open(self, at: datetime) -> bool:
        """Tell whether a moment is in the row's weekly window."""
        if at.weekday() not in self.days:
            return False
        clock = at.time()
        return not self.hours or any(opens <= clock < closes for opens, closes in self.hours)

    def fits(self, context: Context) -> bool:
        """Tell whether a call's context has all that the row asks for."""
        return all(self.covers(key, values, context) for key, values in self.when)

    def covered(self, context: Context) -> Iterator[tuple[str, str]]:
        """Yield the pairs of a fitting context that this row explains."""
        keys = {key for key, _ in self.when}
        return (pair for pair in context if pair[0] in keys)

    @staticmethod
    def covers(key: str, values: tuple[str, ...], context: Context) -> bool:
        """Tell whether a context has one of these values under a key."""
        return any(
            found == key and any(pattern(value).fullmatch(given) for value in values)
            for found, given in context
        )


@cache
def pattern(text: str) -> re.Pattern[str]:
    """Return a pattern in which only "*" is special; case does not count."""
    return re.compile(".*".join(map(re.escape, text.split("*"))), re.IGNORECASE | re.DOTALL)


def telling(text: str) -> tuple[bool, int]:
    """Return how exact a pattern is: a plain name beats a glob, a longer glob a shorter one."""
    return "*" not in text, len(text.replace("*", ""))
