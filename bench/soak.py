"""Three minutes of kills and two without a store, under the load of real exporters: `make soak`.

Agents are watched by the OpenTelemetry SDK, over HTTP and over gRPC. Meanwhile ingest, store or both
are killed at random moments; then the ClickHouse server behind the store hangs, goes away and comes
back. Afterwards every acknowledged span must be there once, with its dollars to the last digit, the
books must balance and the spool must be sound. Prints what came of it; exit code 1 on a difference.
"""

import argparse
import logging
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random

from server import machine
from tests.agents import Agent, Transport, exporter, working
from tests.journal import Journal, differences, sums
from tests.outage import ClickHouse, clickhouse
from tests.parts import Parts, parts

AGENTS: list[Transport] = ["http", "grpc", "http", "grpc"]
PAUSE_S = 0.1  # of an agent, between two traces of four calls
VICTIMS = [("ingest",), ("store",), ("ingest", "store")]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one part of the soak."""

    what: str
    journal: Journal
    differences: list[str]
    drained_s: float


def soaked(what: str, server: Parts, harm: Callable[[Journal], None]) -> Outcome:
    """Do harm to a server under load, and return what came of it."""
    journal = Journal()
    chosen = server.settings
    ports = {"http": chosen.http_port, "grpc": chosen.grpc_port}
    agents = [Agent(exporter(each, ports[each]), journal, patient=False) for each in AGENTS]
    with working(agents, PAUSE_S):
        harm(journal)
    started = time.monotonic()
    server.await_answers("ingest", "store")
    server.settle()
    drained_s = time.monotonic() - started
    found = differences(journal, server.api)
    if not server.spool_is_sound():
        found.append("the spool is damaged")
    return Outcome(what, journal, found, drained_s)


def killing(server: Parts, kills: int, seconds: float, random: Random) -> Callable[[Journal], None]:
    """Return what kills parts of a server at random moments."""
    killed: Counter[str] = Counter()

    def harm(_: Journal) -> None:
        began = time.monotonic()
        for moment in sorted(random.uniform(0, seconds) for _ in range(kills)):
            time.sleep(max(0.0, began + moment - time.monotonic()))
            victims = random.choice(VICTIMS)
            server.kill(*victims)
            killed[" and ".join(victims)] += 1
            for victim in victims:
                server.launch(victim)  # also the next one may come before it is ready
        time.sleep(max(0.0, began + seconds - time.monotonic()))
        print("killed:", ", ".join(f"{who} {times}" for who, times in killed.items()), flush=True)

    return harm


def away(store: ClickHouse, seconds: float) -> Callable[[Journal], None]:
    """Return what has the store behind the store process hang for a while, and then be gone."""

    def harm(journal: Journal) -> None:
        time.sleep(seconds / 10)
        store.hang()
        time.sleep(seconds / 2)
        before = len(journal.acked)
        store.stop()
        time.sleep(seconds / 2)
        print(f"acknowledged while the store was gone: {len(journal.acked) - before}", flush=True)
        store.start()
        time.sleep(seconds / 10)

    return harm


def report(outcome: Outcome) -> bool:
    """Print what came of one part; tell whether it was good."""
    journal = outcome.journal
    calls, usd, *_ = sums(journal.sent[key] for key in journal.acked)
    print(f"{outcome.what}: sent {len(journal.sent)} spans, acknowledged {calls} for ${usd}")
    print(f"  exports given up by the SDK: {journal.failures}")
    print(f"  drained {outcome.drained_s:.1f} s after the last answer")
    for difference in outcome.differences:
        print(f"  DIFFERS: {difference}")
    if not outcome.differences:
        print("  every acknowledged span is there once, with its dollars to the last digit;")
        print("  the books balance, and the spool is sound", flush=True)
    return not outcome.differences


def main() -> int:
    """Soak and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=180, help="of load while killing")
    parser.add_argument("--away", type=float, default=120, help="seconds without a store")
    parser.add_argument("--seed", type=int, default=0, help="of who is killed when")
    args = parser.parse_args()
    logging.disable()  # exporters tell of every attempt that failed; they are counted here
    print(f"python bench/soak.py {' '.join(sys.argv[1:])}, {machine()}", flush=True)
    with tempfile.TemporaryDirectory() as name:
        good = [kills(Path(name) / "kills", args), outage(Path(name) / "outage", args.away)]
    return 0 if all(good) else 1


def kills(folder: Path, args: argparse.Namespace) -> bool:
    """Kill parts of a server with the embedded engine; tell whether nothing came of it."""
    folder.mkdir()
    with parts(folder) as server:
        harm = killing(server, args.kills, args.seconds, Random(args.seed))
        return report(soaked(f"{args.kills} kills in {args.seconds:.0f} s", server, harm))


def outage(folder: Path, seconds: float) -> bool:
    """Take the store of a server away; tell whether no client noticed and nothing was lost."""
    folder.mkdir()
    with clickhouse(folder / "clickhouse") as store, parts(folder, store=store.dsn) as server:
        found = soaked(f"{seconds:.0f} s without a store", server, away(store, seconds))
        return report(found) and not found.journal.failures


if __name__ == "__main__":
    sys.exit(main())
