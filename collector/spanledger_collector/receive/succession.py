"""The spools that one worker writes, one after another: when the disk refuses, a new file.

A file whose fsync has failed is never flushed again: the system may have forgotten what was to be
written and would report success. It is left as it is for the store to read. A worker that cannot
write the new one either gives up, and its process ends with an error.
"""

import logging
from collections.abc import Callable
from pathlib import Path

from spanledger_collector.receive.intake import Intake
from spanledger_collector.spool import Spool, SpoolUnusable, successor

log = logging.getLogger(__name__)


class Succession:
    """Gives an intake a new spool whenever the one it writes has failed."""

    def __init__(
        self, intake: Intake, opened: Callable[[Path], Spool], give_up: Callable[[], None]
    ) -> None:
        """Watch the spool of an intake.

        Args:
            intake: takes requests into its `spool`.
            opened: opens a spool.
            give_up: called when no spool can be written any more.
        """
        self._intake = intake
        self._opened = opened
        self._give_up = give_up
        self._spools = [intake.spool]
        self.failed = False
        intake.spool.on_failure = self._replace

    def _replace(self) -> None:
        """Go on in a new file. In the thread of the spool that failed."""
        old = self._intake.spool
        if len(self._spools) > 1 and not old.stats().batches:
            self._end("the new spool has failed as well")
            return
        try:
            new = self._opened(successor(old.path))
        except (SpoolUnusable, OSError) as error:
            self._end(str(error))
            return
        new.on_failure = self._replace
        self._spools.append(new)
        self._intake.spool = new
        log.error("%s takes no more and is left to be read; going on in %s", old.path, new.path)

    def _end(self, why: str) -> None:
        log.error("no spool can be written: %s", why)
        self.failed = True
        self._give_up()

    def close(self) -> None:
        """Commit what waits, and let go of every file."""
        for spool in self._spools:
            spool.close()
