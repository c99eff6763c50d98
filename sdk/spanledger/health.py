"""What goes wrong inside the SDK: counted, logged once a minute, never raised.

Takes the name of a place and the exception that was caught there. The log line names the
exception's type alone: its text may hold what the application said.
"""

import logging
import time
from collections import Counter

log = logging.getLogger("spanledger")

EVERY_S = 60.0  # of one place; the count goes on

failures: Counter[str] = Counter()
"""Swallowed exceptions, by place."""

_told: dict[str, float] = {}


def swallowed(where: str, error: BaseException) -> None:
    """Count an exception of ours that the application shall not see."""
    failures[where] += 1
    warn(
        where, "spanledger: %s failed with %s; the application goes on", where, type(error).__name__
    )


def warn(topic: str, message: str, *values: object) -> None:
    """Log a warning, at most once a minute of one topic."""
    now = time.monotonic()
    if now - _told.get(topic, -EVERY_S) < EVERY_S:
        return
    _told[topic] = now
    try:
        log.warning(message, *values)
    except Exception:  # noqa: BLE001 – a handler of the application's may raise whatever it likes
        failures["log"] += 1


def forget() -> None:
    """Start counting anew, as in a process that just began."""
    failures.clear()
    _told.clear()
