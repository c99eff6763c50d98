"""Questions to the store and their answers in the shapes of `spanledger_schema.api`.

Takes parameters that are already checked; runs files from `queries/`; knows no HTTP.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from typing import Any

from spanledger_collector.conditions import Condition
from spanledger_collector.moments import rfc3339
from spanledger_collector.money import dollars
from spanledger_collector.steps import Steps
from spanledger_collector.store import Store
from spanledger_schema import filter_sql
from spanledger_schema.api import (
    SessionColumns,
    SessionEvent,
    SessionEvents,
    SessionRow,
    Spend,
    SpendRow,
    Totals,
)
from spanledger_schema.filter_sql import SPEND_KEYS
from spanledger_schema.filters import Term

Row = Mapping[str, Any]

END_OF_TIME_NS = (1 << 63) - 1
EVENT_FIELDS = tuple(field.name for field in fields(SessionEvent))


def session(store: Store, project: str, session_key: str) -> SessionRow | None:
    """Return one session, or None when there is none of that id."""
    return next(session_rows(store, project, [session_key]), None)


def session_of(store: Store, project: str, trace_id: str) -> str | None:
    """Return the session of a trace (id in hex), None when there is none of that id."""
    rows = store.rows("trace_sessions", project=project, traces=[trace_id])
    return next((str(row["session_key"]) for row in rows), None)


def session_rows(store: Store, project: str, keys: Sequence[str]) -> Iterator[SessionRow]:
    """Yield sessions of these ids, in no order."""
    return map(session_row, store.rows("session_list", project=project, keys=list(keys)))


def session_row(row: Row) -> SessionRow:
    """Return one session as the API says it."""
    return SessionRow(
        id=row["session_key"],
        reported=bool(row["reported"]),
        name=row["first_name"],
        user_id=row["last_user"] or None,
        agent=row["first_agent"] or None,
        service=row["first_service"] or None,
        environment=row["first_environment"] or None,
        status=row["state"],
        started_at=rfc3339(row["start_ns"]),
        ended_at=rfc3339(row["end_ns"]),
        duration_ns=row["end_ns"] - row["start_ns"],
        waiting_ns=row["waiting"],
        traces=row["trace_count"],
        spans=row["span_count"],
        totals=totals(row),
        tags=sorted(row["all_tags"]),
        models=sorted(m for m in row["models"] if m),
    )


def totals(row: Row) -> Totals:
    """Return the `*_sum` columns of a row as totals."""
    unknown = row["calls_sum"] > 0 and row["priced_calls_sum"] == 0
    return Totals(
        calls=row["calls_sum"],
        tool_calls=row.get("tool_calls_sum", 0),
        errors=row.get("errors_sum", row["llm_errors_sum"]),
        llm_errors=row["llm_errors_sum"],
        tool_errors=row.get("tool_errors_sum", 0),
        input_tokens=row["input_tokens_sum"],
        cache_read_tokens=row["cache_read_tokens_sum"],
        cache_write_tokens=row["cache_write_tokens_sum"],
        output_tokens=row["output_tokens_sum"],
        reasoning_tokens=row["reasoning_tokens_sum"],
        cost_usd=None if unknown else dollars(row["cost_usd_sum"]),
        unpriced_calls=row["unpriced_calls_sum"],
        unpriced_tokens=row["unpriced_tokens_sum"],
        calls_without_usage=row["calls_without_usage_sum"],
        estimated_calls=row["estimated_calls_sum"],
        estimated_usd=dollars(row["estimated_usd_sum"]),
    )


def events(store: Store, project: str, session_key: str, limit: int) -> SessionEvents | None:
    """Return the skeleton of a session with what it had used and spent at every step."""
    told = columns(store, project, session_key, EVENT_FIELDS, limit)
    if told is None:
        return None
    rows = zip(*told.columns.values(), strict=True)
    return SessionEvents(
        session=told.session,
        events=[SessionEvent(*row) for row in rows],
        total_events=told.total_events,
        limit=limit,
    )


def columns(
    store: Store, project: str, session_key: str, names: Sequence[str], limit: int
) -> SessionColumns | None:
    """Return these fields of the steps of a session, a list of each."""
    head = session(store, project, session_key)
    if head is None:
        return None
    parameters = {"project": project, "session": session_key}
    not_billed = {
        (row["trace_id"], span_id): reason
        for row in store.rows("session_not_billed", **parameters)
        for span_id, reason in zip(row["span_ids"], row["reasons"], strict=True)
    }
    stored = store.named_columns("session_events", **parameters, limit=limit)
    steps = Steps(stored, not_billed)
    told = {name: list(steps.column(name)) for name in names}
    return SessionColumns(session=head, columns=told, total_events=head.spans, limit=limit)


SPANS_OF_TIME = ("hour", "day", "week", "month")
MOST_SPEND_ROWS = 100_000


class TooMany(Exception):
    """An answer would have more rows than one may have; none is left out silently."""


def spend(
    store: Store,
    project: str,
    by: Sequence[str],
    since_s: int,
    until_s: int,
    time_zone: str,
    terms: Sequence[Term] = (),
) -> Spend:
    """Return spend in [since, until), grouped as asked, with the total of all rows.

    Args:
        store: where to ask.
        project: whose spend.
        by: keys of SPEND_KEYS, at most one of them a span of time.
        since_s: start of the range, seconds since the epoch, on a quarter of an hour.
        until_s: its end, exclusive, likewise.
        time_zone: IANA name; days and weeks begin on its clock.
        terms: what has to hold of a line and its trace.

    Raises:
        NoSuchField: a term names what lines of spend do not have.
    """
    asked: dict[str, Any] = {
        "project": project,
        "since_s": since_s,
        "until_s": until_s,
        "tz": time_zone,
    }
    condition = Condition(filter_sql.SPEND, asked)
    rows = list(spend_rows(store, by, asked, condition.sql(terms)))
    if len(rows) > MOST_SPEND_ROWS:
        raise TooMany(f"more than {MOST_SPEND_ROWS} rows; narrow since and until, or group by less")
    return Spend(
        group_by=list(by),
        time_zone=time_zone,
        rows=[
            SpendRow(
                key={name: row[f"by_{name}"] or None for name in by},
                totals=totals(row),
                sessions=row["sessions"],
            )
            for row in rows
        ],
        total=totals(added(rows)) if rows else Totals(),
    )


def spend_rows(
    store: Store, by: Sequence[str], asked: Mapping[str, Any], condition: str = "1"
) -> Iterator[Row]:
    """Yield rows of spend in order of time, then of dollars, one more than there may be at most.

    A key is the column `by_…`; `asked` are the parameters of `spend.sql`.
    """
    keys = [name for name in SPEND_KEYS if name in by]
    times = [f"by_{name}" for name in keys if name in SPANS_OF_TIME]
    others = [f"by_{name}" for name in keys if name not in SPANS_OF_TIME]
    blanks = {
        "keys": ", ".join(f"{SPEND_KEYS[name]} AS by_{name}" for name in keys) or "1",
        "order": ", ".join([*times, "cost_usd_sum DESC", *others]),
        "filter": condition,
    }
    return store.completed_rows("spend", blanks, {**asked, "limit": MOST_SPEND_ROWS + 1})


def added(rows: Sequence[Row]) -> dict[str, Any]:
    """Return the `*_sum` columns of rows, added up: what rows say together is then what is said."""
    return {name: sum(row[name] for row in rows) for name in rows[0] if name.endswith("_sum")}
