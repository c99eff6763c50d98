"""The shapes of the tables beside that of sessions: traces, calls, their pulse, observed values.

As in `api`: dollars are decimal strings and None when unknown, times are RFC 3339 in UTC.
"""

from dataclasses import dataclass

from spanledger_schema.api import Totals


@dataclass(slots=True)
class TraceRow:
    """One trace."""

    id: str
    session_id: str
    user_id: str | None
    name: str
    agent: str | None
    service: str | None
    environment: str | None
    status: str
    started_at: str
    duration_ns: int
    spans: int
    totals: Totals


@dataclass(slots=True)
class TracePage:
    """A page of traces; pass `next_cursor` back for the next one."""

    items: list[TraceRow]
    next_cursor: str | None = None


@dataclass(slots=True)
class CallRow:
    """One billed model call."""

    trace_id: str
    span_id: str
    session_id: str | None
    user_id: str | None
    name: str
    kind: str
    status: str
    error_type: str | None
    agent: str | None
    node: str | None
    provider: str | None
    model: str | None
    service: str | None
    preview: str | None
    started_at: str
    duration_ns: int | None  # None: not ended
    input_tokens: int | None
    cache_read_tokens: int | None
    output_tokens: int | None
    cost_usd: str | None
    cost_source: str | None
    price_reason: str | None


@dataclass(slots=True)
class CallPage:
    """A page of calls; pass `next_cursor` back for the next one."""

    items: list[CallRow]
    next_cursor: str | None = None


@dataclass(slots=True)
class Beat:
    """Sessions of one bucket of time; no dollars where none of their calls has a price."""

    start: str  # on the clock of the zone asked for
    sessions: int
    failed_sessions: int
    cost_usd: str | None
    unpriced_calls: int
    p95_ns: int  # of how long they took


@dataclass(slots=True)
class Pulse:
    """What sessions did over time; buckets without any are left out.

    One that ran already when the range began stands in its first bucket.
    """

    grain: str
    time_zone: str
    beats: list[Beat]


@dataclass(slots=True)
class Observed:
    """A value of a field, and of how many sessions it is."""

    value: str
    sessions: int


@dataclass(slots=True)
class Values:
    """Values of a field of the filter language, the most frequent first."""

    field: str
    items: list[Observed]
