"""What a budget says: whose spend it counts, how much of it there may be, and when to tell.

Plain values, checked at the door (`form`); the row as it was written down in, a rule out.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal

from spanledger_collector.budgets.period import Period

Measure = Literal["usd", "tokens", "calls", "failed_calls"]
Basis = Literal["actual", "forecast"]
Severity = Literal["info", "warning", "critical"]

SCOPE = ("environment", "service", "agent", "user", "session", "provider", "model", "tag")
"""What spend can be narrowed to; each by its exact value."""

EACH = ("environment", "service", "agent", "user", "session", "provider", "model")
"""What one rule can count apart; besides these `tag:team`, for each value of such a tag."""

TAG = "tag:"


@dataclass(frozen=True, slots=True)
class Threshold:
    """A share of the limit at which to tell, of what is spent or of what will be."""

    percent: Decimal
    basis: Basis = "actual"
    severity: Severity = "warning"

    @property
    def key(self) -> str:
        """Return the name of this threshold within its budget: actual:80."""
        return f"{self.basis}:{self.percent.normalize():f}"


@dataclass(frozen=True, slots=True)
class Budget:
    """A budget as it holds now. `revision_ns` is when it was last written down."""

    id: str
    project_id: str
    name: str
    limit: Decimal
    period: Period
    measure: Measure = "usd"
    scope: Mapping[str, str] = field(default_factory=dict)
    each: str = ""
    thresholds: tuple[Threshold, ...] = ()
    hard: bool = False
    """Whether `decide` says no once it is spent."""
    channels: tuple[str, ...] = ()
    """Names of the channels that are told; every one when empty."""
    remind_hours: int = 0
    """After how long a threshold that still holds is told again; 0 never."""
    owner: str = ""
    note: str = ""
    revision_ns: int = 0
    limit_ns: int = 0
    """When the limit was last changed; 0 where it never was."""

    def at(self, threshold: Threshold) -> Decimal:
        """Return the amount at which a threshold is crossed."""
        return self.limit * threshold.percent / 100


def budget(written: Mapping[str, Any], revision_ns: int, limit_ns: int = 0) -> Budget:
    """Return the budget that a row of the table says, checked before it was written."""
    plain = {name: written[name] for name in PLAIN if name in written}
    return Budget(
        **plain,
        limit=Decimal(written["limit"]),
        period=Period(**written["period"]),
        thresholds=tuple(threshold(each) for each in written.get("thresholds", ())),
        channels=tuple(written.get("channels", ())),
        revision_ns=revision_ns,
        limit_ns=limit_ns,
    )


PLAIN = (
    "id", "project_id", "name", "measure", "scope", "each", "hard", "remind_hours", "owner", "note",
)  # fmt: skip
"""Fields that are kept as they are read."""


def threshold(written: Mapping[str, Any]) -> Threshold:
    """Return a threshold as it was written down."""
    return Threshold(**{**written, "percent": Decimal(written["percent"])})
