"""The operator's own table: a call in, its real name and the rows that hold for it out.

Own rows beat the catalogue and its corrections. Of several that hold, a project's own beats one
for all projects, a plain name a glob, a longer glob a shorter one, a later start an earlier one.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from spanledger_collector.prices.aliases import Alias, alias
from spanledger_collector.prices.contexts import Context
from spanledger_collector.prices.rows import Row, telling

__all__ = ["Alias", "OwnTable", "alias", "holding"]


@dataclass(frozen=True, slots=True)
class OwnTable:
    """The rows and aliases of one deployment."""

    rows: tuple[Row, ...] = ()
    aliases: tuple[Alias, ...] = ()

    def meant(self, provider: str, model: str, project_id: str) -> tuple[Alias, ...]:
        """Return the aliases that these names may mean, whenever they hold."""
        return tuple(one for one in self.aliases if one.names(provider, model, project_id))

    def renamed(self, provider: str, model: str, project_id: str, at: datetime) -> tuple[str, str]:
        """Return the names to look a call of a moment up by.

        A project's own alias beats a general one, a plain name a glob, a later start an earlier.
        """
        hits = [one for one in self.meant(provider, model, project_id) if one.holds(at)]
        if not hits:
            return provider, model
        best = max(hits, key=lambda one: (one.project_id != "", telling(one.model), one.since))
        return (provider if best.to_provider == "*" else best.to_provider), best.to_model

    def about(
        self, providers: Collection[str], names: Sequence[str], project_id: str
    ) -> tuple[Row, ...]:
        """Return the rows that name a model, the most telling first."""
        ranked = []
        for row in self.rows:
            hit = row.names(providers, names)
            if hit is not None and row.project_id in ("", project_id):
                rank = (row.project_id != "", telling(hit), len(row.when), row.since, row.order)
                ranked.append((rank, row))
        return tuple(row for _, row in sorted(ranked, key=lambda pair: pair[0], reverse=True))


def holding(rows: Iterable[Row], at: datetime, context: Context) -> tuple[Row, ...]:
    """Return the rows that hold at a moment, the winner first."""
    return tuple(row for row in rows if row.holds(at, context))
