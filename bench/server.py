"""A server to be measured, on this machine: started on free ports, watched from outside."""

import http.client
import os
import platform
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

import psutil

READY = "Stop: Ctrl-C"
LOAD_BEFORE = os.getloadavg()[0]  # a busy machine gives worse figures than ours are


class Server:
    """A running `spanledger serve`."""

    def __init__(self, folder: Path, *told: str) -> None:
        ports = free_ports("http", "grpc", "api", "ui")
        flags = [f"--{name}-port={port}" for name, port in ports.items()]
        command = [sys.executable, "-m", "spanledger", "serve", f"--data={folder}", *flags, *told]
        self.otlp = f"127.0.0.1:{ports['http']}"
        self.grpc = f"127.0.0.1:{ports['grpc']}"
        self.api = f"127.0.0.1:{ports['api']}"
        started = time.perf_counter()
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        if not any(READY in line for line in self.process.stdout):
            sys.exit("the server did not start")
        self.ready_s = time.perf_counter() - started

    def tree(self) -> list[psutil.Process]:
        """Return every process of the server."""
        parent = psutil.Process(self.process.pid)
        return [parent, *parent.children(recursive=True)]

    def cpu_s(self) -> float:
        """Return the CPU seconds that all processes have used."""
        return sum(sum(process.cpu_times()[:2]) for process in self.tree())

    def resident_mb(self) -> dict[str, float]:
        """Return the resident megabytes of each process, by its command."""
        return {process.cmdline()[3]: process.memory_info().rss / 1e6 for process in self.tree()}

    def stored(self) -> int:
        """Return how many spans are in the store."""
        metrics = get(self.api, "/metrics").decode()
        (line,) = (
            row for row in metrics.splitlines() if row.startswith("spanledger_spans_stored_total ")
        )
        return int(float(line.split()[1]))

    def stop(self) -> None:
        """Stop it and wait until it is gone."""
        self.process.terminate()
        self.process.wait(60)


@contextmanager
def serving(folder: Path, *told: str) -> Iterator[Server]:
    """Run a server with its data in a folder."""
    server = Server(folder, *told)
    try:
        yield server
    finally:
        server.stop()


def get(address: str, path: str) -> bytes:
    """Return the body of a GET."""
    connection = http.client.HTTPConnection(address, timeout=30)
    connection.request("GET", path)
    body = connection.getresponse().read()
    connection.close()
    return body


def free_ports(*names: str) -> dict[str, int]:
    """Return a free port for each name."""
    probes = {name: socket.create_server(("127.0.0.1", 0)) for name in names}
    ports = {name: probe.getsockname()[1] for name, probe in probes.items()}
    for probe in probes.values():
        probe.close()
    return ports


def machine() -> str:
    """Return on what this ran."""
    model = next(
        (
            line.split(":")[1].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.processor(),
    )
    memory_gb = psutil.virtual_memory().total / 2**30
    return (
        f"{os.cpu_count()} cores of {model}, {memory_gb:.0f} GiB, {platform.system()}"
        f" {platform.release().split('-')[0]}, Python {platform.python_version()},"
        f" chDB {version('chdb')}; load average before the start {LOAD_BEFORE:.1f}"
    )
