"""Cost anomaly: an agent's last hour against the same hour of the four weeks before.

Compared with the dearest of them, so that an hour which is dear every other week is none. Said of an
agent that spent in at least two of those hours, and from a dollar on.
"""

from collections.abc import Iterator
from decimal import Decimal

from spanledger_collector.detectors.finding import Detector, Finding, Limit, Seen, short

LEAST_USD = Decimal(1)
LEAST_WEEKS = 2


def look(seen: Seen, limit: Limit) -> Iterator[Finding]:
    """Yield the agents that cost far more than they do at this time of the week."""
    for pace in seen.paces:
        bound = limit(pace.project_id, pace.agent)
        known = [hour.usd for hour in pace.before if hour.usd > 0]
        if bound is None or len(known) < LEAST_WEEKS or pace.now.usd < LEAST_USD:
            continue
        times = pace.now.usd / max(known)
        if times >= bound:
            said = (
                f"{pace.now.usd:.2f} USD in the last hour; at most {max(known):.2f} in the same"
                " hour of the last four weeks"
            )
            yield Finding(
                ANOMALY.name, pace.project_id, "agent", pace.agent, short(times), bound, said,
                pace.now.unpriced > 0,
            )  # fmt: skip


ANOMALY = Detector("anomaly", "Cost anomaly", "times", Decimal(3), look)
