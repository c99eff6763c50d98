"""May this go on? Hard budgets and stops, asked for one step of an agent before it is taken.

Pure: standings and stops that are at hand in, a decision out, by a few look-ups in memory. What is
not watched by a hard budget is allowed; what nobody knows yet has spent nothing.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal, Protocol

from spanledger_collector.approvals.policy import Policy, strictest
from spanledger_collector.budgets.rule import TAG, Budget
from spanledger_collector.budgets.standing import Key

Subject = Literal["project", "session", "agent", "user"]
Cause = Literal["", "budget", "stop", "policy", "approval"]
"""What says no; "approval": a person has to be asked first."""


@dataclass(frozen=True, slots=True)
class Stop:
    """An operator's word that something has to end, and why."""

    id: str
    project_id: str
    subject: Subject
    value: str
    reason: str = ""
    by: str = ""
    since_ns: int = 0


@dataclass(frozen=True, slots=True)
class Question:
    """A step that an agent is about to take; '' is not known."""

    project_id: str
    session: str = ""
    user: str = ""
    agent: str = ""
    environment: str = ""
    service: str = ""
    provider: str = ""
    model: str = ""
    tags: tuple[str, ...] = ()
    estimated_usd: Decimal = Decimal(0)
    tool: str = ""
    """That is about to be called, with these arguments."""
    arguments: Mapping[str, Any] = field(default_factory=dict)

    def says(self, name: str) -> tuple[str, ...]:
        """Return what is known of a dimension of budgets, nothing where it is not."""
        if name == "tag":
            return self.tags
        if name.startswith(TAG):
            start = f"{name.removeprefix(TAG)}:"
            return tuple(tag.removeprefix(start) for tag in self.tags if tag.startswith(start))
        value: str = getattr(self, name)
        return (value,) if value else ()


class Rest(Protocol):
    """What of a standing matters here."""

    @property
    def remaining(self) -> Decimal:
        """Return what is left of the limit."""

    @property
    def at_least(self) -> bool:
        """Tell whether more is gone than is known."""


class Standings(Protocol):
    """What is spent, as last evaluated: a mapping, or whatever looks one up by its key."""

    def get(self, key: Key, /) -> Rest | None:
        """Return how a budget stands, None where nothing is spent of it."""


@dataclass(frozen=True, slots=True)
class Left:
    """A budget that applies, and what is left of it."""

    budget: Budget
    group: str
    remaining: Decimal
    at_least: bool = False
    """Whether more is gone than is known: calls without a price are not counted."""


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether a step may be taken, why not, and what is left of the budgets that apply."""

    allowed: bool
    reason: str = ""
    left: Sequence[Left] = field(default_factory=tuple)
    cause: Cause = ""
    """What said no."""


def decide(
    question: Question,
    budgets: Iterable[Budget],
    standings: Standings,
    stops: Iterable[Stop],
    policies: Iterable[Policy] = (),
) -> Decision:
    """Return whether a step may be taken.

    Args:
        question: who wants to take it, and what it is expected to cost.
        budgets: all that hold; of these the hard ones of the project can refuse.
        standings: what is spent of them, as last evaluated.
        stops: what an operator has stopped.
        policies: which tool calls are refused, or need a person.
    """
    left = [
        each
        for budget in budgets
        if budget.project_id == question.project_id
        for each in applying(budget, question, standings)
    ]
    for stop in stops:
        if holds(stop, question):
            return Decision(
                False, f"stopped by {stop.by or 'an operator'}: {stop.reason}", left, "stop"
            )
    for each in left:
        if each.budget.hard and is_spent(each, question.estimated_usd):
            return Decision(False, refusal(each), left, "budget")
    return by_policy(question, policies, left) or Decision(True, "", left)


def by_policy(
    question: Question, policies: Iterable[Policy], left: Sequence[Left]
) -> Decision | None:
    """Return what policies say against a tool call, None where they say nothing."""
    rule = strictest(policies, question.project_id, question.tool, question.arguments)
    if not question.tool or rule is None:
        return None
    why = f": {rule.reason}" if rule.reason else ""
    if rule.effect == "deny":
        return Decision(False, f"policy {rule.id!r} refuses {question.tool}{why}", left, "policy")
    reason = f"policy {rule.id!r} asks for a person before {question.tool}{why}"
    return Decision(False, reason, left, "approval")


def applying(budget: Budget, question: Question, standings: Standings) -> Iterator[Left]:
    """Yield what is left of a budget for a question that it is about."""
    if not all(value in question.says(name) for name, value in budget.scope.items()):
        return
    for group in question.says(budget.each) if budget.each else ("",):
        if known := standings.get((budget.project_id, budget.id, group)):
            yield Left(budget, group, known.remaining, known.at_least)
        else:
            yield Left(budget, group, budget.limit)


def is_spent(left: Left, estimated_usd: Decimal) -> bool:
    """Tell whether nothing is left, or less than the step is expected to cost."""
    return left.remaining <= 0 or (left.budget.measure == "usd" and left.remaining < estimated_usd)


def refusal(left: Left) -> str:
    """Return why a budget refuses, in a sentence."""
    budget = left.budget
    whom = f" of {budget.each} {left.group}" if left.group else ""
    unit = "USD" if budget.measure == "usd" else budget.measure.replace("_", " ")
    remaining = max(left.remaining, Decimal(0)).normalize()
    return (
        f"budget {budget.name!r}{whom}: {remaining:f} of {budget.limit.normalize():f} {unit} left"
    )


def holds(stop: Stop, question: Question) -> bool:
    """Tell whether a stop is about a question."""
    if stop.project_id != question.project_id:
        return False
    return stop.subject == "project" or stop.value in question.says(stop.subject)
