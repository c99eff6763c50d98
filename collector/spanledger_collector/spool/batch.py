"""What the spool keeps: one accepted request, and the sums over all of them."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from spanledger_collector.decode.wire import Encoding, Signal


@dataclass(frozen=True, slots=True)
class Batch:
    """One accepted request as it arrived, decompressed. `seq` orders them and is 0 until stored."""

    seq: int
    received_ns: int
    project_id: str
    key_id: str
    signal: Signal
    encoding: Encoding
    items: int  # spans or log records, without the rejected ones
    body: bytes
    damage: Literal["", "crc_mismatch"] = ""  # then the body is empty: the disk changed it


@dataclass(frozen=True, slots=True)
class Held:
    """What the store could not take of a batch. `places` number its items, () stands for all."""

    batch: Batch
    reason: str
    places: tuple[int, ...] = ()
    since_ns: int = 0  # when it was set aside, 0 before

    @property
    def items(self) -> int:
        """Return how many spans or log records are held."""
        return len(self.places) or self.batch.items


@dataclass(slots=True)
class Stats:
    """Sums over the life of a spool, restarts included, by signal; and what it takes up now."""

    items: Counter[str] = field(default_factory=Counter)
    batches: Counter[str] = field(default_factory=Counter)
    bytes: Counter[str] = field(default_factory=Counter)  # of bodies, decompressed
    rejected: Counter[tuple[str, str]] = field(default_factory=Counter)  # by signal and code
    redacted: Counter[str] = field(default_factory=Counter)  # how often, by rule
    lost: Counter[str] = field(default_factory=Counter)  # by clients, by reason: never received
    used_bytes: int = 0
    unreadable: int = 0  # spools that should be in these sums and are not

    def add(self, other: "Stats") -> None:
        """Count another spool in."""
        for name in (*SUMS, "rejected", "redacted", "lost"):
            getattr(self, name).update(getattr(other, name))
        self.used_bytes += other.used_bytes
        self.unreadable += other.unreadable

    def received(self, signal: Signal) -> int:
        """Return how many items ever arrived: received = rejected + spooled."""
        rejected = sum(n for (of, _), n in self.rejected.items() if of == signal)
        return rejected + self.items[signal]


REDACTED = "redacted:"  # before the name of a rule, where its count is kept
SUMS = ("items", "batches", "bytes")
LOST = "lost "
"""How the name of a sum begins that counts what clients lost; then comes the reason."""


def summed(tally: Iterable[tuple[Signal, str, int]]) -> Stats:
    """Return the sums that a spool keeps as signal, name and value, without what it takes up."""
    found = Stats()
    for signal, name, value in tally:
        if name in SUMS:
            getattr(found, name)[signal] = value
        elif name.startswith(REDACTED):
            found.redacted[name.removeprefix(REDACTED)] += value
        elif name.startswith(LOST):
            found.lost[name.removeprefix(LOST)] += value
        else:
            found.rejected[signal, name] = value
    return found
