"""The thread that sends, and counts what becomes of every span.

It wakes when enough has gathered or a second is over, and tries a batch until that is told off.

It starts with the first span, is a daemon, and starts anew in a forked child, which begins with an
empty buffer: what the parent gathered the parent sends. It imports nothing while it runs: a fork in
the midst of that would leave the child with an import lock that nobody lets go of. Nobody ever waits for it but `flush`, and
that no longer than it was told.
"""

from __future__ import annotations

import os
import random
import threading
import time
import weakref
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Protocol

from opentelemetry import context as contexts
from opentelemetry.context import _SUPPRESS_INSTRUMENTATION_KEY as SUPPRESSED
from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import Span

from spanledger import health
from spanledger.content import changed
from spanledger.export.answer import Answer
from spanledger.export.buffer import Buffer
from spanledger.export.delivery import Delivery, Tally
from spanledger.export.request import body
from spanledger.settings import Settings
from spanledger.threads import start_bare

if TYPE_CHECKING:
    from spanledger.export.spool import Spool

FIRST_WAIT_S = 0.5
LONGEST_WAIT_S = 30.0
LOST = "x-spanledger-lost"

Prepare = Callable[[Sequence[ReadableSpan]], list[ReadableSpan]]


class Sender(Protocol):
    """Sends a body to a server."""

    def send(self, body: bytes, more: Mapping[str, str]) -> Answer:
        """Return what came of one try; never raises."""

    def close(self) -> None:
        """Let go of the connection."""

    def forked(self) -> None:
        """Forget the connection of the parent process."""


class Exporter:
    """Takes ended spans and sends them."""

    def __init__(
        self,
        told: Settings,
        sender: Sender,
        prepare: Prepare = list,
        spool: Spool | None = None,
    ) -> None:
        self._told = told
        self._spool = spool
        self.shutdown_s = told.shutdown_s
        self._sender = sender
        self._prepare = prepare
        self._arrivals: dict[int, threading.Lock] = {}
        self._fresh()
        hook = weakref.WeakMethod(self._forked)
        os.register_at_fork(after_in_child=lambda: (found := hook()) and found())

    def _fresh(self) -> None:
        """Begin with nothing gathered and no thread."""
        told = self._told
        self.buffer = Buffer(told.max_queue_spans, told.max_queue_bytes, told.max_batch_bytes)
        self.tally = Tally()
        self._told_lost: Counter[str] = Counter()
        self._calls: SimpleQueue[threading.Event | None] = SimpleQueue()
        self._called = False
        self._in_flight = 0
        self._message: tuple[bytes, int] | None = None  # that is on its way, and its spans
        self._thread: threading.Thread | None = None
        self._starting = threading.RLock()
        self._closing = False
        self._pid = os.getpid()  # last: whoever finds it here finds the rest

    def _forked(self) -> None:
        """Begin anew in a child process."""
        self._fresh()
        self._sender.forked()
        if self._spool is not None:
            self._spool.forked()

    def _arrive(self) -> None:
        """Begin anew in a child that was forked past Python, as uWSGI does: no hook ran there."""
        pid = os.getpid()
        if pid == self._pid:
            return
        with self._arrivals.setdefault(pid, threading.Lock()):  # made here: nobody above holds it
            if pid != self._pid:
                self._forked()

    def add(self, span: ReadableSpan) -> None:
        """Take a span; never waits, never raises."""
        self._arrive()
        if self._closing:
            self.tally.reasons["shutdown"] += 1
            return
        if not self.buffer.add(span):
            self.tally.reasons["queue_full"] += 1
            health.warn("queue_full", "spanledger: the queue is full, spans are dropped")
            return
        if self._thread is None:
            self._start()
        if len(self.buffer) >= self._told.max_batch_spans and not self._called:
            self._called = True
            self._calls.put(None)

    def announce(self, span: Span) -> None:
        """Take a span that is still open, as it is now: it leaves without an end."""
        if isinstance(span, ReadableSpan):
            self.add(changed(span, dict(span.attributes or {}), (), None))

    def _start(self) -> None:
        """Start the thread, if this process may have one more."""
        with self._starting:
            if self._thread is not None:
                return
            thread = threading.Thread(target=self._run, name="spanledger", daemon=True)
            try:
                start_bare(thread)
            except RuntimeError as error:  # no more threads, or the interpreter is going down
                health.swallowed("thread", error)
                return
            self._thread = thread

    def flush(self, timeout_s: float) -> Delivery:
        """Return what was delivered once everything is, or `timeout_s` is over."""
        self._arrive()
        if len(self.buffer) or self._in_flight or self._spooled():
            self._start_if_dead()
            done = threading.Event()
            self._calls.put(done)
            if self._thread is not None and self._thread is not threading.current_thread():
                done.wait(max(0.0, timeout_s))
        return self.delivery()

    def _start_if_dead(self) -> None:
        """Start the thread where there is none that lives."""
        if self._thread is not None and not self._thread.is_alive():
            self._thread = None
        if self._thread is None:
            self._start()

    def delivery(self) -> Delivery:
        """Return what became of all spans until now."""
        return self.tally.delivery(len(self.buffer) + self._in_flight, self._spooled())

    def _spooled(self) -> int:
        """Return how many spans are on the disk, those of other processes too."""
        return 0 if self._spool is None else self._spool.spans()

    def shutdown(self, timeout_s: float) -> Delivery:
        """Send what there is, take nothing more, and return within `timeout_s`."""
        try:
            self.flush(timeout_s)
        finally:
            self._closing = True
            self._calls.put(None)
        if self._spool is not None:
            self._keep_rest(self._spool)
        return self.delivery()

    def _keep_rest(self, spool: Spool) -> None:
        """Put on the disk what there was no time for; what arrives all the same arrives twice."""
        if (message := self._message) is not None and spool.put(*message):
            self._in_flight = 0
        while batch := self.buffer.take(self._told.max_batch_spans, self._told.max_batch_bytes):
            if not spool.put(*body(self._prepare(batch))):
                self.tally.reasons["shutdown"] += len(batch)

    def _run(self) -> None:
        """Send until the process ends."""
        contexts.attach(Context({SUPPRESSED: True}))  # an instrumented client must not see itself
        waiting: list[threading.Event] = []
        while not (self._closing and not len(self.buffer)):
            self._listen(self._told.delay_s, waiting)
            try:
                self._drain(waiting)
            except Exception as error:  # noqa: BLE001 – this loop must live
                health.swallowed("export", error)
            for done in waiting:
                done.set()
            waiting.clear()
        self._sender.close()

    def _listen(self, timeout_s: float, waiting: list[threading.Event]) -> bool:
        """Wait for a call; return whether one came. Who asked for a flush joins `waiting`."""
        try:
            call = self._calls.get(timeout=timeout_s)
        except Empty:
            return False
        if call is not None:
            waiting.append(call)
        return True

    def _drain(self, waiting: list[threading.Event]) -> None:
        """Send what lies on the disk and all that has gathered."""
        self._called = False
        self._resend(asked=bool(waiting))
        while True:
            self._in_flight = min(len(self.buffer), self._told.max_batch_spans)
            batch = self.buffer.take(self._told.max_batch_spans, self._told.max_batch_bytes)
            self._in_flight = len(batch)
            if not batch:
                self._resend(asked=False)
                return
            try:
                self._deliver(batch, waiting)
            except Exception as error:  # noqa: BLE001 – our own mistake: the next batch may be better
                self.tally.reasons["failed"] += len(batch)
                health.swallowed("export", error)
            finally:
                self._in_flight = 0

    def _deliver(self, batch: list[ReadableSpan], waiting: list[threading.Event]) -> None:
        """Send one batch, until it is delivered, refused or given up."""
        spans = self._prepare(batch)
        message, count = body(spans)
        if count < len(spans):
            self.tally.reasons["unencodable"] += len(spans) - count
        answer = self._persist(message, count, waiting) if count else Answer("delivered")
        self.tally.error = answer.detail
        if answer.outcome != "spooled":
            self._count(answer, count)

    def _resend(self, asked: bool) -> None:
        """Send what lies on the disk, oldest first, until a try fails; `asked` is not put off."""
        spool = self._spool
        if spool is None or (spool.away and not asked):
            return
        with spool.held() as batches:
            for batch in batches:
                if self._closing or not self._resent(spool, batch):
                    return

    def _resent(self, spool: Spool, batch: Path) -> bool:
        """Send a batch from the disk; return whether the server answered."""
        answer = self._sent(batch.read_bytes())
        self.tally.error = answer.detail
        if answer.outcome == "retry":
            spool.failed(answer.wait_s)
            return False
        spool.answered()
        self._count(answer, spool.spans_of(batch))
        batch.unlink()
        return True

    def _count(self, answer: Answer, count: int) -> None:
        """Count what became of a batch in the end."""
        if answer.outcome == "delivered":
            self.tally.delivered += count - answer.rejected
            self.tally.rejected += answer.rejected
            return
        reason = "refused" if answer.outcome == "refused" else "gave_up"
        self.tally.reasons[reason] += count
        health.warn(reason, "spanledger: %d spans were not delivered: %s", count, answer.detail)

    def _persist(self, message: bytes, count: int, waiting: list[threading.Event]) -> Answer:
        """Try until the time is up, or the disk has it; return the last answer."""
        spool = self._spool
        if spool is not None and spool.away and spool.put(message, count):
            return Answer("spooled", self.tally.error)
        self._message = message, count
        try:
            return self._tried(message, count, waiting)
        finally:
            self._message = None

    def _tried(self, message: bytes, count: int, waiting: list[threading.Event]) -> Answer:
        """Try until the time is up, or the disk has it; return the last answer."""
        until = time.monotonic() + self._told.give_up_s
        wait_s = FIRST_WAIT_S
        while True:
            answer = self._sent(message)
            if answer.outcome != "retry":
                return answer
            self.tally.error = answer.detail
            if self._spool is not None:
                self._spool.failed(answer.wait_s)
                if self._spool.put(message, count):
                    return Answer("spooled", answer.detail)
            pause_s = answer.wait_s or wait_s * random.uniform(0.5, 1.0)
            if self._closing or time.monotonic() + pause_s > until:
                return answer
            wait_s = min(2 * wait_s, LONGEST_WAIT_S)
            self._pause(pause_s, waiting)

    def _pause(self, seconds: float, waiting: list[threading.Event]) -> None:
        """Wait before the next try; who asks for a flush meanwhile is remembered."""
        until = time.monotonic() + seconds
        while not self._closing and (left := until - time.monotonic()) > 0:
            self._listen(left, waiting)

    def _sent(self, message: bytes) -> Answer:
        """Return what came of one try, in which the server is told what never arrived."""
        lost = Counter(self.tally.reasons.copy())
        lost.subtract(self._told_lost)
        told = ",".join(f"{reason}={count}" for reason, count in lost.items() if count > 0)
        answer = self._sender.send(message, {LOST: told} if told else {})
        if answer.outcome == "delivered":
            self._told_lost.update(lost)
        return answer
