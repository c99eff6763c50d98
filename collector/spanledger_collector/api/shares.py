"""The route of share links: a key that opens one session for reading, until it expires or is revoked.

What it makes is an API key like any other: `GET /api/v1/keys` lists it, `DELETE` takes it back, the
audit has both.
"""

from datetime import UTC, datetime, timedelta

from fastapi import FastAPI, HTTPException, Request
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from spanledger_collector import keychest, query
from spanledger_collector.access import actor_of, project_of
from spanledger_collector.api import routing
from spanledger_collector.api.answers import Json
from spanledger_collector.api.keys import changed, expires_ns
from spanledger_collector.api.parameters import known, store_of
from spanledger_collector.keys import SHARED
from spanledger_schema.api_access import NewApiKey

LONGEST = timedelta(days=90)

router = routing.router("/api/v1/shares")


class ShareRequest(BaseModel):
    """The link that is wanted."""

    model_config = ConfigDict(extra="forbid")

    session_id: str = Field(min_length=1, max_length=200)
    expires_at: AwareDatetime
    name: str = Field("", max_length=200, description="whom it is for")
    by: str = Field("", max_length=200, description="who makes it, for the audit")


def mount(app: FastAPI) -> None:
    """Add the route to the app."""
    routing.attach(app, router)


@router.post("", response_model=NewApiKey, status_code=201)
def share(request: Request, wanted: ShareRequest) -> Json:
    """Make a key that reads this session alone. This answer is the only one that tells it."""
    within_bounds(wanted.expires_at)
    project = project_of(request)
    known(
        query.session(store_of(request), project, wanted.session_id), "session", wanted.session_id
    )
    by = actor_of(request, wanted.by)
    scope = f"{SHARED}{wanted.session_id}"
    kept, token = changed(
        request,
        lambda store, now_ns: keychest.create(
            store, now_ns, project, [scope], wanted.name, expires_ns(wanted.expires_at), by
        ),
    )
    return Json(NewApiKey(token, kept.shown), status_code=201)


def within_bounds(moment: datetime) -> None:
    """Refuse with 400 an end that is past or far away."""
    now = datetime.now(UTC)
    if not now < moment <= now + LONGEST:
        raise HTTPException(
            400, f"expires_at: {moment.isoformat()} is not within {LONGEST.days} days from now"
        )
