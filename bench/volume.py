"""What a span costs to store by how many lie there already: `python bench/volume.py --spans 100000,1000000`.

Fills a store (`fleet`), waits until the engine has merged it, and drains new requests into it in this
process: CPU µs of a span over all threads, the engine's merges among them.
"""

import argparse
import gc
import tempfile
import time
from itertools import count
from pathlib import Path
from statistics import median

from figures import note
from fleet import fill
from payloads import request
from server import machine

from spanledger_collector.app import COLLECT_EVERY
from spanledger_collector.drain import Drain
from spanledger_collector.pricebook import Pricebook
from spanledger_collector.spool import Batch, Cursor, Reader, Spool
from spanledger_collector.store import Client, Store, connect

ROUNDS = 5
REQUESTS, SPANS = 25, 200  # of a round
PART = "volume"
seeds = count(1)


def costs_us(store: Store, folder: Path) -> list[float]:
    """Return the CPU µs of a span in each round, after one that warms up."""
    path = folder / "0001.spool"
    spool = Spool(path)
    reader, cursor = Reader(path), Cursor(path)
    drain = Drain(store, Pricebook(), 10_000)
    found = []
    for _ in range(ROUNDS + 1):
        for _ in range(REQUESTS):
            body = request(SPANS, 1500, next(seeds))
            batch = Batch(0, time.time_ns(), "default", "", "traces", "protobuf", SPANS, body)
            spool.append(batch).result()
        begun = time.process_time()
        while drain.step(reader, cursor):
            pass
        drain.settle()
        found.append((time.process_time() - begun) / (REQUESTS * SPANS) * 1e6)
    for each in (reader, cursor, spool):
        each.close()
    return found[1:]


def merged(client: Client) -> None:
    """Return when the engine has nothing left to merge."""
    while client.command("SELECT count() FROM system.merges"):
        time.sleep(0.2)


def measured(spans: int) -> list[float]:
    """Return what a span costs where so many lie."""
    with tempfile.TemporaryDirectory() as folder:
        store = Store(f"chdb://{folder}/db")
        try:
            with connect(store.dsn, database="spanledger") as client:
                fill(client, spans)
                merged(client)
            return costs_us(store, Path(folder))
        finally:
            store.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--spans", default="100000,1000000", help="sizes, with commas between")
    args = parser.parse_args()
    gc.set_threshold(*COLLECT_EVERY)  # as the store process has it
    print(machine(), flush=True)
    medians = []
    for spans in map(int, args.spans.split(",")):
        found = measured(spans)
        note(PART, f"CPU of a span among {spans:,}", "µs", found, "raw OTLP parse, 2.2 KB")
        print(f"{median(found):6.0f} µs a span among {spans:,}", flush=True)
        medians.append(median(found))
    growth = medians[-1] / medians[0]
    note(PART, "growth of the cost of a span", "×", [growth])
    print(f"{growth:6.2f} × the first")


if __name__ == "__main__":
    main()
