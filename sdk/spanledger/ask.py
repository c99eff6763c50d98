"""Asks the server whether a session may go on: hard budgets and stops, before each step.

A session, its user and the agent in; nothing out, or `BudgetExceeded` or `Stopped`. An answer holds
for a while. A step that finds none in force waits a moment for one; where none comes, it goes on
or not as `configure(guard=…)` says. The asking is done by a thread that lives for one question.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

from spanledger import health
from spanledger.guard import BudgetExceeded, Stopped

if TYPE_CHECKING:
    from spanledger.settings import Settings

MOST_ANSWER_BYTES = 1 << 20
MOST_KEPT = 10_000

Question = tuple[tuple[str, str | tuple[str, ...]], ...]
"""What is known of a step, by the fields of `POST /api/v1/decide`."""

Answer = Mapping[str, Any]
SILENT = "the server did not say whether this may go on, and guard='closed' takes that for a no"

Transport = Callable[[Question], Answer]
"""Return what the server answers; raise where none came."""

Asking = Callable[[str, str, Answer | None], Answer]
"""Return what the server answers to a method, a path and a body; raise where none came."""


@dataclass(slots=True)
class Held:
    """The last answer to a question, and since when it holds."""

    answer: Answer | None = None
    """None: there was never one."""
    asked_s: float = float("-inf")
    """When it was last asked for, with success or without."""
    asking: threading.Event | None = None
    """Set when the question that is out has come back."""


class Decider:
    """The server's word on sessions of one process."""

    def __init__(
        self,
        transport: Transport,
        mode: Literal["open", "closed"],
        keep_s: float,
        wait_s: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._transport = transport
        self._mode = mode
        self._keep_s = keep_s
        self._wait_s = wait_s
        self._clock = clock
        self._forget()

    def _forget(self) -> None:
        """Begin anew: in a forked child the threads that asked are gone, and so is what they held."""
        self._pid = os.getpid()
        self._lock = threading.Lock()
        self._held: dict[Question, Held] = {}

    def check(self, question: Question) -> None:
        """Return when a step may be taken.

        Raises:
            BudgetExceeded: a hard budget is spent; or nobody says anything, and that means no.
            Stopped: an operator has stopped it.
        """
        answer = self._answer(question)
        if answer is None:
            if self._mode == "closed":
                raise BudgetExceeded("guard", None, None, SILENT)
        elif not answer.get("allowed", True):
            raise refusal(answer)

    def _answer(self, question: Question) -> Answer | None:
        """Return the answer in force, after waiting a moment where there is none."""
        if self._pid != os.getpid():
            self._forget()
        with self._lock:
            held = self._of(question)
            fresh = self._clock() - held.asked_s < self._keep_s
            if not fresh and held.asking is None:
                self._send(question, held)
            asking = held.asking
        if not fresh and asking is not None:
            came = asking.wait(self._wait_s)
            if not came and self._mode == "closed":
                return None  # what it said before may not hold any more
        return held.answer

    def _of(self, question: Question) -> Held:
        if question not in self._held and len(self._held) >= MOST_KEPT:
            self._held.clear()
        return self._held.setdefault(question, Held())

    def _send(self, question: Question, held: Held) -> None:
        """Ask in a thread of its own; what comes holds from when it was asked."""
        back = held.asking = threading.Event()
        asked_s = self._clock()

        def ask() -> None:
            answer: Answer | None
            try:
                answer = self._transport(question)
            except Exception as error:  # noqa: BLE001 – whatever it is: no answer
                health.swallowed("guard", error)
                answer = None if self._mode == "closed" else held.answer
            with self._lock:
                held.answer, held.asked_s, held.asking = answer, asked_s, None
            back.set()

        threading.Thread(target=ask, name="spanledger guard", daemon=True).start()


def refusal(answer: Answer) -> BudgetExceeded:
    """Return what an answer that refuses is raised as."""
    reason = str(answer.get("reason", ""))
    kind = Stopped if answer.get("cause") == "stop" else BudgetExceeded
    return kind(str(answer.get("cause", "budget")), None, None, reason)


class NotHere(ConnectionError):
    """Whoever answers knows nothing of what was asked: it is another collector."""


def transport(told: Settings) -> Transport:
    """Return what asks whether a step may be taken: where spans go, else the query API.

    Ingest answers sooner, and while the store is away. An address that does not know the question is asked
    once; what speaks gRPC is not asked at all.
    """
    places = [asking(told.guard_url, told.key, told.timeout_s)]
    if told.protocol == "http":
        places.insert(0, asking(told.endpoint, told.key, told.timeout_s, told.headers))

    def ask(question: Question) -> Answer:
        *first, last = places
        for place in first:
            try:
                return place("POST", "/api/v1/decide", dict(question))
            except NotHere:
                places[:] = [last]
        return last("POST", "/api/v1/decide", dict(question))

    return ask


def asking(
    url: str, key: str | None, timeout_s: float, more: Mapping[str, str] | None = None
) -> Asking:
    """Return what asks a server, with some more headers: the standard library, no proxy, no redirect."""
    import http.client  # brings ssl, 10 ms that only those pay who ask

    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    headers = {**(more or {}), "content-type": "application/json"}
    if key:
        headers["authorization"] = f"Bearer {key}"

    def ask(method: str, path: str, body: Answer | None) -> Answer:
        connection = kind(parts.hostname or "", parts.port, timeout=timeout_s)
        try:
            said = None if body is None else json.dumps(body)
            connection.request(method, parts.path.rstrip("/") + path, said, headers)
            response = connection.getresponse()
            told = response.read(MOST_ANSWER_BYTES)
            if response.status == http.client.NOT_FOUND:
                raise NotHere(f"no {path} at {parts.hostname}")
            if response.status not in (http.client.OK, http.client.CREATED):
                raise ConnectionError(f"status {response.status}")
            answer: Answer = json.loads(told)
            return answer
        finally:
            connection.close()

    return ask
