"""The way of a request from the wire to the spool, whatever transport it came by.

    authenticate → admit → check → redact → spool → answer

A caller and the bytes of an export request come in; an answer goes out once it is true. Knows
neither HTTP nor gRPC, and of the spans only how many there are and whether each can be kept.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager

from spanledger_collector.decode import (
    LIMITS,
    Encoding,
    Limits,
    Malformed,
    Signal,
    census,
    check,
)
from spanledger_collector.keys import DEFAULT_PROJECT, EVERY_PROJECT, Caller
from spanledger_collector.receive.admission import Admission, Bounds
from spanledger_collector.receive.answers import Accepted, Answer, Refused
from spanledger_collector.receive.inflate import GZIP, Corrupt, TooLarge, inflated
from spanledger_collector.receive.keyring import OPEN, Keyring
from spanledger_collector.receive.remarks import Remarks
from spanledger_collector.redact import Redaction
from spanledger_collector.spool import Batch, Spool, SpoolRefused

__all__ = ["Caller", "Intake"]

NOTHING_LOST: Mapping[str, int] = {}


class Intake:
    """Takes requests into one spool. For one event loop."""

    def __init__(
        self,
        spool: Spool,
        max_body_bytes: int,
        limits: Limits = LIMITS,
        bounds: Bounds = Bounds(),  # noqa: B008 – frozen
        keyring: Keyring = OPEN,
        clock: Callable[[], int] = time.time_ns,
        redaction: Redaction = Redaction(),  # noqa: B008 – never changes
    ) -> None:
        self.spool = spool
        self.max_body_bytes = max_body_bytes
        self.refused: Counter[str] = Counter()  # requests, by code
        self.dropped_points = 0
        self.undecided = 0  # questions whether a step may be taken that found no answer
        self.keyring = keyring
        self.redaction = redaction
        self._admission = Admission(bounds)
        self._remarks = Remarks()
        self._limits = limits
        self._clock = clock

    def refusal(self, caller: Caller, body_bytes: int) -> Refused | None:
        """Return why a request cannot be taken now, to be asked before its body is read.

        Args:
            caller: who sends it.
            body_bytes: what it is said to have, 0 when it does not say.
        """
        if body_bytes > self.max_body_bytes:
            return self.too_large()
        if self.spool.refusal:
            return Refused(self.spool.refusal)
        code = self._admission.refusal(caller.key_id, body_bytes)
        return Refused(code, "try again soon") if code else None

    def too_large(self) -> Refused:
        """Return the refusal of a body over the limit."""
        return Refused("body_too_large", f"at most {self.max_body_bytes} bytes after decompression")

    def in_flight(self, caller: Caller) -> AbstractContextManager[Callable[[int], bool]]:
        """Return what counts the bytes of a request as in memory, and says whether they fit."""
        return self._admission.in_flight(caller.key_id)

    def unpacked(
        self, body: bytes, encoding: Encoding, signal: Signal, header: int = GZIP
    ) -> bytes | Refused:
        """Return a compressed body decompressed, stopping as soon as there is too much of it or in it."""
        try:
            counted = census(encoding, signal, self._limits)
            return inflated(body, self.max_body_bytes, counted, header)
        except TooLarge:
            return self.too_large()
        except Corrupt as error:
            return Refused("gzip_corrupt", str(error))
        except Malformed as error:
            return Refused(error.code, error.detail)

    async def take(
        self,
        caller: Caller,
        signal: Signal,
        encoding: Encoding,
        body: bytes,
        counted: bool = False,
        lost: Mapping[str, int] = NOTHING_LOST,
    ) -> Answer:
        """Return the answer to a request, when what it accepts is durable.

        Args:
            caller: who sends it.
            signal: what it is a request for.
            encoding: of the body.
            body: decompressed.
            counted: whether a census has seen all of it.
            lost: spans that the client could not send, by reason.
        """
        try:
            checked = check(body, encoding, signal, self._limits, counted)
        except Malformed as error:
            return Refused(error.code, error.detail)
        if signal == "metrics":
            return self._dropped(checked.total)
        received_ns = self._clock()
        project_id = DEFAULT_PROJECT if caller.project_id == EVERY_PROJECT else caller.project_id
        kept, redacted = self.redaction.applied(project_id, signal, encoding, body)
        batch = Batch(
            seq=0,
            received_ns=received_ns,
            project_id=project_id,
            key_id=caller.key_id,
            signal=signal,
            encoding=encoding,
            items=checked.accepted,
            body=kept,
        )
        if checked.total:
            try:
                durable = self.spool.append(batch, checked.rejected, redacted, lost)
                await asyncio.wrap_future(durable)
            except SpoolRefused as error:
                return Refused(error.code)
        return Accepted(signal, checked.total, checked.rejected, self._remarks.on(batch))

    def _dropped(self, points: int) -> Accepted:
        """Count metric points, which we have no use for, and say so."""
        self.dropped_points += points
        return Accepted("metrics", points, {"metrics_not_stored": points} if points else {})
