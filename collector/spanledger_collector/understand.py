"""A decoded span to everything the pipeline can know of it alone.

    normalise (dialects) → usage (or estimate) → price → charge

Takes a span and a price book, gives it back with its facts, usage, bill and dollars, under the
moments that count. Pure; what a trace makes of the span is for `reconcile` to say.
"""

from dataclasses import dataclass
from decimal import Decimal

from spanledger_collector import normalise
from spanledger_collector.charge import charge
from spanledger_collector.estimate import Estimate, estimate, is_wanted
from spanledger_collector.pricebook import Pricebook
from spanledger_collector.usage import usage
from spanledger_schema.span import CALLS, Bill, Facts, Span, Usage

ENDED = 1 << 63
DAY_NS = 86_400_000_000_000
OLDEST_NS = 30 * DAY_NS  # before receipt; a client's clock beyond it is not believed
LATEST_NS = (1 << 63) - 1  # the last moment that a column can hold
NEWEST_NS = 600_000_000_000  # after receipt: ten minutes

NOT_A_CALL = (Usage(), Bill(None, "no_usage"))

UNKNOWN = ("absent", "zero_suspect")  # states of usage that nobody reported


@dataclass(slots=True)
class Understood:
    """A span with everything the pipeline found out about it."""

    project_id: str
    received_ns: int
    span: Span
    facts: Facts
    usage: Usage
    bill: Bill
    usd: Decimal | None  # the dollars that count
    cost_source: str
    estimate: Estimate | None = None  # what `usage` rests on where nobody reported any

    @property
    def ver(self) -> int:
        """Return the version of this row: an ended span beats a pending one, then the later."""
        return (ENDED if self.span.end_ns else 0) | self.received_ns


def understand(
    project_id: str, received_ns: int, span: Span, book: Pricebook, *, estimated: bool = False
) -> Understood:
    """Return a span with what it says, what it used and what that costs.

    Args:
        project_id: whose prices hold.
        received_ns: when it arrived.
        span: as decoded.
        book: the prices in force.
        estimated: whether tokens are counted here where the call reports none.
    """
    facts = normalise.facts(span)
    used, bill = NOT_A_CALL
    guess: Estimate | None = None
    if facts.counts is not None or facts.kind in CALLS:
        used = usage(facts.counts, provider=facts.provider, scope=span.scope)
        if estimated and used.state in UNKNOWN and (guess := guessed(span, facts)):
            used = usage(guess.counts, provider=facts.provider, scope=span.scope)
        bill = book.bill(
            facts.provider,
            facts.response_model or facts.request_model,
            used,
            priced_ns(span, received_ns),
            facts.price_context,
            project_id,
        )
    due = charge(bill, used, facts.reported_usd, facts.provider)
    return Understood(project_id, received_ns, span, facts, used, bill, due.usd, due.source, guess)


def guessed(span: Span, facts: Facts) -> Estimate | None:
    """Return what a call used, going by the words on its span; None where that cannot be told."""
    if not is_wanted(span, facts):
        return None
    return estimate(facts, normalise.content(span, ()), complete=not span.dropped_attributes)


def started_ns(span: Span, received_ns: int) -> int:
    """Return when a span counts as started: its own clock unless that is impossible."""
    if received_ns - OLDEST_NS <= span.start_ns <= received_ns + NEWEST_NS:
        return span.start_ns
    return received_ns


def priced_ns(span: Span, received_ns: int) -> int:
    """Return the moment whose prices a call pays: its own start, however long ago that was."""
    return min(span.start_ns, LATEST_NS) or received_ns


def ended_ns(span: Span, received_ns: int) -> int | None:
    """Return when a span ended, never before it started; None while it has not."""
    if not span.end_ns:
        return None
    start = started_ns(span, received_ns)
    return start + max(0, span.end_ns - span.start_ns) if span.start_ns else start
