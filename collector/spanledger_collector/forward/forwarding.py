"""The forwarding process: what ingest accepted goes on to further OTLP endpoints.

Reads the spools, sends each request as it was kept, notes per target how far it is. It never holds
up ingest or the store, and a target that is away only makes its own queue longer. Never imports the
engine.
"""

import logging
import random
import signal
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from spanledger_collector.forward.sending import Sender, Unavailable
from spanledger_collector.forward.targets import Target, targets
from spanledger_collector.settings import Settings
from spanledger_collector.spool import Reader, spools
from spanledger_collector.spool.follower import Follower

log = logging.getLogger(__name__)

IDLE_S = 0.5
FIRST_PAUSE_S, MOST_PAUSE_S = 1.0, 60.0
MOST_ITEMS, MOST_BYTES = 5_000, 16 << 20  # between two notes of how far we are: sent again at worst


class Forwarding(threading.Thread):
    """Sends every spool of a folder to one target, for as long as it takes."""

    def __init__(self, folder: Path, target: Target, pause_s: float = FIRST_PAUSE_S) -> None:
        super().__init__(name=f"forward to {target.url}")
        self._folder, self._target, self._first_pause_s = folder, target, pause_s
        self._sender = Sender(target)
        self._stopping = threading.Event()
        self._open: dict[Path, tuple[Reader, Follower]] = {}

    def run(self) -> None:
        """Forward until told to stop."""
        pause_s = self._first_pause_s
        while not self._stopping.is_set():
            try:
                moved = self._round()
            except Unavailable as error:
                self._wait(max(pause_s, error.retry_after_s))
            except Exception:  # one target's trouble, or ours, must end neither it nor the others
                log.exception("forwarding to %s stumbled; trying again", self._target.url)
                self._wait(pause_s)
            else:
                pause_s = self._first_pause_s
                if not moved:
                    self._stopping.wait(IDLE_S)
                continue
            pause_s = min(pause_s * 2, MOST_PAUSE_S)
        self._close()

    def _wait(self, pause_s: float) -> None:
        self._stopping.wait(min(pause_s, MOST_PAUSE_S) * random.uniform(0.75, 1.25))

    def _round(self) -> int:
        """Send some of every spool; return how many batches that were."""
        for path in spools(self._folder):
            if path not in self._open:
                self._open[path] = Reader(path), Follower(path, self._target.url)
        return sum(self._send_some(*both) for both in self._open.values())

    def _send_some(self, reader: Reader, follower: Follower) -> int:
        """Send what comes next in a spool; what was sent before a failure is noted all the same.

        Raises:
            Unavailable: the target takes nothing now.
        """
        begun = at = follower.position()
        became: Counter[str] = Counter()
        try:
            for batch in reader.read_from(at, MOST_ITEMS, MOST_BYTES):
                if self._stopping.is_set():
                    break
                outcome = "skipped" if batch.damage else self._sender.send(batch)
                became["skipped"] += batch.seq - at - 1 if at else 0  # forgotten before it was sent
                became[outcome] += 1 if batch.damage else batch.items
                at = batch.seq
        except Unavailable as error:
            if at > begun:
                follower.confirm(at, became)
            follower.trouble(str(error))
            log.warning("%s; what is accepted waits in the spool", error)
            raise
        if at > begun:
            follower.confirm(at, became)
        return at - begun

    def stop(self) -> None:
        """End after the request at hand."""
        self._stopping.set()
        self.join()

    def _close(self) -> None:
        self._sender.close()
        for reader, follower in self._open.values():
            reader.close()
            follower.close()


def serve(settings: Settings) -> int:
    """Forward until SIGTERM or Ctrl-C; return the exit code.

    Raises:
        Refused: a target cannot be one; the message names it.
    """
    stopped = threading.Event()
    finish: Callable[..., None] = lambda *_: stopped.set()  # noqa: E731
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, finish)
    running = [Forwarding(settings.spool_dir, target) for target in targets(settings)]
    for each in running:
        each.start()
    stopped.wait()
    for each in running:
        each.stop()
    return 0
