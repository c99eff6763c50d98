"""What people who sign in may see: claims of their ID token to a project and scopes, by a table.

The table is a file of the operator's (TOML); the first row that is about somebody holds. Knows no
token and no HTTP: the claims it is given are proven.
"""

import tomllib
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from spanledger_collector.idtoken import Claims
from spanledger_collector.keys import Caller

ABOUT = ("email", "group", "subject")
SCOPES = frozenset({"read", "admin"})
MOST_NAME = 200


class TableUnreadable(ValueError):
    """The table of people will not do; the message names the row and the way out."""


@dataclass(frozen=True, slots=True)
class Person:
    """Who signed in. `email` is '' unless the provider says that it is theirs."""

    subject: str
    email: str = ""
    groups: frozenset[str] = frozenset()
    called: str = ""

    @property
    def name(self) -> str:
        """Return what the audit calls them: the address that is proven, else the provider's id."""
        known = f"{self.subject} ({self.called})" if self.called else self.subject
        return (self.email or known)[:MOST_NAME]


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: `email` may be a pattern, as in `*@example.com`."""

    about: str
    value: str
    project_id: str
    scopes: frozenset[str]

    def fits(self, person: Person) -> bool:
        """Tell whether this line is about a person."""
        if self.about == "group":
            return self.value in person.groups
        if self.about == "subject":
            return self.value == person.subject
        return bool(person.email) and fnmatchcase(person.email.lower(), self.value.lower())


@dataclass(frozen=True, slots=True)
class People:
    """The table."""

    rows: tuple[Row, ...]
    groups_claim: str = "groups"

    def caller(self, claims: Claims) -> Caller:
        """Return who asks with these claims; one whom no row is about may do nothing."""
        person = person_of(claims, self.groups_claim)
        row = next((row for row in self.rows if row.fits(person)), None)
        if row is None:
            return Caller("", "", frozenset(), person.name)
        return Caller(row.project_id, "", row.scopes, person.name)


def person_of(claims: Claims, groups_claim: str) -> Person:
    """Return the person that claims are about."""
    groups = claims.get(groups_claim)
    listed = groups if isinstance(groups, list) else [groups]
    email, verified = text(claims, "email"), claims.get("email_verified")
    return Person(
        subject=text(claims, "sub"),
        email=email if verified in (True, "true") else "",
        groups=frozenset(group for group in listed if isinstance(group, str)),
        called=text(claims, "preferred_username") or email,
    )


def text(claims: Claims, name: str) -> str:
    """Return a claim that is a text, '' when it is none."""
    value = claims.get(name)
    return value if isinstance(value, str) else ""


def read_people(file: Path) -> People:
    """Return the table in a file.

    Raises:
        TableUnreadable: it is not there, or a row will not do.
    """
    try:
        said = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise TableUnreadable(f"{file}: {error}") from error
    rows, claim = said.pop("people", None), said.pop("groups_claim", "groups")
    if said or not isinstance(rows, list) or not rows or not isinstance(claim, str):
        unknown = f"no {min(said)} belongs there; " if said else ""
        raise TableUnreadable(f"{file}: {unknown}write groups_claim and rows of [[people]]")
    return People(tuple(row_of(file, n, row) for n, row in enumerate(rows, 1)), claim)


def row_of(file: Path, number: int, row: Any) -> Row:
    """Return one row of the file, or refuse it by its number."""
    about = [name for name in ABOUT if isinstance(row, dict) and name in row]
    if len(about) != 1 or row.keys() - {*ABOUT, "project", "scopes"}:
        raise TableUnreadable(
            f"{file}: row {number} of [[people]]: give one of {', '.join(ABOUT)}, with project and scopes"
        )
    value, project, scopes = row[about[0]], row.get("project", "default"), row.get("scopes")
    if not (isinstance(value, str) and value and isinstance(project, str) and project):
        raise TableUnreadable(f"{file}: row {number} of [[people]]: texts are written in quotes")
    if not isinstance(scopes, list) or not scopes or not SCOPES.issuperset(map(str, scopes)):
        raise TableUnreadable(
            f'{file}: row {number} of [[people]]: scopes are ["read"] or ["read", "admin"];'
            " agents send with keys"
        )
    return Row(about[0], value, project, frozenset(scopes))
