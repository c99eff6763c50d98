"""Finds, among many rows, those that the store refuses for ever.

One bad row makes ClickHouse refuse the whole block it is in, and would stop the queue for good.
Takes a way to write some of the rows and halves them until the bad ones stand alone. Knows neither
rows nor store.
"""

from collections.abc import Callable, Sequence

Write = Callable[[Sequence[int]], None]
"""Writes the rows with these numbers, or raises what is wrong."""


def sieve(count: int, write: Write) -> dict[int, Exception]:
    """Write all rows that can be written; return the others with what was said about each.

    Raises:
        Exception: no row at all could be written, so it is not the rows: what was said about the
            first one.
    """
    refused: dict[int, Exception] = {}
    waiting: list[Sequence[int]] = [range(count)]
    while waiting:
        rows = waiting.pop()
        try:
            write(rows)
        except Exception as error:  # noqa: BLE001 – it is returned, or raised below
            if len(rows) > 1:
                middle = len(rows) // 2
                waiting += (rows[middle:], rows[:middle])
            else:
                refused[rows[0]] = error
    if count > 1 and len(refused) == count:
        raise refused[0]
    return refused
