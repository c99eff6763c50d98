"""The routes that hand tables out as files: sessions, calls and spend, with the tables' own filters.

A file is sent while it is made. What is asked wrongly is refused before the first byte; a store
that fails later cuts the file off, so that no client takes a part for the whole. The audit has who
asked for what before the first byte leaves, and how many rows it was once the last one has.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from typing import Annotated, Any

from fastapi import FastAPI, Query, Request
from fastapi.responses import StreamingResponse

from spanledger_collector import listing
from spanledger_collector.access import actor_of, project_of
from spanledger_collector.api import routing
from spanledger_collector.api.parameters import Filter, Moment, desk_of, store_of
from spanledger_collector.api.spend import spent
from spanledger_collector.api.tables import interval
from spanledger_collector.export import FILES, Column, Format, Row, columns, flat
from spanledger_collector.ledger import audit
from spanledger_collector.listing import FIRST_PAGE, Place, Wanted
from spanledger_schema import filters
from spanledger_schema.api import Dimension, SessionRow, Totals
from spanledger_schema.api_tables import CallRow

SESSIONS_AT_ONCE = 1000
CALLS_AT_ONCE = 5000  # a page reads all calls of the range, so the more at once the better
SPEND_AT_ONCE = 5000
UNKNOWN_OF_SPEND = frozenset({"tool_calls", "errors", "tool_errors"})  # lines are of calls alone

FetchPage = Callable[[Place], tuple[Sequence[Any], Place | None]]

FILE: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The file, in the format asked for",
        "content": {media.partition(";")[0]: {} for media, _ in FILES.values()},
    }
}

router = routing.router("/api/v1/export", StreamingResponse)


def mount(app: FastAPI) -> None:
    """Add the routes to the app."""
    routing.attach(app, router)


@router.get("/sessions", responses=FILE)
def export_sessions(
    request: Request,
    format: Format = "csv",
    since: Moment = None,
    until: Moment = None,
    q: Filter = "",
) -> StreamingResponse:
    """All sessions active in [since, until) that pass the filter `q`, newest first, as a file."""
    wanted = Wanted(filters.parse(q), *interval(since, until))
    store, project = store_of(request), project_of(request)

    def page(after: Place) -> tuple[Sequence[Any], Place | None]:
        return listing.sessions(store, project, wanted, SESSIONS_AT_ONCE, after)

    return file(request, "sessions", format, columns(SessionRow), pages(page))


@router.get("/calls", responses=FILE)
def export_calls(
    request: Request,
    format: Format = "csv",
    since: Moment = None,
    until: Moment = None,
    q: Filter = "",
) -> StreamingResponse:
    """All billed calls that began in [since, until) and pass the filter `q`, newest first, as a file."""
    wanted = Wanted(filters.parse(q), *interval(since, until))
    store, project = store_of(request), project_of(request)

    def page(after: Place) -> tuple[Sequence[Any], Place | None]:
        return listing.calls(store, project, wanted, CALLS_AT_ONCE, after)

    return file(request, "calls", format, columns(CallRow), pages(page))


@router.get("/spend", responses=FILE)
def export_spend(
    request: Request,
    format: Format = "csv",
    group_by: Annotated[list[Dimension] | None, Query()] = None,
    since: Moment = None,
    until: Moment = None,
    tz: str = "UTC",
    q: Filter = "",
) -> StreamingResponse:
    """The rows of `GET /api/v1/spend`, asked the same way, as a file."""
    found = spent(request, group_by, since, until, tz, q)
    wanted = [
        *(Column(name, "text") for name in found.group_by),
        Column("sessions", "count"),
        *(c for c in columns(Totals) if c.name not in UNKNOWN_OF_SPEND),
    ]
    starts = range(0, len(found.rows), SPEND_AT_ONCE)
    parts = ([flat(r) for r in found.rows[i : i + SPEND_AT_ONCE]] for i in starts)
    return file(request, "spend", format, wanted, parts)


def pages(fetch: FetchPage) -> Iterator[list[Row]]:
    """Yield page after page until there are no more."""
    after: Place | None = FIRST_PAGE
    while after is not None:
        rows, after = fetch(after)
        yield [flat(row) for row in rows]


def file(
    request: Request,
    name: str,
    format: Format,
    wanted: Sequence[Column],
    rows: Iterator[list[Row]],
) -> StreamingResponse:
    """Return an answer that is a file; its first page is asked for before the answer begins."""
    first = next(rows, [])
    media, write = FILES[format]
    whole = audited(request, f"{name}.{format}", chain([first], rows))
    return StreamingResponse(
        write(wanted, whole),
        media_type=media,
        headers={"content-disposition": f'attachment; filename="spanledger-{name}.{format}"'},
    )


def audited(request: Request, name: str, rows: Iterator[list[Row]]) -> Iterator[list[Row]]:
    """Return the rows of a file that is in the audit, and will be once more when all have left.

    Two records, because nobody says when a client goes away in the middle.
    """
    desk, asked_by, project_id = desk_of(request), actor_of(request), project_of(request)

    def note(action: str, what: dict[str, str] | dict[str, int]) -> None:
        entry = audit.Record(desk.clock(), action, name, None, what, asked_by, "", project_id)
        desk.handover.do(lambda drain: audit.write(drain.store, [entry]))

    def counted() -> Iterator[list[Row]]:
        count = 0
        for some in rows:
            yield some
            count += len(some)
        note("exported", {"rows": count})

    note("export begun", {"asked": request.url.query})
    return counted()
