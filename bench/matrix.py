"""Ingest by size of span, spans of a request and transport, and acknowledgement by concurrency.

    python bench/matrix.py [--rounds 3]

One server takes all of it. Each cell of the matrix is sent anew in every round; between two cells
everything is stored. Prints a Markdown table.
"""

import argparse
import tempfile
from itertools import count, product
from pathlib import Path
from statistics import median

from figures import note
from payloads import request
from sending import Load, load
from server import Server, machine, serving

SIZES = {"0.5 KB": 500, "2.2 KB": 2200, "20 KB": 20_000}
A_REQUEST = (1, 50, 500)
TRANSPORTS = ("http", "grpc")
CLIENTS = 8
CONCURRENCY = (1, 8, 32, 64)
MOST_SPANS, MOST_BYTES, MOST_REQUESTS = 8000, 20_000_000, 1000  # of a cell in one round
seeds = count(1)


def text_bytes(span_bytes: int, spans: int) -> int:
    """Return how long prompts must be for spans of about this size; 0 is the least there is."""
    without, with_text = (len(request(spans, text, 0)) / spans for text in (0, 6000))
    return max(0, round((span_bytes - without) * 6000 / (with_text - without)))


def cell(server: Server, span_bytes: int, spans: int, transport: str) -> Load:
    """Return what one cell of the matrix took."""
    text = text_bytes(span_bytes, spans)
    requests = min(MOST_REQUESTS, max(2, min(MOST_SPANS, MOST_BYTES // span_bytes) // spans))
    bodies = [request(spans, text, next(seeds)) for _ in range(requests)]
    return load(server, bodies, spans, CLIENTS, transport)


def matrix(server: Server, rounds: int) -> None:
    """Measure every cell."""
    print("| spans | a request | over | stored/s | CPU µs a span |\n|---|--:|---|--:|--:|")
    for (size, span_bytes), spans, transport in product(SIZES.items(), A_REQUEST, TRANSPORTS):
        found = [cell(server, span_bytes, spans, transport) for _ in range(rounds)]
        fast = [each.spans / each.stored_s for each in found]
        cpu_us = [each.cpu_us_per_span for each in found]
        what = f"{size}, {spans} a request, {transport}"
        note("ingest", f"{what}, rate", "spans/s", fast, f"raw OTLP parse, {size}, rate")
        note("ingest", f"{what}, CPU", "µs", cpu_us, f"raw OTLP parse, {size}")
        row = f"{median(fast):,.0f} | {median(cpu_us):.0f}"
        print(f"| {size} | {spans} | {transport} | {row} |", flush=True)


def acknowledgements(server: Server, rounds: int) -> None:
    """Measure how long an acknowledgement takes, by how many ask at once."""
    print("\n| clients | p50 ms | p99 ms |\n|--:|--:|--:|")
    for clients in CONCURRENCY:
        bodies = [[request(8, 1500, next(seeds)) for _ in range(600)] for _ in range(rounds)]
        found = [load(server, each, 8, clients) for each in bodies]
        for name, ms in (
            ("p50", [each.p50_ms for each in found]),
            ("p99", [each.p99_ms for each in found]),
        ):
            note("acknowledged", f"{name}, {clients} clients", "ms", ms, "a write and its fsync")
        p50, p99 = (median(ms) for ms in zip(*((e.p50_ms, e.p99_ms) for e in found), strict=True))
        print(f"| {clients} | {p50:.1f} | {p99:.1f} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    print(f"{machine()}\n")
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder)) as server:
        load(server, [request(200, 1500, next(seeds)) for _ in range(10)], 200, CLIENTS)  # warm
        acknowledgements(server, args.rounds)
        matrix(server, args.rounds)


if __name__ == "__main__":
    main()
