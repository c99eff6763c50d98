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


SOURCE = frozenset({"", "from", "match", "reported"})
"""Words before `provider` or `model` that mean the name a span reports; others mean the target."""


def alias(written: Mapping[str, Any]) -> Alias:
    """Return the alias that a mapping writes down.

    Its fields are provider, model, to_provider, to_model; also nested as {"from": {…}, "to": {…}},
    or with the reported name alone as `alias` and the target as provider and model.

    Raises:
        BadPrice: it says not which name it means, or not which model that is.
    """
    reported, target = sides(written)
    if missing := next((side for side in (reported, target) if not side.get("model")), None):
        side = "reported" if missing is reported else "target"
        raise BadPrice(f"alias {dict(written)}: the {side} model is missing; write model, to_model")
    provider = reported.get("provider", "*")
    return Alias(
        provider,
        reported["model"],
        target.get("provider", provider),
        target["model"],
        str(written.get("project_id") or ""),
    )


def sides(written: Mapping[str, Any]) -> tuple[dict[str, str], dict[str, str]]:
    """Return the reported and the target names of an alias, each with provider and model."""
    reported: dict[str, str] = {}
    target: dict[str, str] = {}
    for field, value in written.items():
        if isinstance(value, Mapping):
            (reported if field in SOURCE else target).update(
                {key: str(name) for key, name in value.items() if name}
            )
            continue
        side, _, name = f"_{field}".rpartition("_")
        if name in ("provider", "model") and value:
            (reported if side.strip("_") in SOURCE else target)[name] = str(value)
    if written.get("alias"):
        return {"model": str(written["alias"])}, {**reported, **target}
    return reported, target


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
