"""Questions to the store and their answers in the shapes of `spanledger_schema.api`.

Takes parameters that are already checked; runs files from `queries/`; knows no HTTP. Dollars
become decimal strings here and nowhere else.
"""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from spanledger_collector.conditions import Condition
from spanledger_collector.moments import rfc3339
from spanledger_collector.store import Store
from spanledger_schema import filter_sql
from spanledger_schema.api import (
    SessionEvent,
    SessionEvents,
    SessionRow,
    Spend,
    SpendRow,
    Totals,
)
from spanledger_schema.filter_sql import SPEND_KEYS
from spanledger_schema.filters import Term
from spanledger_schema.span import CALLS

Row = Mapping[str, Any]

END_OF_TIME_NS = (1 << 63) - 1


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


def dollars(amount: Decimal) -> str:
    """Return an amount as a plain decimal string without trailing zeros."""
    shown = f"{amount:f}"
    return shown.rstrip("0").rstrip(".") if "." in shown else shown


def events(store: Store, project: str, session_key: str, limit: int) -> SessionEvents | None:
    """Return the skeleton of a session with what it had used and spent at every step."""
    head = session(store, project, session_key)
    if head is None:
        return None
    parameters = {"project": project, "session": session_key}
    not_billed = {
        (row["trace_id"], span_id): reason
        for row in store.rows("session_not_billed", **parameters)
        for span_id, reason in zip(row["span_ids"], row["reasons"], strict=True)
    }
    rows = list(store.rows("session_events", **parameters, limit=limit))
    found = skeleton(rows, not_billed)
    return SessionEvents(session=head, events=found, total_events=head.spans, limit=limit)


def skeleton(
    rows: Sequence[Row], not_billed: Mapping[tuple[bytes, bytes], str]
) -> list[SessionEvent]:
    """Return spans in order of start as events that carry depth and running totals."""
    depth = depths(rows)
    running = Totals(cost_usd=dollars(Decimal(0)))
    spent = Decimal(0)
    found = []
    first_ns = rows[0]["start_ns"] if rows else 0
    for seq, row in enumerate(rows):
        reason = not_billed.get((row["trace_id"], row["span_id"]))
        billed = reason is None and is_line(row)
        if billed:
            running.input_tokens += row["input_tokens"] or 0
            running.output_tokens += row["output_tokens"] or 0
            if row["cost_usd"]:
                spent += row["cost_usd"]
                running.cost_usd = dollars(
                    spent
                )  # written once for all the steps that spend nothing
            running.unpriced_calls += row["cost_usd"] is None and has_usage(row)
        found.append(
            SessionEvent(
                seq=seq,
                **identity(row),
                depth=depth[row["trace_id"], row["span_id"]],
                offset_ns=row["start_ns"] - first_ns,
                **described(row),
                billed=billed,
                not_billed_because=reason,
                running_input_tokens=running.input_tokens,
                running_output_tokens=running.output_tokens,
                running_cost_usd=running.cost_usd or "",
                running_unpriced_calls=running.unpriced_calls,
            )
        )
    return found


def is_line(row: Row) -> bool:
    """Tell whether a span is one to bill: a call, usage as if it were one, or a cost of no call."""
    return row["kind"] in CALLS or has_usage(row) or row["usage_role"] == "cost"


def has_usage(row: Row) -> bool:
    """Tell whether a span said anything about tokens."""
    return row["input_tokens"] is not None or row["output_tokens"] is not None


def depths(rows: Sequence[Row]) -> dict[tuple[bytes, bytes], int]:
    """Return how deep each span lies below the topmost one that arrived; a cycle is cut open."""
    parents = {(r["trace_id"], r["span_id"]): (r["trace_id"], r["parent_span_id"]) for r in rows}
    found: dict[tuple[bytes, bytes], int] = {}
    for key in parents:
        path: dict[tuple[bytes, bytes], None] = {}  # in order, and quick to look into
        at = key
        while at in parents and at not in found and at not in path:
            path[at] = None
            at = parents[at]
        base = found.get(at, -1)
        for step, span in enumerate(reversed(path), start=1):
            found[span] = base + step
    return found


OPTIONAL_TEXTS = (
    "preview", "error_type", "agent", "node", "tool", "provider", "model", "cost_source",
    "price_status", "price_reason", "state_from", "state_to", "reason", "verdict",
)  # fmt: skip

PLAIN = (
    "kind", "name", "status", "input_tokens", "cache_read_tokens", "cache_write_tokens",
    "output_tokens", "reasoning_tokens",
)  # fmt: skip


NO_SPAN = bytes(8)  # the parent of a root


def identity(row: Row) -> dict[str, Any]:
    """Return the ids of a span, in hex."""
    parent = row["parent_span_id"]
    return {
        "trace_id": row["trace_id"].hex(),
        "span_id": row["span_id"].hex(),
        "parent_span_id": None if parent == NO_SPAN else parent.hex(),
    }


def described(row: Row) -> dict[str, Any]:
    """Return what an event says besides its ids and totals; '' in the store is None here."""
    start_ns, end_ns = row["start_ns"], row["end_ns"]
    cost = row["cost_usd"]
    told = {name: row[name] for name in PLAIN}
    for name in OPTIONAL_TEXTS:
        told[name] = row[name] or None
    told["started_at"] = rfc3339(start_ns)
    told["duration_ns"] = None if end_ns is None else end_ns - start_ns
    told["cost_usd"] = None if cost is None else dollars(cost)
    return told


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
