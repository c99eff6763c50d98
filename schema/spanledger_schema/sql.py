"""The SQL of the project, as files: numbered migrations and named queries, one statement each."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files

ROOT = files("spanledger_schema")


@dataclass(frozen=True, slots=True)
class Migration:
    """One step of the schema; `digest` is the SHA-256 of its text."""

    number: int
    name: str
    sql: str

    @property
    def digest(self) -> str:
        """Return the checksum by which an edited migration is recognised."""
        return sha256(self.sql.encode()).hexdigest()


def migrations() -> Iterator[Migration]:
    """Yield the migrations in the order in which they apply."""
    folder = ROOT / "migrations"
    for name in sorted(f.name for f in folder.iterdir() if f.name.endswith(".sql")):
        number, _, rest = name.removesuffix(".sql").partition("_")
        yield Migration(int(number), rest, (folder / name).read_text(encoding="utf-8"))


@cache
def query(name: str) -> str:
    """Return the statement in `queries/<name>.sql`."""
    return (ROOT / "queries" / f"{name}.sql").read_text(encoding="utf-8")


def completed(name: str, parts: Mapping[str, str]) -> str:
    """Return the statement in `queries/<name>.sql` with its blanks filled in.

    A blank is `/*name*/ 1`, so that the file is valid SQL by itself. Parts are expressions of ours
    (`filter_sql`) and never what somebody wrote: that travels as parameters.
    """
    said = query(name)
    for blank, part in parts.items():
        said = said.replace(f"/*{blank}*/ 1", part)
    return said
