"""How fast spans go in, and what that costs: `python bench/ingest.py`.

Starts a server of its own on free ports with an empty data folder, measures it idle and under load,
stops it, and prints a Markdown table with the command and the machine. The load comes from this
process on the same machine and takes its share of the cores; its CPU is not in the figures.
"""

import argparse
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from figures import note
from payloads import request
from sending import Load, load
from server import Server, machine, serving

SETTLE_S = (
    15.0  # after it is ready a server loads what screens will need, and proves that alerts arrive
)
IDLE_S = 40.0
PART = "server"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a server did: `bulk` are rounds of large requests, `many` of small ones."""

    ready_s: tuple[float, float]  # at the first and the second start
    idle_share: float  # of one core
    idle_mb: dict[str, float]
    loaded_mb: dict[str, float]
    bulk: list[Load]
    many: Load


def idle(server: Server) -> tuple[float, dict[str, float]]:
    """Return the share of one core and the resident megabytes of a server that does nothing."""
    time.sleep(SETTLE_S)
    before, started = server.cpu_s(), time.perf_counter()
    time.sleep(IDLE_S)
    share = (server.cpu_s() - before) / (time.perf_counter() - started)
    return share, server.resident_mb()


def measured(args: argparse.Namespace, data: Path) -> Outcome:
    """Start a server, leave it alone, load it, start it again."""
    bodies = [request(args.spans, args.text, seed) for seed in range(args.requests)]
    small = [request(8, args.text, 10_000_000 + seed) for seed in range(args.small)]
    with serving(data) as server:
        share, resident = idle(server)
        load(server, bodies[:20], args.spans, args.clients)  # warm: the first parts, the caches
        each = (len(bodies) - 20) // args.rounds
        bulk = [
            load(server, bodies[at : at + each], args.spans, args.clients)
            for at in range(20, 20 + each * args.rounds, each)
        ]
        many = load(server, small, 8, 32)
        loaded = server.resident_mb()
    with serving(data) as again:
        ready_s = server.ready_s, again.ready_s
    return Outcome(ready_s, share, resident, loaded, bulk, many)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=400)
    parser.add_argument("--spans", type=int, default=200, help="spans per request")
    parser.add_argument("--text", type=int, default=1500, help="bytes of prompt per call")
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=3, help="in which the requests are sent")
    parser.add_argument("--small", type=int, default=3200, help="requests of 8 spans, 32 clients")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = measured(args, Path(folder))
    print_table(args, found)
    keep(found)


def keep(found: Outcome) -> None:
    """Note the figures."""
    fast = [each.spans / each.stored_s for each in found.bulk]
    acked = [each.spans / each.acked_s for each in found.bulk]
    cpu_us = [each.cpu_us_per_span for each in found.bulk]
    note(PART, "spans stored and totalled", "spans/s", fast, "raw OTLP parse, 2.2 KB, rate")
    note(PART, "spans acknowledged, same load", "spans/s", acked, "raw OTLP parse, 2.2 KB, rate")
    note(PART, "CPU of a span, all processes", "µs", cpu_us, "raw OTLP parse, 2.2 KB")
    for which, ready_s in zip(("first", "second"), found.ready_s, strict=True):
        note(PART, f"ready, {which} start", "s", [ready_s], "a Python that loads the engine, start")
    for when, resident in (("idle", found.idle_mb), ("after the load", found.loaded_mb)):
        whole = sum(resident.values())
        note(PART, f"resident, {when}", "MB", [whole], "a Python that loads the engine, resident")
    note(PART, "CPU, idle", "% of a core", [found.idle_share * 100])


def print_table(args: argparse.Namespace, found: Outcome) -> None:
    """Print the table; of several rounds that in the middle."""
    commandline = " ".join(["python bench/ingest.py", *sys.argv[1:]])
    bulk = sorted(found.bulk, key=lambda each: each.stored_s)[len(found.bulk) // 2]
    many = found.many
    each = ", ".join(f"{name} {megabytes:.0f}" for name, megabytes in found.idle_mb.items())
    print(f"{datetime.now(UTC):%Y-%m-%d}, `{commandline}`, {machine()}\n")
    print("| what | figure |", "|---|---|", sep="\n")
    for what, figure in (
        (f"spans stored and totalled per second ({bulk.spans:,} spans of"
         f" {bulk.sent_bytes / bulk.spans:,.0f} bytes, {args.spans} a request,"
         f" {args.clients} clients)", f"{bulk.spans / bulk.stored_s:,.0f}"),
        ("spans acknowledged per second, same load", f"{bulk.spans / bulk.acked_s:,.0f}"),
        ("CPU per span over all processes",
         f"{median(each.cpu_us_per_span for each in found.bulk):.1f} µs"),
        ("acknowledged, same load", f"p50 {bulk.p50_ms:.0f} ms, p99 {bulk.p99_ms:.0f} ms"),
        (f"acknowledged, 32 clients, 8 spans a request ({many.spans / many.acked_s:,.0f} spans/s)",
         f"p50 {many.p50_ms:.0f} ms, p99 {many.p99_ms:.0f} ms"),
        ("requests acknowledged per second, same load", f"{many.spans / 8 / many.acked_s:,.0f}"),
        ("from the last acknowledgement until all is in the totals",
         f"{bulk.stored_s - bulk.acked_s:.1f} s"),
        ("requests refused (503, sent again)", f"{bulk.refused + many.refused}"),
        ("ready, first start", f"{found.ready_s[0]:.1f} s"),
        ("ready, second start", f"{found.ready_s[1]:.1f} s"),
        ("resident, idle", f"{sum(found.idle_mb.values()):.0f} MB ({each})"),
        ("resident, after the load", f"{sum(found.loaded_mb.values()):.0f} MB"),
        ("CPU, idle", f"{found.idle_share:.1%} of one core"),
    ):  # fmt: skip
        print(f"| {what} | {figure} |")


if __name__ == "__main__":
    main()
