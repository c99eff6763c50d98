"""Figures to a dated Markdown table: least, median, most, ratio to a baseline, and the bar.

Pure: the figures, the day and the machine come in, text goes out.
"""

from collections.abc import Iterable, Sequence
from operator import truediv
from statistics import median

from bench.bars import BARS, OF_THE_RATIO
from bench.figures import Figure

HEAD = (
    "| what | unit | min | median | max | × baseline | bar | |\n|---|---|--:|--:|--:|--:|--:|---|"
)
UNKNOWN = "–"


def page(figures: Sequence[Figure], day: str, machine: str, remarks: Iterable[str]) -> str:
    """Return the whole page: a table for each part, in the order in which they were measured."""
    parts: dict[str, list[Figure]] = {}
    for each in figures:
        parts.setdefault(each.part, []).append(each)
    tables = [
        f"## {part}\n\n{HEAD}\n" + "\n".join(row(each, figures) for each in found)
        for part, found in parts.items()
    ]
    said = "".join(f"\n{remark}\n" for remark in remarks)
    return f"# Benchmark of {day}\n\n{machine}\n{said}\n" + "\n\n".join(tables) + "\n"


def row(figure: Figure, figures: Sequence[Figure]) -> str:
    """Return the line of one figure."""
    least, most = min(figure.samples), max(figure.samples)
    numbers = " | ".join(map(written, (least, median(figure.samples), most)))
    found = ratio(figure, figures)
    shown = UNKNOWN if found is None else written(found)
    return f"| {figure.what} | {figure.unit} | {numbers} | {shown} | {judged(figure, found)} |"


def ratio(figure: Figure, figures: Sequence[Figure]) -> float | None:
    """Return the median as a multiple of the baseline's, None where there is none of this unit.

    The baseline is a figure of the same part or, where that has none of this name, of another. What a part
    took in turns with its baseline, as often, is divided turn by turn: a machine changes its speed between turns.
    """
    named = [each for each in figures if (each.what, each.unit) == (figure.baseline, figure.unit)]
    base = next((each for each in named if each.part == figure.part), next(iter(named), None))
    if base is None or not all(base.samples):
        return None
    if base.part == figure.part and len(base.samples) == len(figure.samples):
        ratios: Sequence[float] = [*map(truediv, figure.samples, base.samples)]
        return median(ratios)
    return median(figure.samples) / median(base.samples)


def judged(figure: Figure, found: float | None) -> str:
    """Return the bar of a figure and whether its median holds it; nothing where it has none."""
    key = figure.part, figure.what
    if key not in BARS:
        return " | "
    bar = BARS[key]
    held_to = found if key in OF_THE_RATIO else median(figure.samples)
    if held_to is None:
        return f"{bar} | not measured"
    return f"{bar} | {'holds' if bar.held(held_to) else '**misses**'}"


def written(number: float) -> str:
    """Return a number with three digits that mean something."""
    if number == 0 or abs(number) >= 100:
        return f"{number:,.0f}"
    return f"{number:.1f}" if abs(number) >= 10 else f"{number:.3g}"
