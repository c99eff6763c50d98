"""What budgets cost: `python bench/budgets.py`, prints one line a figure.

How long an evaluation of so many budget states takes after a drain, and how long `POST /api/v1/decide`
takes at so many requests a second, beside a running ingest and alone: from ingest, as agents ask it, and
from the query API. The server is `spanledger serve` on free ports in a new folder; those who ask and send
are processes of their own on the same machine.

In turns with them is asked a route that does nothing, in a process of its own: what is left of a
difference is ours, the rest the machine's and the client's.

    PYTHONPATH=. python bench/budgets.py [--states 10000] [--rate 500] [--seconds 20]
"""

import argparse
import gc
import multiprocessing
import os
import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import httpx
import psutil
from bench import payloads
from bench.figures import note
from bench.pace import CONNECTIONS, asked_ms, trivial
from tests.serving import Server, serving

from spanledger_collector.app import COLLECT_EVERY
from spanledger_collector.budgets.board import Board, board_file
from spanledger_collector.budgets.evaluate import Evaluator
from spanledger_collector.store import Store, connect

TRACES = """
INSERT INTO spanledger.traces (
    project_id, trace_id, ver, session_key, user_id, agent, status, started_at, ended_at, spans, calls,
    lines.quarter, lines.kind, lines.provider, lines.model, lines.agent, lines.calls, lines.llm_errors,
    lines.priced_calls, lines.unpriced_calls, lines.unpriced_tokens, lines.calls_without_usage,
    lines.estimated_calls, lines.input_tokens, lines.output_tokens, lines.cache_read_tokens,
    lines.cache_write_tokens, lines.reasoning_tokens, lines.cost_usd, lines.estimated_usd)
SELECT 'default', unhex(leftPad(hex(sipHash64(number)), 32, '0')), 10, 's-' || toString(number),
    'user-' || toString(number % {states}), 'a', 'ok', now64(9), now64(9), 2, 1,
    [toStartOfFifteenMinutes(now())], ['llm'], ['openai'], ['gpt-5-mini'], ['a'], [1], [0], [1], [0],
    [0], [0], [0], [1200], [90], [0], [0], [0], [toDecimal128(0.01, 12)], [toDecimal128(0, 12)]
FROM numbers({states} * 3)
"""

BUDGET = {"name": "each user", "limit": "1000", "period": {"unit": "day"}, "each": "user",
          "thresholds": [{"percent": 50}, {"percent": 80}, {"percent": 100}]}  # fmt: skip
HARD = {"name": "all", "limit": "1000000", "period": {"unit": "month"}, "hard": True}


TURNS = 3
QUESTION = b'{"user": "user-%d", "session": "s-%d", "agent": "a"}'
"""Filled with numbers as they are asked."""


def evaluations_ms(states: int, rounds: int = 9) -> Sequence[tuple[float, float]]:
    """Return how long evaluations of so many states take, and their CPU, the first one left out."""
    gc.set_threshold(*COLLECT_EVERY)  # as the store process does
    with tempfile.TemporaryDirectory() as folder:
        store = Store(f"chdb://{folder}/db")
        with connect(store.dsn) as client:
            client.command(TRACES.replace("{states}", str(states)))
        evaluator = Evaluator(store, Board(board_file(Path(folder))))
        write(store, evaluator)
        found = []
        for _ in range(rounds + 1):
            begun = time.process_time()
            evaluator.run()
            cpu_s = time.process_time() - begun
            assert len(evaluator.books.standings) == states
            found.append((evaluator.books.took_s * 1000, cpu_s * 1000))
        evaluator.close()
        store.close()
    return found[1:]


def write(store: Store, evaluator: Evaluator) -> None:
    """Write the budget down that counts each user apart."""
    from spanledger_collector.budgets import table
    from spanledger_collector.budgets.form import BudgetForm

    written = BudgetForm.model_validate(BUDGET).written()
    table.write(store, [table.Edit("default", "b", None, written)], time.time_ns(), "", "")
    evaluator.reload()


def send(otlp: str, stop: "multiprocessing.synchronize.Event") -> None:
    """Send requests of 100 spans, ten a second, until told to stop."""
    bodies = [payloads.request(100, 800, seed) for seed in range(20)]
    headers = {"content-type": "application/x-protobuf"}
    with httpx.Client(base_url=otlp, timeout=60) as client:
        for number in count():
            client.post("/v1/traces", content=bodies[number % 20], headers=headers)
            if stop.wait(0.1):
                return


@dataclass
class Door:
    """Where questions are asked: what took how long, and the CPU of the process that answered."""

    name: str
    url: str
    process: psutil.Process
    took_ms: list[float] = field(default_factory=list)
    p99_ms: list[float] = field(default_factory=list)
    cpu_us: list[float] = field(default_factory=list)

    def ask(self, rate: int, seconds: int) -> None:
        """Ask for a while."""
        before = sum(self.process.cpu_times()[:2])
        found = asked_ms(self.url, QUESTION, rate, seconds)
        self.cpu_us.append((sum(self.process.cpu_times()[:2]) - before) / len(found) * 1e6)
        self.p99_ms.append(statistics.quantiles(found, n=100)[98])
        self.took_ms += found

    def tell(self, when: str) -> None:
        """Print the median, the 99th percentile of each turn, the worst, and the CPU of an answer."""
        name, nothing = f"{self.name} {when}", f"nothing {when}"
        p99s = ", ".join(f"{p99:.2f}" for p99 in sorted(self.p99_ms))
        print(
            f"{name}: p50 {statistics.median(self.took_ms):.2f} ms, p99 {p99s} ms, worst"
            f" {max(self.took_ms):.2f} ms ({len(self.took_ms)};"
            f" {statistics.median(self.cpu_us):.0f} µs CPU of its process each)"
        )
        note("budgets", name, "ms", self.took_ms, nothing)
        note("budgets", f"{name}, p99", "ms", self.p99_ms, f"{nothing}, p99")
        note("budgets", f"{name}, CPU", "µs", self.cpu_us, f"{nothing}, CPU")


def compared(when: str, server: Server, rate: int, seconds: int) -> None:
    """Measure decisions and, at the same pace, the least that a server of this kind can do, in turns."""
    children = server.children()
    with trivial() as (url, process):
        doors = (
            Door("nothing", f"{url}/", process),
            Door("decide", f"{server.otlp}/api/v1/decide", children["ingest"]),
            Door("decide by the API", f"{server.api}/api/v1/decide", children["store"]),
        )
        for _ in range(TURNS):
            for door in doors:
                door.ask(rate, max(1, seconds // TURNS))
    for door in doors:
        door.tell(f"{when}, {rate}/s")


def served(server: Server, rate: int, seconds: int) -> None:
    """Measure decisions alone, then beside an ingest of a thousand spans a second."""
    for budget in (BUDGET, HARD):
        httpx.post(f"{server.api}/api/v1/budgets", json=budget, timeout=60).raise_for_status()
    compared("alone", server, rate, seconds)
    context = multiprocessing.get_context("spawn")
    stop = context.Event()
    sender = context.Process(target=send, args=(server.otlp, stop))
    sender.start()
    time.sleep(2)
    compared("beside ingest", server, rate, seconds)
    stop.set()
    sender.join()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--states", type=int, default=10_000)
    parser.add_argument("--rate", type=int, default=500)
    parser.add_argument("--seconds", type=int, default=20)
    args = parser.parse_args()
    load = os.getloadavg()[0]
    print(f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores, load average before {load:.1f}")
    walls_ms, cpus_ms = zip(*evaluations_ms(args.states), strict=True)
    note("budgets", f"evaluation of {args.states:,} states", "ms", walls_ms)
    wall_ms, cpu_ms = statistics.median(walls_ms), statistics.median(cpus_ms)
    print(
        f"evaluation of {args.states} states: median {wall_ms:.0f} ms, of which CPU {cpu_ms:.0f} ms"
    )
    told = {"max_connections": str(2 * CONNECTIONS)}  # ingest lets in fewer than we keep open
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder), **told) as server:
        served(server, args.rate, args.seconds)


if __name__ == "__main__":
    main()
