"""Two sessions step by step: what both did, what only one did, and where they part.

Skeletons of two sessions come in, pairs of steps with their differences go out. What a step does is
its kind and name, tool, agent and node, never its model: a run on another model does the same steps.
Pure; knows nothing of how a pair is shown.
"""

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeVar

from spanledger_schema.api import SessionEvent
from spanledger_ui.align import Pair, aligned

Number = TypeVar("Number", int, Decimal)

LEFT_ONLY, RIGHT_ONLY = "only in A", "only in B"
OTHER_STEP, OTHER_END, OTHER_WORDS = "another step", "another end", "other words"

PARTING = frozenset({LEFT_ONLY, RIGHT_ONLY, OTHER_STEP, OTHER_END})
"""Differences in what was done; what was said differs between any two runs."""


@dataclass(frozen=True, slots=True)
class Change:
    """B less A of tokens, dollars and nanoseconds; None where either side does not know its own."""

    tokens: int | None
    usd: Decimal | None
    ns: int | None


@dataclass(frozen=True, slots=True)
class Together:
    """A step of A beside its like in B; `difference` is '' where they do and say the same."""

    left: SessionEvent | None
    right: SessionEvent | None
    difference: str

    @property
    def change(self) -> Change:
        """Return what the step of B has more than that of A; a missing one has nothing."""
        return Change(
            less(tokens(self.left), tokens(self.right)),
            less(usd(self.left), usd(self.right)),
            less(length_ns(self.left), length_ns(self.right)),
        )


def together(left: Sequence[SessionEvent], right: Sequence[SessionEvent]) -> list[Together]:
    """Return all steps of both in order, each beside its like."""
    return [beside(left, right, pair) for pair in pairs(left, right)]


def pairs(left: Sequence[SessionEvent], right: Sequence[SessionEvent]) -> Iterator[Pair]:
    """Yield steps that do the same in pairs, and between them those of one kind beside each other."""
    alike = aligned(list(map(does, left)), list(map(does, right)))
    ours: list[int] = []
    theirs: list[int] = []
    for at_left, at_right in [*alike, (-1, -1)]:
        if at_left is not None and at_right is not None:
            for here, there in aligned(
                [left[n].kind for n in ours], [right[n].kind for n in theirs]
            ):
                yield (
                    None if here is None else ours[here],
                    None if there is None else theirs[there],
                )
            ours, theirs = [], []
            if at_left >= 0:
                yield at_left, at_right
        elif at_left is not None:
            ours.append(at_left)
        elif at_right is not None:
            theirs.append(at_right)


def does(event: SessionEvent) -> Hashable:
    """Return what a step does, whatever model it asks."""
    name = event.name.replace(event.model, "") if event.model else event.name
    return event.kind, " ".join(name.split()), event.tool, event.agent, event.node


def beside(left: Sequence[SessionEvent], right: Sequence[SessionEvent], pair: Pair) -> Together:
    """Return the steps at two places, and how they differ."""
    ours = None if pair[0] is None else left[pair[0]]
    theirs = None if pair[1] is None else right[pair[1]]
    return Together(ours, theirs, difference(ours, theirs))


def difference(left: SessionEvent | None, right: SessionEvent | None) -> str:
    """Return how two steps differ, the gravest first."""
    if left is None:
        return RIGHT_ONLY
    if right is None:
        return LEFT_ONLY
    if does(left) != does(right):
        return OTHER_STEP
    if ends(left) != ends(right):
        return OTHER_END
    return "" if left.preview == right.preview else OTHER_WORDS


def ends(event: SessionEvent) -> Hashable:
    """Return how a step ended: well or not, in which state, with which verdict."""
    failed = event.status if event.status in {"error", "waiting", "running"} else "ok"
    return failed, event.error_type, event.state_from, event.state_to, event.verdict


def parting(steps: Sequence[Together]) -> int | None:
    """Return the place where one does what the other does not, None where they never part."""
    return next((n for n, step in enumerate(steps) if step.difference in PARTING), None)


def tokens(event: SessionEvent | None) -> int | None:
    """Return the billed tokens of a step, None where a call did not tell."""
    if event is None or not event.billed:
        return 0
    if event.input_tokens is None and event.output_tokens is None:
        return None
    return (event.input_tokens or 0) + (event.output_tokens or 0)


def usd(event: SessionEvent | None) -> Decimal | None:
    """Return the billed dollars of a step, None where a call has no price."""
    if event is None or not event.billed:
        return Decimal(0)
    return None if event.cost_usd is None else Decimal(event.cost_usd)


def length_ns(event: SessionEvent | None) -> int | None:
    """Return how long a step took, None where it has not ended."""
    return 0 if event is None else event.duration_ns


def less(left: Number | None, right: Number | None) -> Number | None:
    """Return what the right has more, None where either is unknown."""
    return None if left is None or right is None else right - left
