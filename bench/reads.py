"""How long the reads of the screens take over a ledger of a million spans, of ten million.

    python bench/reads.py [--spans 1000000,10000000] [--rounds 20] [--folder FOLDER]

Fills a new embedded store by INSERT … SELECT (`fleet.py`), asks the query API in this process and prints
a Markdown table: times, CPU of all threads, what the engine read, the most memory beyond what lay there
before, and the ratio to a baseline of the same run, `SELECT count()` over all deduplicated traces.
The store is removed at the end.
"""

import argparse
import os
import platform
import statistics
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from time import perf_counter, process_time

import clickhouse_connect.driver.client as clickhouse
from fastapi.testclient import TestClient
from figures import note
from fleet import DAYS, TABLES, fill

from spanledger_collector.api import tables
from spanledger_collector.api.application import create_app
from spanledger_collector.store import Store, connect

BASELINE = "baseline: count() of traces FINAL"
QUESTIONS = {
    "session list": "sessions",
    "session list, dearest first": "sessions?order=cost",
    "session list of one agent's failures": "sessions?q=agent:agent-3 status:error",
    "traces, newest first": "traces",
    "sessions by day": "pulse?grain=day",
    "spend by day × model, 30 days": "spend?group_by=day&group_by=model&since={since}",
    "spend by user, 30 days": "spend?group_by=user&since={since}",
    "one session": "sessions/session-11",
    "events of one session": "sessions/session-11/events",
}
SEARCHES = {
    "search, a rare word": "sessions?q=chargeback",
    "search, a frequent word": "sessions?q=9E3779B1",
}
READ = ("SelectedRows", "SelectedBytes")


@dataclass(frozen=True, slots=True)
class Cost:
    """What one answer cost; rows and bytes are those that the engine read."""

    ms: float
    cpu_ms: float
    rows: int
    read: int


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--spans", default="1000000,10000000", help="sizes, with commas between")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--tables", default=",".join(TABLES), help="to fill; search needs payloads")
    parser.add_argument(
        "--folder", help="where there is room for the store: 0.5 GB a million spans"
    )
    args = parser.parse_args()
    print(f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores, {platform.release()}")
    for spans in map(int, args.spans.split(",")):
        with tempfile.TemporaryDirectory(dir=args.folder) as folder:
            measure(Path(folder), spans, args.rounds, args.tables.split(","))


def measure(folder: Path, spans: int, rounds: int, tables: Sequence[str]) -> None:
    """Fill a store, ask everything, print the table."""
    store = Store(f"chdb://{folder}/db")
    try:
        with connect(store.dsn, database="spanledger") as client:
            begun = perf_counter()
            fill(client, spans, tables)
            print(f"\n{held(client)}; filled in {perf_counter() - begun:.0f} s")
            print(f"load average {os.getloadavg()[0]:.1f} before the first question\n")
            asked = QUESTIONS | (SEARCHES if "payloads" in tables else {})
            ask_all(store, client, rounds, asked, f"reads, {spans / 1e6:g} M spans")
            print(f"\nload average {os.getloadavg()[0]:.1f} after the last")
    finally:
        store.close()


def held(client: clickhouse.Client) -> str:
    """Return what lies in the store, table by table."""
    found = client.query(
        "SELECT table, sum(rows), count(), sum(bytes_on_disk) FROM system.parts"
        " WHERE active AND database = 'spanledger' AND table IN ('spans', 'payloads', 'traces')"
        " GROUP BY table ORDER BY table"
    ).result_rows
    return "; ".join(f"{t}: {r:,} rows in {p} parts, {b / 1e6:,.0f} MB" for t, r, p, b in found)


def ask_all(
    store: Store, client: clickhouse.Client, rounds: int, asked: dict[str, str], part: str
) -> None:
    """Ask each question some times and print its line."""
    app = create_app(store, lambda: {"ready": True}, dict)
    tables.mount(app)
    since = f"{datetime.now(UTC) - timedelta(days=DAYS):%Y-%m-%dT%H:00:00Z}"
    count = "SELECT count() FROM traces FINAL WHERE project_id = 'default'"
    with TestClient(app) as api:
        print(
            "| question | p50 ms | p95 ms | CPU ms | × baseline | rows read | MB read | MB at most |"
        )
        print("|---|--:|--:|--:|--:|--:|--:|--:|")
        base = line(BASELINE, partial(client.query, count), client, rounds, None, part)
        for name, path in asked.items():
            line(name, partial(answer, api, path.format(since=since)), client, rounds, base, part)


def answer(api: TestClient, path: str) -> None:
    """Ask for a page; anything but an answer ends the run."""
    found = api.get(f"/api/v1/{path}")
    if found.status_code != 200:
        raise SystemExit(f"{path}: {found.status_code} {found.text}")


def line(
    name: str,
    ask: Callable[[], object],
    client: clickhouse.Client,
    rounds: int,
    baseline: float | None,
    part: str,
) -> float:
    """Print what a question costs; return the median of its CPU, in ms."""
    ask()
    before_mb = resident_mb("VmRSS")
    forget_peak()
    costs = [cost(ask, client) for _ in range(rounds)]
    ms = sorted(c.ms for c in costs)
    cpu_ms = statistics.median(c.cpu_ms for c in costs)
    last = costs[-1]
    p95_ms = ms[round(0.95 * (rounds - 1))]
    note(part, name, "ms", [c.ms for c in costs], BASELINE)
    note(part, f"{name}, p95", "ms", [p95_ms])
    note(part, f"{name}, CPU", "ms", [c.cpu_ms for c in costs], f"{BASELINE}, CPU")
    print(
        f"| {name} | {statistics.median(ms):.0f} | {p95_ms:.0f} | {cpu_ms:.0f}"
        f" | {cpu_ms / (baseline or cpu_ms):.1f} | {last.rows:,} | {last.read / 1e6:,.0f}"
        f" | {max(0, resident_mb('VmHWM') - before_mb):,.0f} |",
        flush=True,
    )
    return cpu_ms


def cost(ask: Callable[[], object], client: clickhouse.Client) -> Cost:
    """Ask once; return what that took."""
    before = events(client)
    begun, cpu = perf_counter(), process_time()
    ask()
    ms, cpu_ms = (perf_counter() - begun) * 1000, (process_time() - cpu) * 1000
    after = events(client)
    rows, read = (after[name] - before[name] for name in READ)
    return Cost(ms, cpu_ms, rows, read)


def events(client: clickhouse.Client) -> dict[str, int]:
    """Return how many rows and bytes the engine has read since it started."""
    asked = "SELECT event, value FROM system.events WHERE event IN {names:Array(String)}"
    return dict(client.query(asked, parameters={"names": list(READ)}).result_rows)


def resident_mb(name: str) -> float:
    """Return a size of this process as Linux tells it: VmRSS, or VmHWM for the most it was."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(ln for ln in lines if ln.startswith(f"{name}:")).split()[1]) / 1024


def forget_peak() -> None:
    """Have Linux count the most memory from here on."""
    Path("/proc/self/clear_refs").write_text("5")


if __name__ == "__main__":
    main()
