"""The routes of saved views: listed, written down under their name, withdrawn."""

from typing import Annotated
from urllib.parse import parse_qsl

from fastapi import FastAPI, HTTPException, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from spanledger_collector import views
from spanledger_collector.access import actor_of, project_of
from spanledger_collector.api import routing
from spanledger_collector.api.answers import Json
from spanledger_collector.api.parameters import desk_of, store_of
from spanledger_collector.views import Change, NoView, TooManyViews
from spanledger_schema import filters
from spanledger_schema.api_views import Page, View

router = routing.router("/api/v1/views")

Name = Annotated[str, Query(min_length=1, max_length=100)]


class ViewForm(BaseModel):
    """The view that is wanted; one of this name is replaced."""

    model_config = ConfigDict(extra="forbid")

    page: Page
    name: str = Field(min_length=1, max_length=100)
    asks: str = Field(max_length=8000, description="what an address of the page says after its '?'")
    by: str = Field("", max_length=200, description="who saves it, for the audit")


def mount(app: FastAPI) -> None:
    """Add the routes to the app."""
    routing.attach(app, router)


@router.get("", response_model=list[View])
def list_views(request: Request) -> Json:
    """The views of the project, by page and name."""
    return Json(views.views(store_of(request), project_of(request)))


@router.post("", response_model=View, status_code=201)
def save_view(request: Request, wanted: ViewForm) -> Json:
    """Write a view down under its name; a filter in it that cannot be read is refused."""
    for name, value in parse_qsl(wanted.asks):
        if name == "q":
            filters.parse(value)
    changed(request, wanted.page, wanted.name, wanted.asks, wanted.by)
    found = views.views(store_of(request), project_of(request))
    saved = next(v for v in found if (v.page, v.name) == (wanted.page, wanted.name))
    return Json(saved, status_code=201)


@router.delete("", status_code=204)
def withdraw_view(request: Request, page: Page, name: Name, by: str = "") -> Response:
    """Withdraw a view."""
    changed(request, page, name, None, by)
    return Response(status_code=204)


def changed(request: Request, page: Page, name: str, asks: str | None, by: str) -> None:
    """Carry out a change on the thread that writes, or refuse it."""
    desk = desk_of(request)
    who = actor_of(request, by)
    change = Change(project_of(request), page, name, asks, who, desk.clock())
    try:
        desk.handover.do(lambda drain: views.write(drain.store, change))
    except NoView as error:
        raise HTTPException(404, str(error)) from error
    except TooManyViews as error:
        raise HTTPException(409, str(error)) from error
