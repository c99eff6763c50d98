"""What came of one try to send a request: delivered, try again, or refused for good.

Source: OTLP specification 1.9, "Failures": 429, 502, 503, 504 and connection errors pass.
"""

from collections.abc import Iterator
from dataclasses import dataclass

RETRYABLE = frozenset({429, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class Answer:
    """The outcome of one try."""

    outcome: str  # delivered, retry, refused
    detail: str | None = None
    rejected: int = 0
    """Spans that the server will not keep, of those it was sent."""
    wait_s: float | None = None
    """How long the server asks us to wait."""


def of_status(status: int, body: bytes, retry_after: str | None) -> Answer:
    """Return what an HTTP status means."""
    if 200 <= status < 300:
        return Answer("delivered", rejected=rejected(body))
    if status in RETRYABLE:
        return Answer("retry", f"HTTP {status}", wait_s=seconds(retry_after))
    return Answer("refused", f"HTTP {status}")


def rejected(body: bytes) -> int:
    """Return how many spans the server says that it rejected."""
    try:
        for number, partial in fields(body):
            if number == 1 and isinstance(partial, bytes):  # partial_success
                told = [count for number, count in fields(partial) if number == 1]
                return next((n for n in reversed(told) if isinstance(n, int) and n < 1 << 63), 0)
    except (IndexError, ValueError):  # whatever answers 200 may say what it likes
        return 0
    return 0


def fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Yield the fields of a protobuf message: their number, and a number or bytes.

    Raises:
        ValueError: it has a kind of field that OTLP answers have not.
        IndexError: it ends too early.
    """
    at = 0
    while at < len(message):
        tag, at = number_at(message, at)
        value, at = number_at(message, at)
        if tag & 7 == 0:
            yield tag >> 3, value
        elif tag & 7 == 2:
            yield tag >> 3, message[at : at + value]
            at += value
        else:
            raise ValueError(f"field of kind {tag & 7}")


def number_at(message: bytes, at: int) -> tuple[int, int]:
    """Return the number that begins at a place, and the place after it."""
    found = shift = 0
    while True:
        byte = message[at]
        at += 1
        found |= (byte & 0x7F) << shift
        if byte < 0x80:
            return found, at
        shift += 7


def seconds(text: str | None) -> float | None:
    """Return a `Retry-After` in seconds; a date, which our server never sends, is not read."""
    try:
        return max(0.0, float(text)) if text else None
    except ValueError:
        return None
