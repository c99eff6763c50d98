"""Traces in order of id, some thousand rows of theirs at a time, however many there are.

A query of trace ids with a count of what each holds goes in; lists of ids come out.
"""

from collections.abc import Iterator
from typing import Any

from spanledger_collector.store import Store

PAGE_TRACES = 50_000
NO_TRACE = bytes(16)


def trace_batches(store: Store, query: str, batch: int, **asked: Any) -> Iterator[list[bytes]]:
    """Yield the traces that a query finds, in order.

    Args:
        store: where they are.
        query: gives `trace_id` and how much was `found` in it, after an id, up to a limit.
        batch: a list ends with the trace by which it has come to hold so much.
        asked: the query's other parameters.
    """
    after = NO_TRACE
    while True:
        page = list(store.rows(query, **asked, after=after.hex(), limit=PAGE_TRACES))
        traces: list[bytes] = []
        found = 0
        for row in page:
            traces.append(row["trace_id"])
            found += row["found"]
            if found >= batch:
                yield traces
                traces, found = [], 0
        if traces:
            yield traces
        if len(page) < PAGE_TRACES:
            return
        after = page[-1]["trace_id"]
