"""What an operator set otherwise about a detector: another limit, or silence, for one agent or all.

Pure: tunings in, the limit that holds for an agent out. What is said of the agent itself goes before
what is said of all.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from spanledger_collector.detectors.finding import Detector, Limit


@dataclass(frozen=True, slots=True)
class Tuning:
    """What is set for one detector and agent of a project; `agent` '' is all of them."""

    project_id: str
    detector: str
    agent: str = ""
    limit: Decimal | None = None
    """None: the detector's own."""
    muted: bool = False
    by: str = ""
    note: str = ""
    since_ns: int = 0


def limit_of(detector: Detector, tunings: Iterable[Tuning]) -> Limit:
    """Return what says from which value on a detector tells of an agent."""
    known = {(t.project_id, t.agent): t for t in tunings if t.detector == detector.name}

    def limit(project_id: str, agent: str) -> Decimal | None:
        for place in ((project_id, agent), (project_id, "")):
            if tuning := known.get(place):
                return None if tuning.muted else tuning.limit or detector.limit
        return detector.limit

    return limit
