"""Own prices over the query API: listed, added, ended, taken back, and as a file in and out.

Checks what comes in at the door (`ledger.price_form`); what is refused is a problem document that
names the row and the field.
"""

from datetime import UTC, datetime
from secrets import token_hex
from typing import Annotated, Any, Literal

from fastapi import Body, Path, Query, Request, Response
from pydantic import AwareDatetime
from starlette.concurrency import run_in_threadpool

from spanledger_collector.access import actor_of
from spanledger_collector.api import routing
from spanledger_collector.api.answers import Json
from spanledger_collector.api.parameters import desk_of
from spanledger_collector.ledger import own_prices, price_edits, price_file
from spanledger_collector.ledger.desk import Desk
from spanledger_collector.ledger.own_prices import Entry, Kind, Plan, Written
from spanledger_collector.ledger.price_file import Format
from spanledger_collector.ledger.price_form import AliasForm, BadEntry, Form, PriceForm
from spanledger_collector.moments import SECOND_NS, rfc3339
from spanledger_collector.prices.rowfile import instant
from spanledger_schema.api_ledger import OwnPrice, PriceChange, PriceChanges

LARGEST_FILE = 8 << 20
MEDIA_TYPES: dict[Format, str] = {"yaml": "application/yaml", "json": "application/json"}

By = Annotated[str, Query(max_length=200, description="who does it, for the audit")]
Why = Annotated[str, Query(max_length=1000, description="why, for the audit")]
EntryId = Annotated[str, Path(max_length=100)]

router = routing.router("/api/v1/prices")


@router.get("", response_model=list[OwnPrice])
def list_prices(request: Request, withdrawn: bool = False) -> Json:
    """The operator's own prices, in the order they were first written down."""
    return Json(listed(desk_of(request), "price", withdrawn))


@router.post("", response_model=list[PriceChange], status_code=201)
def add_price(
    request: Request, price: PriceForm, supersedes: str | None = None, by: By = "", note: Why = ""
) -> Json:
    """Add a price. It holds for spans from now on; `reprice` carries it into the past."""
    return added(desk_of(request), "price", price, supersedes, actor_of(request, by), note)


@router.post("/{price_id}/end", response_model=list[PriceChange])
def end_price(
    request: Request,
    price_id: EntryId,
    effective_to: Annotated[AwareDatetime, Body(embed=True, description="exclusive")],
    by: By = "",
    note: Why = "",
) -> Json:
    """End a price at a moment; before it, the price held all the same."""
    plan = price_edits.end("price", price_id, effective_to)
    return carried_out(desk_of(request), plan, actor_of(request, by), note)


@router.delete("/{price_id}", response_model=list[PriceChange])
def withdraw_price(request: Request, price_id: EntryId, by: By = "", note: Why = "") -> Json:
    """Take a price back: it holds at no time any more. What it said is kept."""
    return carried_out(
        desk_of(request), price_edits.withdraw("price", price_id), actor_of(request, by), note
    )


@router.get("/aliases", response_model=list[OwnPrice])
def list_aliases(request: Request, withdrawn: bool = False) -> Json:
    """Other names of models, in the order they were first written down."""
    return Json(listed(desk_of(request), "alias", withdrawn))


@router.post("/aliases", response_model=list[PriceChange], status_code=201)
def add_alias(
    request: Request, alias: AliasForm, supersedes: str | None = None, by: By = "", note: Why = ""
) -> Json:
    """Add another name of a model: a deployment, an inference profile, a gateway's route."""
    return added(desk_of(request), "alias", alias, supersedes, actor_of(request, by), note)


@router.post("/aliases/{alias_id}/end", response_model=list[PriceChange])
def end_alias(
    request: Request,
    alias_id: EntryId,
    effective_to: Annotated[AwareDatetime, Body(embed=True, description="exclusive")],
    by: By = "",
    note: Why = "",
) -> Json:
    """End an alias at a moment; before it, the name meant what it said all the same."""
    plan = price_edits.end("alias", alias_id, effective_to)
    return carried_out(desk_of(request), plan, actor_of(request, by), note)


@router.delete("/aliases/{alias_id}", response_model=list[PriceChange])
def withdraw_alias(request: Request, alias_id: EntryId, by: By = "", note: Why = "") -> Json:
    """Take an alias back. What it said is kept."""
    return carried_out(
        desk_of(request), price_edits.withdraw("alias", alias_id), actor_of(request, by), note
    )


@router.get("/file", response_class=Response)
def export_file(request: Request, style: Annotated[Format, Query(alias="format")]) -> Response:
    """The price file: every standing price and alias. Importing it again changes nothing."""
    said = price_file.text(own_prices.entries(desk_of(request).store), style)
    return Response(said, media_type=MEDIA_TYPES[style])


@router.post("/file", response_model=PriceChanges)
async def import_file(
    request: Request,
    style: Annotated[Format, Query(alias="format")],
    dry_run: bool = True,
    replace: Annotated[bool, Query(description="withdraw what the file does not name")] = False,
    by: By = "",
    note: Why = "",
) -> Json:
    """Take a price file in, the whole of it or nothing; a dry run says what that changes."""
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > LARGEST_FILE:
            raise BadEntry(f"the file is longer than {LARGEST_FILE:,} bytes")
    desk, who = desk_of(request), actor_of(request, by)
    return await run_in_threadpool(imported, desk, bytes(body), style, dry_run, replace, who, note)


def imported(
    desk: Desk, body: bytes, style: Format, dry_run: bool, replace: bool, by: str, note: str
) -> Json:
    """Carry a price file out, or say what that would change."""
    try:
        wanted = price_file.rows(body.decode(), style)
    except UnicodeDecodeError as error:
        raise BadEntry(f"the file is no UTF-8: {error}") from error
    if dry_run:
        changes = price_file.changes(own_prices.entries(desk.store), wanted, replace=replace)
    else:
        changes = own_prices.change(desk, price_file.plan(wanted, replace=replace), by, note)
    kept = len(wanted) - sum(c.after is not None for c in changes)
    return Json(PriceChanges(dry_run, [shown(c) for c in changes], kept))


def listed(desk: Desk, kind: Kind, withdrawn: bool) -> list[OwnPrice]:
    """Return the entries of a kind as the API says them."""
    now_ns = desk.clock()
    entries = (e for e in own_prices.entries(desk.store) if e.kind == kind)
    return [own_price(e, now_ns) for e in entries if withdrawn or not e.withdrawn]


def own_price(entry: Entry, now_ns: int) -> OwnPrice:
    """Return one entry as the API says it."""
    return OwnPrice(
        kind=entry.kind,
        id=entry.id,
        state="withdrawn" if entry.withdrawn else state(entry.written, now_ns),
        written=dict(entry.written),
        created_at=rfc3339(entry.created_ns),
        changed_at=rfc3339(entry.changed_ns),
        changed_by=entry.changed_by or None,
        note=entry.note or None,
    )


def state(written: Written, now_ns: int) -> Literal["holds", "later", "ended"]:
    """Return how an interval lies to a moment."""
    now = datetime.fromtimestamp(now_ns // SECOND_NS, UTC)
    if (until := written.get("effective_to")) and instant(until) <= now:
        return "ended"
    since = written.get("effective_from")
    return "later" if since and instant(since) > now else "holds"


def added(desk: Desk, kind: Kind, form: Form, supersedes: str | None, by: str, note: str) -> Json:
    """Add what a form says, under an id of its own or a new one."""
    written = form.written()
    id_ = written.pop("id", None) or f"{kind}-{token_hex(4)}"
    plan = price_edits.append(kind, id_, written, supersedes)
    return carried_out(desk, plan, by, note or str(written.get("note") or ""), 201)


def carried_out(desk: Desk, plan: Plan, by: str, note: str, status: int = 200) -> Json:
    """Carry a plan out and answer with what changed."""
    changes: list[Any] = [shown(c) for c in own_prices.change(desk, plan, by, note)]
    return Json(changes, status_code=status)


def shown(change: own_prices.Change) -> PriceChange:
    """Return a change as the API says it."""
    before = None if change.before is None else dict(change.before)
    after = None if change.after is None else dict(change.after)
    return PriceChange(change.kind, change.id, change.word, before, after)
