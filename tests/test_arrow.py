"""Columns travel to the engine as Arrow and are there as they were."""

import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spanledger_collector import arrow
from spanledger_collector.store import Client, connect

NOON = datetime(2026, 11, 4, 12, 0, 0, 123456, tzinfo=UTC)
NOON_NS = 1_793_793_600_123_456_000
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)

KINDS: dict[str, st.SearchStrategy[Any]] = {
    "LowCardinality(String)": TEXT,
    "String": TEXT,
    "FixedString(8)": st.binary(min_size=8, max_size=8),
    "UInt8": st.integers(0, 2**8 - 1),
    "UInt64": st.integers(0, 2**64 - 1),
    "UInt128": st.integers(0, 2**128 - 1),
    "Nullable(Int64)": st.none() | st.integers(-(2**63), 2**63 - 1),
    "Nullable(Bool)": st.none() | st.booleans(),
    "Nullable(Decimal(38, 12))": st.none() | st.decimals(0, 10**9, places=12),
    "Array(Decimal(38, 18))": st.lists(st.decimals(0, 10**6, places=18), max_size=3),
    "Array(LowCardinality(String))": st.lists(TEXT, max_size=3),
    "Map(LowCardinality(String), UInt64)": st.dictionaries(
        TEXT, st.integers(0, 2**64 - 1), max_size=3
    ),
}


@pytest.fixture(scope="module")
def client(engine: str) -> Iterator[Client]:
    """Return a client of the engine with one table that has a column of each type."""
    columns = ", ".join(f"c{number} {kind}" for number, kind in enumerate(KINDS))
    with connect(engine) as client:
        client.command("CREATE DATABASE arrow")
        client.database = "arrow"
        client.command(f"CREATE TABLE kinds ({columns}) ENGINE = Memory")
        client.command("""
            CREATE TABLE moments (
                ns DateTime64(9, 'UTC'), us Nullable(DateTime64(6, 'UTC')), s DateTime('UTC'), day Date
            ) ENGINE = Memory
        """)
        yield client
        client.command("DROP DATABASE arrow")


def put(client: Client, table: str, kinds: dict[str, str], rows: list[tuple[Any, ...]]) -> None:
    """Write rows into an empty table."""
    client.command(f"TRUNCATE TABLE {table}")
    columns = dict(zip(kinds, zip(*rows, strict=True), strict=True))
    client.raw_insert(table, list(kinds), arrow.stream(columns, kinds), fmt="ArrowStream")


@settings(max_examples=40)
@given(rows=st.lists(st.tuples(*KINDS.values()), min_size=1, max_size=5))
def test_what_goes_in_comes_out(client: Client, rows: list[tuple[Any, ...]]):
    kinds = {f"c{number}": kind for number, kind in enumerate(KINDS)}
    put(client, "kinds", kinds, rows)
    found = client.query("SELECT * FROM kinds", query_formats={"FixedString": "bytes"})
    assert sorted(found.result_rows, key=repr) == sorted(rows, key=repr)


@pytest.mark.parametrize("moment", [NOON_NS, NOON])
def test_a_moment_is_a_number_of_its_columns_unit_or_a_datetime(client: Client, moment: Any):
    kinds = {
        "ns": "DateTime64(9, 'UTC')", "us": "Nullable(DateTime64(6, 'UTC'))",
        "s": "DateTime('UTC')", "day": "Date",
    }  # fmt: skip
    put(client, "moments", kinds, [(moment, None, NOON_NS // 10**9, date(2026, 11, 4))])
    asked = "SELECT toUnixTimestamp64Nano(ns), us, toUnixTimestamp(s), day FROM moments"
    (row,) = client.query(asked).result_rows
    assert row == (NOON_NS, None, NOON_NS // 10**9, date(2026, 11, 4))


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("String", None),
        ("Array(UInt64)", None),
        ("UInt8", 256),
        ("UInt64", -1),
        ("UInt64", "7"),
        ("Decimal(38, 12)", Decimal("1e-13")),
        ("FixedString(8)", b"short"),
        ("String", "\ud800"),
    ],
)
def test_what_a_column_cannot_hold_is_refused(kind: str, value: object):
    with pytest.raises((ValueError, TypeError, OverflowError, pa.ArrowInvalid)):
        arrow.stream({"c": [value]}, {"c": kind})


WITHOUT_PANDAS = """
import sys
from spanledger_collector import arrow
arrow.do_without_pandas()
print(arrow.array([1, 2], "UInt8").to_pylist(), "pandas" in sys.modules)
import pandas
"""


def test_a_process_that_does_without_pandas_makes_columns_and_may_import_it_still():
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_PANDAS], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[1, 2] False\n"
