"""What a small machine needs: the memory of all processes under load, sampled: `python bench/small.py`.

Starts `spanledger serve` with the settings that docs/growing.md names for 2 cores and 2 GB, has spans sent
and questions asked at the same time, and prints the most that was resident. `--free` leaves the
settings out. Memory that processes share is counted for each of them, so that less is needed than is said.
The exit code is 1 where it was more than 2 GB.
"""

import argparse
import sys
import tempfile
import threading
from itertools import cycle
from pathlib import Path

from figures import note
from payloads import request
from sending import load
from server import Server, get, machine, serving

SMALL = (
    "--store-memory-bytes=900000000",
    "--drain-spans=4000",
    "--max-in-flight-bytes=67108864",
    "--max-body-bytes=16777216",
)
MOST_MB = 2000
LOOK_S = 0.2
QUESTIONS = (
    "sessions?order=cost",
    "spend?group_by=day&group_by=model",
    "spend?group_by=user",
    "sessions?q=lost",
    "pulse?grain=hour",
)


class Watch:
    """The most that was resident since it began, by process."""

    def __init__(self, server: Server) -> None:
        self.most_mb = 0.0
        self.then: dict[str, float] = {}
        self._server = server
        self._enough = threading.Event()
        self._threads = [threading.Thread(target=work) for work in (self._look, self._ask)]

    def __enter__(self) -> "Watch":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._enough.set()
        for thread in self._threads:
            thread.join()

    def _look(self) -> None:
        while not self._enough.wait(LOOK_S):
            now = self._server.resident_mb()
            if sum(now.values()) > self.most_mb:
                self.most_mb, self.then = sum(now.values()), now

    def _ask(self) -> None:
        for question in cycle(QUESTIONS):
            get(self._server.api, f"/api/v1/{question}")
            if self._enough.wait(LOOK_S):
                return


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--requests", type=int, default=250, help="of 200 spans of 2.2 KB")
    parser.add_argument("--free", action="store_true", help="with no settings at all")
    args = parser.parse_args()
    bodies = [request(200, 1500, seed) for seed in range(args.requests)]
    told = () if args.free else SMALL
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder), *told) as server:
        idle_mb = sum(server.resident_mb().values())
        with Watch(server) as watch:
            came = load(server, bodies, 200, 8)
    each = ", ".join(f"{name} {mb:.0f}" for name, mb in watch.then.items())
    print(f"{machine()}; {' '.join(told) or 'no settings'}")
    print(f"idle {idle_mb:.0f} MB; under load {watch.most_mb:.0f} MB at most ({each});")
    print(f"{came.spans:,} spans stored, {came.spans / came.stored_s:,.0f} a second")
    note("small", "resident under load, at most", "MB", [watch.most_mb])
    return int(watch.most_mb > MOST_MB)


if __name__ == "__main__":
    sys.exit(main())
