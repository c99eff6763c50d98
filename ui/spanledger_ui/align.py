"""Two sequences side by side: their longest common subsequence, by bits. Pure.

Anything that can be compared comes in, pairs of places go out. Twenty thousand steps on either side
take a second, because a row of the table of lengths is one whole number (Hyyrö, "Bit-parallel LCS
length computation revisited", 2004).
"""

from collections.abc import Hashable, Sequence

Pair = tuple[int | None, int | None]
"""Places on the left and on the right; None where one side has nothing."""


def aligned(left: Sequence[Hashable], right: Sequence[Hashable]) -> list[Pair]:
    """Return all places of both sides in order, equal ones paired, and as many as can be.

    What both begin with is paired first, so that a loop that went round once more parts late.
    """
    begins = prefix(left, right)
    middle = common(left[begins:], right[begins:])
    pairs: list[Pair] = [(place, place) for place in range(begins)]
    at_left = at_right = begins
    for ours, theirs in [*middle, (len(left) - begins, len(right) - begins)]:
        pairs += [(place, None) for place in range(at_left, begins + ours)]
        pairs += [(None, place) for place in range(at_right, begins + theirs)]
        at_left, at_right = begins + ours + 1, begins + theirs + 1
        if at_left <= len(left):
            pairs.append((at_left - 1, at_right - 1))
    return pairs


def prefix(left: Sequence[Hashable], right: Sequence[Hashable]) -> int:
    """Return how many places both begin with alike."""
    shorter = min(len(left), len(right))
    return next((n for n in range(shorter) if left[n] != right[n]), shorter)


def common(left: Sequence[Hashable], right: Sequence[Hashable]) -> list[tuple[int, int]]:
    """Return the places of a longest common subsequence, in order."""
    rows = lengths(left, right)
    found = []
    at_left, at_right = len(left), len(right)
    while at_left and at_right:
        bit = 1 << (at_left - 1)
        if rows[at_right - 1] & bit:  # as long without this place of the left
            at_left -= 1
            continue
        at_right -= 1
        if at_right and not rows[at_right - 1] & bit:
            continue  # as long without this place of the right
        at_left -= 1
        found.append((at_left, at_right))
    return found[::-1]


def lengths(left: Sequence[Hashable], right: Sequence[Hashable]) -> list[int]:
    """Return for each place of the right the row of lengths up to it: bit n is 0 where it grows at n."""
    where: dict[Hashable, int] = {}
    for place, value in enumerate(left):
        where[value] = where.get(value, 0) | 1 << place
    every = (1 << len(left)) - 1
    row, rows = every, []
    for value in right:
        matches = row & where.get(value, 0)
        row = ((row + matches) | (row - matches)) & every
        rows.append(row)
    return rows
