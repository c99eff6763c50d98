"""What a part of the benchmark measured, as a line that `bench/all.py` can read.

A part prints for people, and notes each figure beside it. `note` appends one JSON object to the file
that `BENCH_FIGURES` names, and does nothing where it names none. What is noted is kept even when the
part is stopped later.
"""

import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

FILE = "BENCH_FIGURES"


@dataclass(frozen=True, slots=True)
class Figure:
    """One thing measured some times; `baseline` names the figure of the same unit to divide by."""

    part: str
    what: str
    unit: str
    samples: tuple[float, ...]
    baseline: str = ""


def note(part: str, what: str, unit: str, samples: Sequence[float], baseline: str = "") -> None:
    """Append a figure to the file that is asked for, if one is."""
    if not (path := os.environ.get(FILE)):
        return
    line = json.dumps(asdict(Figure(part, what, unit, tuple(samples), baseline)))
    with Path(path).open("a") as file:
        file.write(f"{line}\n")


def noted(lines: Iterable[str]) -> list[Figure]:
    """Return the figures of some lines in their order, what was noted again as further samples."""
    found: dict[tuple[str, str], Figure] = {}
    for line in lines:
        said = json.loads(line)
        made = Figure(**said | {"samples": tuple(said["samples"])})
        key = made.part, made.what
        before = found[key].samples if key in found else ()
        found[key] = Figure(*key, made.unit, before + made.samples, made.baseline)
    return list(found.values())
