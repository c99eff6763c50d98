"""Runaway loop: a session calls the same tool with the same arguments again and gets nowhere.

Counted since the session last reached a state that it had not been in. A call that fails as the one
before it did counts whole; one that succeeds counts half, because asking twice may be meant.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from decimal import Decimal

from spanledger_collector.detectors.finding import Detector, Finding, Limit, Seen, Step

Same = tuple[str, str | None, str]
"""Tool, arguments and error."""


def look(seen: Seen, limit: Limit) -> Iterator[Finding]:
    """Yield the sessions that repeat themselves."""
    for session in seen.sessions:
        bound = limit(session.project_id, session.agent)
        same, value = most_repeated(stuck(session.tail))
        if bound is not None and same is not None and value >= bound:
            yield Finding(
                LOOP.name,
                session.project_id,
                "session",
                session.id,
                value,
                bound,
                words(same, value),
            )


def stuck(steps: Sequence[Step]) -> Sequence[Step]:
    """Return the steps after the last one that reached a state for the first time."""
    known: set[str] = set()
    since = 0
    for place, step in enumerate(steps):
        if step.state and step.state not in known:
            known.add(step.state)
            since = place + 1
    return steps[since:]


def most_repeated(steps: Sequence[Step]) -> tuple[Same | None, Decimal]:
    """Return what was done most often, and how often as this detector counts."""
    counted = Counter((s.tool, s.arguments, s.error) for s in steps if is_comparable(s))
    weighed = {same: Decimal(count) / (1 if same[2] else 2) for same, count in counted.items()}
    worst = max(weighed, key=lambda same: weighed[same], default=None)
    return worst, weighed[worst] if worst else Decimal(0)


def is_comparable(step: Step) -> bool:
    """Tell whether a step is a tool call of which it can be said that it is another one again."""
    return bool(step.tool) and (step.arguments is not None or bool(step.error))


def suspects(steps: Sequence[Step], least: Decimal) -> set[str]:
    """Return the tools that were called often enough for their arguments to be worth a look."""
    called = Counter(step.tool for step in stuck(steps) if step.tool)
    return {tool for tool, count in called.items() if count >= least}


def words(same: Same, value: Decimal) -> str:
    """Return what was found in words; the arguments are nobody's business here."""
    tool, arguments, error = same
    times = int(value) if error else int(value * 2)
    how = "the same arguments" if arguments is not None else "arguments unknown"
    return f"{tool} called {times} times, {how}, {'same error' if error else 'no new state'}"


LOOP = Detector("loop", "Runaway loop", "repeats", Decimal(5), look)
