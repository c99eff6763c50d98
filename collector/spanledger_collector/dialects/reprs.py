"""A usage object inside a Python repr: what some frameworks leave of a provider's answer.

Takes text that holds no literal as a whole, gives the counts of the last usage object in it,
which comes after all that a model said.
"""

import re

from spanledger_collector.dialects.raw import usage_counts
from spanledger_collector.dialects.structure import python_literal
from spanledger_schema.span import Counts, Value

OPENING = re.compile(r"'usage': (?=\{)|\busage=(?=\w+\()")
OPENS, CLOSES = "([{", ")]}"
LONGEST = 2048  # characters of one usage object
MOST_SEARCHED = 262_144


def repr_counts(told: Value) -> Counts | None:
    """Return the counts of the usage object in a text, None where there is none."""
    if not isinstance(told, str) or len(told) > MOST_SEARCHED:
        return None
    starts = [match.end() for match in OPENING.finditer(told)]
    found = python_literal(bracketed(told, starts[-1])) if starts else None
    return usage_counts(found) if isinstance(found, dict) else None


def bracketed(told: str, start: int) -> str:
    """Return the text from here to where its first bracket closes, '' if it never does."""
    depth = 0
    for at in range(start, min(len(told), start + LONGEST)):
        depth += (told[at] in OPENS) - (told[at] in CLOSES)
        if depth == 0 and told[at] in CLOSES:
            return told[start : at + 1]
    return ""
