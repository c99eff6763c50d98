"""The door for own prices: what somebody wrote in, the fields as they are kept out.

Refuses whatever is not understood to the last field, naming row and field: a price that was
silently left out would be an unpriced month. What the fields mean is `prices.rowfile`'s to say.
"""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from spanledger_collector.prices.own import alias
from spanledger_collector.prices.rates import TOKEN_METERS
from spanledger_collector.prices.rowfile import GROUPS, meter, row, window

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


class BadEntry(ValueError):
    """A price or an alias that cannot be meant as it is written; says which field of which row."""


def token_meter(name: str) -> str:
    """Return the name of a meter of tokens as it is kept."""
    if (found := meter(name)) not in TOKEN_METERS:
        raise ValueError(f"{name!r} is not counted in tokens; see usd_per_unit")
    return found


def unit_meter(name: str) -> str:
    """Return the name of a meter that is not of tokens as it is kept."""
    if (found := meter(name)) in TOKEN_METERS:
        raise ValueError(f"{name!r} is counted in tokens; see usd_per_mtok")
    return found


def scaled_meter(name: str) -> str:
    """Return a meter, or a group of them, as it is kept."""
    return name if name in GROUPS else meter(name)


def daily(text: str) -> str:
    """Return a daily window that can be read."""
    window(text)
    return text


Id = Annotated[str, Field(pattern=re.compile(r"^[\w.:@+-]{1,100}$"))]
Text = Annotated[str, Field(max_length=1000)]
Name = Annotated[str, Field(min_length=1, max_length=300)]
Amount = Annotated[Decimal, Field(ge=0, le=10**9, allow_inf_nan=False)]
TokenRates = dict[Annotated[str, AfterValidator(token_meter)], Amount]
UnitRates = dict[Annotated[str, AfterValidator(unit_meter)], Amount]
Factors = dict[Annotated[str, AfterValidator(scaled_meter)], Amount]


class Form(BaseModel):
    """What prices and aliases have in common."""

    model_config = ConfigDict(extra="forbid")

    id: Id | None = Field(None, description="made up when left out")
    project_id: Text | None = Field(None, description="whose calls it is for; every project's")
    note: Text | None = Field(None, description="why")

    def written(self) -> dict[str, Any]:
        """Return the fields as they are kept: plain values, amounts as decimal strings."""
        return self.model_dump(mode="json", exclude_none=True)


class TierForm(BaseModel):
    """Rates for long inputs: above `threshold` tokens, or from it on."""

    model_config = ConfigDict(extra="forbid")

    threshold: Annotated[int, Field(ge=0)]
    inclusive: bool = False
    usd_per_mtok: TokenRates


class PriceForm(Form):
    """A price of the operator's own: rates, or factors on the rates beneath."""

    provider: Name
    model: Name | list[Name] = Field(description="exact, or with * for anything")
    but_not: list[Name] | None = None
    effective_from: AwareDatetime | None = None
    effective_to: AwareDatetime | None = Field(None, description="exclusive")
    usd_per_mtok: TokenRates | None = Field(None, description="dollars per million tokens")
    usd_per_unit: UnitRates | None = None
    usd_per_request: Amount | None = None
    tiers: list[TierForm] | None = None
    multiplier: Amount | None = Field(None, description="of every rate beneath")
    multipliers: Factors | None = None
    effect: Literal["replace", "complete", "fill", "multiply", "none"] | None = None
    when: dict[Name, Name | list[Name]] | None = Field(None, description="service_tier: flex")
    days: list[Day] | None = Field(None, description="UTC")
    hours: list[Annotated[str, AfterValidator(daily)]] | None = Field(None, description="UTC")
    source_url: Text | None = None
    currency: Literal["USD"] | None = None

    @model_validator(mode="after")
    def holds_together(self) -> Self:
        """Refuse fields that exclude one another."""
        row(self.written())
        return self


class AliasForm(Form):
    """Another name of a model: an Azure deployment, an inference profile, a gateway's route."""

    provider: Name = Field("*", description="as it is reported; * for any")
    model: Name = Field(description="as it is reported; * in it stands for anything")
    to_provider: Name | None = Field(None, description="the reported one when left out")
    to_model: Name
    effective_from: AwareDatetime | None = None
    effective_to: AwareDatetime | None = Field(None, description="exclusive")

    @model_validator(mode="after")
    def holds_together(self) -> Self:
        """Refuse what makes no alias."""
        alias(self.written())
        return self


FORMS: Mapping[str, type[Form]] = {"price": PriceForm, "alias": AliasForm}


def form(kind: Literal["price", "alias"], written: object, place: str) -> Form:
    """Return what somebody wrote, checked.

    Args:
        kind: what it is meant to be.
        written: a mapping of fields, or whatever stands there instead.
        place: how to name it where it has no id: prices[3].

    Raises:
        BadEntry: it says something that is not understood.
    """
    try:
        return FORMS[kind].model_validate(written)
    except ValidationError as error:
        named = written.get("id") if isinstance(written, Mapping) else None
        raise BadEntry("; ".join(complaints(error, str(named or place)))) from error


def complaints(error: ValidationError, name: str) -> list[str]:
    """Return what is wrong with a row, field by field."""
    found = []
    for each in error.errors(include_url=False):
        where = ".".join(str(part) for part in each["loc"] if part != "[key]")
        said = each["msg"].removeprefix("Value error, ")
        found.append(f"row {name}{f', field {where}' if where else ''}: {said}")
    return found
