"""What a step of a graph changed of its state, one line a field.

`StateChange`s come in, lines for a monospaced block go out. What a list gained stands in the
conversation below; here it is counted, for whether it was added or put in place is not told.
"""

import json
from collections.abc import Sequence
from typing import Any

from spanledger_schema.api import StateChange
from spanledger_ui import text

SHOWN_CHARS = 400


def lines(changes: Sequence[StateChange]) -> str:
    """Return the changes, field by field, fields of one width; "" without any."""
    width = max((len(change.field) for change in changes), default=0)
    return "\n".join(f"{c.field.ljust(width)}  {before(c)} → {shown(c.written)}" for c in changes)


def before(change: StateChange) -> str:
    """Return what a field was, "–" where the step was given none."""
    return counted(change.items) if change.items is not None else shown(change.before)


def shown(value: Any) -> str:
    """Return a value on one line, a list as its length."""
    if value is None:
        return text.UNKNOWN
    if isinstance(value, list):
        return counted(len(value))
    said = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    short, left = text.cut(" ".join(said.split()), SHOWN_CHARS)
    return f"{short}…" if left else short


def counted(items: int) -> str:
    """Return "1 item" or "3 items"."""
    return f"{items:,} item" if items == 1 else f"{items:,} items"
