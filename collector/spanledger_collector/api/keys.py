"""The routes of API keys: made, listed, rotated and revoked by whoever administers a project."""

import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path as FilePath
from typing import Annotated, Literal, TypeVar

from fastapi import FastAPI, HTTPException, Path, Request
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from spanledger_collector import keychest
from spanledger_collector.access import actor_of, caller_of
from spanledger_collector.api import routing
from spanledger_collector.api.answers import Json
from spanledger_collector.api.parameters import desk_of
from spanledger_collector.drain import Drain
from spanledger_collector.keychest import Kept, NoSuchKey
from spanledger_collector.keys import EVERY_PROJECT, Caller
from spanledger_collector.moments import SECOND_NS, within
from spanledger_collector.store import Store
from spanledger_schema.api_access import ApiKey, NewApiKey

T = TypeVar("T")

router = routing.router("/api/v1/keys")

KeyId = Annotated[str, Path(pattern="^[0-9A-Za-z]{8}$")]
Scope = Literal["ingest", "read", "admin"]


class KeyRequest(BaseModel):
    """The key that is wanted."""

    model_config = ConfigDict(extra="forbid")

    project_id: str = Field("default", pattern=r"^(\*|[0-9A-Za-z][0-9A-Za-z._-]{0,63})$")
    scopes: list[Scope] = Field(min_length=1)
    name: str = Field("", max_length=200, description="what it is for")
    expires_at: AwareDatetime | None = None
    by: str = Field("", max_length=200, description="who makes it, for the audit")


class Rotation(BaseModel):
    """How a key is replaced."""

    model_config = ConfigDict(extra="forbid")

    overlap_s: float = Field(86_400, ge=0, description="how long the old key stays good")
    by: str = Field("", max_length=200, description="who does it, for the audit")


def mount(app: FastAPI, file: FilePath) -> None:
    """Add the routes to the app; `file` is where ingest looks for the keys."""
    app.state.keys_file = file
    routing.attach(app, router)


@router.get("", response_model=list[ApiKey])
def list_keys(request: Request) -> Json:
    """Every key of the project, the revoked and expired ones too; never the key itself."""
    caller = caller_of(request)
    found = (key for key in keychest.kept(desk_of(request).store) if administers(caller, key))
    return Json([key.shown for key in found])


@router.post("", response_model=NewApiKey, status_code=201)
def create_key(request: Request, wanted: KeyRequest) -> Json:
    """Make a key. This answer is the only one that tells it."""
    caller = caller_of(request)
    if caller.project_id not in (EVERY_PROJECT, wanted.project_id):
        raise HTTPException(403, "the key does not allow this")
    kept, token = changed(
        request,
        lambda store, now_ns: keychest.create(
            store,
            now_ns,
            wanted.project_id,
            set(wanted.scopes),
            wanted.name,
            expires_ns(wanted.expires_at),
            actor_of(request, wanted.by),
        ),
    )
    return Json(NewApiKey(token, kept.shown), status_code=201)


@router.post("/{key_id}/rotate", response_model=NewApiKey, status_code=201)
def rotate_key(request: Request, key_id: KeyId, how: Rotation) -> Json:
    """Make a key like this one; the old one stays good for a while."""
    must_administer(request, key_id)
    by = actor_of(request, how.by)
    kept, token = changed(
        request,
        lambda store, now_ns: keychest.rotate(store, now_ns, key_id, how.overlap_s, by),
    )
    return Json(NewApiKey(token, kept.shown), status_code=201)


@router.delete("/{key_id}", response_model=ApiKey)
def revoke_key(request: Request, key_id: KeyId, by: str = "") -> Json:
    """Make a key useless, everywhere within ten seconds."""
    must_administer(request, key_id)
    by = actor_of(request, by)
    kept = changed(request, lambda store, now_ns: keychest.revoke(store, now_ns, key_id, by))
    return Json(kept.shown)


def changed(request: Request, change: Callable[[Store, int], T]) -> T:
    """Carry out a change of keys on the thread that writes, and hand them over to ingest."""
    file: FilePath = request.app.state.keys_file

    def work(drain: Drain) -> T:
        now_ns = time.time_ns()
        made = change(drain.store, now_ns)
        keychest.hand_over(drain.store, file, now_ns)
        return made

    return desk_of(request).handover.do(work)


def must_administer(request: Request, key_id: str) -> None:
    """Refuse a key that is not theirs to change: they are told that there is none."""
    caller = caller_of(request)
    try:
        mine = administers(caller, keychest.standing(desk_of(request).store, key_id))
    except NoSuchKey as error:
        raise HTTPException(404, str(error)) from error
    if not mine:
        raise HTTPException(404, keychest.no_key(key_id))


def administers(caller: Caller, key: Kept) -> bool:
    """Tell whether a key is of a project that the caller administers."""
    return caller.project_id in (EVERY_PROJECT, key.project_id)


def expires_ns(moment: datetime | None) -> int | None:
    """Return a moment in nanoseconds, None for never."""
    return None if moment is None else within(int(moment.timestamp()) * SECOND_NS)
