"""The account of a call adds up on screen as it does in the ledger."""

from typing import Any

import pytest

from spanledger_schema.api import BillLine, SpanDetail
from spanledger_ui import bill
from tests.ui_shapes import span_detail


def billed(**known: Any) -> SpanDetail:
    """Return a call with a bill."""
    lines = [
        BillLine("input", 1747, "0.0000025", "0.0043675"),
        BillLine("cache_read", 1024, "0.00000125", "0.00128"),
        BillLine("output", 213, "0.00001", "0.00213"),
    ]
    return span_detail(lines=lines, cost_usd="0.0077775", cost_source="priced", **known)


def test_an_account_lines_its_numbers_up():
    assert bill.account(billed()).splitlines() == [
        "input      1,747  × 2.50/M 0.0043675",
        "cache read 1,024  × 1.25/M 0.0012800",
        "output       213 × 10.00/M 0.0021300",
        "────────────────────────────────────",
        "                       USD 0.0077775",
    ]


def test_a_search_is_priced_each():
    search = [BillLine("web_search", 2, "0.01", "0.02")]
    account = bill.account(span_detail(lines=search, cost_usd="0.02"))
    assert account.splitlines()[0] == "web search 2 × 0.01 each 0.02"


def test_a_span_without_a_bill_has_no_account():
    assert bill.account(span_detail()) == ""


@pytest.mark.parametrize(
    ("known", "said"),
    [
        ({"cost_source": "priced"}, ["Priced from the reported tokens."]),
        ({"cost_source": "reported", "reported_usd": "0.5"}, [
            "The dollars are the sender's own.", "The sender reported 0.5 USD."]),
        ({"cost_source": "estimated"}, ["Estimated: the tokens were counted here, not reported."]),
        ({"cost_source": "estimated", "estimate_method": "tiktoken/o200k_base@1.2",
          "estimate_error_pct": 30}, [
            "Estimated: the tokens were counted here by tiktoken/o200k_base@1.2, not reported;"
            " expect ±30 %."]),
        ({"cost_source": "unpriced", "price_reason": "unknown-model"}, ["Unpriced: unknown-model."]),
        ({"cost_source": "unpriced"}, ["Unpriced: no rate is known."]),
        ({"cost_source": "priced", "price_status": "partial", "price_reason": "missing-meter: x"}, [
            "Priced from the reported tokens.", "In part only: missing-meter: x."]),
        ({"billed": False, "not_billed_because": "rollup"}, ["Not billed here: rollup."]),
        ({"price_id": "openai", "model_priced": "gpt-5"}, ["Rate card openai, model gpt-5."]),
        ({}, []),
    ],
)  # fmt: skip
def test_dollars_say_where_they_come_from(known: dict[str, Any], said: list[str]):
    assert bill.basis(span_detail(**known)) == said


def test_tokens_that_were_not_reported_are_unknown_not_zero():
    assert bill.usage(span_detail(output_tokens=0)) == [("input", "–"), ("output", "0")]
    assert bill.usage(span_detail(input_tokens=9, cache_read_tokens=4, output_tokens=1)) == [
        ("input", "9"),
        ("of it from cache", "4"),
        ("output", "1"),
    ]
