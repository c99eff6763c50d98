"""Alerts on their way out, over the query API: what is due on which channel, and how that went.

For the process that delivers them, which keeps nothing itself; and the log of it for people.
"""

from datetime import timedelta
from secrets import token_hex
from typing import Annotated

from fastapi import FastAPI, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from spanledger_collector.access import project_of
from spanledger_collector.api import routing
from spanledger_collector.api.answers import Json
from spanledger_collector.budgets import deliveries
from spanledger_collector.budgets.answers import delivery_row, errand_row
from spanledger_collector.budgets.deliveries import Delivery
from spanledger_collector.budgets.postroom import Postroom
from spanledger_schema.api_alerts import DeliveryRow, Errand, Event

Name = Annotated[str, Field(pattern=r"^[\w.-]{1,100}$")]

router = routing.router("/api/v1/alerts")


def mount(app: FastAPI, postroom: Postroom) -> None:
    """Add the routes to the app."""
    app.state.postroom = postroom
    routing.attach(app, router)


def postroom_of(request: Request) -> Postroom:
    """Return what keeps account of deliveries."""
    found: Postroom = request.app.state.postroom
    return found


@router.get("/outbox", response_model=list[Errand])
def list_errands(
    request: Request,
    channel: Annotated[list[Name], Query(min_length=1, max_length=100)],
    quiet: Annotated[
        list[Name] | None,
        Query(max_length=100, description="of these channels only what is critical, and tests"),
    ] = None,
) -> Json:
    """What is due on these channels in every project, what came first first; 500 of each at most."""
    due = postroom_of(request).due(channel, quiet or ())
    return Json([errand_row(*each) for each in due])


class ResultForm(BaseModel):
    """How an attempt went."""

    model_config = ConfigDict(extra="forbid")

    project_id: str = Field(max_length=200)
    message_id: str = Field(max_length=200)
    event: Event
    channel: Name
    attempt: int = Field(ge=1, le=10_000)
    error: str = Field("", pattern=r"^[a-z0-9_]{0,40}$", description="empty when it went well")
    permanent: bool = Field(False, description="trying again would not help")


@router.post("/deliveries", response_model=DeliveryRow, status_code=201)
def add_delivery(request: Request, said: ResultForm) -> Json:
    """Note how an attempt went; the answer says when to try again, if ever."""
    made = postroom_of(request).note(**said.model_dump())
    return Json(delivery_row(made), status_code=201)


@router.get("/deliveries", response_model=list[DeliveryRow])
def list_deliveries(
    request: Request,
    days: Annotated[int, Query(ge=1, le=3660)] = 31,
    limit: Annotated[int, Query(ge=1, le=10_000)] = 1000,
) -> Json:
    """Every attempt to tell of an alert, newest first."""
    postroom = postroom_of(request)
    since = postroom.now - timedelta(days=days)
    found = deliveries.log(postroom.store, project_of(request), since, limit)
    return Json([delivery_row(each) for each in found])


class TestForm(BaseModel):
    """The channel to try."""

    model_config = ConfigDict(extra="forbid")

    channel: Name


@router.post("/test", response_model=DeliveryRow, status_code=202)
def test_channel(request: Request, wanted: TestForm) -> Json:
    """Have a test sent on a channel; what became of it stands in the log of deliveries."""
    postroom = postroom_of(request)
    asked = Delivery(
        project_of(request),
        f"test-{token_hex(8)}",
        wanted.channel,
        0,
        postroom.now,
        "test",
        "asked",
    )
    postroom.keep(asked)
    return Json(delivery_row(asked), status_code=202)
