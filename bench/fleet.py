"""A ledger of a given size, made by the engine itself: spans, payloads and totals that add up.

Takes a client and how many spans; runs the statements of `bench/sql`. Asks nothing.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from clickhouse_connect.driver.client import Client

SQL = Path(__file__).parent / "sql"
SPANS_PER_TRACE = 18  # on average, as ledger.sql rolls them
TRACES_A_CHUNK = 30_000
DAYS = 30
TABLES = ("spans", "payloads", "traces")


def fill(client: Client, spans: int, tables: Sequence[str] = TABLES) -> None:
    """Write about so many spans of the last 30 days, chunk by chunk, oldest first.

    What came twice or grew (`again`) is written before what counts.
    """
    traces = spans // SPANS_PER_TRACE
    newest = datetime.now(UTC).replace(tzinfo=None)
    given = {"newest": newest, "oldest": newest - timedelta(days=DAYS), "traces": traces}
    for begin in range(0, traces, TRACES_A_CHUNK):
        chunk = {**given, "from": begin, "until": min(traces, begin + TRACES_A_CHUNK)}
        for table in tables:
            for again in (1, 0):
                write(client, table, {**chunk, "again": again})


def write(client: Client, table: str, given: Mapping[str, Any]) -> None:
    """Run the statement of `bench/sql` that fills a table."""
    ledger = (SQL / "ledger.sql").read_text()
    statement = (SQL / f"{table}.sql").read_text().replace("/*ledger*/", ledger)
    client.command(statement, parameters=dict(given))
