"""What the fields of the filter language are in the tables: expressions that fill queries' blanks.

Nothing here was written by a reader of the screens; what they write goes along as parameters, whose
names stand in `{value}`. NULL is what is unknown: it lies in no range, and outside none.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

OF_SPANS = "trace_id IN (SELECT trace_id FROM spans WHERE project_id = {{project:String}} AND {})"
OF_TRACES = (
    "trace_id IN (SELECT trace_id FROM traces FINAL WHERE project_id = {{project:String}} AND {})"
)

# The inner query reads the index of words, and finds old versions of a row too: under FINAL the engine
# would read every granule where another version may lie. The outer one looks at the last versions of
# these rows alone: what was erased or redacted since must not be found by what it said before.
WORDED = (
    "SELECT {0} FROM {1} FINAL PREWHERE project_id = {{project:String}} AND (trace_id, span_id) IN"
    " (SELECT trace_id, span_id FROM {1} WHERE project_id = {{project:String}} AND {2}) WHERE {2}"
)


@dataclass(frozen=True, slots=True)
class Fields:
    """What can be asked of one kind of row.

    `texts` are conditions on one value, `numbers` are expressions, `says` is a condition on a text
    that `found` has looked up.
    """

    texts: Mapping[str, str]
    numbers: Mapping[str, str]
    says: str


def any_of(column: str) -> str:
    """Return the condition that some item of an array column is like the value."""
    return f"arrayExists(item -> item ILIKE {{value}}, {column})"


TRACES = Fields(
    MappingProxyType(
        {
            "agent": f"(agent ILIKE {{value}} OR {any_of('`lines.agent`')})",
            "user": "user_id ILIKE {value}",
            "session": "session_key ILIKE {value}",
            "trace": "lower(hex(trace_id)) ILIKE {value}",
            "name": "name ILIKE {value}",
            "model": any_of("`lines.model`"),
            "provider": any_of("`lines.provider`"),
            "service": "service ILIKE {value}",
            "environment": "environment ILIKE {value}",
            "tag": any_of("tags"),
            "status": "status ILIKE {value}",
            "tool": OF_SPANS.format("tool ILIKE {value}"),
            "node": OF_SPANS.format("node ILIKE {value}"),
            "kind": OF_SPANS.format("kind ILIKE {value}"),
            "error": OF_SPANS.format("error_type ILIKE {value}"),
        }
    ),
    MappingProxyType(
        {
            "cost": "if(calls > 0 AND priced_calls = 0, NULL, cost_usd)",
            "tokens": "input_tokens + output_tokens",
            "input": "input_tokens",
            "output": "output_tokens",
            "calls": "calls",
            "steps": "spans",
            "errors": "errors",
            "unpriced": "unpriced_calls",
            "duration": "toUnixTimestamp64Nano(ended_at) - toUnixTimestamp64Nano(started_at)",
            "waiting": "waiting_ns",
        }
    ),
    "(positionCaseInsensitiveUTF8(session_key, {value}) > 0"
    " OR positionCaseInsensitiveUTF8(name, {value}) > 0"
    " OR positionCaseInsensitiveUTF8(user_id, {value}) > 0"
    " OR trace_id IN (" + WORDED.format("trace_id", "payloads", "{payload}") + ")"
    " OR trace_id IN (" + WORDED.format("trace_id", "log_records", "{record}") + "))",
)
"""Rows of `traces`."""

LINE_FIELDS = ("agent", "model", "provider", "kind")
"""Text fields that each line of a trace has a value of its own for."""

SPEND = Fields(
    MappingProxyType(
        dict(TRACES.texts) | {name: f"lines.{name} ILIKE {{value}}" for name in LINE_FIELDS}
    ),
    TRACES.numbers,
    TRACES.says,
)
"""Lines of `traces`: what is known of each line is asked of the line, the rest of its trace."""

SPEND_KEYS = MappingProxyType(
    {
        "hour": "formatDateTime(lines.quarter, '%Y-%m-%dT%H:00', {tz:String})",
        "day": "formatDateTime(lines.quarter, '%Y-%m-%d', {tz:String})",
        "week": "toString(toStartOfWeek(lines.quarter, 1, {tz:String}))",
        "month": "formatDateTime(lines.quarter, '%Y-%m', {tz:String})",
        "model": "lines.model",
        "provider": "lines.provider",
        "kind": "lines.kind",
        "agent": "lines.agent",
        "user": "user_id",
        "service": "service",
        "environment": "environment",
        "session": "session_key",
        "tag": "arrayStringConcat(arraySort(tags), ', ')",
    }
)
"""What lines of spend are grouped by, in the order in which rows of equal dollars are sorted.

Hours, days, weeks and months are those of the zone's clock, by their start. Tags are one value, all
of a trace's: a trace with two is then counted once.
"""

# as in session_list.sql
STATE = (
    "multiIf(argMax(status, started_at) IN ('waiting', 'running'), argMax(status, started_at),"
    " countIf(status = 'error') > 0, 'error', 'ok')"
)

SESSIONS = Fields(
    MappingProxyType(
        {name: f"countIf({condition}) > 0" for name, condition in TRACES.texts.items()}
        | {"status": f"{STATE} ILIKE {{value}}"}
    ),
    MappingProxyType(
        {
            "cost": "if(sum(calls) > 0 AND sum(priced_calls) = 0, NULL, sum(cost_usd))",
            "tokens": "sum(input_tokens + output_tokens)",
            "input": "sum(input_tokens)",
            "output": "sum(output_tokens)",
            "calls": "sum(calls)",
            "steps": "sum(spans)",
            "errors": "sum(errors)",
            "unpriced": "sum(unpriced_calls)",
            "duration": "toUnixTimestamp64Nano(max(ended_at)) - toUnixTimestamp64Nano(min(started_at))",
            "waiting": "sum(waiting_ns)",
        }
    ),
    f"countIf({TRACES.says}) > 0",
)
"""Sessions, as groups of rows of `traces`: a text holds where it holds of any trace."""

CALLS = Fields(
    MappingProxyType(
        {
            "agent": "agent ILIKE {value}",
            "user": OF_TRACES.format("user_id ILIKE {value}"),
            "session": OF_TRACES.format("session_key ILIKE {value}"),
            "trace": "lower(hex(trace_id)) ILIKE {value}",
            "name": "name ILIKE {value}",
            "model": "if(response_model != '', response_model, request_model) ILIKE {value}",
            "provider": "provider ILIKE {value}",
            "service": "service ILIKE {value}",
            "environment": "environment ILIKE {value}",
            "tag": OF_TRACES.format(any_of("tags")),
            "status": "status ILIKE {value}",
            "node": "node ILIKE {value}",
            "kind": "kind ILIKE {value}",
            "error": "error_type ILIKE {value}",
        }
    ),
    MappingProxyType(
        {
            "cost": "cost_usd",
            "tokens": "input_tokens + output_tokens",
            "input": "input_tokens",
            "output": "output_tokens",
            "errors": "toUInt64(status = 'error')",
            "unpriced": "toUInt64(cost_usd IS NULL AND input_tokens + output_tokens IS NOT NULL)",
            "duration": "toUnixTimestamp64Nano(ended_at) - toUnixTimestamp64Nano(started_at)",
        }
    ),
    "(positionCaseInsensitiveUTF8(name, {value}) > 0"
    " OR (trace_id, span_id) IN ("
    + WORDED.format("trace_id, span_id", "payloads", "{payload}")
    + ")"
    " OR (trace_id, span_id) IN ("
    + WORDED.format("trace_id, span_id", "log_records", "{record}")
    + "))",
)
"""Model calls: rows of `spans`."""

PAYLOAD_WORDS = "lower(concat(attributes, ' ', events))"  # exactly as migration 0020 indexes it
RECORD_WORDS = "lower(concat(body, ' ', attributes))"  # likewise 0021

ORDERS = MappingProxyType(
    {
        "started": "toUnixTimestamp64Nano(min(started_at))",
        "cost": "sum(cost_usd) * 1000000000000",
        "tokens": "sum(input_tokens + output_tokens)",
        "errors": "sum(errors)",
        "duration": SESSIONS.numbers["duration"],
    }
)
"""What sessions are sorted by: whole numbers, dollars as 1e-12."""

OBSERVED = MappingProxyType(
    {
        "agent": "arrayPushBack(`lines.agent`, agent)",
        "user": "[user_id]",
        "session": "[session_key]",
        "name": "[name]",
        "model": "`lines.model`",
        "provider": "`lines.provider`",
        "service": "[service]",
        "environment": "[environment]",
        "tag": "tags",
        "status": "[status]",
    }
)
"""Fields whose values are read from `traces`, as arrays."""

OBSERVED_OF_SPANS = MappingProxyType(
    {"tool": "tool", "node": "node", "kind": "kind", "error": "error_type"}
)
"""Fields whose values are read from `spans`."""
