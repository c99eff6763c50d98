"""OTLP bodies to spans and log records.

The bytes of an export request come in, records of the schema go out, whichever encoding it had.
Pure: what it returns depends on the bytes alone, so a spool read again decodes to the same spans.
"""

from spanledger_collector.decode import otlp_json, otlp_proto
from spanledger_collector.decode.guard import Census, JsonCensus
from spanledger_collector.decode.wire import Checked, Decoded, Encoding, Limits, Malformed, Signal

__all__ = ["Census", "Checked", "Decoded", "Encoding", "Limits", "Malformed", "Signal"]

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


def check(
    body: bytes,
    encoding: Encoding,
    signal: Signal,
    limits: Limits = LIMITS,
    counted: bool = False,
) -> Checked:
    """Return how many items a request holds, and why which of them are refused: before the ack.

    Args:
        body: as it was sent, decompressed.
        encoding: of the body.
        signal: what it is a request for.
        limits: the largest request.
        counted: whether what `census` returned has seen all of the body.

    Raises:
        Malformed: the body is no such request, or larger than the limits.
    """
    if encoding == "json":
        return otlp_json.check(body, signal, limits, counted)
    return otlp_proto.check(body, signal, limits, counted)


def census(encoding: Encoding, signal: Signal, limits: Limits = LIMITS) -> Census:
    """Return what takes a body piece by piece while it is decompressed, and refuses it early."""
    if encoding == "json":
        return JsonCensus(limits.elements).add
    return otlp_proto.census(signal, limits)
