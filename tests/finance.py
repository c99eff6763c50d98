"""Calls for tests of the ledger, and what the ledger says about them."""

from typing import Any

from tests.otlp import NOON_NS, attribute, span
from tests.pipeline import Pipeline

DAY_NS = 86_400_000_000_000

PRICE = {
    "id": "llama", "provider": "vllm", "model": "llama-3.3-70b",
    "effective_from": "2026-11-01T00:00:00Z", "usd_per_mtok": {"input": "0.10", "output": "0.40"},
}  # fmt: skip
"""A price of ours for the model of `call`: 0.00038 dollars a call."""

NOVEMBER = {"from": "2026-11-01T00:00:00Z", "to": "2026-12-01T00:00:00Z"}


def call(number: int, days_ago: int = 0, now_ns: int = NOON_NS, **said: str | int) -> Any:
    """Return the span of a call in a trace of its own: 3000 tokens in, 200 out, of our own model.

    `said` are further attributes; a "__" in a name stands for a dot.
    """
    attributes: dict[str, str | int] = {
        "gen_ai.operation.name": "chat", "gen_ai.provider.name": "vllm",
        "gen_ai.response.model": "llama-3.3-70b", "gen_ai.usage.input_tokens": 3000,
        "gen_ai.usage.output_tokens": 200,
    }  # fmt: skip
    attributes |= {name.replace("__", "."): value for name, value in said.items()}
    start_ns = now_ns - days_ago * DAY_NS
    return span(
        trace_id=number.to_bytes(16), span_id=number.to_bytes(8), start_time_unix_nano=start_ns,
        end_time_unix_nano=start_ns + 1_000_000_000,
        attributes=[attribute(key, value) for key, value in attributes.items()],
    )  # fmt: skip


def gpt(number: int, days_ago: int = 0, **said: str | int) -> Any:
    """Return the span of a call of a model that the catalogue has: 0.0095 dollars."""
    names: dict[str, Any] = {
        "gen_ai__provider__name": "openai",
        "gen_ai__response__model": "gpt-4o-2024-08-06",
    }
    return call(number, days_ago, **(names | said))


def add_price(pipeline: Pipeline, **fields: Any) -> None:
    """Write down a price of our own, that of `call` but for the fields given."""
    pipeline.ask("POST", "prices", 201, json=PRICE | fields)


def reprice(pipeline: Pipeline, **asked: Any) -> Any:
    """Return what a repricing of November says; it writes unless told otherwise."""
    return pipeline.ask("POST", "reprice", json=NOVEMBER | {"dry_run": False} | asked)


def spent(pipeline: Pipeline) -> tuple[str | None, int]:
    """Return the dollars of everything, and how many calls have none."""
    total = pipeline.get("spend")["total"]
    return total["cost_usd"], total["unpriced_calls"]


def balanced(pipeline: Pipeline) -> bool:
    """Tell whether every identity holds."""
    found: bool = pipeline.get("verify")["holds"]
    return found
