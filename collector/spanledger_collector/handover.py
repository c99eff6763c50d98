"""Work handed to the thread that writes: functions of the drain in, their results out.

One thread owns the writing connection and the totals at hand, so whatever changes what is stored
(a repricing, a new price, an erasure) is done by it, between two rounds of the drain. Knows
nothing of what is handed over.
"""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from spanledger_collector.drain import Drain
from spanledger_collector.pricebook import Pricebook

T = TypeVar("T")

Task = tuple[Callable[[Drain], Any], "Future[Any]"]


class Closing(Exception):
    """The thread that writes is stopping; nothing that was handed in now has been done."""


class Handover:
    """The counter between those who want something written and the thread that writes.

    Keep each piece of work short, some thousand rows: while it is done, nothing is drained.
    """

    def __init__(self, drain: Drain) -> None:
        self._drain = drain
        self._tasks: SimpleQueue[Task | None] = SimpleQueue()
        self._door = threading.Lock()  # held to put something in, and to shut for good
        self._closed = False

    @property
    def book(self) -> Pricebook:
        """Return the prices in force; any thread may ask, a book never changes."""
        return self._drain.book

    def do(self, work: Callable[[Drain], T]) -> T:
        """Have the writing thread do some work; return its result, or raise what it raised.

        Raises:
            Closing: there will be no more rounds.
        """
        done: Future[T] = Future()
        with self._door:
            if self._closed:
                raise Closing("the store is stopping; ask again when it is back")
            self._tasks.put((work, done))
        return done.result()

    def take(self, wait_s: float) -> None:
        """Do what was handed in, waiting up to `wait_s` for the first. For the writing thread."""
        try:
            task = self._tasks.get(timeout=wait_s) if wait_s else self._tasks.get_nowait()
            while task is not None:
                self._finish(*task)
                task = self._tasks.get_nowait()
        except Empty:
            return

    def _finish(self, work: Callable[[Drain], Any], done: "Future[Any]") -> None:
        try:
            done.set_result(work(self._drain))
        except Exception as error:  # noqa: BLE001 – raised again for whoever handed it in
            done.set_exception(error)

    def wake(self) -> None:
        """End a wait of `take`."""
        self._tasks.put(None)

    def close(self) -> None:
        """Take no more work and send away whoever still waits. For when the thread has ended."""
        with self._door:
            self._closed = True
        while not self._tasks.empty():
            if (task := self._tasks.get_nowait()) is not None:
                task[1].set_exception(Closing("the store is stopping; ask again when it is back"))
