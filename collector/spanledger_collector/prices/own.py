"""The operator's own table: price rows and aliases in, the row that wins for a call out.

Own rows beat the catalogue and its corrections. Of several that hold, a project's own beats one
for all projects, a plain name a glob, a longer glob a shorter one, a later start an earlier one.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from spanledger_collector.prices.contexts import Context
from spanledger_collector.prices.rowfile import BadPrice
from spanledger_collector.prices.rows import Row, pattern, telling
from spanledger_collector.providers import fold


@dataclass(frozen=True, slots=True)
class Alias:
    """Another name for a model: an Azure deployment, an inference profile, a gateway's route."""

    provider: str
    model: str  # "*" in it stands for anything
    to_provider: str
    to_model: str
    project_id: str = ""

    def names(self, provider: str, model: str, project_id: str) -> bool:
        """Tell whether the alias is meant by these reported names."""
        return (
            self.project_id in ("", project_id)
            and same_provider(self.provider, provider)
            and pattern(self.model).fullmatch(model.strip()) is not None
        )


def same_provider(one: str, other: str) -> bool:
    """Tell whether two provider names mean the same, "*" any."""
    left, right = one.strip().lower(), other.strip().lower()
    return left in ("*", right) or (bool(fold(left)) and fold(left) == fold(right))


ALIAS_FIELDS: Mapping[str, tuple[str, ...]] = {
    "provider": ("provider", "from_provider"),
    "model": ("model", "model_pattern", "alias", "from_model", "deployment"),
    "to_provider": ("to_provider", "target_provider", "as_provider", "canonical_provider"),
    "to_model": ("to_model", "target_model", "as_model", "canonical_model", "target"),
}


def alias(written: Mapping[str, Any]) -> Alias:
    """Return the alias that a mapping writes down, flat or with `from` and `to` inside it.

    Raises:
        BadPrice: it says not which model it means or not which one that is.
    """
    fields = flattened(written)
    found = {
        name: next((str(fields[key]) for key in keys if fields.get(key)), "")
        for name, keys in ALIAS_FIELDS.items()
    }
    if missing := [name for name in ("model", "to_model") if not found[name]]:
        raise BadPrice(f"alias {dict(written)}: {missing[0]} is missing")
    provider = found["provider"] or "*"
    return Alias(
        provider,
        found["model"],
        found["to_provider"] or provider,
        found["to_model"],
        str(fields.get("project_id") or ""),
    )


def flattened(written: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of an alias with those inside `from` and `to` moved up."""
    fields = {key: value for key, value in written.items() if not isinstance(value, Mapping)}
    for side, prefix in (("from", ""), ("match", ""), ("to", "to_"), ("target", "to_")):
        inner = written.get(side)
        if isinstance(inner, Mapping):
            fields |= {prefix + key: value for key, value in inner.items()}
    return fields


@dataclass(frozen=True, slots=True)
class OwnTable:
    """The rows and aliases of one deployment."""

    rows: tuple[Row, ...] = ()
    aliases: tuple[Alias, ...] = ()

    def renamed(self, provider: str, model: str, project_id: str) -> tuple[str, str]:
        """Return the names to look a call up by; a project's own alias beats a general one."""
        hits = [one for one in self.aliases if one.names(provider, model, project_id)]
        if not hits:
            return provider, model
        best = max(hits, key=lambda one: (one.project_id != "", telling(one.model)))
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
