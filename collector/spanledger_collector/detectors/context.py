"""Context growth: what a session sends with each call has become a multiple of what it was.

The median of an agent's last three calls against that of its first three in sight: one long answer
is no growth. Told from 50,000 tokens on; below that a history may well grow.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from decimal import Decimal
from statistics import median_low

from spanledger_collector.detectors.finding import Detector, Finding, Limit, Seen, Step, short

LEAST_TOKENS = 50_000
LEAST_CALLS = 6


def look(seen: Seen, limit: Limit) -> Iterator[Finding]:
    """Yield the sessions whose context has grown out of proportion, by the agent that grew most."""
    for session in seen.sessions:
        bound = limit(session.project_id, session.agent)
        grown = max(growths(session.tail), default=None)
        if bound is not None and grown is not None and grown[0] >= bound:
            times, first, last = grown
            said = f"{first:,} input tokens a call have become {last:,}"
            yield Finding(
                CONTEXT.name, session.project_id, "session", session.id, short(times), bound, said
            )


def growths(steps: Sequence[Step]) -> Iterator[tuple[Decimal, int, int]]:
    """Yield for each agent how many times its input has grown, from how many tokens to how many."""
    inputs: defaultdict[str, list[int]] = defaultdict(list)
    for step in steps:
        if step.input_tokens:
            inputs[step.agent].append(step.input_tokens)
    for each in inputs.values():
        first, last = median_low(each[:3]), median_low(each[-3:])
        if len(each) >= LEAST_CALLS and last >= LEAST_TOKENS:
            yield Decimal(last) / first, first, last


CONTEXT = Detector("context", "Context growth", "times", Decimal(8), look)
