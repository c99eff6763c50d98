"""Ingest, store and watch as processes of their own without a supervisor, quick to start and to kill.

They are forked off a process that has imported everything and started nothing, so that a start
takes what the work takes and not what the imports do.
"""

import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from multiprocessing.process import BaseProcess
from pathlib import Path

import httpx

from spanledger_collector import app, failpoints, receive, turns
from spanledger_collector.budgets import evaluate
from spanledger_collector.settings import Settings
from spanledger_collector.spool import files, upkeep, writer
from tests import telling
from tests.ingesting import settings_for
from tests.journal import Journal
from tests.ports import free_port
from tests.serving import metrics

START_S = SETTLE_S = 150  # a store that was away is asked again after a minute at the latest
ROLES = {"ingest": receive.serve, "store": app.serve}  # and watch, which `telling` serves

context = multiprocessing.get_context("forkserver")
context.set_forkserver_preload([__name__, app.__name__, receive.__name__])


def work(role: str, settings: Settings, points: Path, log: Path) -> None:
    """Be one of the parts. It looks after spool and budgets all the time, and its failpoints work."""
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    failpoints.arm(points)
    upkeep.LOOK_S = writer.IDLE_S = evaluate.LEAST_PAUSE_S = 0.05
    turns.SHARE = 1
    upkeep.CHECKPOINT_FRAMES = upkeep.SPARE_PAGES = 8
    if role == "watch":
        telling.serve(settings, points)
    else:
        ROLES[role](settings)


class Parts:
    """The parts of one server, by role, and the file that names the point at which one dies."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        self.settings = settings
        self.points, self.log = folder / "points", folder / "log"
        self.running: dict[str, BaseProcess] = {}
        self.otlp = client(settings.url(settings.http_port))
        self.api = client(settings.url(settings.api_port))

    def start(self, *roles: str) -> None:
        """Start what is not running, and return when all of it answers."""
        for role in roles:
            self.launch(role)
        self.await_answers(*roles)

    def await_answers(self, *roles: str) -> None:
        """Return when parts are ready."""
        for role in roles:
            self.until(partial(self.answers, role), START_S)

    def launch(self, role: str) -> None:
        """Start a part, and return at once."""
        told = (role, self.settings, self.points, self.log)
        self.running[role] = context.Process(target=work, args=told)
        self.running[role].start()

    def answers(self, role: str) -> bool:
        """Tell whether a part is ready."""
        assert self.running[role].is_alive(), self.log.read_text()
        with suppress(httpx.TransportError):
            return {"ingest": self.otlp, "store": self.api}[role].get("/readyz").status_code == 200
        return False

    def kill(self, *roles: str) -> None:
        """Kill parts at one moment: none of them may react to the death of another."""
        for number in (signal.SIGSTOP, signal.SIGKILL):
            for role in roles:
                os.kill(self.running[role].pid or 0, number)
        for role in roles:
            self.join(role)

    def stop(self, *roles: str) -> None:
        """Stop parts as a service manager does, and return when they have ended well."""
        for role in roles:
            self.running[role].terminate()
        for role in roles:
            assert self.join(role) == 0

    def join(self, role: str) -> int | None:
        """Wait for the end of a part; return its exit code, None when it does not end."""
        self.running[role].join(SETTLE_S)
        return self.running[role].exitcode

    def wait_for_more(self, journal: Journal, calls: int = 50) -> None:
        """Return when some more calls were acknowledged."""
        wanted = len(journal.acked) + calls
        self.until(lambda: len(journal.acked) >= wanted, SETTLE_S)

    def settle(self) -> None:
        """Return when everything that ingest has spooled is stored."""
        self.until(self.drained, SETTLE_S)

    def drained(self) -> bool:
        """Tell whether the store accounts for everything that ingest has spooled."""
        chosen = self.settings
        ingest = metrics(chosen.url(chosen.http_port))
        store = metrics(chosen.url(chosen.api_port))
        return store["spanledger_spans_stored_total"] == ingest["spanledger_spans_spooled_total"]

    def until(self, holds: Callable[[], bool], patience_s: float) -> None:
        """Wait for something to hold."""
        give_up = time.monotonic() + patience_s
        while not holds():
            assert time.monotonic() < give_up, self.log.read_text()
            time.sleep(0.02)

    def spool_is_sound(self) -> bool:
        """Tell whether SQLite finds nothing wrong with the spool and the cursor."""
        found = []
        for pattern in ("*.spool", "*.cursor"):
            for path in self.settings.spool_dir.glob(pattern):
                db = files.open_to_read(path)
                assert db is not None
                found.append(db.pragma("integrity_check"))
                db.close()
        return found == ["ok", "ok"]


def client(url: str) -> httpx.Client:
    """Return a client of one of the parts; it need not load any certificates."""
    return httpx.Client(base_url=url, timeout=SETTLE_S, verify=False)


@contextmanager
def parts(folder: Path, **told: object) -> Iterator[Parts]:
    """Run ingest and store with their data in a folder; kill what is left of them afterwards."""
    made = Parts(settings_for(folder, api_port=free_port(), ui_port=free_port(), **told), folder)
    try:
        made.start("ingest", "store")
        yield made
    finally:
        made.otlp.close()
        made.api.close()
        for process in made.running.values():
            process.kill()
            process.join()
