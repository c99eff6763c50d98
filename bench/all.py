"""Everything that is measured, in under a quarter of an hour: `make bench`.

Runs each part as its own command, one after the other, for as long as it may take; what a part has
noted by then counts. Prints one Markdown page and writes it to `docs/bench/<day>.md`. With `--spans`
also the questions over more spans than a million, which takes as long as it takes.
"""

import argparse
import os
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bench.figures import FILE, noted
from bench.report import page
from bench.server import machine

HERE = Path(__file__).parent
PAGES = HERE.parent / "docs" / "bench"


@dataclass(frozen=True, slots=True)
class Part:
    """A command of ours, and how long it may take."""

    command: str
    seconds: float
    times: int = 1  # for those that tell one number, the best of their rounds


PARTS = (
    Part("baselines.py", 30),
    Part("ingest.py --requests 170 --small 600", 90),
    Part("matrix.py --rounds 2", 150),
    Part("visible.py --probes 60", 50),
    Part("disk.py", 45),
    Part("volume.py", 90),
    Part("stages.py --rounds 3", 20, times=3),
    Part("reads.py --spans 1000000 --rounds 10", 90),
    Part("screens.py", 120),
    Part("small.py --requests 100", 35),
    Part("sdk.py", 54),
    Part("budgets.py --seconds 8", 65),
    Part('bombs.py --mib 20 attributes "long attributes" "json texts"', 20),
)
"""899 s at most, so that the quarter of an hour holds."""


def run(part: Part, figures: Path) -> str:
    """Run a part; return what is to be said of it, nothing where it went well."""
    script, *told = shlex.split(part.command)
    environ = {**os.environ, FILE: str(figures), "PYTHONPATH": str(HERE.parent)}
    process = subprocess.Popen(
        [sys.executable, str(HERE / script), *told], env=environ, start_new_session=True
    )
    try:
        code = process.wait(part.seconds)
    except subprocess.TimeoutExpired:
        stop(process)
        return f"`{part.command}` was stopped after {part.seconds:g} s."
    return "" if code == 0 else f"`{part.command}` ended with {code}."


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a part and all that it started."""
    os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def measured(parts: Sequence[Part]) -> str:
    """Run the parts and return the page."""
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        figures = Path(folder) / "figures"
        figures.touch()
        remarks = [
            said for part in parts for _ in range(part.times) if (said := run(part, figures))
        ]
        found = noted(figures.read_text().splitlines())
    remarks.append(f"Measured in {(time.monotonic() - begun) / 60:.1f} minutes.")
    return page(found, f"{datetime.now(UTC):%Y-%m-%d}", machine(), remarks)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--spans", help="more sizes to ask questions of: 10000000,50000000")
    parser.add_argument("--only", default="", help="parts whose command begins like this")
    args = parser.parse_args()
    parts = [part for part in PARTS if part.command.startswith(args.only)]
    if args.spans:
        parts.append(Part(f"reads.py --spans {args.spans}", 7200))
        parts.append(Part(f"volume.py --spans 1000000,{args.spans}", 7200))
    made = measured(parts)
    print(f"\n{made}")
    if not args.only:
        PAGES.mkdir(exist_ok=True)
        (PAGES / f"{datetime.now(UTC):%Y-%m-%d}.md").write_text(made)


if __name__ == "__main__":
    main()
