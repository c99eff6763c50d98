"""Stored calls read back: what they used and what they were billed at, batch by batch.

A filter goes in, calls come out in order of trace, never more than a batch of them at a time.
Usage is that of the meters which were kept: no span is decoded again.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from decimal import Decimal
from typing import Any, Self

from spanledger_collector.ledger.trace_pages import trace_batches
from spanledger_collector.store import Store
from spanledger_schema.span import Usage

BATCH_CALLS = 5_000  # their ids have to fit into the address of a request: a megabyte


@dataclass(frozen=True, slots=True)
class CallFilter:
    """Which calls of a project, by when they started; '' filters nothing."""

    project: str
    since_ns: int
    until_ns: int
    provider: str = ""
    model: str = ""
    session: str = ""
    user: str = ""
    service: str = ""
    environment: str = ""
    only_unpriced: bool = False

    def within(self, since_ns: int, until_ns: int) -> Self:
        """Return the filter cut to a range of time."""
        return replace(
            self, since_ns=max(self.since_ns, since_ns), until_ns=min(self.until_ns, until_ns)
        )


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a call came to: the columns that a new price may change."""

    usd: Decimal | None  # what counts
    source: str
    status: str
    computed_usd: Decimal | None
    lines: tuple[tuple[str, int, Decimal, Decimal], ...]  # meter, quantity, dollars each, dollars


@dataclass(frozen=True, slots=True)
class Call:
    """A call as it is stored."""

    trace_id: bytes
    span_id: bytes
    ver: int
    provider: str
    model: str
    start_ns: int
    priced_ns: int  # the moment whose prices it pays
    usage: Usage
    context: Mapping[str, str]
    reported_usd: Decimal | None
    outcome: Outcome
    billed: bool  # False: its trace counts it elsewhere


def batches(store: Store, wanted: CallFilter) -> Iterator[list[Call]]:
    """Yield the calls that a filter means, whole traces at a time."""
    asked = asdict(wanted)
    for found in trace_batches(store, "call_traces", BATCH_CALLS, **asked):
        traces = [trace.hex() for trace in found]
        rows = list(store.rows("calls", **only(asked, CALL_PARAMETERS), traces=traces))
        unbilled = not_billed(store, wanted.project, traces) if rows else frozenset()
        if rows:
            yield [call(row, unbilled) for row in rows]


CALL_PARAMETERS = ("project", "since_ns", "until_ns", "provider", "model", "only_unpriced")


def only(asked: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """Return some of the parameters."""
    return {name: asked[name] for name in names}


def not_billed(store: Store, project: str, traces: Sequence[str]) -> frozenset[tuple[bytes, bytes]]:
    """Return the spans of some traces that are not billed, by trace and span."""
    rows = store.rows("not_billed", project=project, traces=traces)
    return frozenset((row["trace_id"], span_id) for row in rows for span_id in row["span_ids"])


def call(row: Mapping[str, Any], unbilled: frozenset[tuple[bytes, bytes]]) -> Call:
    """Return a call from its row."""
    return Call(
        trace_id=row["trace_id"],
        span_id=row["span_id"],
        ver=row["ver"],
        provider=row["provider"],
        model=row["model"],
        start_ns=row["start_ns"],
        priced_ns=row["priced_ns"],
        usage=usage(row),
        context=row["price_context"],
        reported_usd=row["reported_usd"],
        outcome=Outcome(
            row["cost_usd"], row["cost_source"], row["price_status"], row["computed_usd"], bill(row)
        ),
        billed=(row["trace_id"], row["span_id"]) not in unbilled,
    )


def usage(row: Mapping[str, Any]) -> Usage:
    """Return the usage of a call from the meters that were kept."""
    return Usage(
        input_tokens=row["input_tokens"],
        output_tokens=row["output_tokens"],
        cache_read_tokens=row["cache_read_tokens"],
        cache_write_tokens=row["cache_write_tokens"],
        cache_write_1h_tokens=row["cache_write_1h_tokens"],
        reasoning_tokens=row["reasoning_tokens"],
        **row["other_meters"],
        source=row["usage_source"],
        state="reported",
    )


def bill(row: Mapping[str, Any]) -> tuple[tuple[str, int, Decimal, Decimal], ...]:
    """Return the lines of a call's bill."""
    columns = (row["bill_meters"], row["bill_quantities"], row["bill_rates_usd"], row["bill_usd"])
    return tuple(zip(*columns, strict=True))
