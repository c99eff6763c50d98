"""The shapes that the query API answers with and the UI reads.

Dollars are decimal strings and None when unpriced; ids are hex; times are RFC 3339 in UTC with
nanoseconds; durations are nanoseconds. A dollar total always travels with what it leaves out.
"""

from dataclasses import dataclass, field
from typing import Any, Literal

Grain = Literal["hour", "day", "week", "month"]
Dimension = Literal[
    "hour", "day", "week", "month", "model", "provider", "kind", "user", "agent", "service",
    "environment", "session", "tag",
]  # fmt: skip


@dataclass(slots=True)
class Totals:
    """What was used and spent, and what the dollars leave out.

    `cost_usd` is None when there were calls and none of them has a price; "0" when nothing was
    called. Token totals count what was reported: `calls_without_usage` says how many calls are
    missing from them.
    """

    calls: int = 0  # billed model calls
    tool_calls: int = 0
    errors: int = 0  # spans that ended in an error
    llm_errors: int = 0
    tool_errors: int = 0
    input_tokens: int = 0  # cached tokens included
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    output_tokens: int = 0  # reasoning included
    reasoning_tokens: int = 0
    cost_usd: str | None = "0"
    unpriced_calls: int = 0  # with usage, without a price
    unpriced_tokens: int = 0
    calls_without_usage: int = 0  # ended well and said nothing about tokens
    estimated_calls: int = 0
    estimated_usd: str = "0"  # the part of cost_usd that rests on estimated tokens


@dataclass(slots=True)
class SessionRow:
    """One session: all traces that carry its id, or one trace that carries none."""

    id: str
    reported: bool  # False: no session id was sent, the id is the trace's
    name: str
    user_id: str | None
    agent: str | None
    service: str | None
    environment: str | None
    status: Literal["ok", "error", "waiting", "running"]
    started_at: str
    ended_at: str
    duration_ns: int
    waiting_ns: int  # approvals and human waits, part of the duration
    traces: int
    spans: int
    totals: Totals
    tags: list[str] = field(default_factory=list)
    models: list[str] = field(default_factory=list)


@dataclass(slots=True)
class SessionPage:
    """A page of sessions; pass `next_cursor` back for the next one."""

    items: list[SessionRow]
    next_cursor: str | None = None


@dataclass(slots=True)
class SessionEvent:
    """One step of a session, without its payload. `running_*` include this step."""

    seq: int
    trace_id: str
    span_id: str
    parent_span_id: str | None  # None: a root, or its parent never arrived
    depth: int
    kind: str
    name: str
    preview: str | None
    started_at: str
    offset_ns: int  # since the session began
    duration_ns: int | None  # None: not ended
    status: str
    error_type: str | None
    agent: str | None
    node: str | None
    tool: str | None
    provider: str | None
    model: str | None
    input_tokens: int | None
    cache_read_tokens: int | None
    cache_write_tokens: int | None
    output_tokens: int | None
    reasoning_tokens: int | None
    billed: bool
    not_billed_because: str | None  # rollup, duplicate, aggregate, …
    cost_usd: str | None
    cost_source: str | None  # priced, reported, estimated, unpriced, free
    price_status: str | None
    price_reason: str | None
    state_from: str | None
    state_to: str | None
    reason: str | None
    verdict: str | None
    running_input_tokens: int
    running_output_tokens: int
    running_cost_usd: str
    running_unpriced_calls: int


@dataclass(slots=True)
class SessionEvents:
    """The skeleton of a replay: every step in order of start, capped at `limit`."""

    session: SessionRow
    events: list[SessionEvent]
    total_events: int
    limit: int


@dataclass(slots=True)
class SessionColumns:
    """The same skeleton, a list for each field of `SessionEvent` that was asked for."""

    session: SessionRow
    columns: dict[str, list[Any]]
    total_events: int
    limit: int


@dataclass(slots=True)
class BillLine:
    """One meter of a bill."""

    meter: str
    quantity: int
    usd_per_unit: str
    usd: str


@dataclass(slots=True)
class MessagePart:
    """One part of a message; show `text` as text only."""

    type: str  # text, reasoning, tool_call, tool_result, image, audio, file
    text: str | None = None
    name: str | None = None
    id: str | None = None
    data: Any = None


@dataclass(slots=True)
class ChatMessage:
    """One message of a conversation, whatever dialect recorded it."""

    role: str
    parts: list[MessagePart]
    finish_reason: str | None = None


@dataclass(slots=True)
class StateChange:
    """A field of the state that a step of a graph wrote.

    Whether a list that was written replaces the one before or is added to it is the graph's affair.
    """

    field: str
    before: Any  # None where the step was given none; of a list what it had is told by `items`
    written: Any
    items: int | None = None  # of the list before


@dataclass(slots=True)
class SpanEvent:
    """An event on a span or a log record joined to it."""

    name: str
    time: str
    attributes: dict[str, Any]
    body: Any = None


@dataclass(slots=True)
class SpanDetail:
    """Everything about one span: what it said, what it cost and why, and all that was sent."""

    trace_id: str
    span_id: str
    parent_span_id: str | None
    session_id: str
    user_id: str | None
    name: str
    kind: str
    dialect: str
    status: str
    error_type: str | None
    error_message: str | None
    error_stack: str | None
    started_at: str
    ended_at: str | None
    duration_ns: int | None
    ttft_ns: int | None
    agent: str | None
    node: str | None
    tool: str | None
    tool_call_id: str | None
    provider: str | None
    request_model: str | None
    response_model: str | None
    response_id: str | None
    streaming: bool | None
    finish_reason: str | None
    state_from: str | None
    state_to: str | None
    reason: str | None
    verdict: str | None
    input_tokens: int | None
    input_uncached_tokens: int | None
    cache_read_tokens: int | None
    cache_write_tokens: int | None
    output_tokens: int | None
    reasoning_tokens: int | None
    usage_source: str | None
    semantics_basis: str | None
    billed: bool
    not_billed_because: str | None
    cost_usd: str | None
    cost_source: str | None
    price_status: str | None
    price_reason: str | None
    price_id: str | None
    model_priced: str | None
    reported_usd: str | None
    lines: list[BillLine]
    parameters: dict[str, Any]
    input: list[ChatMessage]
    output: list[ChatMessage]
    arguments: Any
    result: Any
    tools: Any
    attributes: dict[str, Any]
    events: list[SpanEvent]
    logs: list[SpanEvent]
    links: list[dict[str, Any]]
    resource: dict[str, Any]
    scope: dict[str, Any]
    flags: list[str]
    payload_expired: bool = False  # the payload was removed by retention; the facts remain
    estimate_method: str | None = None  # how its tokens were counted where it reported none
    estimate_error_pct: int | None = None  # how far off that may well be
    changes: list[StateChange] = field(default_factory=list)  # of the state of a graph


@dataclass(slots=True)
class SpendRow:
    """Spend of one combination of the dimensions asked for; None stands for "not reported"."""

    key: dict[str, str | None]
    totals: Totals
    sessions: int


@dataclass(slots=True)
class Spend:
    """Spend grouped as asked, its rows adding up to `total`."""

    group_by: list[str]
    time_zone: str
    rows: list[SpendRow]
    total: Totals


@dataclass(slots=True)
class Problem:
    """An error answer (RFC 9457)."""

    title: str
    status: int
    detail: str
    type: str = "about:blank"
