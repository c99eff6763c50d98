"""Error-rate jump: an agent's calls fail, and far more of them than they use to.

The share of the last hour, told when it is also twice that of the same hour of the weeks before, all
of them together; an agent without such hours is held to the limit alone.
"""

from collections.abc import Iterator
from decimal import Decimal

from spanledger_collector.detectors.finding import Detector, Finding, Hour, Limit, Seen, short

LEAST_CALLS = 10
JUMP = 2


def look(seen: Seen, limit: Limit) -> Iterator[Finding]:
    """Yield the agents whose calls fail much more often than before."""
    for pace in seen.paces:
        bound, now = limit(pace.project_id, pace.agent), pace.now
        if bound is None or now.calls < LEAST_CALLS:
            continue
        percent, usual = share(now), share(*pace.before)
        if percent >= bound and percent >= JUMP * usual:
            said = f"{now.failed} of {now.calls} calls of the last hour failed; usual are {short(usual)} %"
            yield Finding(
                ERRORS.name, pace.project_id, "agent", pace.agent, short(percent), bound, said
            )


def share(*hours: Hour) -> Decimal:
    """Return the percentage of calls that failed; 0 where there were none."""
    calls = sum(hour.calls for hour in hours)
    failed = sum(hour.failed for hour in hours)
    return Decimal(100) * failed / max(1, calls)


ERRORS = Detector("errors", "Error-rate jump", "percent of calls", Decimal(25), look)
