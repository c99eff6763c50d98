"""The steps of a session as columns: what each said, how deep it lies, what was spent up to it.

Columns of the store come in, columns of the API go out, made one by one and only if asked for:
ten thousand steps as objects take three times as long. Knows neither the store nor HTTP.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any

from spanledger_collector.moments import rfc3339
from spanledger_collector.money import dollars
from spanledger_schema.span import CALLS

Key = tuple[bytes, bytes]
"""A trace and a span of it."""

OPTIONAL_TEXTS = frozenset((
    "preview", "error_type", "agent", "node", "tool", "provider", "model", "cost_source",
    "price_status", "price_reason", "state_from", "state_to", "reason", "verdict",
))  # fmt: skip

PLAIN = frozenset((
    "kind", "name", "status", "input_tokens", "cache_read_tokens", "cache_write_tokens",
    "output_tokens", "reasoning_tokens",
))  # fmt: skip

RUNNING = (
    "billed", "not_billed_because", "running_input_tokens", "running_output_tokens",
    "running_cost_usd", "running_unpriced_calls",
)  # fmt: skip

NO_SPAN = bytes(8)  # the parent of a root


@dataclass(frozen=True)
class Steps:
    """Spans of a session in order of start, as columns of `session_events.sql`."""

    stored: Mapping[str, Sequence[Any]]
    not_billed: Mapping[Key, str]  # and why

    def column(self, name: str) -> Sequence[Any]:
        """Return a field of `SessionEvent`, one value a step; '' in the store is None here."""
        if name in PLAIN:
            return self.stored[name]
        if name in OPTIONAL_TEXTS:
            return [text or None for text in self.stored[name]]
        return self._running[name] if name in RUNNING else MADE[name](self)

    @cached_property
    def keys(self) -> list[Key]:
        """What names each step."""
        return list(zip(self.stored["trace_id"], self.stored["span_id"], strict=True))

    @cached_property
    def first_ns(self) -> int:
        """When the session began."""
        return next(iter(self.stored["start_ns"]), 0)

    @cached_property
    def _running(self) -> Mapping[str, Sequence[Any]]:
        rows = list(self._totals())
        return dict(zip(RUNNING, zip(*rows, strict=True) if rows else [()] * 6, strict=True))

    def _totals(self) -> Iterator[tuple[Any, ...]]:
        """Yield what RUNNING names, step by step."""
        inputs, outputs, unpriced, spent = 0, 0, 0, Decimal(0)
        written = dollars(spent)
        told = ("kind", "usage_role", "input_tokens", "output_tokens", "cost_usd")
        columns = (self.stored[name] for name in told)
        for key, kind, role, read, wrote, cost in zip(self.keys, *columns, strict=True):
            reason = self.not_billed.get(key)
            used = read is not None or wrote is not None
            billed = reason is None and is_line(kind, role, used)
            if billed:
                inputs += read or 0
                outputs += wrote or 0
                unpriced += cost is None and used
                if cost:
                    spent += cost
                    written = dollars(spent)  # once for all the steps that spend nothing
            yield billed, reason, inputs, outputs, written, unpriced


def is_line(kind: str, role: str, used: bool) -> bool:
    """Tell whether a span is one to bill: a call, usage as if it were one, or a cost of no call."""
    return kind in CALLS or used or role == "cost"


def hexes(ids: Sequence[bytes]) -> list[str]:
    """Return ids as the API writes them."""
    return [each.hex() for each in ids]


def parents(steps: Steps) -> list[str | None]:
    """Return the span around each, None for a root."""
    return [None if each == NO_SPAN else each.hex() for each in steps.stored["parent_span_id"]]


def durations(steps: Steps) -> list[int | None]:
    """Return how long each took, None for one that has not ended."""
    times = zip(steps.stored["start_ns"], steps.stored["end_ns"], strict=True)
    return [None if end is None else end - start for start, end in times]


def costs(steps: Steps) -> list[str | None]:
    """Return the dollars of each, None for unpriced."""
    return [None if cost is None else dollars(cost) for cost in steps.stored["cost_usd"]]


def depths(steps: Steps) -> list[int]:
    """Return how deep each lies below the topmost one that arrived; a cycle is cut open."""
    traces, above = steps.stored["trace_id"], steps.stored["parent_span_id"]
    around = dict(zip(steps.keys, zip(traces, above, strict=True), strict=True))
    found: dict[Key, int] = {}
    for key, parent in around.items():
        if parent in found:  # as always, but where a clock was wrong
            found[key] = found[parent] + 1
            continue
        path: dict[Key, None] = {}  # in order, and quick to look into
        at = key
        while at in around and at not in found and at not in path:
            path[at] = None
            at = around[at]
        base = found.get(at, -1)
        for step, span in enumerate(reversed(path), start=1):
            found[span] = base + step
    return [found[key] for key in steps.keys]


MADE: Mapping[str, Callable[[Steps], Sequence[Any]]] = {
    "seq": lambda steps: range(len(steps.keys)),
    "trace_id": lambda steps: hexes(steps.stored["trace_id"]),
    "span_id": lambda steps: hexes(steps.stored["span_id"]),
    "parent_span_id": parents,
    "depth": depths,
    "started_at": lambda steps: [rfc3339(start) for start in steps.stored["start_ns"]],
    "offset_ns": lambda steps: [start - steps.first_ns for start in steps.stored["start_ns"]],
    "duration_ns": durations,
    "cost_usd": costs,
}
"""The fields that are made of what is stored."""
