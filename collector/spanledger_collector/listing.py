"""Tables that are filtered, sorted and read page by page: sessions, traces, calls, their pulse.

Takes terms of the filter language and a place to begin after; runs files from `queries/` whose
blanks it fills with conditions. Knows no HTTP.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from spanledger_collector.conditions import Condition, NoSuchField
from spanledger_collector.moments import rfc3339
from spanledger_collector.money import dollars
from spanledger_collector.query import END_OF_TIME_NS, session_rows, totals
from spanledger_collector.store import Store
from spanledger_schema import filter_sql
from spanledger_schema.api import SessionRow
from spanledger_schema.api_tables import Beat, CallRow, Observed, Pulse, TraceRow, Values
from spanledger_schema.filter_sql import Fields
from spanledger_schema.filters import Term
from spanledger_schema.span import CALLS

Row = Mapping[str, Any]
Place = tuple[int, str]

FIRST_PAGE = (1 << 120, "")  # above every order key: a page "after" it is the first
MOST_BEATS = 2000
MANY_TRACES = 50_000
TRACES_OF_A_SESSION = 8
"""So many of the last traces, for each session of a page, are looked at first."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which rows, in which order."""

    terms: Sequence[Term] = ()
    since_ns: int = 0
    until_ns: int = END_OF_TIME_NS
    order: str = "started"
    descending: bool = True


def sessions(
    store: Store, project: str, wanted: Wanted, limit: int, after: Place = FIRST_PAGE
) -> tuple[list[SessionRow], Place | None]:
    """Return a page of sessions and where the next one starts, None after the last."""
    rows = newest(store, project, wanted, limit + 1, after)
    if rows is None:
        parts = {"order": filter_sql.ORDERS[wanted.order]}
        asked = {"project": project, "descending": wanted.descending}
        fields = filter_sql.SESSIONS
        rows = found(store, "session_keys", fields, parts, asked, wanted, limit + 1, after)
    keys = [str(row["session_key"]) for row in rows[:limit]]
    known = {row.id: row for row in session_rows(store, project, keys)}
    page = [known[key] for key in keys if key in known]
    return page, place(rows, limit, "session_key")


def newest(
    store: Store, project: str, wanted: Wanted, limit: int, after: Place
) -> list[Row] | None:
    """Return what `session_keys` would, by the last traces alone; None where these do not tell.

    They tell the newest of all sessions. A filter that few pass, or another order, takes all traces; so do few
    traces, of which all are read in less time than the last are found.
    """
    if wanted.terms or wanted.order != "started" or not wanted.descending:
        return None
    if next(store.rows("trace_count", project=project))["found"] < MANY_TRACES:
        return None
    asked = {
        "project": project,
        "since_ns": wanted.since_ns,
        "until_ns": wanted.until_ns,
        "before_ns": min(wanted.until_ns, after[0] + 1),
        "after_key": after[0],
        "after_id": after[1],
        "traces": TRACES_OF_A_SESSION * limit,
        "limit": limit,
    }
    rows: list[Row] = list(store.rows("newest_sessions", **asked))
    return rows if len(rows) == limit or any(row["whole"] for row in rows) else None


def traces(
    store: Store, project: str, wanted: Wanted, limit: int, after: Place = FIRST_PAGE
) -> tuple[list[TraceRow], Place | None]:
    """Return a page of traces, newest first, and where the next one starts."""
    asked = {"project": project}
    rows = found(store, "trace_list", filter_sql.TRACES, {}, asked, wanted, limit + 1, after)
    return [trace_row(row) for row in rows[:limit]], place(rows, limit, "trace")


def calls(
    store: Store, project: str, wanted: Wanted, limit: int, after: Place = FIRST_PAGE
) -> tuple[list[CallRow], Place | None]:
    """Return a page of billed calls, the last or the most first, and where the next one starts."""
    parts = {"order": CALL_ORDERS[wanted.order]}
    asked = {"project": project, "kinds": sorted(CALLS)}
    rows = found(store, "call_list", filter_sql.CALLS, parts, asked, wanted, limit + 1, after)
    told = store.rows("trace_sessions", project=project, traces=[r["trace"] for r in rows[:limit]])
    whose = {row["trace"]: row for row in told}
    page = [call_row(row, whose.get(row["trace"], {})) for row in rows[:limit]]
    return page, place(rows, limit, "id")


CALL_ORDERS = {
    "started": "toUnixTimestamp64Nano(started_at)",
    "cost": "cost_usd * 1000000000000",
    "tokens": filter_sql.CALLS.numbers["tokens"],
    "duration": filter_sql.CALLS.numbers["duration"],
}
"""What calls are sorted by; NULL is unknown."""


def found(
    store: Store,
    name: str,
    fields: Fields,
    parts: Mapping[str, str],
    asked: Mapping[str, Any],
    wanted: Wanted,
    limit: int,
    after: Place,
) -> list[Row]:
    """Return the rows of a table's query.

    Raises:
        NoSuchField: a term names what this table does not have.
    """
    condition = Condition(fields)
    blanks = {**parts, "filter": condition.sql(wanted.terms)}
    asked = {
        **asked,
        "since_ns": wanted.since_ns,
        "until_ns": wanted.until_ns,
        "after_key": after[0],
        "after_id": after[1],
        "limit": limit,
        **condition.parameters,
    }
    return list(store.completed_rows(name, blanks, asked))


def place(rows: Sequence[Row], limit: int, key: str) -> Place | None:
    """Return where the page after the first `limit` rows begins, None when there are no more."""
    if len(rows) <= limit:
        return None
    last = rows[limit - 1]
    return int(last["order_key"]), str(last[key])


def trace_row(row: Row) -> TraceRow:
    """Return one trace as the API says it."""
    return TraceRow(
        id=row["trace"].lower(),
        session_id=row["session_key"],
        user_id=row["user_id"] or None,
        name=row["name"],
        agent=row["agent"] or None,
        service=row["service"] or None,
        environment=row["environment"] or None,
        status=row["status"],
        started_at=rfc3339(row["start_ns"]),
        duration_ns=row["end_ns"] - row["start_ns"],
        spans=row["span_count"],
        totals=totals(row),
    )


def call_row(row: Row, whose: Row) -> CallRow:
    """Return one call as the API says it; `whose` tells session and user of its trace."""
    texts = ("error_type", "agent", "node", "provider", "model", "service", "preview")
    return CallRow(
        trace_id=row["trace"].lower(),
        span_id=row["span"].lower(),
        session_id=whose.get("session_key"),
        user_id=whose.get("user_id") or None,
        name=row["name"],
        kind=row["kind"],
        status=row["status"],
        **{text: row[text] or None for text in texts},
        started_at=rfc3339(row["start_ns"]),
        duration_ns=None if row["end_ns"] is None else row["end_ns"] - row["start_ns"],
        input_tokens=row["input_tokens"],
        cache_read_tokens=row["cache_read_tokens"],
        output_tokens=row["output_tokens"],
        cost_usd=None if row["cost_usd"] is None else dollars(row["cost_usd"]),
        cost_source=row["cost_source"] or None,
        price_reason=row["price_reason"] or None,
    )


def pulse(store: Store, project: str, wanted: Wanted, grain: str, time_zone: str) -> Pulse:
    """Return what sessions did over time on the clock of a zone: those of `sessions`, each once."""
    condition = Condition(filter_sql.SESSIONS)
    blanks = {"filter": condition.sql(wanted.terms)}
    asked = {
        "project": project,
        "since_ns": wanted.since_ns,
        "until_ns": wanted.until_ns,
        "grain": grain,
        "tz": time_zone,
        "limit": MOST_BEATS,
        **condition.parameters,
    }
    rows = store.completed_rows("pulse", blanks, asked)
    return Pulse(grain, time_zone, [beat(row) for row in rows])


def beat(row: Row) -> Beat:
    """Return one bucket as the API says it."""
    unknown = row["calls"] > 0 and row["priced_calls"] == 0
    return Beat(
        start=row["bucket"],
        sessions=row["sessions"],
        failed_sessions=row["failed_sessions"],
        cost_usd=None if unknown else dollars(row["cost_usd"]),
        unpriced_calls=row["unpriced_calls"],
        p95_ns=row["p95_ns"],
    )


def values(
    store: Store, project: str, name: str, pattern: str, since_ns: int, limit: int
) -> Values:
    """Return the values of a text field that were seen since a moment and are like a pattern.

    Raises:
        NoSuchField: values of this field are not looked up.
    """
    asked = {"project": project, "pattern": pattern, "since_ns": since_ns, "limit": limit}
    return Values(name, [Observed(**row) for row in observed(store, name, asked)])


def observed(store: Store, name: str, asked: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield value and number of sessions."""
    if expression := filter_sql.OBSERVED.get(name):
        return store.completed_rows("values", {"field": expression}, asked)
    if expression := filter_sql.OBSERVED_OF_SPANS.get(name):
        return store.completed_rows("span_values", {"field": expression}, asked)
    names = ", ".join((*filter_sql.OBSERVED, *filter_sql.OBSERVED_OF_SPANS))
    raise NoSuchField(f"no values are kept of {name!r}; ask for {names}")
