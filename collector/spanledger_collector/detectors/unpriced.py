"""Unpriced share: so many of an agent's calls have no price that its dollars say little."""

from collections.abc import Iterator
from decimal import Decimal

from spanledger_collector.detectors.finding import Detector, Finding, Limit, Seen, short

LEAST_CALLS = 20


def look(seen: Seen, limit: Limit) -> Iterator[Finding]:
    """Yield the agents whose calls of the last hour have no price, too many of them."""
    for pace in seen.paces:
        bound, now = limit(pace.project_id, pace.agent), pace.now
        if bound is None or now.calls < LEAST_CALLS:
            continue
        percent = Decimal(100) * now.unpriced / now.calls
        if percent >= bound:
            said = f"{now.unpriced} of {now.calls} calls of the last hour have no price"
            yield Finding(
                UNPRICED.name, pace.project_id, "agent", pace.agent, short(percent), bound, said
            )


UNPRICED = Detector("unpriced", "Unpriced share", "percent of calls", Decimal(20), look)
