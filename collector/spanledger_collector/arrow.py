"""Columns of Python values to an Arrow stream: the form in which rows travel to ClickHouse.

Takes values by column and the ClickHouse type of each, gives bytes that both an embedded engine and a
server read with `FORMAT ArrowStream`. Refuses what a column cannot hold: a NULL, a number out of range,
a dollar finer than its scale. Made in C for half of what the client's own writer takes.
"""

import re
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.abc import MetaPathFinder
from typing import Any

import pyarrow as pa

PLAIN: dict[str, pa.DataType] = {
    "String": pa.binary(),  # takes text and bytes alike; the engine asks for no encoding
    "Bool": pa.bool_(),
    "UInt128": pa.binary(16),
    "Date": pa.date32(),
    "DateTime": pa.timestamp("s", "UTC"),
    **{f"UInt{bits}": getattr(pa, f"uint{bits}")() for bits in (8, 16, 32, 64)},
    **{f"Int{bits}": getattr(pa, f"int{bits}")() for bits in (8, 16, 32, 64)},
    **{f"Float{bits}": getattr(pa, f"float{bits}")() for bits in (32, 64)},
}
UNITS = {"0": "s", "3": "ms", "6": "us", "9": "ns"}


class NoPandas(MetaPathFinder):
    """Finds pandas nowhere."""

    def find_spec(self, fullname: str, path: object, target: object = None) -> None:
        """Refuse pandas, and leave all else to others."""
        if fullname == "pandas":
            raise ModuleNotFoundError("pandas is not looked for", name=fullname)


def do_without_pandas() -> None:
    """Have Arrow find no pandas, which it imports for the first row otherwise: 0.4 s of CPU, 55 MB."""
    sys.meta_path.insert(0, NoPandas())
    pa.array([])  # it looks once
    del sys.meta_path[0]


def stream(columns: Mapping[str, Sequence[Any]], types: Mapping[str, str]) -> pa.Buffer:
    """Return rows as an Arrow stream.

    Args:
        columns: name → values, all of one length; moments as numbers count units of their column.
        types: name → ClickHouse type.

    Raises:
        ValueError: a value that its column cannot hold.
        TypeError: a value of another type than its column's.
    """
    arrays = [array(values, types[name]) for name, values in columns.items()]
    table = pa.record_batch(arrays, names=list(columns))
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_batch(table)
    return sink.getvalue()


def array(values: Sequence[Any], kind: str) -> pa.Array:
    """Return one column, without a NULL where its ClickHouse type knows none."""
    if kind.startswith("Map("):
        values = [tuple(value.items()) for value in values]
    elif kind == "UInt128":  # which Arrow does not know: the engine takes its bytes
        values = [value.to_bytes(16, "little") for value in values]
    made = pa.array(values, type=arrow_type(kind))
    if made.null_count and "Nullable(" not in kind:
        raise TypeError(f"None in a column of {kind}")
    return made


@cache
def arrow_type(kind: str) -> pa.DataType:
    """Return the Arrow type that holds exactly the values of a ClickHouse type.

    Raises:
        KeyError: no column of ours has had this type so far.
    """
    name, _, rest = kind.partition("(")
    inner = re.split(r", (?![^(]*\))", rest[:-1])
    match name, rest and inner:
        case "LowCardinality" | "Nullable", [whole]:
            return arrow_type(whole)
        case "Array", [item]:
            return pa.list_(arrow_type(item))
        case "Map", [key, value]:
            return pa.map_(arrow_type(key), arrow_type(value))
        case "FixedString", [size]:
            return pa.binary(int(size))
        case "Decimal", [digits, scale]:
            return pa.decimal128(int(digits), int(scale))
        case "DateTime64", [digits, *_]:
            return pa.timestamp(UNITS[digits], "UTC")
    return PLAIN[name]
