"""The door for policies: refuses what cannot be meant, naming the field."""

from decimal import Decimal
from typing import Annotated, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from spanledger_collector.approvals.policy import Effect, Op, number

LONGEST_WAIT_S = 7 * 86_400

Value = Annotated[
    str,
    Field(max_length=1000),
    BeforeValidator(lambda said: str(said) if isinstance(said, int | float | Decimal) else said),
]


class ConditionForm(BaseModel):
    """A condition on an argument."""

    model_config = ConfigDict(extra="forbid")

    argument: str = Field(pattern=r"^[^.\s]+(\.[^.\s]+)*$", max_length=200)
    op: Op
    value: Value

    @model_validator(mode="after")
    def holds_together(self) -> Self:
        """Refuse to compare amounts with what is none."""
        if self.op in (">", ">=", "<", "<=") and number(self.value) is None:
            raise ValueError(f"value: {self.value!r} is no number to compare by {self.op}")
        return self


class PolicyForm(BaseModel):
    """Which tool calls, and what becomes of them."""

    model_config = ConfigDict(extra="forbid")

    tool: str = Field(min_length=1, max_length=200, description="a name, or a pattern: refund_*")
    effect: Effect = "ask"
    conditions: list[ConditionForm] = Field(default_factory=list, max_length=20)
    timeout_s: int = Field(300, ge=1, le=LONGEST_WAIT_S, description="how long a call waits")
    reason: str = Field("", max_length=1000)
    channels: list[Annotated[str, Field(max_length=100)]] = Field(
        default_factory=list, max_length=50, description="who is told; every channel when empty"
    )
