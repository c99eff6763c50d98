"""The next round, read while this one is written.

Takes batches and gives what they say, found out in a thread of its own: the engine writes outside of
Python's lock, so that both go on at once. What is read this way is only a round read early; whoever
takes it asks whether it is still the one that comes next.
"""

from collections.abc import Collection, Sequence
from concurrent.futures import Future
from threading import Thread

from spanledger_collector.pricebook import Pricebook
from spanledger_collector.reading import Round, read
from spanledger_collector.spool import Batch


class Ahead:
    """Batches that are being read."""

    def __init__(
        self, after: int, batches: Sequence[Batch], book: Pricebook, estimated: Collection[str]
    ) -> None:
        """Begin to read the batches that come after a position of their spool."""
        self.batches = batches
        self._asked = after, book
        self._done: Future[Round] = Future()
        work = batches, book, estimated
        Thread(target=self._read, args=work, name="read ahead", daemon=True).start()

    def is_next(self, after: int, book: Pricebook) -> bool:
        """Tell whether these are the batches after a position, at these prices."""
        return self._asked == (after, book)

    def round(self) -> Round:
        """Return what the batches say, once that is known; it raises what reading them raised."""
        return self._done.result()

    def _read(self, batches: Sequence[Batch], book: Pricebook, estimated: Collection[str]) -> None:
        try:
            self._done.set_result(read(batches, book, estimated))
        except BaseException as error:  # noqa: BLE001 – raised again where the round is taken
            self._done.set_exception(error)
