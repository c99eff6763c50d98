"""The query API under `/api/v1`: what people and screens ask the store.

Checks parameters at the door and answers with the shapes of `spanledger_schema.api`; every error
is a problem document (RFC 9457) that names the parameter, its value and the way out.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import orjson
from fastapi import APIRouter, Depends, FastAPI, HTTPException, Path, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException as StarletteHTTPException

from spanledger_collector import detail, query
from spanledger_collector.access import Door, authorised, caller_of, may_read, project_of
from spanledger_collector.conditions import NoSuchField
from spanledger_collector.guarded import Guarded
from spanledger_collector.moments import FAR_NS, SECOND_NS, nanoseconds, within
from spanledger_collector.store import ClickHouseError, Store, is_too_much
from spanledger_schema import filters
from spanledger_schema.api import (
    Dimension,
    Problem,
    SessionEvents,
    SessionRow,
    SpanDetail,
    Spend,
)
from spanledger_schema.filters import BadFilter

log = logging.getLogger(__name__)

QUARTER_S = 900
MOST_EVENTS = 20_000
BUCKETS = frozenset({"hour", "day", "week", "month"})

Moment = Annotated[str | None, Query(description="RFC 3339 moment, or a date (midnight UTC)")]
Filter = Annotated[
    str, Query(max_length=4000, description="docs/filters.md: agent:refunds cost:>1")
]
HexTrace = Annotated[str, Path(pattern="^[0-9a-f]{32}$")]
HexSpan = Annotated[str, Path(pattern="^[0-9a-f]{16}$")]

State = Callable[[], dict[str, Any]]
Counters = Callable[[], dict[str, float]]


class Json(JSONResponse):
    """A JSON answer; dataclasses go in as they are, past FastAPI's validation of our own data."""

    def render(self, content: Any) -> bytes:
        """Return the body."""
        return orjson.dumps(content, default=str)


def create_app(store: Store, state: State, counters: Counters, door: Door | None = None) -> FastAPI:
    """Return the query API over `store`.

    Args:
        store: what is asked.
        state: how the drain is doing, for `/readyz`; `ready` in it decides between 200 and 503.
        counters: figures for `/metrics`, by Prometheus name.
        door: knows the keys; without one nobody is asked for any.
    """
    app = FastAPI(
        title="Spanledger",
        version="1",
        default_response_class=Json,
        dependencies=[Depends(authorised)],
    )
    app.state.store, app.state.door = store, door
    app.include_router(router)
    app.add_exception_handler(StarletteHTTPException, refused)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(ClickHouseError, unavailable)
    app.add_exception_handler(BadFilter, unfiltered)
    app.add_exception_handler(NoSuchField, unfiltered)
    app.add_exception_handler(query.TooMany, too_many)
    app.add_middleware(Guarded, failed=failed)

    @app.get("/healthz", include_in_schema=False)
    def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/readyz", include_in_schema=False)
    def readyz() -> Json:
        said = state()
        return Json(said, status_code=200 if said["ready"] else 503)

    @app.get("/metrics", include_in_schema=False)
    def metrics() -> Response:
        body = "".join(f"{name} {value:g}\n" for name, value in counters().items())
        return Response(body, media_type="text/plain; version=0.0.4")

    return app


router = APIRouter(prefix="/api/v1")


@router.get("/sessions/{session_id:path}/events", response_model=SessionEvents)
def session_events(
    request: Request,
    session_id: str,
    limit: Annotated[int, Query(ge=1, le=MOST_EVENTS)] = MOST_EVENTS,
) -> Json:
    """Every step of a session in order of start, with what was used and spent up to it."""
    if not request.scope.get("raw_path", b"/events").endswith(b"/events"):
        return one_session(request, f"{session_id}/events")  # a slash of the id's own, sent as %2F
    visible(request, session_id)
    found = query.events(store_of(request), project_of(request), session_id, limit)
    return Json(known(found, "session", session_id))


@router.get("/sessions/{session_id:path}", response_model=SessionRow)
def one_session(request: Request, session_id: str) -> Json:
    """One session with its totals."""
    visible(request, session_id)
    found = query.session(store_of(request), project_of(request), session_id)
    return Json(known(found, "session", session_id))


@router.get("/spans/{trace_id}/{span_id}", response_model=SpanDetail)
def one_span(request: Request, trace_id: HexTrace, span_id: HexSpan) -> Json:
    """One span with its conversation, its bill and everything that was sent."""
    store, project = store_of(request), project_of(request)
    if caller_of(request).session is not None:
        visible(request, query.session_of(store, project, trace_id))
    found = detail.span_detail(store, project, trace_id, span_id)
    return Json(known(found, "span", f"{trace_id}/{span_id}"))


def visible(request: Request, session_id: str | None) -> None:
    """Refuse with 404 a session that is not the one of a share link."""
    if not may_read(request, session_id):
        raise HTTPException(404, "this link shows one session, and nothing else")


@router.get("/spend", response_model=Spend)
def spend(
    request: Request,
    group_by: Annotated[list[Dimension] | None, Query()] = None,
    since: Moment = None,
    until: Moment = None,
    tz: str = "UTC",
    q: Filter = "",
) -> Json:
    """Spend in [since, until) by any dimensions; both ends are widened to quarters of an hour.

    The filter `q` is asked of each line where it is about model, provider, kind or agent, else of
    its trace.
    """
    return Json(spent(request, group_by, since, until, tz, q))


def spent(
    request: Request,
    group_by: Sequence[Dimension] | None,
    since: str | None,
    until: str | None,
    tz: str,
    q: str,
) -> Spend:
    """Return what `GET /spend` answers, or refuse with 400."""
    by = list(dict.fromkeys(group_by or ()))
    if len(BUCKETS.intersection(by)) > 1:
        raise HTTPException(400, f"group_by: only one of {', '.join(sorted(BUCKETS))} at a time")
    since_s = moment("since", since, 0) // SECOND_NS // QUARTER_S * QUARTER_S
    until_s = -(-moment("until", until, FAR_NS) // SECOND_NS)
    until_s = -(-until_s // QUARTER_S) * QUARTER_S
    terms = filters.parse(q)
    store, project = store_of(request), project_of(request)
    return query.spend(store, project, by, since_s, until_s, zone(tz), terms)


def store_of(request: Request) -> Store:
    """Return the store this app answers from."""
    found: Store = request.app.state.store
    return found


def known(found: Any, what: str, name: str) -> Any:
    """Return what was found, or refuse with 404."""
    if found is None:
        raise HTTPException(404, f"no {what} {name!r}: it never arrived, or it was erased")
    return found


def moment(name: str, value: str | None, default_ns: int) -> int:
    """Return a moment parameter in nanoseconds, or refuse with 400."""
    if value is None:
        return default_ns
    try:
        return within(nanoseconds(value))
    except ValueError as error:
        raise HTTPException(400, f"{name}: {error}") from error


def zone(name: str) -> str:
    """Return an IANA time zone by name, or refuse with 400."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise HTTPException(400, f"tz: no time zone {name!r}; write Europe/Berlin") from error
    return name


PROBLEMS = {
    400: "Bad request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not found",
    405: "Method not allowed",
    409: "Conflict",
    422: "Too much",
    500: "Internal error",
    503: "Unavailable",
}


def problem(status: int, said: str, headers: Mapping[str, str] | None = None) -> Json:
    """Return an error answer."""
    body = asdict(Problem(PROBLEMS.get(status, "Error"), status, said))
    return Json(body, status, headers, "application/problem+json")


def refused(_: Request, error: Exception) -> Json:
    """Answer a request that was refused."""
    assert isinstance(error, StarletteHTTPException)
    return problem(error.status_code, str(error.detail), error.headers)


def invalid(_: Request, error: Exception) -> Json:
    """Answer a request whose parameters are no good, naming each."""
    assert isinstance(error, RequestValidationError)
    said = (f"{field(e['loc'])}: {e['msg']}, not {e['input']!r:.60}" for e in error.errors())
    return problem(400, "; ".join(said))


def unfiltered(_: Request, error: Exception) -> Json:
    """Answer a filter that cannot be read or asked."""
    return problem(400, f"q: {error}")


def field(place: Sequence[int | str]) -> str:
    """Return the name of a parameter, or the path to a field of a body: usd_per_mtok.input."""
    return ".".join(str(part) for part in place[1:] if part != "[key]") or str(place[0])


def too_many(_: Request, error: Exception) -> Json:
    """Answer a question with too much of an answer."""
    return problem(422, str(error))


def failed(error_id: str) -> Json:
    """Answer after a mistake of ours."""
    return problem(500, f"the server made a mistake; its log explains error {error_id}")


def unavailable(_: Request, error: Exception) -> Json:
    """Answer when the store did not; what it said stays in the log."""
    if is_too_much(error):
        return problem(422, "this reads too much or takes too long; narrow since and until")
    log.error("the store did not answer: %s", error)
    return problem(503, "the store did not answer; /readyz tells its state, the log tells why")
