"""What a call costs at list prices, for `max_usd` alone: the server's own books are what counts.

The attributes of a span come in, tokens and dollars go out; a model that the shipped table does not
have is None, never 0. The table is made by `bench/rates.py` from the server's catalogue.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any

MTOK = Decimal(1_000_000)
INPUT = ("gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens", "llm.token_count.prompt")
OUTPUT = (
    "gen_ai.usage.output_tokens",
    "gen_ai.usage.completion_tokens",
    "llm.token_count.completion",
)
READ = (
    "gen_ai.usage.cache_read.input_tokens",
    "gen_ai.usage.cache_read_input_tokens",
    "llm.token_count.prompt_details.cache_read",
)
WRITE = (
    "gen_ai.usage.cache_write.input_tokens",
    "gen_ai.usage.cache_creation.input_tokens",
    "gen_ai.usage.cache_creation_input_tokens",
    "llm.token_count.prompt_details.cache_write",
)
MODEL = (
    "gen_ai.response.model",
    "gen_ai.request.model",
    "llm.response.model_name",
    "llm.model_name",
)
REPORTED = "spanledger.cost.usd"
CALLS = frozenset({"chat", "text_completion", "generate_content", "embeddings", "LLM", "EMBEDDING"})

DATED = re.compile(r"[-@](\d{8}|\d{4}-\d{2}-\d{2}|latest|\d{3})$")
"""How a name ends that means one version of a model."""


@dataclass(frozen=True, slots=True)
class Spent:
    """What one call used. `usd` is None where no rate is known."""

    model: str
    tokens: int
    usd: Decimal | None


def cost(attributes: Mapping[str, Any]) -> Spent | None:
    """Return what a span's call used, None where the span is no call."""
    if (reported := attributes.get(REPORTED)) is not None:
        return Spent("", 0, Decimal(str(reported)))
    kind = attributes.get("gen_ai.operation.name") or attributes.get("openinference.span.kind")
    if kind not in CALLS:
        return None
    model = str(first(attributes, MODEL) or "")
    counts = [number(first(attributes, names)) for names in (INPUT, OUTPUT, READ, WRITE)]
    return Spent(model, counts[0] + counts[1], usd(model, *counts))


def usd(
    model: str, input_tokens: int, output_tokens: int, cache_read: int, cache_write: int
) -> Decimal | None:
    """Return the list price of a call in dollars; the input includes what the cache held."""
    rate = rates(model)
    if rate is None:
        return None
    plain = max(0, input_tokens - cache_read - cache_write)
    per_mtok = rate["input"] * plain + rate["output"] * output_tokens
    per_mtok += rate.get("cache_read", rate["input"]) * cache_read
    per_mtok += rate.get("cache_write", rate["input"]) * cache_write
    return per_mtok / MTOK


def rates(model: str) -> Mapping[str, Decimal] | None:
    """Return the rates of a model in dollars per million tokens, None where they are unknown."""
    name = model.lower().rpartition("/")[2]
    return table().get(name) or table().get(DATED.sub("", name))


@cache
def table() -> Mapping[str, Mapping[str, Decimal]]:
    """Return the shipped rates by model."""
    text = files("spanledger").joinpath("rates.json").read_text(encoding="utf-8")
    found: Mapping[str, Mapping[str, Decimal]] = json.loads(
        text, parse_float=Decimal, parse_int=Decimal
    )["usd_per_mtok"]
    return found


def first(attributes: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    """Return the first attribute that is there."""
    return next((attributes[name] for name in names if name in attributes), None)


def number(value: object) -> int:
    """Return a token count; what is none uses nothing of the budget."""
    return value if type(value) is int and value > 0 else 0
