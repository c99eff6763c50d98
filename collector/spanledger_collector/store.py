"""The edge to ClickHouse: an embedded chDB folder or a server, told apart by the DSN alone.

Statements come from `spanledger_schema`; columns come in and go out as lists. Knows no span, no
dollar and no HTTP. One process may open a chDB folder, and nothing may fork after it did.
"""

import queue
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import clickhouse_connect
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

from spanledger_collector import arrow
from spanledger_schema.cluster import Cluster
from spanledger_schema.sql import completed, migrations, query

__all__ = [
    "ClickHouseError",
    "Client",
    "SchemaChanged",
    "Store",
    "connect",
    "is_too_much",
    "migrate",
]

DATABASE = "spanledger"

READ_LIMITS = {
    "max_execution_time": 30,
    "max_memory_usage": 2_000_000_000,
    "max_bytes_before_external_group_by": 500_000_000,  # on disk from there on, not refused
    "max_bytes_before_external_sort": 500_000_000,
    "max_result_rows": 200_000,
    "do_not_merge_across_partitions_select_final": 0,  # 1 would bring duplicates back
}

INSERT_SETTINGS: dict[str, Any] = {
    "async_insert": 0,
    "input_format_null_as_default": 0,
    "optimize_on_insert": 0,  # FINAL and merges replace rows: doing it at once copies every column
}

CLUSTER_SETTINGS = {
    "distributed_foreground_insert": 1,  # what is confirmed lies on its shard
    "distributed_product_mode": "global",  # a subquery is answered once, for all shards
    "distributed_ddl_task_timeout": 300,
    "load_balancing": "in_order",  # everybody reads and writes the same replica while it is there
    "prefer_localhost_replica": 0,
    "allow_nondeterministic_mutations": 1,  # erasing asks for what it has written down just before
}
"""What every connection to a cluster is bound to, so that the drain reads what it has written."""

TOO_MUCH = ("158", "159", "160", "241", "307", "396")
"""ClickHouse's codes of a query that reached a limit of rows, time, memory or bytes."""


def is_too_much(error: Exception) -> bool:
    """Tell whether a query was stopped because it reached one of its limits."""
    found = re.search(r"[Cc]ode:? (\d+)", str(error))
    return found is not None and found[1] in TOO_MUCH


Read = Callable[..., Sequence[Sequence[Any]]]
"""The name of a query and its parameters in, columns out: `Store.written` or `Store.columns`."""


class SchemaChanged(Exception):
    """A migration was edited after it was applied to this database."""


def connect(dsn: str, **options: Any) -> Client:
    """Return a client for `chdb:///some/folder` or `http://user:password@host:8123/database`.

    Raises:
        ClickHouseError: the folder is held by another process, or the server did not answer.
    """
    if not dsn.startswith("chdb:"):
        options["autogenerate_session_id"] = False  # sessions serialise queries; we need none
    return clickhouse_connect.get_client(dsn=dsn, **options)


def engine_options(memory_bytes: int | None) -> dict[str, Any]:
    """Return what an embedded engine is started with so that it stays below so many bytes.

    Its caches of marks and keys would grow to 5 GiB each; they get a sixteenth.
    """
    if memory_bytes is None:
        return {}
    cache = memory_bytes // 16
    caches = {"mark_cache_size": cache, "primary_index_cache_size": cache}
    return {"chdb_options": {"max_server_memory_usage": memory_bytes, **caches}}


def named_database(dsn: str) -> str:
    """Return the database that the path of a server's DSN names, ours when it names none."""
    return DATABASE if dsn.startswith("chdb:") else urlsplit(dsn).path.strip("/") or DATABASE


def migrate(client: Client, cluster: Cluster | None = None) -> list[str]:
    """Apply the migrations this database, or this cluster, lacks; return their names.

    ClickHouse rolls no DDL back, so each file is one statement and is recorded as soon as it ran.

    Raises:
        SchemaChanged: a migration was edited after it was applied here.
    """
    schema = cluster.schema if cluster else str
    client.command(schema(query("create_migrations")))
    if cluster:
        client.command(cluster.spread("migrations"))
    rows = client.query(query("applied_migrations")).result_rows
    applied: dict[int, str] = {row[0]: row[1] for row in rows}
    names = []
    for migration in migrations():
        if (digest := applied.get(migration.number)) == migration.digest:
            continue
        if digest is not None:
            raise SchemaChanged(f"migration {migration.number:04}_{migration.name} was edited")
        client.command(schema(migration.sql))
        done = {"number": migration.number, "name": migration.name, "digest": migration.digest}
        client.command(query("record_migration"), parameters=done)
        names.append(migration.name)
    if cluster and names:
        spread(client, cluster)
    return names


def spread(client: Client, cluster: Cluster) -> None:
    """Make the tables that everybody asks as wide as those on the shards."""
    made = client.query(query("cluster_tables"), parameters={"database": cluster.shard_database})
    for (table,) in made.result_rows:
        client.command(cluster.spread(table))


class Store:
    """One database: a writing client for the drain, and a few reading ones for everybody else.

    `exclusive` tells that no other process can write here, so that what this one has written is
    all there is (an embedded folder; a server may have other writers).
    """

    def __init__(
        self,
        dsn: str,
        database: str = "",
        readers: int = 4,
        cluster: str = "",
        memory_bytes: int | None = None,
    ) -> None:
        """Open the database, which is made when missing.

        Args:
            dsn: where it is.
            database: its name, the DSN's own when left out.
            readers: most questions at once.
            cluster: name of the server's cluster over which its tables are spread, if any.
            memory_bytes: most that an embedded engine may take, None: nine tenths of the machine.
        """
        self.dsn = dsn
        database = database or named_database(dsn)
        self.exclusive = dsn.startswith("chdb:")
        self._types: dict[tuple[str, tuple[str, ...]], dict[str, str]] = {}
        self._cluster = Cluster(cluster, database) if cluster else None
        self._bound = engine_options(memory_bytes) if self.exclusive else {}
        self._settings = CLUSTER_SETTINGS if cluster else {}
        with connect(dsn, database="default", **self._bound) as root:
            if self._cluster:
                for statement in self._cluster.databases():
                    root.command(statement)
            root.command(query("create_database"), parameters={"database": database})
        told = {} if self.exclusive else {"settings": self._settings}
        self._writer = connect(dsn, database=database, **self._bound, **told)
        self.migrated = migrate(self._writer, self._cluster)
        self._database = database
        self._idle: queue.SimpleQueue[Client] = queue.SimpleQueue()
        self._openable = threading.Semaphore(readers)  # opened when first needed: each takes 0.2 s

    def _reader(self) -> Client:
        """Return a client that is bounded first and then can neither write nor lift its bounds."""
        if not self.exclusive:
            limits = {**READ_LIMITS, **self._settings, "readonly": 1}
            return connect(self.dsn, database=self._database, settings=limits)
        client = connect(self.dsn, database=self._database, **self._bound)
        for name, value in READ_LIMITS.items():
            client.command(f"SET {name} = {value}")
        client.command("SET readonly = 1")
        return client

    def insert(self, table: str, columns: Mapping[str, Sequence[Any]], token: str = "") -> None:
        """Write rows, given as columns; return when they are on disk.

        Args:
            table: where to.
            columns: name → values, all of one length; none of length 0 is sent.
            token: name of this very batch, by which a repeated insert of it is recognised.
        """
        names = tuple(columns)
        if not columns[names[0]]:
            return
        settings = INSERT_SETTINGS | ({"insert_deduplication_token": token} if token else {})
        self._writer.raw_insert(
            table,
            names,
            arrow.stream(columns, self._column_types(table, names)),
            settings=settings,
            fmt="ArrowStream",
        )

    def _column_types(self, table: str, names: tuple[str, ...]) -> dict[str, str]:
        """Return the column types of an insert; asked for once, a table never changes under us."""
        if (table, names) not in self._types:
            context = self._writer.create_insert_context(table, column_names=names)
            kinds = (kind.name for kind in context.column_types)
            self._types[table, names] = dict(zip(names, kinds, strict=True))
        return self._types[table, names]

    def takes_rows(self) -> bool:
        """Tell whether the store can be written to at all, by writing a row of no meaning."""
        try:
            self.insert("probes", {"id": [1], "at": [time.time_ns()]})
        except ClickHouseError:
            return False
        return True

    def written(self, name: str, **parameters: Any) -> Sequence[Sequence[Any]]:
        """Return the columns of a query on the writing connection: the drain reads its own writes.

        Only the drain's thread may call this.
        """
        result = self._writer.query(query(name), parameters=parameters, column_oriented=True)
        return result.result_set

    def change(self, name: str, **parameters: Any) -> None:
        """Run `queries/<name>.sql`, which changes rows in place, on the writing connection.

        Only the drain's thread may call this.
        """
        change = self._cluster.change if self._cluster else str
        self._writer.command(change(query(name)), parameters=parameters)

    def rows(self, name: str, **parameters: Any) -> Iterator[dict[str, Any]]:
        """Yield the rows of `queries/<name>.sql` as dicts, on a bounded read-only connection."""
        return self.completed_rows(name, {}, parameters)

    def completed_rows(
        self, name: str, parts: Mapping[str, str], parameters: Mapping[str, Any]
    ) -> Iterator[dict[str, Any]]:
        """Yield the rows of a query whose blanks are filled in with these parts."""
        with self.reading() as client:
            result = client.query(completed(name, parts), parameters=dict(parameters))
        yield from result.named_results()

    def columns(self, name: str, **parameters: Any) -> Sequence[Sequence[Any]]:
        """Return the columns of `queries/<name>.sql`, on a bounded read-only connection."""
        with self.reading() as client:
            result = client.query(query(name), parameters=parameters, column_oriented=True)
            return result.result_set

    def named_columns(self, name: str, **parameters: Any) -> dict[str, Sequence[Any]]:
        """Return the same by the columns' names."""
        with self.reading() as client:
            result = client.query(query(name), parameters=parameters, column_oriented=True)
            return dict(zip(result.column_names, result.result_set, strict=True))

    @contextmanager
    def reading(self) -> Iterator[Client]:
        """Lend a client that is bounded and cannot write."""
        client = self._free_reader()
        try:
            yield client
        finally:
            self._idle.put(client)

    def _free_reader(self) -> Client:
        """Return an idle reader, a new one while there may be more, else the next to be free."""
        try:
            return self._idle.get_nowait()
        except queue.Empty:
            pass
        if self._openable.acquire(blocking=False):
            try:
                return self._reader()
            except ClickHouseError:
                self._openable.release()
                raise
        return self._idle.get()

    def close(self) -> None:
        """Close every connection; the engine lets go of its folder."""
        while not self._idle.empty():
            self._idle.get().close()
        self._writer.close()
