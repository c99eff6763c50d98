"""How much work a pattern can make: bounded for each character it is tried at, or refused.

Python's `re` backtracks, so a careless pattern can take for ever on a text that somebody made for it.
A pattern's own tree is read before it is used: every repeat needs an upper bound, and what backtracking
can explore from one place is added up. Below the limit, time grows with the text and with nothing else.
Possessive repeats (`{1,64}+`) give nothing back and are cheap.
"""

import re
from re import _constants as op  # the tree has no public name
from re import _parser
from typing import Any, NamedTuple

MOST_STEPS = 5_000  # from one place of the text
MOST_CHARACTERS = 2_000  # of a pattern


class Costly(ValueError):
    """A pattern could take too long; the message says why and what to write instead."""


class Work(NamedTuple):
    """What a part of a pattern can cost: steps to try it out, and ways in which it can match."""

    steps: int
    ways: int


ONE = Work(1, 1)


def compiled(pattern: str) -> re.Pattern[str]:
    """Return a pattern, ready to use.

    Raises:
        Costly: it is no pattern, or its time is not bounded well enough.
    """
    if len(pattern) > MOST_CHARACTERS:
        raise Costly(f"has more than {MOST_CHARACTERS} characters")
    try:
        made = re.compile(pattern)
        work = sequence(_parser.parse(pattern))
    except (re.error, OverflowError, RecursionError) as error:
        raise Costly(f"is no pattern: {error}") from error
    if made.match(""):
        raise Costly("matches nothing at all, so it would match everywhere")
    if work.steps > MOST_STEPS:
        raise Costly(
            f"can take {work.steps} steps at every character, {MOST_STEPS} at most will do;"
            " make repeats shorter, or possessive as in {1,64}+"
        )
    return made


def sequence(parts: Any) -> Work:
    """Return what parts one after the other can cost: each is tried for every way of those before."""
    steps, ways = 0, 1
    for name, value in parts:
        work = cost(name, value)
        steps += ways * work.steps
        ways *= work.ways
        if steps > 1 << 40:  # far beyond the limit: no need to go on with ever larger numbers
            break
    return Work(steps, ways)


def cost(name: Any, value: Any) -> Work:
    """Return what one part of a pattern can cost."""
    if name in (op.LITERAL, op.NOT_LITERAL, op.ANY, op.IN, op.AT):
        return ONE
    if name is op.SUBPATTERN:
        return sequence(value[3])
    if name is op.ATOMIC_GROUP:
        return Work(sequence(value).steps, 1)
    if name is op.BRANCH:
        branches = [sequence(branch) for branch in value[1]]
        return Work(sum(b.steps for b in branches), sum(b.ways for b in branches))
    if name in (op.ASSERT, op.ASSERT_NOT):
        return Work(sequence(value[1]).steps, 1)
    if name in (op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT):
        return repeat(name, *value)
    raise Costly("refers back to a group; say what is meant without")


def repeat(name: Any, least: int, most: int, body: Any) -> Work:
    """Return what a repeat can cost."""
    if most is op.MAXREPEAT:
        raise Costly("repeats without end (`*`, `+` or `{n,}`); give it a bound, as in {1,64}+")
    once = sequence(body)
    if once.ways == 1:
        return Work(most * once.steps, 1 if name is op.POSSESSIVE_REPEAT else most - least + 1)
    if most * once.ways.bit_length() > 40:
        raise Costly("repeats what can match in many ways; make the inner repeat possessive")
    ways = sum(once.ways**n for n in range(least, most + 1))
    steps = once.steps * sum(once.ways**n for n in range(most))
    return Work(steps, 1 if name is op.POSSESSIVE_REPEAT else ways)
