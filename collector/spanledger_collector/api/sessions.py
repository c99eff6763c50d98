"""The routes of one session, its steps and their spans: what Replay asks."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request

from spanledger_collector import detail, query
from spanledger_collector.access import caller_of, project_of
from spanledger_collector.api.answers import Json
from spanledger_collector.api.parameters import known, store_of, visible
from spanledger_schema.api import SessionEvents, SessionRow, SpanDetail

MOST_EVENTS = 20_000

HexTrace = Annotated[str, Path(pattern="^[0-9a-f]{32}$")]
HexSpan = Annotated[str, Path(pattern="^[0-9a-f]{16}$")]

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
