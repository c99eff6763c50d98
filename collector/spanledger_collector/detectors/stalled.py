"""Ingest stalled: a project that sends at this time of the week has gone silent.

Silence alone is no fault: nights and weekends are silent. It is told when something came in the
same stretch of each of the last two weeks at least.
"""

from collections.abc import Iterator
from decimal import Decimal

from spanledger_collector.detectors.finding import Detector, Finding, Limit, Seen

WEEKS = 2


def look(seen: Seen, limit: Limit) -> Iterator[Finding]:
    """Yield the projects that nothing comes from any more."""
    for silence in seen.silences:
        bound = limit(silence.project_id, "")
        if bound is None or silence.minutes < bound:
            continue
        known = silence.before[:WEEKS]
        if len(known) == WEEKS and all(known):
            said = (
                f"no span for {silence.minutes} minutes; {known[0]} traces in the same stretch"
                " of last week"
            )
            yield Finding(
                STALLED.name,
                silence.project_id,
                "project",
                "",
                Decimal(silence.minutes),
                bound,
                said,
            )


STALLED = Detector("stalled", "Ingest stalled", "minutes", Decimal(30), look)
