"""Nonsense through decoding for ten minutes: `make fuzz`. Exit code 1 with what was found.

Draws requests as `tests/fuzz.py` describes them, ever others, until the time is over, and prints
how many there were and how many of them were taken.
"""

import argparse
import sys
import time
from collections import Counter

from hypothesis import HealthCheck, Phase, given, seed, settings
from ingest import machine
from tests.fuzz import Request, requests, survives

ROUND = 500  # requests, after which the clock is looked at


def main() -> int:
    """Fuzz and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=600)
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
    return 0


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
