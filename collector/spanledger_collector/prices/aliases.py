"""Aliases as they are written down: other names for a model, and which calls they mean.

Azure deployments, inference profiles and gateways' routes say nothing about the model behind
them; an alias does, for a time or for good. Knows no prices.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from spanledger_collector.prices.rowfile import BadPrice, interval
from spanledger_collector.prices.rows import BEGINNING, END, pattern
from spanledger_collector.providers import fold


@dataclass(frozen=True, slots=True)
class Alias:
    """Another name for a model: an Azure deployment, an inference profile, a gateway's route."""

    provider: str
    model: str  # "*" in it stands for anything
    to_provider: str
    to_model: str
    project_id: str = ""
    since: datetime = BEGINNING
    until: datetime = END  # exclusive

    def names(self, provider: str, model: str, project_id: str) -> bool:
        """Tell whether the alias is meant by these reported names."""
        return (
            self.project_id in ("", project_id)
            and same_provider(self.provider, provider)
            and pattern(self.model).fullmatch(model.strip()) is not None
        )

    def holds(self, at: datetime) -> bool:
        """Tell whether the alias holds at a moment."""
        return self.since <= at < self.until


def same_provider(one: str, other: str) -> bool:
    """Tell whether two provider names mean the same, "*" any."""
    left, right = one.strip().lower(), other.strip().lower()
    return left in ("*", right) or (bool(fold(left)) and fold(left) == fold(right))


REPORTED = frozenset({"from", "match", "reported"})
"""Words before `provider` or `model` that mean what a span reports; others mean the target."""

SIDES = REPORTED | {"to", "target"}


def alias(written: Mapping[str, Any]) -> Alias:
    """Return the alias that a mapping writes down.

    Its fields are provider, model, to_provider, to_model; also nested as {"from": {…}, "to": {…}},
    or with the reported name alone as `alias` and the target as provider and model. It holds in
    [effective_from, effective_to), always where they are left out.

    Raises:
        BadPrice: it says not which name it means, not which model that is, or no time to hold in.
    """
    reported, target = sides(written)
    for side, names in (("reported", reported), ("target", target)):
        if not names.get("model"):
            raise BadPrice(f"alias {dict(written)}: the {side} model is missing")
    try:
        since, until = interval(written)
    except (TypeError, ValueError) as problem:
        raise BadPrice(f"alias {dict(written)}: {problem}") from problem
    provider = reported.get("provider", "*")
    return Alias(
        provider,
        reported["model"],
        target.get("provider", provider),
        target["model"],
        str(written.get("project_id") or ""),
        since,
        until,
    )


def sides(written: Mapping[str, Any]) -> tuple[dict[str, str], dict[str, str]]:
    """Return the reported and the target names of an alias, each with provider and model.

    Names without a side are the reported ones, unless another field already gives those.
    """
    plain: dict[str, str] = {}
    reported: dict[str, str] = {"model": str(written["alias"])} if written.get("alias") else {}
    target: dict[str, str] = {}
    for field, value in written.items():
        side, _, name = f"_{field.removesuffix('_pattern')}".rpartition("_")
        if field in SIDES:
            side, names = field, value if isinstance(value, Mapping) else {"model": value}
        elif name in ("provider", "model"):
            names = {name: value}
        else:
            continue
        names = {key: str(text) for key, text in names.items() if text}
        side = side.strip("_")
        (plain if not side else reported if side in REPORTED else target).update(names)
    if reported.get("model"):
        return reported, {**plain, **target}
    return plain, target
