"""A decision in the shape of the API, and how amounts and moments of budgets are written there.

Values in, answers out. Loads nothing of the store: ingest answers with it too.
"""

from datetime import datetime
from decimal import Decimal

from spanledger_collector.budgets.decide import Decision
from spanledger_collector.moments import SECOND_NS, rfc3339
from spanledger_schema.api_budgets import DecisionRow, LeftRow


def decision_row(answer: Decision, evaluated_at: str | None) -> DecisionRow:
    """Return a decision as the API says it."""
    left = [
        LeftRow(
            each.budget.id,
            each.budget.name,
            each.group,
            each.budget.measure,
            amount(each.budget.limit),
            amount(each.remaining),
            each.at_least,
            each.budget.hard,
        )
        for each in answer.left
    ]
    return DecisionRow(answer.allowed, answer.cause, answer.reason, left, evaluated_at)


def amount(number: Decimal) -> str:
    """Return an amount as the API says it: plain digits, no zeros at the end."""
    return f"{number.normalize():f}" if number else "0"


def written(at: datetime) -> str:
    """Return a moment as the API says it."""
    return rfc3339(int(at.timestamp()) * SECOND_NS + at.microsecond * 1000)


def evaluated(at: datetime) -> str | None:
    """Return when budgets were evaluated, None before the first time."""
    return written(at) if at.timestamp() else None
