"""Spend velocity: what one session spent within the last hour."""

from collections.abc import Iterator
from decimal import Decimal

from spanledger_collector.detectors.finding import Detector, Finding, Limit, Seen


def look(seen: Seen, limit: Limit) -> Iterator[Finding]:
    """Yield the sessions that spend too fast."""
    for s in seen.sessions:
        bound = limit(s.project_id, s.agent)
        if bound is not None and s.hour_usd >= bound:
            least = "at least " if s.hour_unpriced else ""
            said = f"{least}{s.hour_usd:.2f} USD in the last hour"
            yield Finding(
                VELOCITY.name, s.project_id, "session", s.id, s.hour_usd, bound, said,
                s.hour_unpriced > 0,
            )  # fmt: skip


VELOCITY = Detector("velocity", "Spend velocity", "USD an hour", Decimal(25), look)
