"""Whether the books balance: every identity that must hold, with its figures on both sides.

Adds up the same dollars in every way that somebody may look at them (lines, traces, sessions, days
of three time zones), counts every trace again from its spans, and follows each received span to
where it is now.
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from spanledger_collector import query
from spanledger_collector.ledger.accounts import Account
from spanledger_collector.ledger.desk import Desk
from spanledger_collector.ledger.recount import LOOKS, Recount, recount
from spanledger_collector.money import dollars
from spanledger_collector.store import Store
from spanledger_schema.api_ledger import Identity, Verification

ZONES = ("UTC", "America/New_York", "Asia/Kolkata")  # the last one is half an hour off the others
END_S = 2**32 - 900


def verify(desk: Desk, only: str | None = None) -> Verification:
    """Return whether every identity holds: of one project, or of all and of the spools they share."""
    identities: list[Identity] = []
    spans = traces = 0
    projects = [row["project_id"] for row in desk.store.rows("ledger_projects")]
    for project_id in projects if only is None else [only]:
        found = recount(desk, project_id)
        spans, traces = spans + found.spans, traces + found.traces
        identities += settled_sums(desk, project_id)
        identities.append(traces_are_spans(project_id, found))
    if only is None:
        identities += [of_spool(account) for account in desk.accounts()]
    return Verification(all(i.holds for i in identities), traces, spans, identities)


def settled_sums(desk: Desk, project_id: str) -> list[Identity]:
    """Return the sums of a project, taken where nothing is written between one and the next."""
    found: list[Identity] = []
    for _ in range(1 if desk.store.exclusive else LOOKS):
        found = desk.handover.do(lambda drain: list(sums_agree(drain.store, project_id)))
        if all(identity.holds for identity in found):
            break
    return found


def sums_agree(store: Store, project_id: str) -> Iterator[Identity]:
    """Yield whether the same dollars come out of a project however they are added up."""
    sums = next(store.rows("trace_sums", project=project_id))
    sessions = next(store.rows("session_sums", project=project_id))
    yield lines_are_traces(project_id, sums)
    yield traces_are_sessions(project_id, sums, sessions)
    for zone in ZONES:
        yield days_are_range(store, project_id, sums, zone)


def lines_are_traces(project_id: str, sums: query.Row) -> Identity:
    """Return whether the lines of every trace add up to it."""
    odd = [f"{trace}: its lines do not add up to it" for trace in sums["odd_traces"]]
    return Identity(
        name=f"{project_id}: sum of lines = traces",
        holds=not odd and sums["line_calls"] == sums["calls_sum"],
        figures={
            "traces": str(sums["trace_count"]),
            "lines_usd": dollars(sums["line_usd"]),
            "traces_usd": dollars(sums["cost_usd_sum"]),
            "lines_calls": str(sums["line_calls"]),
            "traces_calls": str(sums["calls_sum"]),
        },
        differences=odd,
    )


def traces_are_sessions(project_id: str, sums: query.Row, sessions: query.Row) -> Identity:
    """Return whether traces, sessions and the project come to the same."""
    same = all(sums[name] == sessions[name] for name in ("calls_sum", "cost_usd_sum"))
    return Identity(
        name=f"{project_id}: sum of traces = sessions = project",
        holds=same,
        figures={
            "sessions": str(sessions["session_count"]),
            "sessions_usd": dollars(sessions["cost_usd_sum"]),
            "project_usd": dollars(sums["cost_usd_sum"]),
            "sessions_calls": str(sessions["calls_sum"]),
            "project_calls": str(sums["calls_sum"]),
        },
    )


def days_are_range(store: Store, project_id: str, sums: query.Row, zone: str) -> Identity:
    """Return whether the days of a time zone add up to the whole, as the spend screen cuts them."""
    asked: dict[str, Any] = {"project": project_id, "since_s": 0, "until_s": END_S, "tz": zone}
    days = list(query.spend_rows(store, ["day"], asked))
    usd = sum((day["cost_usd_sum"] for day in days), Decimal(0))
    calls = sum(day["calls_sum"] for day in days)
    return Identity(
        name=f"{project_id}: sum of days = range, in {zone}",
        holds=(usd, calls) == (sums["cost_usd_sum"], sums["calls_sum"]),
        figures={
            "days": str(len(days)),
            "days_usd": dollars(usd),
            "range_usd": dollars(sums["cost_usd_sum"]),
            "days_calls": str(calls),
            "range_calls": str(sums["calls_sum"]),
        },
    )


def traces_are_spans(project_id: str, found: Recount) -> Identity:
    """Return whether every trace is what its spans come to."""
    return Identity(
        name=f"{project_id}: traces = recomputed from spans",
        holds=not found.odd_traces,
        figures={
            "traces": str(found.traces),
            "spans": str(found.spans),
            "odd_traces": str(found.odd_traces),
        },
        differences=found.named,
    )


def of_spool(account: Account) -> Identity:
    """Return whether everything that a spool received is somewhere."""
    return Identity(
        name=f"{account.spool} {account.signal}: received = rejected + stored + pending + quarantined",
        holds=account.holds,
        figures={
            "received": str(account.received),
            "rejected": str(account.rejected),
            "stored": str(account.stored),
            "pending": str(account.pending),
            "quarantined": str(account.quarantined),
            **({"dropped": str(account.dropped)} if account.dropped else {}),
        },
    )
