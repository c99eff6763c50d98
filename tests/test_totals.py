"""What a trace adds up to."""

from decimal import Decimal
from typing import Any

from spanledger_collector.reconcile import Fact, verdict
from spanledger_collector.totals import TRACE_COLUMNS, trace_row
from tests.facts import NOON_NS, SECOND_NS, call, span

TRACE = b"t" * 16


def row(*facts: Fact) -> dict[str, Any]:
    """Return the row of a trace of these facts, by column."""
    return dict(zip(TRACE_COLUMNS, trace_row("p", TRACE, facts, verdict(facts)), strict=True))


def test_an_unpriced_call_is_counted_and_adds_no_dollars():
    found = row(call(1, usd="0.5"), call(2, usd=None))
    assert {name: found[name] for name in ("calls", "priced_calls", "unpriced_calls")} == {
        "calls": 2, "priced_calls": 1, "unpriced_calls": 1,
    }  # fmt: skip
    assert (found["cost_usd"], found["unpriced_tokens"]) == (Decimal("0.5"), 110)


def test_a_call_that_said_nothing_is_without_usage_and_a_failed_one_is_an_error():
    silent: dict[str, Any] = {"input_tokens": None, "output_tokens": None, "usage_state": "absent"}
    found = row(call(1, usd=None, **silent), call(2, usd=None, **silent, status="error"))
    assert (found["calls"], found["calls_without_usage"], found["llm_errors"]) == (2, 1, 1)
    assert found["unpriced_calls"] == 0


def test_estimated_dollars_are_counted_apart():
    found = row(call(1), call(2, usd="0.25", usage_source="estimated", cost_source="estimated"))
    assert (found["cost_usd"], found["estimated_usd"]) == (Decimal("0.251"), Decimal("0.25"))
    assert found["estimated_calls"] == 1


def test_each_call_that_ended_well_is_measured_estimated_or_without_usage():
    """Who estimates moves calls from one count to another; none is lost on the way."""
    silent: dict[str, Any] = {"input_tokens": None, "output_tokens": None, "usage_state": "absent"}
    guess = call(2, usage_source="estimated", cost_source="estimated")
    before, after = row(call(1), call(2, usd=None, **silent)), row(call(1), guess)
    assert (before["estimated_calls"], before["calls_without_usage"]) == (0, 1)
    assert (after["estimated_calls"], after["calls_without_usage"]) == (1, 0)
    assert after["input_tokens"] - before["input_tokens"] == guess.input_tokens


def test_a_parent_that_repeats_its_child_adds_nothing():
    parent = span(1, kind="agent", input_tokens=100, output_tokens=10, usage_state="reported")
    found = row(parent, call(2, parent=1))
    assert (found["calls"], found["input_tokens"]) == (1, 100)
    assert found["not_billed.span_id"] == [parent.span_id]
    assert found["not_billed.reason"] == ["rollup"]


def test_a_tool_call_failed_if_the_last_account_from_inside_it_says_so():
    def tool(number: int, parent: int | None = None, status: str = "ok") -> Fact:
        return span(number, parent, kind="tool", tool="find", status=status)

    swallowed = [tool(1), tool(2, 1, "error")]
    retried = [tool(3), tool(4, 3, "error"), tool(5, 3)]
    found = row(*swallowed, *retried, tool(6, status="error"))
    assert (found["tool_calls"], found["tool_errors"]) == (3, 2)


def test_lines_split_at_the_quarter_of_an_hour_and_add_up_to_the_trace():
    quarter_s = 15 * 60
    late = call(2, start_ns=NOON_NS + quarter_s * SECOND_NS)
    just_before = call(3, start_ns=NOON_NS + quarter_s * SECOND_NS - 1)
    found = row(call(1), late, just_before)
    assert sorted(zip(found["lines.quarter"], found["lines.calls"], strict=True)) == [
        (NOON_NS // SECOND_NS, 2),
        (NOON_NS // SECOND_NS + quarter_s, 1),
    ]
    assert sum(found["lines.cost_usd"]) == found["cost_usd"] == Decimal("0.003")


def test_a_row_that_rests_on_more_facts_has_a_higher_version():
    pending, ended = span(1, ver=7, end_ns=None), span(1, ver=(1 << 63) + 6)
    assert row(pending)["ver"] < row(ended)["ver"] < row(ended, span(2))["ver"]


def test_a_row_that_knows_a_newer_price_of_as_many_facts_has_a_higher_version():
    before, after = call(1, ver=(1 << 63) + 6), call(1, usd="2", ver=(1 << 63) + 7)
    assert row(before, call(2))["ver"] < row(after, call(2))["ver"]
