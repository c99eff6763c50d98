"""How fast spans go in, and what that costs: `python bench/ingest.py`, or `make bench`.

Starts a server of its own on free ports with an empty data folder, measures it idle and under load,
stops it, and prints a Markdown table with the command and the machine. The load comes from this
process on the same machine and takes its share of the cores; its CPU is not in the figures.
"""

import argparse
import http.client
import os
import platform
import queue
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import psutil
from payloads import request

IDLE_S = 20.0
READY = "Stop: Ctrl-C"
LOAD_BEFORE = os.getloadavg()[0]  # a busy machine gives worse figures than ours are


@dataclass(frozen=True, slots=True)
class Load:
    """What came of sending: seconds until all was answered and until all was stored."""

    spans: int
    sent_bytes: int
    acked_s: float
    stored_s: float
    cpu_us_per_span: float
    p50_ms: float
    p99_ms: float
    refused: int


class Server:
    """A `spanledger serve` to be measured."""

    def __init__(self, folder: Path, ports: dict[str, int]) -> None:
        flags = [f"--{name}-port={port}" for name, port in ports.items()]
        command = [sys.executable, "-m", "spanledger", "serve", f"--data={folder}", *flags]
        self.otlp = f"127.0.0.1:{ports['http']}"
        self.api = f"127.0.0.1:{ports['api']}"
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        started = time.perf_counter()
        for line in self.process.stdout:
            if READY in line:
                break
        else:
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


def get(address: str, path: str) -> bytes:
    """Return the body of a GET."""
    connection = http.client.HTTPConnection(address, timeout=30)
    connection.request("GET", path)
    body = connection.getresponse().read()
    connection.close()
    return body


def free_ports(*names: str) -> dict[str, int]:
    """Return a free port for each name."""
    import socket

    probes = {name: socket.create_server(("127.0.0.1", 0)) for name in names}
    ports = {name: probe.getsockname()[1] for name, probe in probes.items()}
    for probe in probes.values():
        probe.close()
    return ports


def load(server: Server, bodies: list[bytes], spans: int, clients: int) -> Load:
    """Send all bodies from `clients` connections at once and wait until they are stored."""
    waiting: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    for body in bodies:
        waiting.put(body)
    took_s: list[float] = []
    refused: list[int] = []
    before, cpu_before = server.stored(), server.cpu_s()
    started = time.perf_counter()
    threads = [
        threading.Thread(target=send, args=(server.otlp, waiting, took_s, refused))
        for _ in range(clients)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    acked_s = time.perf_counter() - started
    total = len(bodies) * spans
    while server.stored() - before < total:
        time.sleep(0.05)
    stored_s = time.perf_counter() - started
    took_s.sort()
    return Load(
        total,
        sum(map(len, bodies)),
        acked_s,
        stored_s,
        (server.cpu_s() - cpu_before) / total * 1e6,
        took_s[len(took_s) // 2] * 1e3,
        took_s[int(len(took_s) * 0.99)] * 1e3,
        len(refused),
    )


def send(
    address: str, waiting: "queue.SimpleQueue[bytes]", took_s: list[float], refused: list[int]
) -> None:
    """Send bodies over one connection until none is left; a refused one is sent again."""
    connection = http.client.HTTPConnection(address, timeout=60)
    headers = {"Content-Type": "application/x-protobuf"}
    while True:
        try:
            body = waiting.get_nowait()
        except queue.Empty:
            return
        status = 0
        while status != 200:
            started = time.perf_counter()
            connection.request("POST", "/v1/traces", body, headers)
            answer = connection.getresponse()
            answer.read()
            status = answer.status
            took_s.append(time.perf_counter() - started)
            if status != 200:
                refused.append(status)
                time.sleep(float(answer.headers.get("Retry-After", 1)))


def idle(server: Server) -> tuple[float, dict[str, float]]:
    """Return the share of one core and the resident megabytes of a server that does nothing."""
    before, started = server.cpu_s(), time.perf_counter()
    time.sleep(IDLE_S)
    share = (server.cpu_s() - before) / (time.perf_counter() - started)
    return share, server.resident_mb()


def folder_mb(folder: Path) -> float:
    """Return the megabytes of the files in a folder."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 1e6


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


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=400)
    parser.add_argument("--spans", type=int, default=200, help="spans per request")
    parser.add_argument("--text", type=int, default=1500, help="bytes of prompt per call")
    parser.add_argument("--clients", type=int, default=8)
    args = parser.parse_args()
    bodies = [request(args.spans, args.text, seed) for seed in range(args.requests)]
    small = [request(8, args.text, 10_000_000 + seed) for seed in range(3200)]
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        server = Server(data, free_ports("http", "grpc", "api", "ui"))
        try:
            share, resident = idle(server)
            load(server, bodies[:20], args.spans, args.clients)  # warm: the first parts, the caches
            bulk = load(server, bodies[20:], args.spans, args.clients)
            many = load(server, small, 8, 32)
            loaded = server.resident_mb()
        finally:
            server.stop()
        restarted = Server(data, free_ports("http", "grpc", "api", "ui"))
        restarted.stop()
    report(args, bulk, many, share, resident, loaded, server.ready_s, restarted.ready_s)


def report(
    args: argparse.Namespace,
    bulk: Load,
    many: Load,
    share: float,
    resident: dict[str, float],
    loaded: dict[str, float],
    first_s: float,
    again_s: float,
) -> None:
    """Print the table."""
    commandline = " ".join(["python bench/ingest.py", *sys.argv[1:]])
    per_span = bulk.sent_bytes / bulk.spans
    each = ", ".join(f"{name} {megabytes:.0f}" for name, megabytes in resident.items())
    print(f"{datetime.now(UTC):%Y-%m-%d}, `{commandline}`, {machine()}\n")
    print("| what | figure |", "|---|---|", sep="\n")
    for what, figure in (
        (f"spans stored and totalled per second ({bulk.spans:,} spans of {per_span:,.0f} bytes,"
         f" {args.spans} a request, {args.clients} clients)", f"{bulk.spans / bulk.stored_s:,.0f}"),
        ("spans acknowledged per second, same load", f"{bulk.spans / bulk.acked_s:,.0f}"),
        ("CPU per span over all processes", f"{bulk.cpu_us_per_span:.1f} µs"),
        ("acknowledged, same load", f"p50 {bulk.p50_ms:.0f} ms, p99 {bulk.p99_ms:.0f} ms"),
        (f"acknowledged, 32 clients, 8 spans a request ({many.spans / many.acked_s:,.0f} spans/s)",
         f"p50 {many.p50_ms:.0f} ms, p99 {many.p99_ms:.0f} ms"),
        ("requests acknowledged per second, same load", f"{many.spans / 8 / many.acked_s:,.0f}"),
        ("from the last acknowledgement until all is in the totals",
         f"{bulk.stored_s - bulk.acked_s:.1f} s"),
        ("requests refused (503, sent again)", f"{bulk.refused + many.refused}"),
        ("ready, first start", f"{first_s:.1f} s"),
        ("ready, second start", f"{again_s:.1f} s"),
        ("resident, idle", f"{sum(resident.values()):.0f} MB ({each})"),
        ("resident, after the load", f"{sum(loaded.values()):.0f} MB"),
        ("CPU, idle", f"{share:.1%} of one core"),
    ):  # fmt: skip
        print(f"| {what} | {figure} |")


if __name__ == "__main__":
    main()
