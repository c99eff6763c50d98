"""What a spool says of itself beside what the store says of it, at one moment.

The two sides keep their own files and count for themselves, so that the sums can be compared.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from spanledger_collector.spool import Cursor, Reader


@dataclass(frozen=True, slots=True)
class Account:
    """The items of one signal in one spool."""

    spool: str
    signal: str
    received: int  # by ingest: rejected and spooled
    rejected: int
    stored: int  # by the store; log records that name no span are read and left out
    pending: int
    quarantined: int
    waiting_since_ns: int | None = None  # when the oldest that is pending was received
    redacted: Mapping[str, int] = field(default_factory=dict)  # in the whole spool, by rule
    dropped: int = 0  # from quarantine, because somebody said so
    duplicates: int = 0  # of those stored: spans that had come before
    lost: Mapping[str, int] = field(default_factory=dict)  # by clients, by reason; never received

    @property
    def holds(self) -> bool:
        """Tell whether everything that was received is somewhere."""
        kept = self.stored + self.pending + self.quarantined
        return self.received == self.rejected + kept + self.dropped


def accounts(path: Path, reader: Reader, cursor: Cursor) -> Iterator[Account]:
    """Yield the accounts of a spool. Only the thread that drains it may ask."""
    stats, pending, waiting = reader.accounts(cursor.position())
    tally = cursor.tally()
    stored = {"traces": tally["stored"], "logs": tally["records"] + tally["unlinked"]}
    for signal in ("traces", "logs"):
        rejected = sum(n for (of, _), n in stats.rejected.items() if of == signal)
        yield Account(
            spool=path.name,
            signal=signal,
            received=rejected + stats.items[signal],
            rejected=rejected,
            stored=stored[signal],
            pending=pending[signal],
            quarantined=tally[f"quarantined_{signal}"],
            waiting_since_ns=waiting.get(signal),
            redacted=stats.redacted if signal == "traces" else {},  # once for both signals
            dropped=tally[f"dropped_{signal}"],
            duplicates=tally["duplicates"] if signal == "traces" else 0,
            lost=stats.lost if signal == "traces" else {},
        )
