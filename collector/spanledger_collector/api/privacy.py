"""The routes of privacy: how long things are kept, and erasing what somebody said."""

import re
from typing import Annotated, Literal, Self

from fastapi import FastAPI, HTTPException, Request
from pydantic import BaseModel, ConfigDict, Field, model_validator

from spanledger_collector import retention
from spanledger_collector.access import actor_of, caller_of, project_of
from spanledger_collector.api import routing
from spanledger_collector.api.answers import Json
from spanledger_collector.api.parameters import desk_of
from spanledger_collector.api.spool import yard_of
from spanledger_collector.erase import Subject, erase
from spanledger_collector.keys import EVERY_PROJECT
from spanledger_collector.lifetimes import Days
from spanledger_schema.api_privacy import Receipt, Retention

TRACE_ID = re.compile("[0-9a-f]{32}")
MOST_DAYS = 20_000  # the engine's calendar ends in 2106

router = routing.router("/api/v1")

DayCount = Annotated[int | None, Field(ge=1, le=MOST_DAYS)]


class RetentionRequest(BaseModel):
    """How long to keep what, in days after receipt; null or nothing: for ever."""

    model_config = ConfigDict(extra="forbid")

    project_id: str = Field("", max_length=64, description="the key's own; * for every other one")
    payload_days: DayCount = None
    ledger_days: DayCount = None
    by: str = Field("", max_length=200, description="who does it, for the audit")

    @model_validator(mode="after")
    def payloads_go_first(self) -> Self:
        """Refuse payloads that outlive the span they belong to."""
        if self.ledger_days and not (self.payload_days and self.payload_days <= self.ledger_days):
            raise ValueError("payload_days cannot be more than ledger_days")
        return self


def mount(app: FastAPI) -> None:
    """Add the routes to the app."""
    routing.attach(app, router)


@router.get("/retention", response_model=list[Retention])
def list_retention(request: Request) -> Json:
    """How long things are kept: the rule for every project, and those of single ones."""
    own = caller_of(request).project_id
    found = retention.rules(desk_of(request).store)
    return Json([r for r in found if own in (EVERY_PROJECT, r.project_id) or r.project_id == "*"])


@router.put("/retention", response_model=Retention)
def change_retention(request: Request, wanted: RetentionRequest) -> Json:
    """Keep things this long from now on, what is stored already included."""
    caller, desk = caller_of(request), desk_of(request)
    project_id = wanted.project_id or project_of(request)
    if caller.project_id not in (EVERY_PROJECT, project_id):
        raise HTTPException(403, "the key does not allow this")
    days = Days(wanted.payload_days or 0, wanted.ledger_days or 0)
    by = actor_of(request, wanted.by)
    return Json(
        desk.handover.do(lambda drain: retention.change(drain, project_id, days, desk.clock(), by))
    )


class ErasureRequest(BaseModel):
    """Whom or what to erase."""

    model_config = ConfigDict(extra="forbid")

    kind: Literal["user", "session", "trace"]
    id: str = Field(min_length=1, max_length=100_000, description="of a trace 32 hex digits")
    by: str = Field("", max_length=200, description="who does it, for the audit")

    @model_validator(mode="after")
    def trace_is_hex(self) -> Self:
        """Refuse what no trace is called."""
        if self.kind == "trace" and not TRACE_ID.fullmatch(self.id):
            raise ValueError("id of a trace is 32 hex digits, in lower case")
        return self


@router.post("/erase", response_model=Receipt)
def erase_words(request: Request, wanted: ErasureRequest) -> Json:
    """Erase what somebody said and was told. When this answers, no route shows it any more."""
    subject = Subject(project_of(request), wanted.kind, wanted.id)
    by = actor_of(request, wanted.by)
    return Json(erase(yard_of(request), subject, desk_of(request).clock(), by))
