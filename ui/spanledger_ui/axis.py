"""From which bucket of time to which an axis reaches. Pure; moments are on the reader's clock."""

from collections.abc import Sequence
from datetime import datetime, timedelta

LEAST = 7  # a single bucket must not fill the whole axis
MOST = 400  # of a range with more, as much is shown as there is something in
MIDNIGHT = datetime.fromisoformat("2000-01-01")  # any; buckets are counted from it


def reach(
    buckets: Sequence[datetime],
    step: timedelta,
    since: datetime | None = None,
    until: datetime | None = None,
) -> tuple[datetime, datetime]:
    """Return the first and the last bucket of an axis.

    Args:
        buckets: where those begin in which something ran, oldest first, one at least.
        step: how long each is.
        since: where the range begins, None where it begins with whatever there is.
        until: where it ends, itself not in it; None where it ends with whatever there is.
    """
    first, last = buckets[0], buckets[-1]
    ends = max(last, begun(until - timedelta.resolution, step)) if until else last
    if since and ends - begun(since, step) < MOST * step:
        first, last = min(first, begun(since, step)), ends
    return min(first, last - step * (LEAST - 1)), last


def begun(moment: datetime, step: timedelta) -> datetime:
    """Return where the bucket of a moment begins."""
    return moment - (moment - MIDNIGHT) % step
