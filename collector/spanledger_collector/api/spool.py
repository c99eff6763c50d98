"""The routes about what was received: integrity, quarantine, replay."""

import time
from collections import Counter
from collections.abc import Callable
from typing import Annotated

from fastapi import FastAPI, HTTPException, Request
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from spanledger_collector import spoolwork
from spanledger_collector.access import actor_of
from spanledger_collector.api import routing
from spanledger_collector.api.answers import Json
from spanledger_collector.api.parameters import alert_path_of, desk_of
from spanledger_collector.moments import SECOND_NS, rfc3339, within
from spanledger_collector.spool import Held
from spanledger_collector.spoolwork import Chosen, Yard
from spanledger_schema.api_spool import (
    Forwarded,
    HeldBack,
    Integrity,
    Released,
    Replayed,
    SpoolAccount,
)

router = routing.router("/api/v1")


class Choice(BaseModel):
    """What of everything that is held back is meant: all of it, where nothing is said."""

    model_config = ConfigDict(extra="forbid")

    spool: str = ""
    batch: Annotated[int | None, Field(ge=1)] = None
    by: str = Field("", max_length=200, description="who does it, for the audit")

    def chosen(self) -> Chosen:
        """Return what tells whether something is meant."""

        def is_chosen(spool: str, held: Held) -> bool:
            return self.spool in ("", spool) and self.batch in (None, held.batch.seq)

        return is_chosen


class ReplayRequest(BaseModel):
    """From when on everything is stored once more."""

    model_config = ConfigDict(extra="forbid")

    since: AwareDatetime


def mount(
    app: FastAPI,
    yard: Yard,
    degraded: Callable[[], list[str]] = list,
    forwarded: Callable[[], list[Forwarded]] = list,
) -> None:
    """Add the routes to the app.

    Args:
        app: the app.
        yard: the spools.
        degraded: says what the store was found to lack.
        forwarded: says how the targets of forwarding stand.
    """
    app.state.yard, app.state.degraded, app.state.forwarded = yard, degraded, forwarded
    routing.attach(app, router)


def yard_of(request: Request) -> Yard:
    """Return the spools of this app."""
    found: Yard = request.app.state.yard
    return found


@router.get("/integrity", response_model=Integrity)
def integrity(request: Request) -> Json:
    """Whether received = rejected + stored + pending + quarantined (+ dropped by an operator)."""
    found = desk_of(request).accounts()
    redacted: Counter[str] = Counter()
    for account in found:
        redacted.update(account.redacted)
    accounts = [
        SpoolAccount(
            spool=a.spool,
            signal=a.signal,
            received=a.received,
            rejected=a.rejected,
            stored=a.stored,
            pending=a.pending,
            quarantined=a.quarantined,
            dropped=a.dropped,
            duplicates=a.duplicates,
            waiting_since=rfc3339(a.waiting_since_ns) if a.waiting_since_ns else None,
            holds=a.holds,
        )
        for a in found
    ]
    lost: Counter[str] = Counter()
    for account in found:
        lost.update(account.lost)
    holds = all(a.holds for a in accounts)
    degraded = request.app.state.degraded()
    forwarded = request.app.state.forwarded()
    path = alert_path_of(request)
    return Json(Integrity(holds, accounts, degraded, redacted, dict(lost), path, forwarded))


@router.get("/quarantine", response_model=list[HeldBack])
def list_quarantine(request: Request) -> Json:
    """What the store could not take, and why; it waits here for as long as it takes."""
    return Json(spoolwork.held(yard_of(request)))


@router.post("/quarantine/retry", response_model=Released)
def retry_quarantine(request: Request, choice: Choice) -> Json:
    """Try to store what is held back: after an upgrade that can read it, say."""
    return Json(spoolwork.retry(yard_of(request), choice.chosen()))


@router.post("/quarantine/drop", response_model=Released)
def drop_quarantine(request: Request, choice: Choice) -> Json:
    """Give up one batch that is held back, for good."""
    if choice.batch is None:
        raise HTTPException(400, "batch: say which; GET /api/v1/quarantine lists them")
    by = actor_of(request, choice.by)
    return Json(spoolwork.drop(yard_of(request), choice.chosen(), time.time_ns(), by))


@router.post("/replay", response_model=Replayed)
def replay(request: Request, asked: ReplayRequest) -> Json:
    """Store again what was received since a moment, as far back as the spool reaches."""
    since_ns = within(int(asked.since.timestamp()) * SECOND_NS)
    return Json(spoolwork.replay(yard_of(request), since_ns))
