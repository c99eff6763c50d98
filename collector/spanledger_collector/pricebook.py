"""The price book: a call's names, moment, context and usage in, its bill out.

Remembers the rate card of each (project, provider, model, context, period), so that a known call
costs a look-up and a multiplication; names that no table knows are remembered too, within bounds.
The tables themselves are values: an operator's change makes a new book with a new version.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, time, timedelta
from hashlib import blake2b
from typing import NamedTuple

from spanledger_collector import bills, price
from spanledger_collector.prices import catalogue, corrections
from spanledger_collector.prices.aliases import Alias
from spanledger_collector.prices.cards import RateCard, Unpriced
from spanledger_collector.prices.contexts import Context, canonical
from spanledger_collector.prices.offers import Offers, offers
from spanledger_collector.prices.own import OwnTable
from spanledger_collector.prices.rows import Row
from spanledger_schema.span import Bill, Usage

MOST_KEYS = 50_000
"""Remembered keys, and as many unknown names: attackers and typos make up no end of them."""

SECOND = 1_000_000_000
DAY = 86_400 * SECOND
WEEK = 7 * DAY
MONDAY = 4 * DAY  # 1970-01-05
BEFORE, AFTER = -(2**63), 2**64  # no nanosecond of a span lies outside
LATEST = int(datetime(9999, 12, 31, tzinfo=UTC).timestamp()) * SECOND

Key = tuple[str, str | None, str | None, tuple[tuple[str, str], ...] | None]
Card = RateCard | Unpriced


class Periods:
    """The cards of the offers for one name in one context, made when a period is first asked for.

    Calls come more or less in order of time, so the page last opened nearly always holds the next.
    """

    def __init__(self, offers: Offers, context: Context) -> None:
        instants, times = offers.changes()
        self.offers = offers
        self.context = context
        self.starts = [BEFORE, *sorted(nanoseconds(instant) for instant in instants), AFTER]
        self.week = [day * DAY + of_day(clock) for day in range(7) for clock in sorted(times)]
        self.cards: dict[tuple[int, int], Card] = {}
        self.page: tuple[int, int, Card] = self.turned(0)

    def card(self, at_ns: int) -> Card:
        """Return the card of a moment in UTC nanoseconds."""
        since, until, found = self.page
        if since <= at_ns < until:
            return found
        self.page = page = self.turned(at_ns)
        return page[2]  # not from `self`: another thread may have turned it meanwhile

    def turned(self, at_ns: int) -> tuple[int, int, Card]:
        """Return the period of a moment, half-open in nanoseconds, with its card."""
        index = bisect_right(self.starts, min(max(at_ns, BEFORE), AFTER - 1))
        since, until = self.starts[index - 1], self.starts[index]
        window, since, until = self.narrowed(at_ns, since, until)
        found = self.cards.get((index, window))
        if found is None:
            found = self.cards[index, window] = self.offers.card(moment(at_ns), self.context)
        return since, until, found

    def narrowed(self, at_ns: int, since: int, until: int) -> tuple[int, int, int]:
        """Return the weekly window of a moment and how far it reaches inside a period."""
        if not self.week:
            return 0, since, until
        into_week = (at_ns - MONDAY) % WEEK
        monday = at_ns - into_week
        window = bisect_right(self.week, into_week)  # the first one opens on Monday at midnight
        ends = self.week[window] if window < len(self.week) else WEEK
        return window, max(since, monday + self.week[window - 1]), min(until, monday + ends)


class ToPrice(NamedTuple):
    """A call to be priced; what the fields mean is said at `Pricebook.bill`."""

    provider: str | None
    model: str | None
    usage: Usage
    at_ns: int
    context: Mapping[str, str] | None = None
    project_id: str = ""


class Pricebook:
    """The prices in force: the operator's own, the shipped corrections, the catalogue."""

    def __init__(self, own: Iterable[Row] = (), aliases: Iterable[Alias] = ()) -> None:
        """Take the operator's tables; rows may stand in any order."""
        self.own = OwnTable(tuple(own), tuple(aliases))
        self.version = version(self.own)
        self.known: dict[Key, Periods] = {}
        self.unknown: dict[Key, Periods] = {}

    def bill(
        self,
        provider: str | None,
        model: str | None,
        usage: Usage,
        at_ns: int,
        context: Mapping[str, str] | None = None,
        project_id: str = "",
    ) -> Bill:
        """Return what a call cost.

        Args:
            provider: as reported, any spelling.
            model: as reported; the model of the response where there is one.
            usage: in inclusive totals.
            at_ns: when the call started (a batch: when it was submitted), UTC nanoseconds.
            context: what else selects the rate: service_tier, processing, speed, region, …
            project_id: whose own prices count beside those for all projects.
        """
        return price.bill(self.card(provider, model, at_ns, context, project_id), usage)

    def bills(self, calls: Iterable[ToPrice]) -> list[Bill]:
        """Return what each of many calls cost: what `bill` says, in less than half the time."""
        card = self.card
        return bills.bills(
            (card(provider, model, at_ns, context, project_id), usage)
            for provider, model, usage, at_ns, context, project_id in calls
        )

    def card(
        self,
        provider: str | None,
        model: str | None,
        at_ns: int,
        context: Mapping[str, str] | None = None,
        project_id: str = "",
    ) -> Card:
        """Return the rate card in force for a call, or why there is none."""
        key = (project_id, provider, model, tuple(context.items()) if context else None)
        periods = self.known.get(key) or self.unknown.get(key)
        if periods is None:
            periods = self.remember(key, context)
        return periods.card(at_ns)

    def remember(self, key: Key, context: Mapping[str, str] | None) -> Periods:
        """Return the periods of a key that was not asked for before."""
        project_id, provider, model, _ = key
        found = offers(self.own, provider or "", model or "", project_id, self.version)
        periods = Periods(found, canonical(context))
        memory = self.unknown if found.unknown else self.known
        if len(memory) >= MOST_KEYS:
            memory.clear()
        memory[key] = periods
        return periods


def version(own: OwnTable) -> str:
    """Return what the prices come from: catalogue, corrections and the operator's rows."""
    digest = blake2b(repr((sorted(own.rows, key=repr), own.aliases)).encode(), digest_size=4)
    rows = f"+own.{digest.hexdigest()}" if own.rows or own.aliases else ""
    return f"{catalogue.VERSION}+{corrections.shipped().digest}{rows}"


def nanoseconds(instant: datetime) -> int:
    """Return an instant as UTC nanoseconds."""
    return (instant - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1) * 1000


def of_day(clock: time) -> int:
    """Return a time of day as nanoseconds since midnight."""
    seconds = clock.hour * 3600 + clock.minute * 60 + clock.second
    return seconds * SECOND + clock.microsecond * 1000


def moment(at_ns: int) -> datetime:
    """Return UTC nanoseconds as a time; what lies outside the calendar is its nearest day."""
    seconds, rest = divmod(min(max(at_ns, 0), LATEST), SECOND)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest // 1000)
