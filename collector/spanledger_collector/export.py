"""Rows of the API to a file, page by page: CSV, JSONL or Parquet.

Takes a shape and pages of its rows; gives bytes as soon as a page is written, so that no more than
one page is held. Totals stand in columns of their own. Knows no store and no HTTP.
"""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any, Literal, get_type_hints

import orjson

from spanledger_collector.moments import nanoseconds
from spanledger_schema.api import Totals

Format = Literal["csv", "jsonl", "parquet"]
Kind = Literal["text", "texts", "flag", "count", "usd", "time"]
Row = Mapping[str, Any]
Pages = Iterable[Sequence[Row]]

KINDS: Mapping[Any, Kind] = {
    int: "count",
    int | None: "count",
    bool: "flag",
    list[str]: "texts",
}
"""Type of a field of a shape → kind of its column; all others are texts."""

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""How a cell begins that a spreadsheet would compute instead of show (OWASP, CSV injection)."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a file."""

    name: str
    kind: Kind


def columns(shape: type) -> list[Column]:
    """Return the columns of a shape of the API, with those of its totals in their place."""
    found: list[Column] = []
    for name, hint in get_type_hints(shape).items():
        found += columns(Totals) if hint is Totals else [Column(name, kind(name, hint))]
    return found


def kind(name: str, hint: Any) -> Kind:
    """Return what a field holds: its name says what is money and what is time."""
    if name.endswith("_usd"):
        return "usd"
    return "time" if name.endswith("_at") else KINDS.get(hint, "text")


def flat(row: Any) -> Row:
    """Return a row of the API with its totals, and what it is grouped by, among its other fields."""
    said = asdict(row)
    return {**said.pop("key", {}), **said, **said.pop("totals", {})}


def csv_file(wanted: Sequence[Column], pages: Pages) -> Iterator[bytes]:
    """Yield a CSV file (RFC 4180); nothing stands where a value is unknown."""
    yield lines([[column.name for column in wanted]])
    for page in pages:
        yield lines([[cell(row[c.name], c.kind) for c in wanted] for row in page])


def lines(rows: Iterable[Sequence[str]]) -> bytes:
    """Return lines of a CSV file."""
    written = io.StringIO()
    csv.writer(written).writerows(rows)
    return written.getvalue().encode()


def cell(value: Any, kind: Kind) -> str:
    """Return a value as a spreadsheet shows it, and never computes it."""
    if value is None:
        return ""
    match kind:
        case "text" | "texts":
            text = ", ".join(value) if kind == "texts" else str(value)
            return f"'{text}" if text.startswith(FORMULA) else text
        case "flag":
            return "true" if value else "false"
        case _:
            return str(value)


def jsonl_file(wanted: Sequence[Column], pages: Pages) -> Iterator[bytes]:
    """Yield a JSON object a line, its values as the API says them."""
    for page in pages:
        yield b"".join(
            orjson.dumps({c.name: row[c.name] for c in wanted}, option=orjson.OPT_APPEND_NEWLINE)
            for row in page
        )


class Passing(io.RawIOBase):
    """A file that forgets what it was given as soon as that is taken."""

    def __init__(self) -> None:
        self._kept = bytearray()

    def writable(self) -> bool:
        """Tell that it can be written to."""
        return True

    def write(self, given: Any) -> int:
        """Keep some bytes."""
        self._kept += given
        return len(given)

    def taken(self) -> bytes:
        """Return what was written since it was last taken."""
        kept = bytes(self._kept)
        self._kept.clear()
        return kept


def parquet_file(wanted: Sequence[Column], pages: Pages) -> Iterator[bytes]:
    """Yield a Parquet file, a page a row group: dollars as decimals, times in nanoseconds."""
    import pyarrow as pa  # 40 MB that only this format needs
    from pyarrow import parquet

    types = {
        "text": pa.string(),
        "texts": pa.list_(pa.string()),
        "flag": pa.bool_(),
        "count": pa.int64(),
        "usd": pa.decimal128(38, 12),
        "time": pa.timestamp("ns", tz="UTC"),
    }
    schema = pa.schema([(c.name, types[c.kind]) for c in wanted])
    file = Passing()
    with parquet.ParquetWriter(pa.PythonFile(file, mode="w"), schema) as writer:
        for page in pages:
            named = {c.name: [exact(row[c.name], c.kind) for row in page] for c in wanted}
            writer.write_table(pa.table(named, schema=schema))
            yield file.taken()
    yield file.taken()


def exact(value: Any, kind: Kind) -> Any:
    """Return a value of the API as a column of Parquet holds it."""
    if value is None:
        return None
    match kind:
        case "usd":
            return Decimal(value)
        case "time":
            return nanoseconds(value)
        case _:
            return value


FILES: Mapping[Format, tuple[str, Callable[[Sequence[Column], Pages], Iterator[bytes]]]] = {
    "csv": ("text/csv; charset=utf-8", csv_file),
    "jsonl": ("application/x-ndjson", jsonl_file),
    "parquet": ("application/vnd.apache.parquet", parquet_file),
}
"""Format → its media type, and what writes it."""
