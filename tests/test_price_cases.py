"""The shared table of calls with their exact costs; its README tells the form."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from spanledger_collector.pricebook import Pricebook
from spanledger_collector.quote import quote

CASES = [
    json.loads(line)
    for line in (Path(__file__).parent / "data/costs/cases.jsonl").read_text().splitlines()
]
ASKED = (
    "id", "provider", "model_as_reported", "timestamp", "dialect", "semantics", "usage",
    "context", "custom_prices",
)  # fmt: skip


@pytest.fixture(scope="module")
def book() -> Pricebook:
    return Pricebook()


def lines(components: list[dict[str, Any]]) -> list[tuple[str, int, Decimal, Decimal]]:
    return [
        (c["meter"], c["quantity"], Decimal(c["usd_per_unit"]), Decimal(c["usd"]))
        for c in components
    ]


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_every_case_comes_out_to_the_last_digit(case: dict[str, Any], book: Pricebook):
    found = quote(json.dumps({key: case[key] for key in ASKED if key in case}), book)
    assert found["status"] == case["expected_status"]
    assert lines(found["components"]) == lines(case["components"])
    if case["expected_usd"] is None:
        assert found["usd"] is None
    else:
        assert Decimal(found["usd"]) == Decimal(case["expected_usd"])


def test_twins_in_inclusive_and_exclusive_counts_cost_the_same(book: Pricebook):
    by_id = {case["id"]: case for case in CASES}
    twins = [quote(json.dumps(by_id[name]), book) for name in ("dev-022", "dev-023")]
    assert twins[0]["components"] == twins[1]["components"]
