"""The table that a test run ends with: what of each recorded capture is read as it really was.

A test says its cell with `record_property(CELL, [capture, dimension, score])`; that way the table
is whole whichever worker ran which test.
"""

from collections.abc import Iterable

CELL = "score"


def lines(properties: Iterable[tuple[str, object]]) -> list[str]:
    """Return the table of all cells among the properties of tests; no lines when there are none."""
    table: dict[str, dict[str, str]] = {}
    for name, value in properties:
        if name == CELL and isinstance(value, list):
            capture, dimension, score = value
            table.setdefault(capture, {})[dimension] = score
    titles = list(dict.fromkeys(title for row in table.values() for title in row))
    rows = [("", {title: title for title in titles}), *sorted(table.items())] if table else []
    return [f"{name:48}" + "".join(f"{row.get(t, ''):>12}" for t in titles) for name, row in rows]
