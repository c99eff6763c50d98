"""OTLP bodies to spans and log records.

The bytes of an export request come in, records of the schema go out, whichever encoding it had.
Pure: what it returns depends on the bytes alone, so a spool read again decodes to the same spans.
"""

from spanledger_collector import otlp_json, otlp_proto
from spanledger_collector.wire import Checked, Encoding, Limits, Malformed, Signal
from spanledger_schema.span import Record, Span

__all__ = ["Checked", "Encoding", "Limits", "Malformed", "Signal", "check", "records", "spans"]

LIMITS = Limits()


def spans(body: bytes, encoding: Encoding) -> list[Span]:
    """Return the spans of a trace request, without those that `check` counts as rejected.

    Raises:
        Malformed: the body is no such request.
    """
    return otlp_json.spans(body) if encoding == "json" else otlp_proto.spans(body)


def records(body: bytes, encoding: Encoding) -> list[Record]:
    """Return the records of a log request, without those that `check` counts as rejected.

    Raises:
        Malformed: the body is no such request.
    """
    return otlp_json.records(body) if encoding == "json" else otlp_proto.records(body)


def check(body: bytes, encoding: Encoding, signal: Signal, limits: Limits = LIMITS) -> Checked:
    """Return how many items a request holds, and why which of them are refused: before the ack.

    Raises:
        Malformed: the body is no such request, or larger than the limits.
    """
    if encoding == "json":
        return otlp_json.check(body, signal, limits)
    return otlp_proto.check(body, signal, limits)
