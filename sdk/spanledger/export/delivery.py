"""What became of the spans of this process."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Delivery:
    """What `flush()` returns. All counts are spans since `configure()`."""

    delivered: int = 0
    rejected: int = 0
    """By the server, which said that it cannot keep them."""
    dropped: int = 0
    pending: int = 0
    """Not sent yet: the time was up, or the server is away."""
    spooled: int = 0
    """On the disk, to be sent by this process or the next; those of others count here too."""
    reasons: Mapping[str, int] = field(default_factory=dict)
    """Why spans were dropped: queue_full, gave_up, refused, unencodable, shutdown, failed."""
    error: str | None = None
    """What the last try to send ended with, None when it was delivered."""

    def __bool__(self) -> bool:
        """Tell whether everything was delivered."""
        return not (self.rejected or self.dropped or self.pending or self.spooled)


@dataclass(slots=True)
class Tally:
    """The counts while they grow. Only the exporter's thread and its lock's holders write it."""

    delivered: int = 0
    rejected: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    error: str | None = None

    def delivery(self, pending: int, spooled: int = 0) -> Delivery:
        """Return the counts as they are now."""
        return Delivery(
            self.delivered,
            self.rejected,
            self.reasons.total(),
            pending,
            spooled,
            dict(self.reasons),
            self.error,
        )
