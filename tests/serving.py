"""A whole server for a test: `spanledger serve` as people start it, on free ports, in a new folder."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO
from urllib.request import urlopen

import psutil

from spanledger_collector.settings import Settings, load
from tests.ports import free_port

PORTS = ("http_port", "grpc_port", "api_port", "ui_port")
STOP_S = 60
SETTLE_S = 60


@dataclass
class Server:
    """A running `spanledger serve`; `settings` are what it was told."""

    settings: Settings
    log: Path
    process: subprocess.Popen[str] = field(init=False)
    said: str = ""  # on standard output, until it was ready

    @property
    def otlp(self) -> str:
        return self.settings.url(self.settings.http_port)

    @property
    def api(self) -> str:
        return self.settings.url(self.settings.api_port)

    @property
    def screens(self) -> str:
        return self.settings.url(self.settings.ui_port)

    def launch(self) -> None:
        """Start it, and return at once."""
        with self.log.open("a") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "spanledger", "serve"],
                env=self.settings.environ() | {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent"},
                stdout=subprocess.PIPE, stderr=log, text=True,
            )  # fmt: skip

    def start(self) -> None:
        """Start it, and return when it says that it is ready."""
        self.launch()
        assert self.process.stdout is not None
        self.said = until_ready(self.process.stdout)
        assert "Spanledger is ready." in self.said, self.log.read_text()

    def settle(self) -> None:
        """Return when everything that was acknowledged is in the totals, none of it in quarantine."""
        give_up = time.monotonic() + SETTLE_S
        spooled = metrics(self.otlp)
        while not self._stored(spooled, metrics(self.api)):
            assert time.monotonic() < give_up, self.log.read_text()
            time.sleep(0.05)

    @staticmethod
    def _stored(ingest: dict[str, float], store: dict[str, float]) -> bool:
        """Tell whether the store accounts for everything that ingest has spooled."""
        spans = store["spanledger_spans_stored_total"]
        records = store["spanledger_log_records_stored_total"]
        records += store["spanledger_log_records_unlinked_total"]
        return (spans, records) == (
            ingest["spanledger_spans_spooled_total"],
            ingest["spanledger_log_records_spooled_total"],
        )

    def children(self) -> dict[str, psutil.Process]:
        """Return its processes by the command they run."""
        found = {}
        for child in psutil.Process(self.process.pid).children(recursive=True):
            with suppress(psutil.Error, IndexError):  # gone, or not yet what it will be
                found[child.cmdline()[3]] = child
        return found

    def stop(self) -> int:
        """Stop it as Ctrl-C or a service manager does; return its exit code."""
        self.process.terminate()
        return self.gone()

    def kill(self) -> None:
        """Kill the whole tree at once, as a lost machine would."""
        parent = psutil.Process(self.process.pid)
        tree = [parent, *parent.children(recursive=True)]
        for process in tree:
            process.suspend()  # nobody may react to the death of another
        for process in tree:
            process.kill()
        psutil.wait_procs(tree, STOP_S)
        self.gone()

    def gone(self) -> int:
        """Wait until it has ended and return its exit code."""
        assert self.process.stdout is not None
        self.process.stdout.close()
        return self.process.wait(STOP_S)


def metrics(address: str) -> dict[str, float]:
    """Return the figures a process shows, those with labels by their full name."""
    with urlopen(f"{address}/metrics", timeout=30) as answer:
        lines = answer.read().decode().splitlines()
    pairs = (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
    return {name: float(value) for name, value in pairs}


def until_ready(output: IO[str]) -> str:
    """Return what a server prints until its last line, or until it ends."""
    said = ""
    for line in output:
        said += line
        if "Stop: Ctrl-C" in line:
            break
    return said


def prepared(folder: Path, **told: str) -> Server:
    """Return a server with its data in `folder`, not yet started."""
    ports = {name: str(free_port()) for name in PORTS}
    return Server(load({"data": str(folder / "data"), **ports, **told}, {}), folder / "log")


@contextmanager
def serving(folder: Path, **told: str) -> Iterator[Server]:
    """Run a server with its data in `folder`; stop it afterwards if the test did not."""
    server = prepared(folder, **told)
    server.start()
    try:
        yield server
    finally:
        if server.process.poll() is None:
            server.stop()
