"""A call described in JSON in, what it costs out: the pricing pipeline without a span.

The fields are those of tests/data/costs/README.md. A description that makes no sense is answered
`invalid` with the reason; it never stops the lines after it.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from spanledger_collector.pricebook import Pricebook, nanoseconds
from spanledger_collector.prices.aliases import alias
from spanledger_collector.prices.rowfile import instant, row
from spanledger_collector.usage import usage
from spanledger_schema.span import NUMBERS, Bill, Counts, Scope

COUNTS: Mapping[str, str] = {name: name for name in NUMBERS} | {
    "tool_use_prompt_tokens": "tool_prompt_tokens"
}
"""Names of counts in a description → fields of `Counts`."""

EXCLUSIVE_DIALECTS = frozenset({"anthropic", "bedrock_converse"})
OUTSIDE_DIALECTS = frozenset({"gemini", "xai_chat"})
UNDECIDED_DIALECTS = frozenset({"", "otel_genai"})
"""What the usage forms mean where `semantics` does not say it."""


def quotes(
    lines: Iterable[str | bytes], book: Pricebook, project_id: str = ""
) -> Iterator[dict[str, Any]]:
    """Yield the answer to each line that is not empty, in order."""
    for line in lines:
        if line.strip():
            yield quote(line, book, project_id)


def quote(line: str | bytes, book: Pricebook, project_id: str = "") -> dict[str, Any]:
    """Return the answer to one description.

    Args:
        line: one JSON object.
        book: the prices where the description brings none of its own.
        project_id: whose own prices count beside those for all.
    """
    name = None
    try:
        asked = described(line)
        name = asked.get("id")
        return answer(name, bill(asked, book, project_id))
    except (AttributeError, KeyError, TypeError, ValueError) as problem:
        return answer(name, Bill(None, "invalid", f"{type(problem).__name__}: {problem}"))


def described(line: str | bytes) -> Mapping[str, Any]:
    """Return the object on a line; whole numbers keep their digits, however many."""
    found = json.loads(line)
    if not isinstance(found, dict):
        raise TypeError("not a JSON object")
    return found


def bill(asked: Mapping[str, Any], book: Pricebook, project_id: str = "") -> Bill:
    """Return the bill of a described call."""
    provider = str(asked.get("provider") or "")
    return own_book(asked.get("custom_prices"), book).bill(
        provider,
        str(asked.get("model_as_reported") or asked.get("model") or ""),
        usage(counts(asked), provider=provider, scope=Scope()),
        nanoseconds(instant(asked["timestamp"])),
        {str(key): str(value) for key, value in (asked.get("context") or {}).items()},
        project_id,
    )


def own_book(custom: Mapping[str, Any] | None, book: Pricebook) -> Pricebook:
    """Return a book with the own prices and aliases of a description, else the given one."""
    if not custom:
        return book
    prices, aliases = custom.get("prices") or (), custom.get("aliases") or ()
    return Pricebook(
        [row(written, order) for order, written in enumerate(prices)],
        [alias(written) for written in aliases],
    )


def counts(asked: Mapping[str, Any]) -> Counts:
    """Return the counts of a description, with what it says or its dialect implies about them."""
    found: dict[str, Any] = {}
    invalid = []
    for name, value in (asked.get("usage") or {}).items():
        if name not in COUNTS:
            raise ValueError(f"usage has no count {name!r}")
        number = whole(value)
        if value is not None and number is None:
            invalid.append(name)
        found[COUNTS[name]] = number
    semantics, dialect = asked.get("semantics") or {}, asked.get("dialect") or ""
    if semantics.get("tool_use_prompt") == "inside":
        found["tool_prompt_tokens"] = None  # already part of the input
    meant = None if dialect in UNDECIDED_DIALECTS else dialect
    return Counts(
        **found,
        includes_cache=said(
            semantics.get("input"), "inclusive", meant and meant not in EXCLUSIVE_DIALECTS
        ),
        includes_reasoning=said(
            semantics.get("reasoning"), "inside", meant and meant not in OUTSIDE_DIALECTS
        ),
        invalid=tuple(invalid),
    )


def said(word: Any, yes: str, otherwise: Any) -> bool | None:
    """Return whether a description says so, else what its dialect implies, else None."""
    if word is None:
        return None if otherwise is None else bool(otherwise)
    return bool(word == yes)


def whole(value: Any) -> int | None:
    """Return a count, also one beyond belief, or None when it is no whole number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return int(value) if value == value // 1 else None


def answer(name: Any, found: Bill) -> dict[str, Any]:
    """Return a bill as JSON: dollars as decimal strings, None where there is no price."""
    return {
        "id": name,
        "usd": plain(found.usd),
        "status": found.status,
        "reason": found.reason,
        "components": [
            {
                "meter": line.meter,
                "quantity": line.quantity,
                "usd_per_unit": plain(line.usd_per_unit),
                "usd": plain(line.usd),
            }
            for line in found.lines
        ],
        "model": found.model_priced,
        "price_id": found.price_id,
        "price_version": found.price_version,
    }


def plain(usd: Decimal | None) -> str | None:
    """Return dollars without an exponent and without idle zeros."""
    if usd is None:
        return None
    text = f"{usd:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
