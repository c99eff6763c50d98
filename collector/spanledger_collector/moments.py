"""Moments as people and programs write them: nanoseconds since the epoch, and RFC 3339."""

from datetime import UTC, datetime
from functools import lru_cache

SECOND_NS = 1_000_000_000
FAR_NS = (2**32 - 900) * SECOND_NS  # in 2106: the last quarter of an hour that the store can name


def rfc3339(time_ns: int) -> str:
    """Return a moment in UTC with all its nanoseconds: 2026-11-21T09:30:00.123456789Z."""
    seconds, rest = divmod(time_ns, SECOND_NS)
    return f"{second(seconds)}.{rest:09}Z"


@lru_cache(maxsize=4096)  # the steps of a session share their seconds
def second(seconds: int) -> str:
    """Return a second of UTC."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}"


def nanoseconds(written: str) -> int:
    """Return a moment given as RFC 3339 with an offset, or as a date (midnight UTC).

    Raises:
        ValueError: it is neither; the message says what was given.
    """
    try:
        moment = datetime.fromisoformat(written)
    except ValueError:
        raise ValueError(f"no moment: {written!r}; write 2026-11-21T09:30:00Z") from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return int(moment.timestamp()) * SECOND_NS + fraction_ns(written)


def within(time_ns: int) -> int:
    """Return a moment, or the nearest one that the store can compare with: from 1970 into 2106."""
    return min(max(time_ns, 0), FAR_NS)


def fraction_ns(written: str) -> int:
    """Return the part below a second, which `datetime` would cut to microseconds."""
    _, _, rest = written.partition(".")
    digits = ""
    for character in rest:
        if not character.isdigit():
            break
        digits += character
    return int(digits[:9].ljust(9, "0")) if digits else 0
