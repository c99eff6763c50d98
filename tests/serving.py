"""A whole server for a test: `spanledger serve` as people start it, on free ports, in a new folder."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import psutil

from spanledger_collector.settings import Settings, load
from tests.ports import free_port

PORTS = ("http_port", "grpc_port", "api_port", "ui_port")
STOP_S = 60


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

    def start(self) -> None:
        """Start it, and return when it says that it is ready."""
        with self.log.open("a") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "spanledger", "serve"],
                env=self.settings.environ() | {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent"},
                stdout=subprocess.PIPE, stderr=log, text=True,
            )  # fmt: skip
        assert self.process.stdout is not None
        self.said = until_ready(self.process.stdout)
        assert "Spanledger is ready." in self.said, self.log.read_text()

    def children(self) -> dict[str, psutil.Process]:
        """Return its processes by the command they run."""
        found = psutil.Process(self.process.pid).children(recursive=True)
        return {child.cmdline()[3]: child for child in found}

    def stop(self) -> int:
        """Stop it as Ctrl-C or a service manager does; return its exit code."""
        self.process.terminate()
        return self.process.wait(STOP_S)

    def kill(self) -> None:
        """Kill the whole tree at once, as a lost machine would."""
        parent = psutil.Process(self.process.pid)
        tree = [parent, *parent.children(recursive=True)]
        for process in tree:
            process.suspend()  # nobody may react to the death of another
        for process in tree:
            process.kill()
        psutil.wait_procs(tree, STOP_S)
        self.process.wait(STOP_S)


def until_ready(output: IO[str]) -> str:
    """Return what a server prints until its last line, or until it ends."""
    said = ""
    for line in output:
        said += line
        if "Stop: Ctrl-C" in line:
            break
    return said


@contextmanager
def serving(folder: Path, **told: str) -> Iterator[Server]:
    """Run a server with its data in `folder`; stop it afterwards if the test did not."""
    ports = {name: str(free_port()) for name in PORTS}
    server = Server(load({"data": str(folder / "data"), **ports, **told}, {}), folder / "log")
    server.start()
    try:
        yield server
    finally:
        if server.process.poll() is None:
            server.stop()
        assert server.process.stdout is not None
        server.process.stdout.close()
