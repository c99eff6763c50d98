"""Narrow facts for tests, made with only what a test is about."""

from decimal import Decimal
from typing import Any

from spanledger_collector.reconcile import Fact

NOON_NS = 1_795_262_400_000_000_000  # 2026-11-21T12:00:00Z
SECOND_NS = 1_000_000_000


def span(number: int, parent: int | None = None, **known: Any) -> Fact:
    """Return the fact of span `number`, which starts that many seconds after noon."""
    start_ns = NOON_NS + number * SECOND_NS
    given: dict[str, Any] = {
        "span_id": number.to_bytes(8), "parent_span_id": parent.to_bytes(8) if parent else b"",
        "ver": 1, "kind": "span", "name": f"span {number}", "status": "unset",
        "start_ns": start_ns, "end_ns": start_ns + SECOND_NS,
    }  # fmt: skip
    return Fact(**(given | known))


def call(number: int, parent: int | None = None, usd: str | None = "0.001", **known: Any) -> Fact:
    """Return the fact of a priced model call of 100 tokens in and 10 out."""
    given: dict[str, Any] = {
        "kind": "llm", "provider": "openai", "response_model": "gpt-4o", "usage_state": "reported",
        "usage_source": "provider", "input_tokens": 100, "output_tokens": 10,
        "cost_usd": None if usd is None else Decimal(usd),
        "cost_source": "unpriced" if usd is None else "priced",
    }  # fmt: skip
    return span(number, parent, **(given | known))
