"""The routes of one session, its steps and their spans: what Replay asks."""

from typing import Annotated

from fastapi import HTTPException, Path, Query, Request

from spanledger_collector import detail, query
from spanledger_collector.access import caller_of, project_of
from spanledger_collector.api import routing
from spanledger_collector.api.answers import Json
from spanledger_collector.api.parameters import known, store_of, visible
from spanledger_schema.api import SessionColumns, SessionEvents, SessionRow, SpanDetail

MOST_EVENTS = 20_000

HexTrace = Annotated[str, Path(pattern="^[0-9a-f]{32}$")]
HexSpan = Annotated[str, Path(pattern="^[0-9a-f]{16}$")]

router = routing.router("/api/v1")


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


@router.get("/sessions/{session_id:path}/columns", response_model=SessionColumns)
def session_columns(
    request: Request,
    session_id: str,
    field: Annotated[list[str] | None, Query()] = None,
    limit: Annotated[int, Query(ge=1, le=MOST_EVENTS)] = MOST_EVENTS,
) -> Json:
    """The steps of a session as `events` tells them, a list for each field asked for, or for all."""
    if not request.scope.get("raw_path", b"/columns").endswith(b"/columns"):
        return one_session(request, f"{session_id}/columns")
    visible(request, session_id)
    names = list(dict.fromkeys(field or query.EVENT_FIELDS))
    if unknown := sorted({*names} - {*query.EVENT_FIELDS}):
        raise HTTPException(400, f"field: steps have no {unknown[0]!r:.60}")
    found = query.columns(store_of(request), project_of(request), session_id, names, limit)
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
