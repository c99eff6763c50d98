"""The records that pass through the pipeline: a span as it arrived, and what it turned out to say.

Decoding makes a `Span`; a dialect reads `Facts` off it; `usage` turns the `Counts` in them into
disjoint meters (`Usage`); pricing adds a `Bill`. Unknown is None in every one of them, never 0.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from decimal import Decimal
from typing import Literal

from spanledger_schema.kinds import CALLS as CALLS
from spanledger_schema.kinds import Kind as Kind

Value = str | bool | int | float | bytes | list["Value"] | dict[str, "Value"] | None
Attributes = Mapping[str, Value]

Status = Literal["ok", "error", "waiting", "cancelled", "unset"]


@dataclass(frozen=True, slots=True)
class Scope:
    """The instrumentation library that made a span, and the conventions it follows."""

    name: str = ""
    version: str = ""
    schema_url: str = ""


@dataclass(slots=True)
class Event:
    """A span event, or a log record that was joined to its span."""

    name: str
    time_ns: int
    attributes: Attributes
    body: Value = None  # log records only


@dataclass(slots=True)
class Link:
    """A span link."""

    trace_id: bytes
    span_id: bytes
    attributes: Attributes


@dataclass(slots=True)
class Span:
    """One OTLP span, decoded and not yet understood. Times are UTC nanoseconds, 0 when unset."""

    trace_id: bytes  # 16 bytes
    span_id: bytes  # 8 bytes
    parent_span_id: bytes  # 8 bytes, or empty for a root
    name: str
    start_ns: int
    end_ns: int
    otlp_kind: int = 0
    status_code: int = 0  # OTLP: 0 unset, 1 ok, 2 error
    status_message: str = ""
    attributes: Attributes = field(default_factory=dict)
    events: Sequence[Event] = ()
    links: Sequence[Link] = ()
    dropped_attributes: int = 0
    scope: Scope = field(default_factory=Scope)
    resource: Attributes = field(default_factory=dict)
    flags: tuple[str, ...] = ()  # what decoding had to mend; codes of docs/delivery.md


@dataclass(slots=True)
class Record:
    """One OTLP log record. The ids are empty when it was written outside any span."""

    trace_id: bytes  # 16 bytes, or empty
    span_id: bytes  # 8 bytes, or empty
    time_ns: int  # when it happened, else when it was observed; 0 when neither is known
    event_name: str = ""
    severity: int = 0  # OTLP severity number: 0 unset, 1-24 from trace to fatal
    body: Value = None
    attributes: Attributes = field(default_factory=dict)
    scope: Scope = field(default_factory=Scope)
    resource: Attributes = field(default_factory=dict)


@dataclass(slots=True)
class Counts:
    """Token counts as a span reports them, before anybody decided what they include.

    `input_tokens` and `output_tokens` may or may not contain the counts below them: the two
    `includes_*` say what the dialect knows, None where only the numbers themselves can tell.
    """

    input_tokens: int | None = None
    output_tokens: int | None = None
    total_tokens: int | None = None
    cache_read_tokens: int | None = None
    cache_write_tokens: int | None = None  # all writes, whatever their lifetime
    cache_write_1h_tokens: int | None = None  # the part of the writes that lives an hour
    reasoning_tokens: int | None = None
    tool_prompt_tokens: int | None = None  # Gemini: prompts made by tools, outside the input
    input_audio_tokens: int | None = None  # part of the input
    input_image_tokens: int | None = None  # part of the input
    cache_read_audio_tokens: int | None = None  # part of the cache reads
    output_audio_tokens: int | None = None  # part of the output
    output_image_tokens: int | None = None  # part of the output
    web_searches: int | None = None
    rerank_searches: int | None = None
    includes_cache: bool | None = None
    includes_reasoning: bool | None = None
    basis: Literal["raw", "scope"] | None = None  # where `includes_*` come from
    legacy_names: bool = False  # read from names older than the rule that input includes cache
    source: Literal["provider", "gateway", "derived", "estimated"] = "provider"
    invalid: tuple[str, ...] = ()  # attributes that held no count

    def __bool__(self) -> bool:
        """Tell whether anything was reported at all."""
        return (
            self.input_tokens is not None
            or self.output_tokens is not None
            or self.total_tokens is not None
            or self.cache_read_tokens is not None
            or self.cache_write_tokens is not None
            or self.rerank_searches is not None
            or self.web_searches is not None
        )


NUMBERS = tuple(f.name for f in fields(Counts) if f.name.endswith(("_tokens", "_searches")))
"""The fields of `Counts` that count something."""


@dataclass(slots=True)  # frozen would cost two microseconds a call
class Usage:
    """Token counts of one call in one meaning: totals include their parts.

    `input_tokens` contains cache reads, cache writes, audio and tool prompts; `output_tokens`
    contains reasoning, audio and images. A part that was not reported is None.
    """

    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_tokens: int | None = None
    cache_write_tokens: int | None = None
    cache_write_1h_tokens: int | None = None
    reasoning_tokens: int | None = None
    input_audio_tokens: int | None = None
    input_image_tokens: int | None = None
    cache_read_audio_tokens: int | None = None
    output_audio_tokens: int | None = None
    output_image_tokens: int | None = None
    tool_prompt_tokens: int | None = None
    web_searches: int | None = None
    rerank_searches: int | None = None
    semantics: Literal["inclusive", "exclusive", ""] = ""  # of the input, as it was reported
    semantics_basis: Literal["raw", "scope", "total", "bounds", "assumed", ""] = ""
    source: Literal["provider", "gateway", "derived", "estimated", "none"] = "none"
    state: Literal["reported", "absent", "zero_suspect", "invalid"] = "absent"

    @property
    def input_uncached_tokens(self) -> int | None:
        """Return the input that was neither read from nor written to a cache."""
        if self.input_tokens is None:
            return None
        return self.input_tokens - (self.cache_read_tokens or 0) - (self.cache_write_tokens or 0)


@dataclass(slots=True)  # frozen would cost a microsecond a line
class Line:
    """One meter of a bill: `quantity` units at `usd_per_unit` make `usd`."""

    meter: str
    quantity: int
    usd_per_unit: Decimal
    usd: Decimal  # rounded half-even to 1e-12


@dataclass(slots=True)
class Bill:
    """What one call costs and why. `usd` is None unless `status` is priced, partial or free."""

    usd: Decimal | None
    status: Literal["priced", "partial", "unpriced", "no_usage", "invalid", "free"]
    reason: str = ""  # unknown-model, unknown-provider, unmatched-context, missing-meter, …
    lines: Sequence[Line] = ()
    price_id: str = ""  # the rate card that was used, '' without one
    price_version: str = ""  # catalogue and own table it came from
    model_priced: str = ""  # the name of the model in the price list


@dataclass(slots=True)
class Facts:
    """What a span says, in the product's own words. A dialect fills in what it knows."""

    kind: Kind | None = None
    # whose it is
    session_id: str | None = None
    session_rank: int = 99  # precedence among session ids of one trace: the lowest wins
    user_id: str | None = None
    trace_name: str | None = None
    tags: tuple[str, ...] = ()
    # who did it
    agent: str | None = None
    node: str | None = None  # graph node, when this span is the execution of one
    node_run: str | None = None  # key of one logical execution of the node (checkpoint namespace)
    node_step: int | None = None
    # a call
    provider: str | None = None
    request_model: str | None = None
    response_model: str | None = None
    response_id: str | None = None
    streaming: bool | None = None
    finish_reason: str | None = None
    ttft_ns: int | None = None  # time to the first token
    counts: Counts | None = None
    usage_role: Literal["", "aggregate", "event", "record", "cost"] = ""
    # why counts here are never a call's own; "record": of a whole step, whose calls may have spans;
    # "cost": dollars that belong to no call at all
    reported_usd: Decimal | None = None
    reported_by: str | None = None
    price_context: Mapping[str, str] | None = None  # service_tier, processing, speed, region, …
    # a tool call
    tool: str | None = None
    tool_call_id: str | None = None
    # a state change or a decision
    state_from: str | None = None
    state_to: str | None = None
    reason: str | None = None
    verdict: str | None = None  # allowed, blocked, pending, approved, denied
    policy: str | None = None
    actor: str | None = None
    # how it ended
    status: Status | None = None
    error_type: str | None = None
    error_message: str | None = None
    # one line for the transcript
    preview: str | None = None
    dialect: str = ""
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a message. `text` is plain text; `data` holds structured arguments or results."""

    type: Literal["text", "reasoning", "tool_call", "tool_result", "image", "audio", "file"]
    text: str | None = None
    name: str | None = None  # of the tool
    id: str | None = None  # of the tool call
    data: Value = None


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a conversation, whatever the dialect it was recorded in."""

    role: str
    parts: tuple[Part, ...] = ()
    finish_reason: str | None = None


@dataclass(slots=True)
class Content:
    """What went into a span and what came out, read from its stored attributes when shown."""

    input: Sequence[Message] = ()
    output: Sequence[Message] = ()
    arguments: Value = None  # of a tool call
    result: Value = None
    tools: Value = None  # definitions offered to the model
    parameters: Mapping[str, Value] = field(default_factory=dict)  # temperature, max_tokens, …
    state_given: Value = None  # to the step of a graph
    state_written: Value = None  # by it: the fields that it changes
