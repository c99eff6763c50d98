"""Which tool calls are refused or need a person: a pattern of names, and conditions on arguments.

Pure: a call in, the policy that holds for it out. Of several the strictest holds, of equally strict
ones the oldest. What cannot be compared (an argument that is missing, or no number) counts as a
condition that holds: a call that hides its amount is not let through for it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from fnmatch import fnmatchcase
from typing import Any, Literal

Op = Literal["=", "!=", ">", ">=", "<", "<=", "matches"]
Effect = Literal["ask", "deny"]

MISSING = object()


@dataclass(frozen=True, slots=True)
class Condition:
    """What an argument is compared with; `argument` is a path such as order.amount."""

    argument: str
    op: Op
    value: str


@dataclass(frozen=True, slots=True)
class Policy:
    """What becomes of the tool calls that a pattern and every condition fit."""

    id: str
    project_id: str
    tool: str
    """With * and ? as in file names."""
    effect: Effect
    conditions: tuple[Condition, ...] = ()
    timeout_s: int = 300
    """How long a call waits for a person."""
    reason: str = ""
    channels: tuple[str, ...] = ()
    """Names of the channels that are told of calls that wait; every one when empty."""


def strictest(
    policies: Iterable[Policy], project_id: str, tool: str, arguments: Mapping[str, Any]
) -> Policy | None:
    """Return the policy that holds for a call, None where none does."""
    fitting = [p for p in policies if p.project_id == project_id and fits(p, tool, arguments)]
    return min(fitting, key=lambda p: p.effect != "deny", default=None)


def fits(policy: Policy, tool: str, arguments: Mapping[str, Any]) -> bool:
    """Tell whether a policy is about a call."""
    return fnmatchcase(tool, policy.tool) and all(
        holds(condition, arguments) for condition in policy.conditions
    )


def holds(condition: Condition, arguments: Mapping[str, Any]) -> bool:
    """Tell whether a condition holds, or cannot be told not to."""
    given = at(arguments, condition.argument.split("."))
    if given is MISSING or given is None:
        return True
    if condition.op == "matches":
        return fnmatchcase(plain(given), condition.value)
    if condition.op in ("=", "!="):
        return is_equal(given, condition.value) is (condition.op == "=")
    left, right = number(given), number(condition.value)
    return left is None or right is None or compared(left, condition.op, right)


def at(arguments: Any, path: Sequence[str]) -> Any:
    """Return what stands at a path, MISSING where nothing does."""
    for name in path:
        if not isinstance(arguments, Mapping) or name not in arguments:
            return MISSING
        arguments = arguments[name]
    return arguments


def is_equal(given: Any, wanted: str) -> bool:
    """Tell whether an argument is a value, as numbers where both are."""
    left, right = number(given), number(wanted)
    return left == right if left is not None and right is not None else plain(given) == wanted


def compared(left: Decimal, op: Op, right: Decimal) -> bool:
    """Return how two amounts compare."""
    if op in (">", ">="):
        return left > right or (op == ">=" and left == right)
    return left < right or (op == "<=" and left == right)


def number(value: Any) -> Decimal | None:
    """Return a finite number, None of anything else."""
    if isinstance(value, bool):
        return None
    try:
        found = Decimal(str(value))
    except InvalidOperation:
        return None
    return found if found.is_finite() else None


def plain(value: Any) -> str:
    """Return an argument as a policy writes it: true and false as JSON does."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def policy(written: Mapping[str, Any], project_id: str, id_: str) -> Policy:
    """Return the policy that a row of the table says, checked before it was written."""
    return Policy(
        id_,
        project_id,
        written["tool"],
        written["effect"],
        tuple(Condition(**each) for each in written["conditions"]),
        written["timeout_s"],
        written["reason"],
        tuple(written.get("channels", ())),
    )
