"""What each stage of the drain costs a span: `python bench/stages.py`.

Runs the stages one after the other in this process over the requests of an agent fleet, and prints
CPU µs per span, the best of several rounds, beside a baseline of the same run: parsing the same
bytes with protobuf, reading every attribute's name and text, and nothing else. Inserts stand beside
one of as many texts into a bare table: the engine is not fast in the same hours as Python. Its own
threads are in their figures, but for its merges, which come when they come (`volume.py`), and its
files are in memory where there is a place for that: a disk takes half as much again by the hour.

`--check` compares the ratios with those in `bench/stages.json` and fails where one is larger by more than
30 % in three runs; `--write` writes that file, from the middle of three.
"""

import argparse
import gc
import json
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import TypeVar

from figures import note
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from payloads import request

from spanledger_collector import arrow, decode, normalise
from spanledger_collector.app import COLLECT_EVERY
from spanledger_collector.charge import charge
from spanledger_collector.drain import facts
from spanledger_collector.origins import Origins
from spanledger_collector.pricebook import Pricebook, ToPrice
from spanledger_collector.reconcile import verdict
from spanledger_collector.rollup import by_trace
from spanledger_collector.store import Store, connect
from spanledger_collector.totals import TRACE_COLUMNS, trace_row
from spanledger_collector.understand import Understood
from spanledger_collector.usage import usage
from spanledger_collector.write import (
    PAYLOAD_COLUMNS,
    SPAN_COLUMNS,
    columns,
    payload_row,
    span_row,
)

T = TypeVar("T")

BASELINE = "baseline: parse and read"
BARE = "baseline of inserts: a bare table"
FIGURES = Path(__file__).with_name("stages.json")
MOST_GROWTH = 0.3
INSERTS = ("insert spans", "insert payloads", "insert traces")
MEMORY = Path("/dev/shm")
NOISE = 0.15  # of the baseline: small stages jump by as much from run to run
RUNS = 3  # at most: a stage is dearer if it is in each of them


class Stopwatch:
    """Times stages, each in turns with the baseline: the machine is not as fast at every moment."""

    def __init__(self, spans: int, rounds: int, baseline: Callable[[], object]) -> None:
        self.us = {BASELINE: float("inf"), BARE: float("inf")}  # CPU of a span
        self.ratios: dict[str, float] = {}
        self._spans = spans
        self._rounds = rounds
        self._baseline = baseline

    def time(
        self, name: str, stage: Callable[[], T], bare: Callable[[], object] | None = None
    ) -> T:
        """Run a stage several times; note the best, return what the last gave.

        `bare` is its baseline, where it has one of its own.
        """
        baseline, beside = (BARE, bare) if bare else (BASELINE, self._baseline)
        best = least = float("inf")
        for _ in range(self._rounds):
            least = min(least, self._timed(beside)[0])
            us, result = self._timed(stage)
            best = min(best, us)
        self.us[baseline] = min(self.us[baseline], least)
        self.us[name], self.ratios[name] = best, best / least
        return result

    def _timed(self, work: Callable[[], T]) -> tuple[float, T]:
        """Return the µs of a span that some work took, and what it gave."""
        started = time.process_time()
        result = work()
        return (time.process_time() - started) / self._spans * 1e6, result


def main() -> None:
    """Run the stages and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=25)
    parser.add_argument("--spans", type=int, default=200, help="of each request")
    parser.add_argument("--text", type=int, default=1500, help="bytes of a prompt")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--check", action="store_true", help="fail where a stage became dearer")
    parser.add_argument("--write", action="store_true", help="keep these ratios to check against")
    args = parser.parse_args()
    gc.set_threshold(*COLLECT_EVERY)  # as the store process has it
    bodies = [request(args.spans, args.text, seed) for seed in range(args.requests)]
    per_span = sum(map(len, bodies)) / (args.requests * args.spans)
    runs = []
    for _ in range(RUNS if args.write or args.check else 1):
        watch = Stopwatch(args.requests * args.spans, args.rounds, lambda: walk(bodies))
        run(bodies, watch)
        print_table(watch, per_span)
        runs.append(watch.ratios)
        if args.check and not dearer(runs, FIGURES):
            return
    if args.write:
        middle = {name: round(median(r[name] for r in runs), 2) for name in runs[0]}
        FIGURES.write_text(json.dumps(middle, indent=2) + "\n")
    if args.check:
        sys.exit("dearer than before:\n" + "\n".join(dearer(runs, FIGURES)))


def dearer(runs: list[dict[str, float]], figures: Path) -> list[str]:
    """Return which stages cost more than they did in every one of some runs, in words."""
    before = json.loads(figures.read_text())
    least = {name: min(ratios[name] for ratios in runs) for name in runs[0]}
    return [
        f"{name}: {ratio:.2f} × the baseline, was {before[name]:.2f}"
        for name, ratio in least.items()
        if name in before and ratio - before[name] > max(MOST_GROWTH * before[name], NOISE)
    ]


def walk(bodies: list[bytes]) -> int:
    """Return how many characters the names and texts of all attributes have: the baseline."""
    return sum(
        len(pair.key) + len(pair.value.string_value)
        for body in bodies
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
        for pair in span.attributes
    )


def run(bodies: list[bytes], watch: Stopwatch) -> None:
    """Take these requests through every stage."""
    book = Pricebook()
    now = time.time_ns()
    watch.time("check", lambda: [decode.check(b, "protobuf", "traces") for b in bodies])
    spans = watch.time(
        "decode", lambda: [s for b in bodies for s in decode.spans(b, "protobuf").spans]
    )
    found = watch.time("normalise", lambda: [normalise.facts(span) for span in spans])
    used = watch.time(
        "usage",
        lambda: [
            usage(f.counts, provider=f.provider, scope=s.scope)
            for f, s in zip(found, spans, strict=True)
        ],
    )
    bills = watch.time(
        "price",
        lambda: book.bills(
            ToPrice(f.provider, f.response_model or f.request_model, u, s.start_ns, None, "p")
            for f, u, s in zip(found, used, spans, strict=True)
        ),
    )
    due = [
        charge(b, u, f.reported_usd, f.provider) for b, u, f in zip(bills, used, found, strict=True)
    ]
    origins = Origins()
    understood = [
        Understood("p", now, span, origins.of(span), f, u, b, c.usd, c.source)
        for span, f, u, b, c in zip(spans, found, used, bills, due, strict=True)
    ]
    rows = watch.time("rows of spans", lambda: columns(SPAN_COLUMNS, map(span_row, understood)))
    payloads = watch.time(
        "rows of payloads", lambda: columns(PAYLOAD_COLUMNS, map(payload_row, understood))
    )
    traces = watch.time("facts", lambda: by_trace(facts(understood)))
    totals = watch.time(
        "reconcile and add up",
        lambda: columns(
            TRACE_COLUMNS, [trace_row(*key, f, verdict(f)) for key, f in traces.items()]
        ),
    )
    texts = arrow.stream(
        {"id": range(len(spans)), "body": payloads["attributes"]},
        {"id": "UInt64", "body": "String"},
    )
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
        store = Store(f"chdb://{folder}")
        with connect(store.dsn) as client:
            client.command("SYSTEM STOP MERGES")
            client.command(
                "CREATE TABLE bare (id UInt64, body String) ENGINE MergeTree ORDER BY id"
            )

            def bare() -> None:
                client.raw_insert("bare", ["id", "body"], texts, fmt="ArrowStream")

            watch.time("insert spans", lambda: store.insert("spans", rows), bare)
            watch.time("insert payloads", lambda: store.insert("payloads", payloads), bare)
            watch.time("insert traces", lambda: store.insert("traces", totals), bare)
        store.close()


def print_table(watch: Stopwatch, bytes_per_span: float) -> None:
    """Print what each stage costs, and its ratio to the baseline beside it."""
    print(f"{datetime.now(UTC):%Y-%m-%d}, spans of {bytes_per_span:.0f} bytes\n")
    print("| stage | CPU µs a span | × baseline |\n|---|--:|--:|")
    print(f"| {BASELINE} | {watch.us[BASELINE]:.1f} | 1.0 |")
    note("drain", BASELINE, "µs", [watch.us[BASELINE]])
    print(f"| {BARE} | {watch.us[BARE]:.1f} | 1.0 |")
    note("drain", BARE, "µs", [watch.us[BARE]])
    for name, ratio in watch.ratios.items():
        note("drain", name, "µs", [watch.us[name]], BARE if name in INSERTS else BASELINE)
        print(f"| {name} | {watch.us[name]:.1f} | {ratio:.1f} |")
    total = sum(watch.us[name] for name in watch.ratios)
    note("drain", "all stages", "µs", [total], BASELINE)
    print(f"| **all** | **{total:.1f}** | **{total / watch.us[BASELINE]:.1f}** of the first |")


if __name__ == "__main__":
    main()
