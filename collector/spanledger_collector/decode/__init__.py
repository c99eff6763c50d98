"""OTLP bodies to spans and log records.

The bytes of an export request come in, records of the schema go out, whichever encoding it had.
Pure: what it returns depends on the bytes alone, so a spool read again decodes to the same spans.
"""

from spanledger_collector.decode import otlp_json, otlp_proto
from spanledger_collector.decode.wire import Checked, Decoded, Encoding, Limits, Malformed, Signal

__all__ = ["Checked", "Decoded", "Encoding", "Limits", "Malformed", "Signal"]

LIMITS = Limits()


def spans(body: bytes, encoding: Encoding) -> Decoded:
    """Return the `spans` of a trace request, and what of it is rejected as `check` says.

    Raises:
        Malformed: the body is no such request.
    """
    return otlp_json.spans(body) if encoding == "json" else otlp_proto.spans(body)


def records(body: bytes, encoding: Encoding) -> Decoded:
    """Return the `records` of a log request, and what of it is rejected as `check` says.

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
