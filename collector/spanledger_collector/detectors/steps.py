"""Steps beyond usual: a session has taken many times the steps that its agent's sessions take.

Usual is what 95 of 100 sessions of the agent stayed below in the last four weeks. Nothing is said of
an agent with fewer than 20 of them, or of a session with fewer than 30 steps.
"""

from collections.abc import Iterator
from decimal import Decimal

from spanledger_collector.detectors.finding import Detector, Finding, Limit, Seen, short

LEAST_SESSIONS = 20
LEAST_STEPS = 30


def look(seen: Seen, limit: Limit) -> Iterator[Finding]:
    """Yield the sessions that go on and on."""
    for s in seen.sessions:
        bound, usual = limit(s.project_id, s.agent), seen.usual.get((s.project_id, s.agent))
        if bound is None or usual is None or usual.sessions < LEAST_SESSIONS:
            continue
        times = Decimal(s.steps) / max(1, usual.steps)
        if s.steps >= LEAST_STEPS and times >= bound:
            said = f"{s.steps} steps; 95 of 100 sessions of this agent take at most {usual.steps}"
            yield Finding(STEPS.name, s.project_id, "session", s.id, short(times), bound, said)


STEPS = Detector("steps", "Steps beyond usual", "times", Decimal(3), look)
