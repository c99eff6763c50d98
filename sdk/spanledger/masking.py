"""The application's mask, run where it can do no harm: on a thread of its own, against the clock.

A mask that raises, returns something else than text, or takes too long costs the content it was
given, never the span and its usage.
"""

import threading
from collections.abc import Sequence
from queue import Empty, SimpleQueue

from opentelemetry import context as contexts
from opentelemetry.context import _SUPPRESS_INSTRUMENTATION_KEY as SUPPRESSED
from opentelemetry.context import Context

from spanledger import health
from spanledger.settings import Mask
from spanledger.threads import start_bare

LONGEST_S = 1.0  # for the texts of one span
CHANCES = 3  # threads that may hang in it before it is not asked any more

Texts = Sequence[str]


class TimedMask:
    """Runs a mask. For one thread, that of the exporter."""

    def __init__(self, mask: Mask, longest_s: float = LONGEST_S) -> None:
        self._mask = mask
        self._longest_s = longest_s
        self._hung = 0
        self._jobs: SimpleQueue[tuple[Texts, SimpleQueue[Texts | None]]] | None = None
        self._thread: threading.Thread | None = None

    def masked(self, texts: Texts) -> Texts | None:
        """Return the masked texts, None where the mask failed."""
        if self._hung >= CHANCES:
            return None
        if self._jobs is None or self._thread is None or not self._thread.is_alive():
            self._start()
        answer: SimpleQueue[Texts | None] = SimpleQueue()
        if self._jobs is None:
            return None
        self._jobs.put((texts, answer))
        try:
            return answer.get(timeout=self._longest_s)
        except Empty:
            self._hung += 1
            self._jobs = self._thread = None  # it may hang for ever; the next span gets another
            health.warn("mask", "spanledger: the mask takes too long, content is left out")
            return None

    def _start(self) -> None:
        """Start a thread that masks."""
        self._jobs = SimpleQueue()
        self._thread = threading.Thread(
            target=self._run, args=(self._jobs,), name="spanledger-mask", daemon=True
        )
        try:
            start_bare(self._thread)
        except RuntimeError as error:
            health.swallowed("mask thread", error)
            self._jobs = self._thread = None

    def _run(self, jobs: SimpleQueue[tuple[Texts, SimpleQueue[Texts | None]]]) -> None:
        """Mask what comes in."""
        contexts.attach(Context({SUPPRESSED: True}))  # an instrumented mask makes no spans
        while True:
            texts, answer = jobs.get()
            answer.put(self._applied(texts))

    def _applied(self, texts: Texts) -> Texts | None:
        """Return what the mask makes of texts."""
        try:
            found = [self._mask(text) if text else text for text in texts]
        except BaseException as error:  # noqa: BLE001 – SystemExit included: it is on our thread
            health.swallowed("mask", error)
            return None
        return found if all(type(text) is str for text in found) else None
