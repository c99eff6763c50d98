"""What the spend of a range was good for: what caches saved, what failed sessions cost."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from spanledger_collector.conditions import Condition
from spanledger_collector.moments import SECOND_NS
from spanledger_collector.money import dollars
from spanledger_collector.prices.rates import EXACT
from spanledger_collector.query import Row
from spanledger_collector.store import Store
from spanledger_schema import filter_sql
from spanledger_schema.api_ledger import CacheSavings, FailedSessions, Insights
from spanledger_schema.filters import Matches, Term

PICO_USD = Decimal(10) ** -12
SHARE = Decimal("0.0001")


def insights(
    store: Store, project: str, since_s: int, until_s: int, terms: Sequence[Term] = ()
) -> Insights:
    """Return what is worth knowing about the spend in [since, until) that passes a filter.

    Raises:
        NoSuchField: a term names what lines of spend do not have.
    """
    asked: dict[str, Any] = {
        "project": project,
        "since_s": since_s,
        "until_s": until_s,
        "since_ns": since_s * SECOND_NS,
        "until_ns": until_s * SECOND_NS,
    }
    lines = {"filter": Condition(filter_sql.SPEND, asked).sql(terms)}
    spans = {"filter": of_calls(terms, asked)}
    cached = next(store.completed_rows("cache_savings", spans, asked))
    failed = next(store.completed_rows("failed_sessions", lines, asked))
    return Insights(
        total_usd=dollars(failed["all_usd"]),
        unpriced_calls=failed["all_unpriced"],
        caches=cache_savings(cached),
        failed=failed_sessions(failed),
    )


def of_calls(terms: Sequence[Term], asked: dict[str, Any]) -> str:
    """Return the condition of spans whose line passes the filter: what a line has is asked of them."""
    own = [t for t in terms if isinstance(t, Matches) and t.field in filter_sql.LINE_FIELDS]
    whole = [t for t in terms if t not in own]
    spans = Condition(filter_sql.CALLS, asked).sql(own)
    traces = Condition(filter_sql.TRACES, asked).sql(whole)
    return f"{spans} AND {filter_sql.OF_TRACES.format(traces)}" if whole else spans


def cache_savings(row: Row) -> CacheSavings:
    """Return what caches saved and cost."""
    saved, cost = rounded(row["reads_saved"]), rounded(row["writes_cost"])
    return CacheSavings(
        calls=row["call_count"],
        cache_read_tokens=row["read_tokens"],
        cache_write_tokens=row["write_tokens"],
        reads_saved_usd=dollars(saved),
        writes_cost_usd=dollars(cost),
        net_usd=dollars(saved - cost),
        unknown_calls=row["unknown_calls"],
    )


def failed_sessions(row: Row) -> FailedSessions:
    """Return what failed sessions cost."""
    total: Decimal = row["all_usd"]
    share = (row["failed_usd"] / total).quantize(SHARE) if total else None
    return FailedSessions(
        sessions=row["failed_count"],
        cost_usd=dollars(row["failed_usd"]),
        unpriced_calls=row["failed_unpriced"],
        share_of_spend=None if share is None else dollars(share),
    )


def rounded(usd: Decimal) -> Decimal:
    """Return an amount rounded half-even to 1e-12 dollars."""
    return usd.quantize(PICO_USD, context=EXACT)
