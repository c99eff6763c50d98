"""What the machine itself can do, for the other figures to be divided by: `python bench/baselines.py`.

Parsing OTLP with protobuf and reading every text, inserting rows of one text into a bare table of the
engine, a write with its fsync, and a Python that loads the engine and does nothing else.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable

import pyarrow as pa
from figures import note
from matrix import SIZES, text_bytes
from payloads import request
from stages import walk

from spanledger_collector.store import connect

ROUNDS = 7
SPANS = 200
PART = "baselines"
LOADED = "import chdb, sys; chdb.connect(sys.argv[1]); print(open('/proc/self/status').read())"


def cpu_us(work: Callable[[], object], units: int) -> list[float]:
    """Return the CPU µs of a unit that some work took, round by round."""
    found = []
    for _ in range(ROUNDS):
        begun = time.process_time()
        work()
        found.append((time.process_time() - begun) / units * 1e6)
    return found


def parse() -> None:
    """Measure reading requests, a core at work."""
    for size, span_bytes in SIZES.items():
        text = text_bytes(span_bytes, SPANS)
        bodies = [request(SPANS, text, seed) for seed in range(10)]
        us = cpu_us(lambda bodies=bodies: walk(bodies), 10 * SPANS)
        tell(f"raw OTLP parse, {size}", "µs", us)
        tell(f"raw OTLP parse, {size}, rate", "spans/s", [1e6 / each for each in us])


def insert() -> None:
    """Measure the engine taking in rows that have an id and a text of 2 KB."""
    rows = 10_000
    texts = [os.urandom(20).hex() + "lorem ipsum " * 170 for _ in range(rows)]
    table = pa.table({"id": pa.array(range(rows), pa.uint64()), "body": texts})
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    body = sink.getvalue().to_pybytes()
    with tempfile.TemporaryDirectory() as folder, connect(f"chdb://{folder}") as client:
        client.command("CREATE TABLE bare (id UInt64, body String) ENGINE = MergeTree ORDER BY id")
        tell("raw chDB insert, 2 KB", "µs", cpu_us(lambda: put(client, body), rows))


def put(client: object, body: bytes) -> None:
    """Insert one block."""
    client.raw_insert("bare", ["id", "body"], body, fmt="ArrowStream")  # type: ignore[attr-defined]


def fsync() -> None:
    """Measure what an acknowledgement cannot do without: a write of 16 KB that is on disk."""
    with tempfile.NamedTemporaryFile() as file:
        took = []
        for _ in range(50):
            begun = time.perf_counter()
            os.write(file.fileno(), b"x" * 16384)
            os.fsync(file.fileno())
            took.append((time.perf_counter() - begun) * 1e3)
    tell("a write and its fsync", "ms", took)


def engine() -> None:
    """Measure a Python that loads the engine, opens a folder and ends."""
    took, resident = [], []
    for _ in range(3):
        with tempfile.TemporaryDirectory() as folder:
            begun = time.perf_counter()
            said = subprocess.check_output([sys.executable, "-c", LOADED, folder], text=True)
            took.append(time.perf_counter() - begun)
            resident.append(int(said.partition("VmRSS:")[2].split()[0]) * 1024 / 1e6)
    tell("a Python that loads the engine, start", "s", took)
    tell("a Python that loads the engine, resident", "MB", resident)


def tell(what: str, unit: str, samples: list[float]) -> None:
    """Print and note a baseline."""
    print(f"{min(samples):10.2f} {unit:8} {what}", flush=True)
    note(PART, what, unit, samples)


if __name__ == "__main__":
    for each in (parse, insert, fsync, engine):
        each()
