"""What both encodings of OTLP share: what makes a request malformed, a span refused or mended.

Ids and counts come in; codes of the closed lists in docs/delivery.md go out. It knows neither
protobuf nor JSON, so that a span is judged alike whichever it arrived in.
"""

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from spanledger_schema.span import Attributes, Record, Span, Value

Encoding = Literal["protobuf", "json"]
Signal = Literal["traces", "logs", "metrics"]

NO_TRACE = bytes(16)
NO_SPAN = bytes(8)
MAX_ITEMS = 1024  # attributes, events or links of one span
MAX_KEY = 256  # characters of an attribute's name
MAX_TEXT = 16 * 1024 * 1024  # characters of one value

RESERVED = (  # attributes that carry identity or money: kept when a span has too many
    "gen_ai.usage.",
    "gen_ai.request.",
    "gen_ai.response.",
    "gen_ai.operation.",
    "gen_ai.provider.",
    "gen_ai.system",
    "gen_ai.conversation.",
    "gen_ai.agent.",
    "gen_ai.tool.",
    "llm.token_count.",
    "llm.model_name",
    "llm.provider",
    "openinference.",
    "session.",
    "user.",
    "spanledger.",
)


class Malformed(ValueError):
    """A request that nobody can read. `code` is of the closed list, `detail` says where."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code
        self.detail = detail


@dataclass(slots=True)
class Checked:
    """How many items a request holds, and why some of them are refused."""

    total: int = 0
    rejected: Counter[str] = field(default_factory=Counter)

    @property
    def accepted(self) -> int:
        """Return how many items are to be kept."""
        return self.total - self.rejected.total()


@dataclass(slots=True)
class Decoded(Checked):
    """What `Checked` counts, and the accepted items themselves, in the order they were sent."""

    spans: list[Span] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Limits:
    """The largest request that is decoded at all."""

    items: int = 20_000  # spans, log records or metric points
    elements: int = 500_000  # fields of the wire format, objects and arrays of JSON


def refusal(trace_id: bytes, span_id: bytes) -> str | None:
    """Return why a span with these ids cannot be kept, or None when it can."""
    if len(trace_id) != 16 or trace_id == NO_TRACE:
        return "trace_id_invalid"
    if len(span_id) != 8 or span_id == NO_SPAN:
        return "span_id_invalid"
    return None


def record_refusal(trace_id: bytes, span_id: bytes) -> str | None:
    """Return why a log record with these ids cannot be kept; without any, it can."""
    if trace_id and len(trace_id) != 16:
        return "trace_id_invalid"
    if span_id and len(span_id) != 8:
        return "span_id_invalid"
    return None


def mended(span: Span, attribute_count: int, body_bytes: int, flags: Iterable[str] = ()) -> Span:
    """Mend in place what would mislead later stages, flag it, and return the span.

    Args:
        span: with its attributes as a dict, so a key sent twice is already the last one.
        attribute_count: how many attributes were sent.
        body_bytes: size of the request, which no text in it can exceed.
        flags: what reading the encoding had to mend already.
    """
    found = list(flags)
    if span.parent_span_id and not _is_parent(span):
        span.parent_span_id = b""
        found.append("parent_invalid")
    if 0 < span.end_ns < span.start_ns:
        span.end_ns = span.start_ns
        found.append("duration_invalid")
    if len(span.attributes) != attribute_count:
        found.append("duplicate_key")
    if max(len(span.attributes), len(span.events), len(span.links)) > MAX_ITEMS:
        _drop_excess(span)
        found.append("attributes_dropped")
    if body_bytes > MAX_TEXT or max(map(len, span.attributes), default=0) > MAX_KEY:
        found += _shortened(span)
    span.flags = tuple(found)
    return span


def _is_parent(span: Span) -> bool:
    return len(span.parent_span_id) == 8 and span.parent_span_id != span.span_id


def parent(span_id: bytes) -> bytes:
    """Return a parent's id, empty when it is the all-zero one that some exporters give a root."""
    return b"" if span_id == NO_SPAN else span_id


def _drop_excess(span: Span) -> None:
    """Keep the first events and links, and the attributes that matter before the others."""
    excess = len(span.attributes) - MAX_ITEMS
    if excess > 0:
        ordered = sorted(span.attributes, key=lambda name: not name.startswith(RESERVED))
        kept = set(ordered[:MAX_ITEMS])
        span.attributes = {k: v for k, v in span.attributes.items() if k in kept}
        span.dropped_attributes += excess
    span.events = span.events[:MAX_ITEMS]
    span.links = span.links[:MAX_ITEMS]


def _shortened(span: Span) -> list[str]:
    """Cut names and texts that are too long, note how long they were, and return the flag."""
    events = [event.attributes for event in span.events]
    if not any(map(_too_long, [span.attributes, *events])):
        return []
    span.attributes = _cut(span.attributes)
    for event in span.events:
        event.attributes = _cut(event.attributes)
    return ["value_truncated"]


def _too_long(attributes: Attributes) -> bool:
    return any(
        len(k) > MAX_KEY or (isinstance(v, str) and len(v) > MAX_TEXT)
        for k, v in attributes.items()
    )


def _cut(attributes: Attributes) -> Attributes:
    short: dict[str, Value] = {}
    for key, value in attributes.items():
        name = key[:MAX_KEY]
        short[name] = value[:MAX_TEXT] if isinstance(value, str) else value
        if isinstance(value, str) and len(value) > MAX_TEXT:
            short[f"spanledger.original_length.{name}"] = len(value)
    return short


def finite(number: float) -> float | str:
    """Return a float, or the name of one that is no number: JSON and the store know no NaN."""
    if math.isfinite(number):
        return number
    if math.isnan(number):
        return "NaN"
    return "Infinity" if number > 0 else "-Infinity"
