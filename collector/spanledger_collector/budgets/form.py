"""The door for budgets: what somebody wrote in, the fields as they are kept out.

Refuses whatever is not understood, naming the field: a budget that watches something else than
was meant is worse than none. What the fields mean is `rule`'s to say.
"""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from spanledger_collector.budgets.rule import EACH, SCOPE, TAG, Basis, Measure, Severity
from spanledger_collector.ids import short_id
from spanledger_schema.api_budgets import PROOF_CHANNEL

MOST_THRESHOLDS = 20
LONG = ("session", "user", "model")  # may be kept under a shorter id
LONGEST_ROLLING_H = 24 * 366


class BadBudget(ValueError):
    """A budget that cannot be meant as it is written; says which field of which."""


def known_zone(name: str) -> str:
    """Return the name of a time zone that there is."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"no time zone {name!r}; give one such as Europe/Berlin") from None
    return name


def known_group(name: str) -> str:
    """Return what spend is counted apart by."""
    if name and name not in EACH and not re.fullmatch(r"tag:[^:]{1,200}", name):
        raise ValueError(f"{name!r} is none of {', '.join(EACH)} and no tag such as tag:team")
    return name


def known_scope(narrowed: dict[str, str]) -> dict[str, str]:
    """Return what spend is narrowed to, without what narrows nothing."""
    if unknown := sorted(narrowed.keys() - set(SCOPE)):
        raise ValueError(f"{unknown[0]!r} is none of {', '.join(SCOPE)}")
    return {
        name: short_id(value) if name in LONG else value
        for name, value in narrowed.items()
        if value
    }


def known_channel(name: str) -> str:
    """Return the name of a channel that tells somebody."""
    if name == PROOF_CHANNEL:
        raise ValueError(f"{name!r} tells nobody: it is that of the synthetic alert")
    return name


Text = Annotated[str, Field(max_length=1000)]
ChannelName = Annotated[Text, AfterValidator(known_channel)]
Amount = Annotated[Decimal, Field(gt=0, le=10**12, decimal_places=12, allow_inf_nan=False)]
Percent = Annotated[Decimal, Field(gt=0, le=1000, decimal_places=4, allow_inf_nan=False)]


class Strict(BaseModel):
    """A form that takes no field it does not know."""

    model_config = ConfigDict(extra="forbid")


class PeriodForm(Strict):
    """Which stretch of time a budget counts."""

    unit: Literal["hour", "day", "week", "month", "quarter", "year", "rolling", "session"]
    zone: Annotated[str, AfterValidator(known_zone)] = "UTC"
    hours: Annotated[int, Field(ge=0, le=LONGEST_ROLLING_H)] = 0
    starts_on: Annotated[int, Field(ge=1, le=31, description="weekday, or day of the month")] = 1

    @model_validator(mode="after")
    def holds_together(self) -> Self:
        """Refuse a rolling period without a length, a length without one, and an eighth weekday."""
        if (self.unit == "rolling") != bool(self.hours):
            raise ValueError("give hours for a rolling period, and only for that")
        if self.unit == "week" and self.starts_on > 7:
            raise ValueError("starts_on: a week begins on 1 (Monday) to 7 (Sunday)")
        return self


class ThresholdForm(Strict):
    """A share of the limit at which to tell."""

    percent: Percent
    basis: Basis = "actual"
    severity: Severity = "warning"


class BudgetForm(Strict):
    """A budget: whose spend, how much of it, in which period, and when to tell."""

    id: Annotated[str, Field(pattern=re.compile(r"^[\w.@+-]{1,100}$"))] | None = Field(
        None, description="made up when left out"
    )
    name: Annotated[str, Field(min_length=1, max_length=200)]
    measure: Measure = "usd"
    limit: Amount
    period: PeriodForm
    scope: Annotated[dict[str, Text], AfterValidator(known_scope)] = Field(
        default_factory=dict, description="agent: refunds"
    )
    each: Annotated[str, AfterValidator(known_group)] = Field(
        "", description=f"count apart: {', '.join(EACH)} or tag:team"
    )
    thresholds: Annotated[list[ThresholdForm], Field(max_length=MOST_THRESHOLDS)] = Field(
        default_factory=lambda: [ThresholdForm(percent=Decimal(p)) for p in (50, 80, 100)]
    )
    hard: bool = Field(False, description="say no once it is spent")
    channels: Annotated[list[ChannelName], Field(max_length=50)] = Field(
        default_factory=list, description="who is told; every channel when empty"
    )
    remind_hours: Annotated[int, Field(ge=0, le=10_000)] = 0
    owner: Text = ""
    note: Text = ""

    @model_validator(mode="after")
    def holds_together(self) -> Self:
        """Refuse what can never be counted or never be told apart."""
        if self.period.unit == "session" and self.each not in ("", "session"):
            raise ValueError("each: a budget per session counts sessions apart, nothing else")
        keys = [(threshold.basis, threshold.percent) for threshold in self.thresholds]
        if len(set(keys)) != len(keys):
            raise ValueError("thresholds: the same one twice")
        if self.period.unit in UNFORESEEN and any(t.basis == "forecast" for t in self.thresholds):
            raise ValueError(f"thresholds: there is no forecast for a {self.period.unit}")
        return self

    def written(self) -> dict[str, Any]:
        """Return the fields as they are kept: plain values, amounts as decimal strings."""
        kept = self.model_dump(mode="json", exclude_none=True)
        if self.period.unit == "session":
            kept["each"] = "session"
        return kept


UNFORESEEN = ("hour", "day", "rolling", "session")
"""Periods too short for a forecast by weekdays, or without an end."""


def form(written: object, place: str) -> BudgetForm:
    """Return a budget that somebody wrote down, checked.

    Raises:
        BadBudget: it says something that is not understood; `place` names it where it has no name.
    """
    try:
        return BudgetForm.model_validate(written)
    except ValidationError as error:
        named = written.get("id") or written.get("name") if isinstance(written, Mapping) else None
        said = error.errors(include_url=False)[0]
        where = ".".join(map(str, said["loc"]))
        why = said["msg"].removeprefix("Value error, ")
        raise BadBudget(f"budget {named or place}{f', {where}' if where else ''}: {why}") from error


def tag_of(name: str) -> str:
    """Return the tag that spend is counted apart by, '' when it is no tag."""
    return name.removeprefix(TAG) if name.startswith(TAG) else ""
