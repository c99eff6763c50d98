"""The price file: YAML or JSON text in, the changes it asks for out, and back.

A file holds `prices` and `aliases`, each a list of rows with an id. Writing a file out and reading
it in again changes nothing. Rows that a file does not name stay, unless it is to replace them all.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Literal

from spanledger_collector.ledger import own_prices
from spanledger_collector.ledger.own_prices import Change, Entry, Kind, Plan, meaning, standing
from spanledger_collector.ledger.price_edits import Taken
from spanledger_collector.ledger.price_form import BadEntry, form
from spanledger_collector.pricebook import Pricebook

Format = Literal["yaml", "json"]

SECTIONS: Mapping[str, Kind] = {"prices": "price", "aliases": "alias"}

Rows = Mapping[tuple[Kind, str], dict[str, Any]]
"""The rows of a file by kind and id."""


def text(entries: Sequence[Entry], style: Format) -> str:
    """Return the standing entries as a price file."""
    document = {
        section: [dict(entry.written) for entry in standing(entries, kind)]
        for section, kind in SECTIONS.items()
    }
    if style == "json":
        return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    import yaml  # 40 ms that only those pay who need it

    return yaml.safe_dump(document, sort_keys=False, allow_unicode=True)


def rows(said: str, style: Format) -> Rows:
    """Return the rows of a price file, each checked.

    Raises:
        BadEntry: the file or a row of it is not understood; all complaints at once.
    """
    found: dict[tuple[Kind, str], dict[str, Any]] = {}
    complaints = []
    for kind, place, written in listed(document(said, style)):
        try:
            checked = form(kind, written, place)
        except BadEntry as error:
            complaints.append(str(error))
            continue
        if checked.id is None:
            complaints.append(f"row {place}, field id: missing; it tells the row from others")
        elif (kind, checked.id) in found:
            complaints.append(f"row {checked.id}, field id: two rows of the file have this one")
        else:
            found[kind, checked.id] = checked.written()
    if complaints:
        raise BadEntry("; ".join(complaints))
    return found


def book(said: str, style: Format) -> Pricebook:
    """Return the price book of a server that has taken this file in and knows no other price."""
    table = own_prices.table(
        [
            Entry(kind, id_, written, withdrawn=False, created_ns=order, changed_ns=order)
            for order, ((kind, id_), written) in enumerate(rows(said, style).items())
        ]
    )
    return Pricebook(table.rows, table.aliases)


def document(said: str, style: Format) -> Any:
    """Return what a text says; amounts keep their digits."""
    import yaml

    try:
        if style == "json":
            return json.loads(said, parse_float=Decimal)
        return yaml.safe_load(said)
    except (ValueError, yaml.YAMLError) as error:
        raise BadEntry(f"the file is no {style.upper()}: {error}") from error


def listed(found: Any) -> Iterable[tuple[Kind, str, object]]:
    """Yield every row of a document with its kind and its place."""
    if not isinstance(found, dict):
        raise BadEntry("a price file is a mapping with `prices` and `aliases` in it")
    if unknown := sorted(str(key) for key in found if key not in SECTIONS):
        raise BadEntry(f"a price file has no section {unknown[0]!r}, only prices and aliases")
    for section, kind in SECTIONS.items():
        written = found.get(section) or []
        if not isinstance(written, list):
            raise BadEntry(f"{section} is a list of rows")
        for index, row in enumerate(written):
            yield kind, f"{section}[{index}]", row


def changes(entries: Sequence[Entry], wanted: Rows, *, replace: bool) -> list[Change]:
    """Return what has to change for the table to say what a file says.

    Args:
        entries: how the table stands.
        wanted: the rows of the file.
        replace: withdraw what the file does not name.

    Raises:
        Taken: the file names a row that was withdrawn; it needs another id.
    """
    known = {(entry.kind, entry.id): entry for entry in entries}
    found = []
    for (kind, id_), after in wanted.items():
        entry = known.get((kind, id_))
        if entry is None:
            found.append(Change(kind, id_, None, after))
        elif entry.withdrawn:
            raise Taken(f"row {id_}, field id: it was withdrawn; give the row another id")
        elif meaning(kind, entry.written) != meaning(kind, after):
            found.append(Change(kind, id_, entry.written, after))
    if replace:
        gone = (e for key, e in known.items() if key not in wanted and not e.withdrawn)
        found += [Change(entry.kind, entry.id, entry.written, None) for entry in gone]
    return found


def plan(wanted: Rows, *, replace: bool) -> Plan:
    """Return the plan that carries a file out."""
    return lambda entries: changes(entries, wanted, replace=replace)
