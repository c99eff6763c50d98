"""Changes of the operator's price table, each planned from how the table stands.

Pure: entries in, the steps to take out. A plan is made on the thread that writes, so what it
checked is still true when it is carried out.
"""

from collections.abc import Sequence
from datetime import UTC, datetime

from spanledger_collector.ledger.own_prices import Change, Entry, Kind, Plan, Written
from spanledger_collector.prices.rowfile import interval
from spanledger_collector.prices.rows import END


class NotThere(LookupError):
    """There is no price or alias of this id, or it was withdrawn already."""


class Taken(ValueError):
    """There is one of this id already."""


class EndsTooEarly(ValueError):
    """A price or an alias would end before it begins."""


def append(kind: Kind, id_: str, written: Written, supersedes: str | None = None) -> Plan:
    """Return the plan that adds an entry, and takes another one back if it is to supersede it."""

    def plan(entries: Sequence[Entry]) -> list[Change]:
        if any(entry.kind == kind and entry.id == id_ for entry in entries):
            raise Taken(f"{kind} {id_!r} is there already; give another id, or supersede it")
        taken_back = [] if supersedes is None else withdraw(kind, supersedes)(entries)
        return [Change(kind, id_, None, {"id": id_, **written}), *taken_back]

    return plan


def withdraw(kind: Kind, id_: str) -> Plan:
    """Return the plan that takes an entry back: it holds at no time any more."""

    def plan(entries: Sequence[Entry]) -> list[Change]:
        return [Change(kind, id_, standing(entries, kind, id_).written, None)]

    return plan


def end(kind: Kind, id_: str, effective_to: datetime) -> Plan:
    """Return the plan that ends a price or an alias at a moment, exclusive, in any zone."""

    def plan(entries: Sequence[Entry]) -> list[Change]:
        before = standing(entries, kind, id_).written
        begins, _ = interval(before)
        if begins >= effective_to:
            raise EndsTooEarly(
                f"effective_to: {id_!r} begins only at {in_utc(begins)}; withdraw it instead"
            )
        until = in_utc(min(effective_to, END).astimezone(UTC))
        return [Change(kind, id_, before, {**before, "effective_to": until})]

    return plan


def in_utc(moment: datetime) -> str:
    """Return a moment in UTC as the table has it: 2026-11-20T12:00:00Z."""
    return moment.isoformat().replace("+00:00", "Z")


def standing(entries: Sequence[Entry], kind: Kind, id_: str) -> Entry:
    """Return the entry of an id, or raise NotThere."""
    for entry in entries:
        if entry.kind == kind and entry.id == id_ and not entry.withdrawn:
            return entry
    raise NotThere(f"no {kind} {id_!r}, or it was withdrawn")
