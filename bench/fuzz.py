"""Nonsense through decoding for ten minutes, then spools and totals through everything that may
happen to them: `make fuzz`. Exit code 1 with what was found.

Draws requests as `tests/fuzz.py` describes them, ever others, until the time is over, and prints
how many there were and how many of them were taken. Then runs the machines that the tests run a
little of.
"""

import argparse
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.stateful import run_state_machine_as_test
from server import machine
from tests.fuzz import Request, requests, survives
from tests.pipeline import running
from tests.rollup_machine import rolling
from tests.spool_machine import SpoolMachine

from spanledger_collector.store import Store

ROUND = 500  # requests, after which the clock is looked at


def main() -> int:
    """Fuzz and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--machines", type=int, default=20, help="lives of each machine")
    parser.add_argument("--seed", type=int, default=time.time_ns() % 2**32)
    args = parser.parse_args()
    taken: Counter[tuple[str, str, bool]] = Counter()
    end = time.monotonic() + args.seconds
    rounds = 0
    while time.monotonic() < end:
        fuzz(args.seed + rounds, taken)
        rounds += 1
    print(f"python bench/fuzz.py {' '.join(sys.argv[1:])}, seed {args.seed}, {machine()}")
    print(f"{taken.total()} requests in {args.seconds:.0f} s, nothing found")
    for (signal, encoding, accepted), times in sorted(taken.items()):
        print(f"  {signal} in {encoding}, {'taken' if accepted else 'refused'}: {times}")
    if args.machines:
        machines(args.machines)
        print(f"{args.machines} lives of a spool and of totals, nothing found")
    return 0


def machines(lives: int) -> None:
    """Have everything happen to spools, and to totals in an embedded store."""
    long = settings(
        max_examples=lives,
        stateful_step_count=25,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(SpoolMachine, settings=long)
    with tempfile.TemporaryDirectory() as folder:
        store = Store(f"chdb://{folder}/store", readers=1)
        with running(store, Path(folder)) as pipeline:
            run_state_machine_as_test(rolling(pipeline), settings=long)
        store.close()


def fuzz(number: int, taken: Counter[tuple[str, str, bool]]) -> None:
    """Try some requests, and count them by what became of them."""

    @seed(number)
    @settings(
        max_examples=ROUND,
        deadline=None,
        database=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    @given(request=requests)
    def run(request: Request) -> None:
        taken[request[0], request[1], survives(request)] += 1

    run()


if __name__ == "__main__":
    sys.exit(main())
