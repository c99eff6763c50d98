"""What the spend of a range was good for: what caches saved, what failed sessions cost."""

from decimal import Decimal

from spanledger_collector.moments import SECOND_NS
from spanledger_collector.prices.rates import EXACT
from spanledger_collector.query import Row, dollars
from spanledger_collector.store import Store
from spanledger_schema.api_ledger import CacheSavings, FailedSessions, Insights

PICO_USD = Decimal(10) ** -12
SHARE = Decimal("0.0001")


def insights(store: Store, project: str, since_s: int, until_s: int) -> Insights:
    """Return what is worth knowing about the spend in [since, until)."""
    asked = {"project": project}
    moments = {"since_ns": since_s * SECOND_NS, "until_ns": until_s * SECOND_NS}
    cached = next(store.rows("cache_savings", **asked, **moments))
    failed = next(store.rows("failed_sessions", **asked, since_s=since_s, until_s=until_s))
    return Insights(
        total_usd=dollars(failed["all_usd"]),
        unpriced_calls=failed["all_unpriced"],
        caches=cache_savings(cached),
        failed=failed_sessions(failed),
    )


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
