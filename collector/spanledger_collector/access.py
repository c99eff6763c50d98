"""Who may ask the query API what: the scope of every route, and whose data a request sees.

A key comes in with each request, a project goes out, or a refusal that gives nothing away. A route
that is not in the table is closed to everybody.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from fastapi import HTTPException, Request
from starlette.concurrency import run_in_threadpool

from spanledger_collector.issuer import ProviderAway
from spanledger_collector.keys import (
    ANYBODY,
    EVERY_PROJECT,
    PROJECT_HEADER,
    SHUT,
    Caller,
    KeyFile,
    offered,
)


@dataclass(frozen=True, slots=True)
class Need:
    """What a route asks of a key."""

    scope: str
    every_project: bool = False  # it answers for all of them, so a key of one will not do
    shared: bool = False  # a share link opens it too, for its session: the route itself looks which


OPEN = Need("")
INGEST, READ, ADMIN = Need("ingest"), Need("read"), Need("admin")
READ_SHARED = Need("read", shared=True)
READ_ALL, ADMIN_ALL = Need("read", every_project=True), Need("admin", every_project=True)

NEEDS: Mapping[str, Need] = MappingProxyType(
    {
        "GET /healthz": OPEN,
        "GET /readyz": OPEN,
        "GET /metrics": OPEN,
        "GET /api/v1/sessions": READ,
        "GET /api/v1/sessions/{session_id}": READ_SHARED,
        "GET /api/v1/sessions/{session_id}/events": READ_SHARED,
        "GET /api/v1/sessions/{session_id}/columns": READ_SHARED,
        "GET /api/v1/traces": READ,
        "GET /api/v1/calls": READ,
        "GET /api/v1/pulse": READ,
        "GET /api/v1/values": READ,
        "GET /api/v1/spans/{trace_id}/{span_id}": READ_SHARED,
        "GET /api/v1/spend": READ,
        "GET /api/v1/spend/insights": READ,
        "GET /api/v1/export/sessions": READ,
        "GET /api/v1/export/calls": READ,
        "GET /api/v1/export/spend": READ,
        "GET /api/v1/models": READ,
        "GET /api/v1/models/unpriced": READ,
        "GET /api/v1/models/drift": READ,
        "POST /api/v1/what-if": READ,
        "POST /api/v1/reprice": ADMIN,
        "GET /api/v1/verify": READ,
        "GET /api/v1/integrity": READ_ALL,
        "GET /api/v1/quarantine": ADMIN_ALL,
        "POST /api/v1/quarantine/retry": ADMIN_ALL,
        "POST /api/v1/quarantine/drop": ADMIN_ALL,
        "POST /api/v1/replay": ADMIN_ALL,
        "GET /api/v1/audit": ADMIN,
        "GET /api/v1/prices": READ_ALL,
        "POST /api/v1/prices": ADMIN_ALL,
        "POST /api/v1/prices/{price_id}/end": ADMIN_ALL,
        "DELETE /api/v1/prices/{price_id}": ADMIN_ALL,
        "GET /api/v1/prices/aliases": READ_ALL,
        "POST /api/v1/prices/aliases": ADMIN_ALL,
        "POST /api/v1/prices/aliases/{alias_id}/end": ADMIN_ALL,
        "DELETE /api/v1/prices/aliases/{alias_id}": ADMIN_ALL,
        "GET /api/v1/prices/file": READ_ALL,
        "POST /api/v1/prices/file": ADMIN_ALL,
        "GET /api/v1/retention": READ,
        "PUT /api/v1/retention": ADMIN,
        "POST /api/v1/erase": ADMIN,
        "GET /api/v1/budgets": READ,
        "POST /api/v1/budgets": ADMIN,
        "PUT /api/v1/budgets/{budget_id}": ADMIN,
        "DELETE /api/v1/budgets/{budget_id}": ADMIN,
        "GET /api/v1/budgets/standings": READ,
        "GET /api/v1/budgets/counting": READ,
        "POST /api/v1/budgets/preview": READ,
        "GET /api/v1/alerts": READ,
        "GET /api/v1/alerts/outbox": ADMIN_ALL,
        "GET /api/v1/alerts/deliveries": READ,
        "POST /api/v1/alerts/deliveries": ADMIN_ALL,
        "POST /api/v1/alerts/test": ADMIN,
        "GET /api/v1/detectors": READ,
        "PUT /api/v1/detectors/{name}": ADMIN,
        "POST /api/v1/decide": INGEST,
        "GET /api/v1/approvals": READ,
        "POST /api/v1/approvals": INGEST,
        "GET /api/v1/approvals/{approval_id}": INGEST,
        "POST /api/v1/approvals/{approval_id}/decision": ADMIN,
        "GET /api/v1/policies": READ,
        "POST /api/v1/policies/preview": READ,
        "PUT /api/v1/policies/{policy_id}": ADMIN,
        "DELETE /api/v1/policies/{policy_id}": ADMIN,
        "GET /api/v1/stops": READ,
        "POST /api/v1/stops": ADMIN,
        "DELETE /api/v1/stops/{stop_id}": ADMIN,
        "POST /api/v1/shares": ADMIN,
        "GET /api/v1/views": READ,
        "POST /api/v1/views": ADMIN,
        "DELETE /api/v1/views": ADMIN,
        "GET /api/v1/projects": READ,
        "GET /api/v1/keys": ADMIN,
        "POST /api/v1/keys": ADMIN,
        "POST /api/v1/keys/{key_id}/rotate": ADMIN,
        "DELETE /api/v1/keys/{key_id}": ADMIN,
    }
)
"""Method and path of every route → what it asks of a key."""


Known = Callable[[str, float], Caller | None]
"""Token and moment → who holds it, None when nobody does."""


def nobody(token: str, now_s: float) -> None:
    """Return that nobody signs in here."""


class Door:
    """Lets requests in by the keys in a file, and people by what `signed_in` knows of them."""

    def __init__(self, keys: KeyFile, demanded: bool, signed_in: Known = nobody) -> None:
        self._keys = keys
        self._demanded = demanded
        self._signed_in = signed_in

    async def caller(self, authorization: str) -> Caller | None:
        """Return who sends this header, None when it is not good enough.

        A key is known at once. Who signed in may have to be asked for elsewhere: that waits in a thread,
        so that nobody waits for it but them.
        """
        if not authorization:
            return None if self._demanded else ANYBODY
        token, now_s = offered(authorization), time.time()
        if (known := self._keys.live().caller(token, now_s)) or self._signed_in is nobody:
            return known
        return await run_in_threadpool(self._signed_in, token, now_s)


async def authorised(request: Request) -> None:
    """Refuse a request whose key does not open its route; remember whose it is.

    A coroutine, because what is none goes to a pool of threads and back with every request.
    """
    need = NEEDS.get(f"{request.method} {request.scope['route'].path_format}")
    if need is OPEN:
        return
    door: Door | None = request.app.state.door
    try:
        said = request.headers.get("authorization", "")
        caller = ANYBODY if door is None else await door.caller(said)
    except ProviderAway as error:
        raise HTTPException(503, f"nobody can be signed in just now: {error}") from error
    if caller is None:
        raise HTTPException(401, "no valid key", {"WWW-Authenticate": "Bearer"})
    if need is None or not opens(need, caller):
        raise HTTPException(403, said_no(caller))
    if need.every_project and caller.project_id != EVERY_PROJECT:
        raise HTTPException(403, "this takes a key of every project")
    request.state.caller = caller


def said_no(caller: Caller) -> str:
    """Return why a route is shut to somebody."""
    if not caller.person:
        return SHUT
    if not caller.scopes:
        return f"{caller.person} is signed in, and no row of --oidc-people is about them"
    return f"{caller.person} may not do this"


def opens(need: Need, caller: Caller) -> bool:
    """Tell whether a key has what a route asks for, or is a share link where those are let in."""
    return need.scope in caller.scopes or (need.shared and caller.session is not None)


def may_read(request: Request, session_id: str | None) -> bool:
    """Tell whether a session is one that the caller may read: any, or with a share link its own."""
    return caller_of(request).session in (None, session_id)


def caller_of(request: Request) -> Caller:
    """Return who asks."""
    found: Caller = request.state.caller
    return found


def actor_of(request: Request, said: str = "") -> str:
    """Return who does something, for the audit: the person who signed in, whatever they say.

    A key speaks for many: there it is whom the request names, else the key.
    """
    caller = caller_of(request)
    return caller.person or said or caller.key_id


def bounds_of(request: Request) -> str | None:
    """Return the only project a request may see; None where its key is one of every project."""
    project_id = caller_of(request).project_id
    return None if project_id == EVERY_PROJECT else project_id


def project_of(request: Request) -> str:
    """Return whose data a request sees: its key's, or with a key of every project what it names."""
    return caller_of(request).project(request.headers.get(PROJECT_HEADER))
