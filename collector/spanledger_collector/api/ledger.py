"""Finance's part of the query API: repricing, verification, models, what-if, insights, audit.

`mount` adds it, own prices included, to the app that answers everything else. Checks parameters at
the door; every refusal is a problem document.
"""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Annotated, Literal

from fastapi import FastAPI, Query, Request
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from spanledger_collector.access import actor_of, bounds_of, project_of
from spanledger_collector.api import prices, routing
from spanledger_collector.api.answers import Json, refuse
from spanledger_collector.api.parameters import QUARTER_S, Filter, Moment, desk_of, moment
from spanledger_collector.handover import Closing
from spanledger_collector.ledger import audit, insights, models, reprice, verify, what_if
from spanledger_collector.ledger.calls import CallFilter
from spanledger_collector.ledger.desk import Desk
from spanledger_collector.ledger.price_edits import EndsTooEarly, NotThere, Taken
from spanledger_collector.ledger.price_form import BadEntry
from spanledger_collector.ledger.reprice import Busy
from spanledger_collector.ledger.what_if import Other, TooMuch
from spanledger_collector.moments import SECOND_NS
from spanledger_collector.pricebook import nanoseconds
from spanledger_collector.query import END_OF_TIME_NS
from spanledger_schema import filters
from spanledger_schema.api_ledger import (
    AuditPage,
    DriftingModels,
    Insights,
    Models,
    Repricing,
    UnpricedModels,
    Verification,
    WhatIf,
)

REFUSALS: Mapping[type[Exception], int] = MappingProxyType(
    {
        BadEntry: 400,
        EndsTooEarly: 400,
        TooMuch: 400,
        NotThere: 404,
        Taken: 409,
        Busy: 409,
        Closing: 503,
    }
)
"""What the ledger refuses with → HTTP status."""

LAST_QUARTER_NS = (2**32 - QUARTER_S) * SECOND_NS

router = routing.router("/api/v1")


def mount(app: FastAPI, desk: Desk) -> None:
    """Add the routes of this module and of own prices to the app of the query API."""
    app.state.desk = desk
    routing.attach(app, prices.router)
    routing.attach(app, router)
    refuse(app, REFUSALS)


class RepriceRequest(BaseModel):
    """Which calls to price anew. Without `dry_run: false` nothing is written."""

    model_config = ConfigDict(extra="forbid")

    since: AwareDatetime = Field(alias="from", description="by start of the call")
    until: AwareDatetime = Field(alias="to", description="exclusive")
    model: str = Field("", description="as the calls report it; every model")
    provider: str = Field("", description="as the spend shows it; every provider")
    only: Literal["unpriced", "all"] = "unpriced"
    dry_run: bool = True
    by: str = Field("", max_length=200, description="who does it, for the audit")
    note: str = Field("", max_length=1000, description="why, for the audit")


@router.post("/reprice", response_model=Repricing)
def reprice_calls(request: Request, asked: RepriceRequest) -> Json:
    """Price calls of the past anew: what that moves, by model and day, and the write itself.

    A run that was cut off is finished by the same run once more; what was done stays done.
    """
    wanted = CallFilter(
        project_of(request),
        *interval(asked.since, asked.until),
        provider=asked.provider,
        model=asked.model,
        only_unpriced=asked.only == "unpriced",
    )
    desk = desk_of(request)
    return Json(
        reprice.reprice(
            desk, wanted, dry_run=asked.dry_run, by=actor_of(request, asked.by), note=asked.note
        )
    )


@router.get("/verify", response_model=Verification)
def verify_ledger(request: Request) -> Json:
    """Whether the books balance: every identity with its figures on both sides.

    A project's key is told of its project; the spools, which all share, are for keys of every one.
    """
    return Json(verify.verify(desk_of(request), bounds_of(request)))


@router.get("/models", response_model=Models)
def list_models(
    request: Request, since: Moment = None, until: Moment = None, at: Moment = None
) -> Json:
    """Models called in [since, until), with what each costs at a moment (now) and since when."""
    desk = desk_of(request)
    at_ns = moment("at", at, desk.clock())
    return Json(models.seen(desk, project_of(request), *quarters(since, until), at_ns))


@router.get("/models/unpriced", response_model=UnpricedModels)
def list_unpriced(request: Request, since: Moment = None, until: Moment = None) -> Json:
    """Models with billed calls that have no dollars, why, and what they may have been meant to be."""
    since_ns, until_ns = moment("since", since, 0), moment("until", until, END_OF_TIME_NS)
    return Json(models.unpriced(desk_of(request), project_of(request), since_ns, until_ns))


@router.get("/models/drift", response_model=DriftingModels)
def list_drifting(request: Request, since: Moment = None, until: Moment = None) -> Json:
    """Models whose senders report other dollars than their prices come to, furthest off first."""
    since_ns, until_ns = moment("since", since, 0), moment("until", until, END_OF_TIME_NS)
    return Json(models.drifting(desk_of(request), project_of(request), since_ns, until_ns))


class WhatIfRequest(BaseModel):
    """Which calls, and under which model's prices."""

    model_config = ConfigDict(extra="forbid")

    since: AwareDatetime
    until: AwareDatetime = Field(description="exclusive")
    provider: str = ""
    model: str = ""
    session: str = ""
    user: str = ""
    service: str = ""
    environment: str = ""
    as_provider: str = Field("", description="whose model; where it is left out, the name tells")
    as_model: str = Field(min_length=1)
    context: dict[str, str] = Field({}, description="service_tier: flex, processing: batch, …")
    at: AwareDatetime | None = Field(None, description="whose prices; of each call's own moment")


@router.post("/what-if", response_model=WhatIf)
def ask_what_if(request: Request, asked: WhatIfRequest) -> Json:
    """What the billed calls of a filter would have cost under another model's prices."""
    wanted = CallFilter(
        project_of(request),
        *interval(asked.since, asked.until),
        provider=asked.provider,
        model=asked.model,
        session=asked.session,
        user=asked.user,
        service=asked.service,
        environment=asked.environment,
    )
    at_ns = None if asked.at is None else nanoseconds(asked.at)
    other = Other(asked.as_provider, asked.as_model, asked.context, at_ns)
    return Json(what_if.what_if(desk_of(request), wanted, other))


@router.get("/spend/insights", response_model=Insights)
def spend_insights(
    request: Request, since: Moment = None, until: Moment = None, q: Filter = ""
) -> Json:
    """What caches saved and what failed sessions cost; ends are widened to quarters of an hour."""
    store, terms = desk_of(request).store, filters.parse(q)
    return Json(insights.insights(store, project_of(request), *quarters(since, until), terms))


@router.get("/audit", response_model=AuditPage)
def list_audit(
    request: Request, before: Moment = None, limit: Annotated[int, Query(ge=1, le=1000)] = 100
) -> Json:
    """Who changed prices or dollars, when and why; newest first. A project's key sees its own."""
    before_ns = moment("before", before, END_OF_TIME_NS)
    return Json(audit.page(desk_of(request).store, before_ns, limit, bounds_of(request)))


def interval(since: datetime, until: datetime) -> tuple[int, int]:
    """Return a range of time in nanoseconds."""
    return nanoseconds(since), nanoseconds(until)


def quarters(since: str | None, until: str | None) -> tuple[int, int]:
    """Return a range in seconds, both ends widened to quarters of an hour."""
    since_s = moment("since", since, 0) // SECOND_NS
    until_s = -(-moment("until", until, LAST_QUARTER_NS) // SECOND_NS)
    return since_s // QUARTER_S * QUARTER_S, -(-until_s // QUARTER_S) * QUARTER_S
