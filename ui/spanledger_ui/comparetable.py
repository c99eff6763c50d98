"""The comparison of two sessions as rows of a ledger: what each comes to, then step by step.

Steps beside each other come in; runs of steps that nobody asked to see become one row that carries
their sums, so that tokens and dollars add up to the difference of the sessions. Pure; no Streamlit.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, tzinfo
from decimal import Decimal
from itertools import groupby
from urllib.parse import urlencode

from spanledger_schema.api import SessionEvent, SessionRow
from spanledger_ui import skeleton, tables, text
from spanledger_ui.compare import OTHER_WORDS, PARTING, Change, Together, less, parting
from spanledger_ui.components import Cell, Row, columns

SHOWS = {
    "other steps": PARTING,
    "other words": PARTING | {OTHER_WORDS},
    "all": PARTING | {OTHER_WORDS, ""},
}
"""What a reader may ask to see: differences that stand in rows of their own."""

AROUND = 1  # steps shown before and after each difference, so that it has a place
MINUS = "−"

TOTALS = columns({
    "side": "", "session": "Session", "started": "Started", "status": "Status",
    "steps": "Steps", "calls": "Calls", "tools": "Tool calls", "errors": "Errors",
    "input": "Tokens in", "output": "Tokens out", "dollars": "USD", "left_out": "",
    "time": "Time", "waiting": "of it waiting",
}, wide="session", numbers="steps calls tools errors input output dollars time waiting")  # fmt: skip

STEPS = columns({
    "a": "A", "b": "B", "difference": "Difference", "tokens": "Tokens", "usd": "USD",
    "time": "Time",
}, wide="a b", numbers="tokens usd time")  # fmt: skip


def session_row(side: str, session: SessionRow, zone: tzinfo, now: datetime) -> Row:
    """Return what one of the sessions comes to."""
    totals = session.totals
    return {
        "href": f"replay?{urlencode({'session': session.id})}",
        "cells": {
            "side": side,
            "session": {
                "text": session.name or session.id,
                "under": ", ".join(session.models),
                "title": session.id,
            },
            "started": text.moment(session.started_at, zone, now),
            "status": {"text": session.status, "tone": session.status},
            **{name: text.count(number) for name, number in counts(session).items()},
            "dollars": tables.dollars(totals),
            "left_out": tables.left_out(totals),
            "time": text.duration(session.duration_ns),
            "waiting": text.duration(session.waiting_ns),
        },
    }


def counts(session: SessionRow) -> dict[str, int | None]:
    """Return all that is counted of a session, None where nothing was reported."""
    totals = session.totals
    return {
        "steps": session.spans,
        "calls": totals.calls,
        "tools": totals.tool_calls,
        "errors": totals.errors,
        "input": text.reported(totals.input_tokens, totals),
        "output": text.reported(totals.output_tokens, totals),
    }


def total(left: SessionRow, right: SessionRow) -> dict[str, Cell]:
    """Return what B has more than A."""
    ours, theirs = counts(left), counts(right)
    known = [
        None if usd is None else Decimal(usd)
        for usd in (left.totals.cost_usd, right.totals.cost_usd)
    ]
    return {
        "side": "B − A",
        **{name: signed(less(ours[name], theirs[name])) for name in ours},
        "dollars": signed_usd(less(*known)),
        "time": signed_time(right.duration_ns - left.duration_ns),
        "waiting": signed_time(right.waiting_ns - left.waiting_ns),
    }


def step_rows(steps: Sequence[Together], show: str, left: str, right: str) -> Iterator[Row]:
    """Yield the rows of a comparison: what is shown one by one, the rest in runs.

    Args:
        steps: both sessions, step beside step.
        show: a key of SHOWS.
        left: the id of session A.
        right: the id of session B.
    """
    seen = shown(steps, show)
    first = parting(steps)
    for one_by_one, run in groupby(range(len(steps)), lambda place: place in seen):
        if one_by_one:
            yield from (step_row(steps[n], n == first, left, right) for n in run)
        else:
            yield alike([steps[place] for place in run])


def shown(steps: Sequence[Together], show: str) -> set[int]:
    """Return the places that stand in rows of their own: differences, and what is around them."""
    meant = SHOWS[show]
    found = (place for place, step in enumerate(steps) if step.difference in meant)
    return {near for place in found for near in range(place - AROUND, place + AROUND + 1)}


def step_row(step: Together, parts: bool, left: str, right: str) -> Row:
    """Return the line of two steps beside each other; `parts` where the sessions do so."""
    tone = "waiting" if step.difference in PARTING else "quiet"
    said = f"{step.difference}, they part here" if parts else step.difference
    return {
        "cells": {
            "a": event_cell(step.left, left),
            "b": event_cell(step.right, right),
            "difference": {"text": said, "tone": tone},
            **change_cells(step.change, silent=nothing_billed(step)),
        }
    }


def nothing_billed(step: Together) -> bool:
    """Tell whether neither side is a call."""
    return not any(event and event.billed for event in (step.left, step.right))


def event_cell(event: SessionEvent | None, session_id: str) -> Cell:
    """Return a step of one side, which opens there."""
    if event is None:
        return {"text": text.UNKNOWN, "tone": "quiet"}
    there = {"session": session_id, "event": skeleton.key(event)}
    return {
        "text": f"{event.seq + 1:,}  {skeleton.one_line(event.name)}",
        "under": skeleton.one_line(skeleton.preview(event)),
        "href": f"replay?{urlencode(there)}",
        "tone": "error" if event.status == "error" else "",
    }


def alike(run: Sequence[Together]) -> Row:
    """Return one line for steps that nobody asked to see, and what they differ by together.

    Their times lie within each other, so they make no sum.
    """
    words = sum(step.difference == OTHER_WORDS for step in run)
    said = f"{len(run):,} {'step' if len(run) == 1 else 'steps'} alike"
    billed = [step.change for step in run if not nothing_billed(step)]
    cells = change_cells(summed(billed), silent=not billed)
    return {
        "cells": {
            "a": {
                "text": said,
                "under": f"{words:,} in other words" if words else "",
                "tone": "quiet",
            },
            **cells,
            "time": "",
        }
    }


def summed(changes: Sequence[Change]) -> Change:
    """Return what steps differ by together, of what is known; None where nothing is."""
    tokens = [change.tokens for change in changes if change.tokens is not None]
    usd = [change.usd for change in changes if change.usd is not None]
    return Change(sum(tokens) if tokens else None, sum(usd, Decimal(0)) if usd else None, None)


def change_cells(change: Change, silent: bool) -> dict[str, Cell]:
    """Return the figures of a line; tokens and dollars are left blank where there is no call."""
    usd = "" if silent else signed_usd(change.usd)
    exact = "" if change.usd is None else f"{change.usd:+f} USD"
    return {
        "tokens": "" if silent else signed(change.tokens),
        "usd": {"text": usd, "title": exact} if usd else "",
        "time": signed_time(change.ns),
    }


def signed(number: int | None) -> str:
    """Return a difference of counts: "+1,200", "−3", "0"; "–" when unknown."""
    return with_sign(number, text.UNKNOWN if number is None else f"{abs(number):,}")


def signed_usd(amount: Decimal | None) -> str:
    """Return a difference of dollars."""
    return with_sign(amount, text.UNKNOWN if amount is None else text.usd(f"{abs(amount):f}"))


def signed_time(ns: int | None) -> str:
    """Return a difference of time."""
    return with_sign(ns, text.duration(None if ns is None else abs(ns)))


def with_sign(number: int | Decimal | None, size: str) -> str:
    """Return a size with the sign of its number; less than can be written has none."""
    if not number or size.startswith("<"):
        return size
    return f"{'+' if number > 0 else MINUS}{size}"
