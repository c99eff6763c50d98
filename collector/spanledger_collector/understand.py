"""Decoded spans to everything the pipeline can know of each alone.

    normalise (dialects) → usage (or estimate) → price → charge

Takes the spans of a request and a price book, gives them back with facts, usage, bill and dollars,
under the moments that count; priced all at once. Pure; what a trace makes of a span is for `reconcile`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from spanledger_collector import normalise
from spanledger_collector.charge import charge
from spanledger_collector.estimate import Estimate, estimate, is_wanted
from spanledger_collector.mends import started_ns
from spanledger_collector.origins import Origin, Origins
from spanledger_collector.pricebook import Pricebook, ToPrice
from spanledger_collector.usage import usage
from spanledger_schema.span import CALLS, Bill, Facts, Span, Usage

ENDED = 1 << 63
LATEST_NS = (1 << 63) - 1  # the last moment that a column can hold

NOT_A_CALL = (Usage(), Bill(None, "no_usage"))

UNKNOWN = ("absent", "zero_suspect")  # states of usage that nobody reported


@dataclass(slots=True)
class Understood:
    """A span with everything the pipeline found out about it."""

    project_id: str
    received_ns: int
    span: Span
    origin: Origin
    facts: Facts
    usage: Usage
    bill: Bill
    usd: Decimal | None  # the dollars that count
    cost_source: str
    estimate: Estimate | None = None  # what `usage` rests on where nobody reported any
    ver: int = field(init=False)  # of its row: an ended span beats a pending one, then the later
    started_ns: int = field(init=False)
    ended_ns: int | None = field(init=False)

    def __post_init__(self) -> None:
        self.ver = (ENDED if self.span.end_ns else 0) | self.received_ns
        self.started_ns = started_ns(self.span, self.received_ns)
        self.ended_ns = ended_ns(self.span, self.started_ns)


def understand(
    project_id: str,
    received_ns: int,
    spans: Sequence[Span],
    book: Pricebook,
    *,
    estimated: bool = False,
) -> list[Understood]:
    """Return spans with what they say, what they used and what that costs.

    Args:
        project_id: whose prices hold.
        received_ns: when they arrived.
        spans: as decoded.
        book: the prices in force.
        estimated: whether tokens are counted here where a call reports none.
    """
    read = [metered(span, estimated) for span in spans]
    calls = (
        to_price(project_id, received_ns, span, facts, used)
        for span, (facts, used, _) in zip(spans, read, strict=True)
        if used is not None
    )
    bills = iter(book.bills(calls))
    origins = Origins()
    found = []
    for span, (facts, used, guess) in zip(spans, read, strict=True):
        used, bill = NOT_A_CALL if used is None else (used, next(bills))
        due = charge(bill, used, facts.reported_usd, facts.provider)
        origin, usd, source = origins.of(span), due.usd, due.source
        found.append(
            Understood(project_id, received_ns, span, origin, facts, used, bill, usd, source, guess)
        )
    return found


def metered(span: Span, estimated: bool) -> tuple[Facts, Usage | None, Estimate | None]:
    """Return what a span says, what it used, None where it is no call, and the guess at that."""
    facts = normalise.facts(span)
    if facts.counts is None and facts.kind not in CALLS:
        return facts, None, None
    zeros = facts.streaming is True or facts.status == "error"  # no call uses nothing
    used = usage(facts.counts, provider=facts.provider, scope=span.scope, doubtful=zeros)
    if estimated and used.state in UNKNOWN and (guess := guessed(span, facts)):
        return facts, usage(guess.counts, provider=facts.provider, scope=span.scope), guess
    return facts, used, None


def to_price(project_id: str, received_ns: int, span: Span, facts: Facts, used: Usage) -> ToPrice:
    """Return a call as the price book wants it: the model that answered, its own moment."""
    return ToPrice(
        facts.provider,
        facts.response_model or facts.request_model,
        used,
        priced_ns(span, received_ns),
        facts.price_context,
        project_id,
    )


def guessed(span: Span, facts: Facts) -> Estimate | None:
    """Return what a call used, going by the words on its span; None where that cannot be told."""
    if not is_wanted(span, facts):
        return None
    return estimate(facts, normalise.content(span, ()), complete=not span.dropped_attributes)


def priced_ns(span: Span, received_ns: int) -> int:
    """Return the moment whose prices a call pays: its own start, however long ago that was."""
    return min(span.start_ns, LATEST_NS) or received_ns


def ended_ns(span: Span, started_ns: int) -> int | None:
    """Return when a span ended that counts as started then, never before; None while it has not."""
    if not span.end_ns:
        return None
    return started_ns + max(0, span.end_ns - span.start_ns) if span.start_ns else started_ns
