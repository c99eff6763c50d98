"""How a budget stands: what is spent of it, and what that leaves out.

Pure values between the query that adds up (`evaluate`) and those who act on it (`alarm`, `decide`).
"""

from dataclasses import dataclass
from decimal import Decimal

from spanledger_collector.budgets.forecast import Forecast
from spanledger_collector.budgets.period import Span
from spanledger_collector.budgets.rule import Budget, Measure, Threshold

Key = tuple[str, str, str]
"""Project, a budget's id in it, and the group it counts apart, '' when it counts all as one."""


@dataclass(frozen=True, slots=True)
class Spent:
    """What a group spent in a period, in the budget's own measure, and what the sum leaves out."""

    amount: Decimal = Decimal(0)
    unpriced_calls: int = 0
    estimated_usd: Decimal = Decimal(0)
    silent_calls: int = 0
    """Calls that reported no tokens, and have no price for that."""

    def is_least(self, measure: Measure) -> bool:
        """Tell whether more was spent than the amount says, which leaves these calls out."""
        if measure == "usd":
            return self.unpriced_calls + self.silent_calls > 0
        return measure == "tokens" and self.silent_calls > 0


@dataclass(frozen=True, slots=True)
class Standing:
    """One budget, one group, one period."""

    budget: Budget
    group: str
    span: Span
    spent: Spent
    forecast: Forecast | None = None

    @property
    def key(self) -> Key:
        """Return whose standing it is."""
        return self.budget.project_id, self.budget.id, self.group

    @property
    def remaining(self) -> Decimal:
        """Return what is left of the limit, below zero once it is passed."""
        return self.budget.limit - self.spent.amount

    @property
    def at_least(self) -> bool:
        """Tell whether more was spent than the amount says."""
        return self.spent.is_least(self.budget.measure)

    @property
    def exhausted(self) -> bool:
        """Tell whether nothing is left."""
        return self.remaining <= 0

    def crossed(self, threshold: Threshold) -> bool:
        """Tell whether what is spent, or will be, has come to a threshold."""
        at = self.budget.at(threshold)
        if threshold.basis == "actual":
            return self.spent.amount >= at
        return self.forecast is not None and self.forecast.amount >= at
