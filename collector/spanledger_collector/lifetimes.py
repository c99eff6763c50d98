"""How long what is written is kept: rules by project in, a number of days on every row out.

The engine removes rows when their days are over (the TTL of each table); here they are only given
their days. 0 days stand for "for ever", as in the tables.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from spanledger_collector.keys import EVERY_PROJECT
from spanledger_collector.store import Store


@dataclass(frozen=True, slots=True)
class Days:
    """How long a project keeps what, in days after receipt; 0: for ever."""

    payload_days: int = 0  # prompts, answers, log records, and the lines quoted from them
    ledger_days: int = 0  # spans, tokens and dollars


FOR_EVER = Days()


def stored_rules(store: Store) -> dict[str, Days]:
    """Return the rules by project; the one of `*` is for all that have none of their own."""
    return {
        row["project_id"]: Days(row["payload_days"], row["ledger_days"])
        for row in store.rows("retention")
    }


class Lifetimes:
    """The rules in force. `reload` after they have changed."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._rules: Mapping[str, Days] = {}
        self.reload()

    def reload(self) -> None:
        """Take the rules over as they are stored."""
        self._rules = stored_rules(self._store)

    def of(self, project_id: str) -> Days:
        """Return how long a project keeps what."""
        return self._rules.get(project_id) or self._rules.get(EVERY_PROJECT, FOR_EVER)

    def dated(self, columns: Mapping[str, Sequence[Any]], *names: str) -> dict[str, Sequence[Any]]:
        """Return columns of rows with their days added: `payload_days`, `ledger_days` or both."""
        known = {project_id: self.of(project_id) for project_id in set(columns["project_id"])}
        days = [known[project_id] for project_id in columns["project_id"]]
        return {**columns, **{name: [getattr(each, name) for each in days] for name in names}}
