"""How long a trace waited for somebody, and whether it still does.

Takes its facts in order of start. A wait, and a decision that took its time, last as long as their
spans; an interrupted step and a pending decision last until they are taken up again. Pure.
"""

from collections.abc import Iterator, Sequence

from spanledger_collector.reconcile.trace import Fact

VERDICTS = frozenset({"allowed", "blocked", "pending", "approved", "denied"})

Stretch = tuple[int, int | None]
"""Since when and until when, in nanoseconds; None: somebody is still being waited for."""


def waits(order: Sequence[Fact]) -> bool:
    """Tell whether somebody is still being waited for."""
    return any(until is None for _, until in stretches(order))


def waiting_ns(order: Sequence[Fact]) -> int:
    """Return how long was waited in all; two waits at the same time are waited for once."""
    waited = last = 0
    for since, until in sorted((a, b) for a, b in stretches(order) if b is not None):
        waited += max(0, until - max(since, last))
        last = max(last, until)
    return waited


def stretches(order: Sequence[Fact]) -> Iterator[Stretch]:
    """Yield every wait of a trace."""
    for fact in order:
        if fact.end_ns is not None and fact.kind in ("decision", "wait"):
            yield fact.start_ns, fact.end_ns
        elif fact.kind == "wait":
            yield fact.start_ns, None
    yield from interruptions(order)


def interruptions(order: Sequence[Fact]) -> Iterator[Stretch]:
    """Yield how long each interrupted step and pending decision was not taken up again.

    It was if the same step runs once more, or the same is decided; if the graph went on to another
    step after it, then nobody was waited for.
    """
    since: dict[str, int] = {}
    for fact in order:
        if fact.node:
            since = {
                key: end for key, end in since.items() if end > fact.start_ns or key == of(fact)
            }
        if fact.status == "waiting" and fact.kind != "wait":
            since.setdefault(of(fact), fact.end_ns or fact.start_ns)
        elif (fact.node_run or fact.kind == "decision") and of(fact) in since:
            began = since.pop(of(fact))
            yield began, max(began, fact.start_ns)
    yield from ((began, None) for began in since.values())


def of(fact: Fact) -> str:
    """Return what is waited for: the run of a step, or what is to be decided."""
    word, _, rest = fact.name.partition(" ")
    subject = rest if fact.kind == "decision" and word in VERDICTS else fact.name
    return fact.node_run or f"{fact.kind} {fact.tool or subject}"
