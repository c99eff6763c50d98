"""The routes of tables: sessions, traces and calls, filtered and page by page; their pulse, values.

Reads the filter language at the door; what cannot be read is a problem document that says where.
"""

import base64
import binascii
from collections.abc import Iterator
from typing import Annotated, Literal

from fastapi import FastAPI, HTTPException, Query, Request

from spanledger_collector import listing
from spanledger_collector.access import project_of
from spanledger_collector.api import routing
from spanledger_collector.api.answers import Json
from spanledger_collector.api.parameters import Filter, Moment, moment, store_of, zone
from spanledger_collector.listing import FIRST_PAGE, Place, Wanted
from spanledger_collector.query import END_OF_TIME_NS
from spanledger_schema import filters
from spanledger_schema.api import SessionPage
from spanledger_schema.api_tables import CallPage, Pulse, TracePage, Values
from spanledger_schema.filters import Matches, Range, Term, Within

Order = Literal["started", "cost", "tokens", "errors", "duration"]
CallOrder = Literal["started", "cost", "tokens", "duration"]
Rows = Annotated[int, Query(ge=1, le=1000)]

router = routing.router("/api/v1")


def mount(app: FastAPI) -> None:
    """Add the routes to the app."""
    routing.attach(app, router)


@router.get("/sessions", response_model=SessionPage)
def list_sessions(
    request: Request,
    since: Moment = None,
    until: Moment = None,
    order: Order = "started",
    descending: bool = True,
    user: str = "",
    agent: str = "",
    model: str = "",
    error: bool = False,
    q: Filter = "",
    limit: Rows = 50,
    cursor: str | None = None,
) -> Json:
    """Sessions active in [since, until) that pass the filter `q`, in the order asked for."""
    exact = {"user": user, "agent": agent, "model": model}
    terms = [*filters.parse(q), *named(exact, error)]
    wanted = Wanted(terms, *interval(since, until), order, descending)
    found = listing.sessions(
        store_of(request), project_of(request), wanted, limit, position(cursor)
    )
    return Json(SessionPage(found[0], written(found[1])))


@router.get("/traces", response_model=TracePage)
def list_traces(
    request: Request,
    since: Moment = None,
    until: Moment = None,
    q: Filter = "",
    limit: Rows = 50,
    cursor: str | None = None,
) -> Json:
    """Traces active in [since, until) that pass the filter `q`, newest first."""
    wanted = Wanted(filters.parse(q), *interval(since, until))
    found = listing.traces(store_of(request), project_of(request), wanted, limit, position(cursor))
    return Json(TracePage(found[0], written(found[1])))


@router.get("/calls", response_model=CallPage)
def list_calls(
    request: Request,
    since: Moment = None,
    until: Moment = None,
    order: CallOrder = "started",
    q: Filter = "",
    limit: Rows = 50,
    cursor: str | None = None,
) -> Json:
    """Billed model calls that began in [since, until) and pass the filter `q`, most of `order` first."""
    wanted = Wanted(filters.parse(q), *interval(since, until), order)
    found = listing.calls(store_of(request), project_of(request), wanted, limit, position(cursor))
    return Json(CallPage(found[0], written(found[1])))


@router.get("/pulse", response_model=Pulse)
def pulse(
    request: Request,
    grain: Literal["minute", "hour", "day"] = "day",
    since: Moment = None,
    until: Moment = None,
    q: Filter = "",
    tz: str = "UTC",
) -> Json:
    """Sessions active in [since, until) that pass the filter, by when they began in that range."""
    wanted = Wanted(filters.parse(q), *interval(since, until))
    return Json(listing.pulse(store_of(request), project_of(request), wanted, grain, zone(tz)))


@router.get("/values", response_model=Values)
def list_values(
    request: Request,
    field: str,
    prefix: Annotated[str, Query(max_length=200)] = "",
    since: Moment = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 20,
) -> Json:
    """Values of a field of the filter language that were seen since a moment, the most frequent first."""
    pattern = filters.like(prefix, quoted=True) + "%"
    name = filters.ALIASES.get(field, field)
    since_ns = moment("since", since, 0)
    return Json(
        listing.values(store_of(request), project_of(request), name, pattern, since_ns, limit)
    )


def named(exact: dict[str, str], error: bool) -> Iterator[Term]:
    """Yield the terms that parameters of their own stand for."""
    for field, value in exact.items():
        if value:
            yield Matches(field, (filters.like(value, quoted=True),))
    if error:
        yield Within("errors", (Range(filters.ONE),))


def interval(since: str | None, until: str | None) -> tuple[int, int]:
    """Return a range of time in nanoseconds."""
    return moment("since", since, 0), moment("until", until, END_OF_TIME_NS)


def position(cursor: str | None) -> Place:
    """Return where a page starts, or refuse a cursor that no page handed out."""
    if cursor is None:
        return FIRST_PAGE
    try:
        key, _, row_id = base64.urlsafe_b64decode(cursor.encode()).decode().partition(" ")
        return int(key), row_id
    except (ValueError, binascii.Error) as error:
        raise HTTPException(400, "cursor: not one of ours; leave it out to start over") from error


def written(place: Place | None) -> str | None:
    """Return the cursor of a place, None after the last page."""
    if place is None:
        return None
    return base64.urlsafe_b64encode(f"{place[0]} {place[1]}".encode()).decode()
