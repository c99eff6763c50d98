"""Which words are taken out of what arrives: the rules by name, from settings and a file.

    redact = "emails,cards"            names of built-in rules, for every project
    redact_rules = "rules.toml"        a file of own rules:

    [[rule]]
    name = "orders"                    what stands in the place of the words: [redacted:orders]
    pattern = "ORD-[0-9]{8}"           in any text …
    keys = ["http.request.header.*"]   … or whole values of these attributes
    projects = ["shop"]                every project where left out

    [[allow]]                          or the other way round: only these attributes keep their text
    keys = ["gen_ai.*"]
    projects = ["bank"]

A rule that will not do is refused before anything is taken in.
"""

import re
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import translate
from pathlib import Path
from typing import Any

from spanledger_collector.redact.builtin import BUILTIN, Is, anything
from spanledger_collector.redact.linear import Costly, compiled

NAME = re.compile(r"[a-z0-9_]{1,40}")
NOT_ALLOWED = "not_allowed"  # the name under which an allow-list counts


class BadRule(ValueError):
    """A rule will not do; the message names it and the way out."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What is taken out: matches of a pattern, whole values of some attributes, or of all others."""

    name: str
    pattern: re.Pattern[str] | None = None
    is_one: Is = anything
    keys: re.Pattern[str] | None = None
    only: re.Pattern[str] | None = None  # an allow-list: every attribute but these
    projects: frozenset[str] = frozenset()  # none: every project

    def covers(self, project_id: str) -> bool:
        """Tell whether it is for a project."""
        return not self.projects or project_id in self.projects

    def takes(self, key: str) -> bool:
        """Tell whether the whole value of an attribute goes."""
        listed = self.keys is not None and self.keys.match(key) is not None
        return listed or (self.only is not None and self.only.match(key) is None)


def load(names: Iterable[str], file: str) -> tuple[Rule, ...]:
    """Return the built-in rules of these names and the rules in a file, '' for none.

    Raises:
        BadRule: a name is unknown, the file cannot be read, or a rule in it will not do.
    """
    return (*(builtin(name) for name in names), *(from_file(Path(file)) if file else ()))


def builtin(name: str) -> Rule:
    """Return a built-in rule."""
    if name not in BUILTIN:
        raise BadRule(f"--redact: no rule is called {name!r}; there are {', '.join(BUILTIN)}")
    pattern, is_one = BUILTIN[name]
    return Rule(name, pattern, is_one)


def from_file(path: Path) -> Sequence[Rule]:
    """Return the rules in a file."""
    try:
        said = tomllib.loads(path.expanduser().read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadRule(f"--redact-rules {path}: {error}") from error
    if unknown := said.keys() - {"rule", "allow"}:
        raise BadRule(f"--redact-rules {path}: {unknown.pop()!r} is neither [[rule]] nor [[allow]]")
    found = [from_table(each, "name", "pattern", "keys") for each in said.get("rule", ())]
    allowed = [from_table(each, "keys") for each in said.get("allow", ())]
    return [*found, *(Rule(NOT_ALLOWED, only=r.keys, projects=r.projects) for r in allowed)]


def from_table(said: dict[str, Any], *known: str) -> Rule:
    """Return one rule of a file."""
    name = said.get("name", NOT_ALLOWED)
    where = f"redaction rule {name!r}"
    if unknown := said.keys() - {*known, "projects"}:
        raise BadRule(f"{where}: knows no {unknown.pop()!r}, but {', '.join(known)}, projects")
    if not isinstance(name, str) or not NAME.fullmatch(name) or name in BUILTIN:
        raise BadRule(f"{where}: give it a name of its own, in a-z, 0-9 and _")
    if "pattern" not in said and "keys" not in said:
        raise BadRule(f"{where}: says neither a pattern nor keys")
    try:
        pattern = compiled(said["pattern"]) if "pattern" in said else None
    except (Costly, TypeError) as error:
        raise BadRule(f"{where}: its pattern {said['pattern']!r} {error}") from error
    keys = globs(texts(where, said["keys"])) if "keys" in said else None
    projects = frozenset(texts(where, said.get("projects", [])))
    return Rule(name, pattern, keys=keys, projects=projects)


def texts(where: str, said: Any) -> list[str]:
    """Return a list of texts."""
    if not isinstance(said, list) or not all(isinstance(each, str) for each in said):
        raise BadRule(f"{where}: keys and projects are lists of texts, not {said!r}")
    return said


def globs(names: Iterable[str]) -> re.Pattern[str]:
    """Return what matches any of these names, in which * stands for anything."""
    return re.compile("|".join(translate(name.lower()) for name in names), re.IGNORECASE)
