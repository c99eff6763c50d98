"""The way of a request from the wire to the spool, whatever transport it came by.

    authenticate → limit → check → spool → answer

A caller and the bytes of an export request come in; an answer goes out once it is true. Knows
neither HTTP nor gRPC, and of the spans only how many there are and whether each can be kept.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from spanledger_collector.decode import LIMITS, Encoding, Limits, Malformed, Signal, check
from spanledger_collector.receive.answers import Accepted, Answer, Refused
from spanledger_collector.spool import Batch, Spool, SpoolRefused

IN_FLIGHT_BYTES = 256 << 20


@dataclass(frozen=True, slots=True)
class Caller:
    """Whose spans these are: the project, and the key that says so."""

    project_id: str = "default"
    key_id: str = ""


class Intake:
    """Takes requests into one spool. For one event loop."""

    def __init__(
        self,
        spool: Spool,
        max_body_bytes: int,
        limits: Limits = LIMITS,
        clock: Callable[[], int] = time.time_ns,
    ) -> None:
        self.spool = spool
        self.max_body_bytes = max_body_bytes
        self.refused: Counter[str] = Counter()  # requests, by code
        self.dropped_points = 0
        self._limits = limits
        self._clock = clock
        self._in_flight = 0

    def refusal(self, body_bytes: int) -> Refused | None:
        """Return why a request cannot be taken now, to be asked before its body is read.

        Args:
            body_bytes: what it is said to have, 0 when it does not say.
        """
        if body_bytes > self.max_body_bytes:
            return self.too_large()
        if self._in_flight + body_bytes > IN_FLIGHT_BYTES:
            return Refused("overloaded", "too many bytes in flight")
        return Refused(self.spool.refusal) if self.spool.refusal else None

    def too_large(self) -> Refused:
        """Return the refusal of a body over the limit."""
        return Refused("body_too_large", f"at most {self.max_body_bytes} bytes after decompression")

    @contextmanager
    def in_flight(self) -> Iterator[Callable[[int], None]]:
        """Return what counts the bytes of a request as in memory, until the block ends."""
        held = 0

        def hold(size: int) -> None:
            nonlocal held
            held += size
            self._in_flight += size

        try:
            yield hold
        finally:
            self._in_flight -= held

    async def take(self, caller: Caller, signal: Signal, encoding: Encoding, body: bytes) -> Answer:
        """Return the answer to a request, when what it accepts is durable."""
        try:
            checked = check(body, encoding, signal, self._limits)
        except Malformed as error:
            return Refused(error.code, error.detail)
        if signal == "metrics":
            return self._dropped(checked.total)
        batch = Batch(
            seq=0,
            received_ns=self._clock(),
            project_id=caller.project_id,
            key_id=caller.key_id,
            signal=signal,
            encoding=encoding,
            items=checked.accepted,
            body=body,
        )
        if checked.total:
            try:
                await asyncio.wrap_future(self.spool.append(batch, checked.rejected))
            except SpoolRefused as error:
                return Refused(error.code)
        return Accepted(signal, checked.total, checked.rejected)

    def _dropped(self, points: int) -> Accepted:
        """Count metric points, which we have no use for, and say so."""
        self.dropped_points += points
        return Accepted("metrics", points, {"metrics_not_stored": points} if points else {})
