"""What is mended about a span before it counts, and the codes that say so.

A decoded span and what its dialect and its usage came to go in; the moment at which it counts as
started and its flags come out. Knows no price: ingest, which loads no catalogue, asks here too.
"""

from spanledger_schema.span import Facts, Span, Usage

DAY_NS = 86_400_000_000_000
OLDEST_NS = 30 * DAY_NS  # before receipt; a client's clock beyond it is not believed
NEWEST_NS = 600_000_000_000  # after receipt: ten minutes


def started_ns(span: Span, received_ns: int) -> int:
    """Return when a span counts as started: its own clock unless that is impossible."""
    if received_ns - OLDEST_NS <= span.start_ns <= received_ns + NEWEST_NS:
        return span.start_ns
    return received_ns


def flags(span: Span, facts: Facts, usage: Usage, started_ns: int) -> tuple[str, ...]:
    """Return what had to be mended about a span, by the codes of docs/delivery.md."""
    found = (*span.flags, *facts.flags)
    if started_ns != span.start_ns:
        found += ("clock_skew",)
    if span.end_ns and span.end_ns < span.start_ns:
        found += ("duration_invalid",)
    if usage.state == "invalid":
        found += ("usage_invalid",)
    return found
