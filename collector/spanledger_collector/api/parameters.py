"""What a request to the query API asks for: its parameters at the door, and whom it is put to.

A parameter that is no good is refused here, in words that name it.
"""

from typing import Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from fastapi import HTTPException, Query, Request

from spanledger_collector.access import may_read
from spanledger_collector.budgets.answers import alert_path
from spanledger_collector.budgets.office import Office
from spanledger_collector.ledger.desk import Desk
from spanledger_collector.moments import nanoseconds, within
from spanledger_collector.store import Store
from spanledger_schema.api_budgets import AlertPath

QUARTER_S = 900

Moment = Annotated[str | None, Query(description="RFC 3339 moment, or a date (midnight UTC)")]
Filter = Annotated[
    str, Query(max_length=4000, description="docs/filters.md: agent:refunds cost:>1")
]


def store_of(request: Request) -> Store:
    """Return the store this app answers from."""
    found: Store = request.app.state.store
    return found


def desk_of(request: Request) -> Desk:
    """Return the desk of this app: what is to be written goes over it."""
    found: Desk = request.app.state.desk
    return found


def office_of(request: Request) -> Office:
    """Return the office of this app: it knows how the budgets stand, and what stops whom."""
    found: Office = request.app.state.office
    return found


def alert_path_of(request: Request) -> AlertPath:
    """Return whether an alert would arrive."""
    return alert_path(request.app.state.prover)


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


def visible(request: Request, session_id: str | None) -> None:
    """Refuse with 404 a session that is not the one of a share link."""
    if not may_read(request, session_id):
        raise HTTPException(404, "this link shows one session, and nothing else")
