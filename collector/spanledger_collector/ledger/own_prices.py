"""The operator's own prices in the store: rows as they were written down in, a price book out.

Every change adds a row to `prices` and one to `audit`; nothing is overwritten. What a row means is
`prices.rowfile`'s to say, which of several wins `prices.own`'s. Changes are made on the thread that
writes, where two of them cannot cross, and take effect for spans drained after that.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import orjson

from spanledger_collector.drain import Drain
from spanledger_collector.ledger import audit
from spanledger_collector.ledger.desk import Desk
from spanledger_collector.moments import rfc3339
from spanledger_collector.pricebook import Pricebook
from spanledger_collector.prices.own import Alias, OwnTable, alias
from spanledger_collector.prices.rowfile import row
from spanledger_collector.prices.rows import Row
from spanledger_collector.store import Store

Kind = Literal["price", "alias"]
Written = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Entry:
    """A price or an alias as it was last written down."""

    kind: Kind
    id: str
    written: Written
    withdrawn: bool
    created_ns: int
    changed_ns: int
    changed_by: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """One step from what is written down to what shall be; None stands for nothing."""

    kind: Kind
    id: str
    before: Written | None
    after: Written | None

    @property
    def word(self) -> Literal["added", "changed", "withdrawn"]:
        """Return what the change does, in a word."""
        if self.before is None:
            return "added"
        return "withdrawn" if self.after is None else "changed"


Plan = Callable[[Sequence[Entry]], Sequence[Change]]
"""Entries as they are in, changes out; it may refuse by raising."""


def entries(store: Store) -> list[Entry]:
    """Return everything that was ever written down, each as it was last, in order of first day."""
    return [
        Entry(
            kind=found["kind"],
            id=found["id"],
            written=orjson.loads(found["last_written"]),
            withdrawn=found["last_withdrawn"],
            created_ns=found["first_ns"],
            changed_ns=found["last_ns"],
            changed_by=found["last_by"],
            note=found["last_note"],
        )
        for found in store.rows("own_prices")
    ]


def standing(found: Iterable[Entry], kind: Kind) -> Iterator[Entry]:
    """Yield the entries of a kind that were not withdrawn."""
    return (entry for entry in found if entry.kind == kind and not entry.withdrawn)


def price_row(entry: Entry, order: int = 0) -> Row:
    """Return the row of a price; of two that say as much, the one first written later wins."""
    first = {"id": entry.id, "created_at": rfc3339(entry.created_ns)}
    return row({**entry.written, **first}, order)


def table(found: Sequence[Entry]) -> OwnTable:
    """Return the table that the standing entries make.

    Raises:
        BadPrice: one of them cannot be read; leaving it out would be an unpriced month.
    """
    prices = (price_row(entry, i) for i, entry in enumerate(standing(found, "price")))
    aliases = (alias(entry.written) for entry in standing(found, "alias"))
    return OwnTable(tuple(prices), tuple(aliases))


def book(store: Store, known: Pricebook | None = None) -> Pricebook:
    """Return the price book with the operator's table as it is stored; `known` while it is that."""
    own = table(entries(store))
    if known is not None and known.own == own:
        return known
    return Pricebook(own.rows, own.aliases)


def change(desk: Desk, plan: Plan, by: str = "", note: str = "") -> list[Change]:
    """Carry out what a plan makes of the entries as they are then; return what was changed."""

    def work(drain: Drain) -> list[Change]:
        known = entries(drain.store)
        changes = list(plan(known))
        if changes:
            # the last row of an id holds, so a clock that was set back must not make an earlier one
            now_ns = max(desk.clock(), *(entry.changed_ns + 1 for entry in known), 0)
            write(drain.store, changes, now_ns, by, note)
            drain.book = book(drain.store, drain.book)
        return changes

    return desk.handover.do(work)


def write(store: Store, changes: Sequence[Change], now_ns: int, by: str, note: str) -> None:
    """Write changes down, in the audit first: one without a change is noise, the other a riddle."""
    audit.write(
        store,
        (
            audit.Record(
                at_ns=now_ns,
                action=f"{c.kind} {c.word}",
                subject=c.id,
                was=c.before,
                became=c.after,
                actor=by,
                note=note,
                project_id=str((c.after or c.before or {}).get("project_id") or ""),
            )
            for c in changes
        ),
    )
    store.insert(
        "prices",
        {
            "kind": [c.kind for c in changes],
            "id": [c.id for c in changes],
            "written": [audit.as_json(c.before if c.after is None else c.after) for c in changes],
            "withdrawn": [c.after is None for c in changes],
            "created_at": [now_ns] * len(changes),
            "created_by": [by] * len(changes),
            "note": [note] * len(changes),
        },
    )


def meaning(kind: Kind, written: Written) -> Row | Alias:
    """Return what a row says, whatever its spelling; equal meanings are equal.

    Raises:
        BadPrice: it cannot be meant as it is written; names the row and what is wrong with it.
    """
    return row({**written, "created_at": ""}) if kind == "price" else alias(written)
