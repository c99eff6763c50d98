"""The statements of the project as a cluster of ClickHouse servers wants them.

A migration or a change of rows comes in as it stands in its file, text for a server of the cluster goes
out. The tables proper are replicated and lie on each shard, in a database of their own. In the database
that everybody asks stand `Distributed` tables of the same names: spans and totals are spread by trace,
so that all versions of a row are on one shard, where FINAL sees them; everything small is on the first.
"""

import re
from dataclasses import dataclass

BY_TRACE = ("spans", "payloads", "log_records", "traces")

MAKES = re.compile(
    r"^(CREATE TABLE(?: IF NOT EXISTS)?|CREATE MATERIALIZED VIEW|ALTER TABLE|DELETE FROM) (\w+)",
    re.M,
)
DROPS = re.compile(r"^DROP TABLE (.+)$", re.M)
ENGINE = re.compile(r"^(ENGINE = )(\w*MergeTree)\b", re.M)
READS = re.compile(r"\bFROM ([a-z_]+)\b(?!\.)")


@dataclass(frozen=True, slots=True)
class Cluster:
    """A cluster by its name in `remote_servers`, and the database that everybody asks."""

    name: str
    database: str

    @property
    def shard_database(self) -> str:
        """Return the database that holds the tables proper."""
        return f"{self.database}_shard"

    def databases(self) -> list[str]:
        """Return the statements that make both databases."""
        names = (self.database, self.shard_database)
        return [
            f"CREATE DATABASE IF NOT EXISTS `{name}` ON CLUSTER `{self.name}`" for name in names
        ]

    def schema(self, sql: str) -> str:
        """Return a migration for the tables of all shards, replicated; views read their own shard.

        The replicated engines take their path from the servers' `default_replica_path`.
        """
        said = READS.sub(rf"FROM `{self.shard_database}`.\1", sql)
        said = ENGINE.sub(r"\1Replicated\2", self._everywhere(said))
        return DROPS.sub(lambda found: self._dropped(found[1]), said)

    def change(self, sql: str) -> str:
        """Return a change of rows for the tables of all shards; what it asks for may be anywhere.

        One that only adds rows finds their shards by itself.
        """
        found = MAKES.search(sql)
        if found is None:
            return sql
        asked = READS.sub(rf"FROM `{self.database}`.\1", sql[found.end() :])
        return self._everywhere(sql[: found.end()]) + asked

    def spread(self, table: str) -> str:
        """Return the statement that makes the table of this name that everybody asks."""
        key = "sipHash64(trace_id)" if table in BY_TRACE else "0"
        return (
            f"CREATE OR REPLACE TABLE `{self.database}`.`{table}` ON CLUSTER `{self.name}`"
            f" AS `{self.shard_database}`.`{table}`"
            f" ENGINE = Distributed(`{self.name}`, `{self.shard_database}`, `{table}`, {key})"
        )

    def _everywhere(self, sql: str) -> str:
        return MAKES.sub(rf"\1 `{self.shard_database}`.\2 ON CLUSTER `{self.name}`", sql)

    def _dropped(self, tables: str) -> str:
        named = ", ".join(f"`{self.shard_database}`.{table.strip()}" for table in tables.split(","))
        return f"DROP TABLE {named} ON CLUSTER `{self.name}`"
