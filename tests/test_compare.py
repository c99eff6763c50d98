"""Two sessions beside each other: as much as can be is paired, and what differs says how."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spanledger_schema.api import SessionEvent
from spanledger_ui import comparetable
from spanledger_ui.align import aligned
from spanledger_ui.compare import Change, parting, together
from spanledger_ui.comparetable import STEPS, step_rows
from tests.ui_shapes import session_event

LETTERS = st.lists(st.sampled_from("abc"), max_size=9)


def longest(left: list[str], right: list[str]) -> int:
    """Return the length of a longest common subsequence, by the book."""
    row = [0] * (len(right) + 1)
    for one in left:
        last, row = row, [0]
        for n, other in enumerate(right):
            row.append(last[n] + 1 if one == other else max(last[n + 1], row[n]))
    return row[-1]


@settings(deadline=None)
@given(LETTERS, LETTERS)
def test_all_places_stay_in_order_and_as_many_as_can_be_are_paired(
    left: list[str], right: list[str]
):
    pairs = aligned(left, right)
    both = [(here, there) for here, there in pairs if here is not None and there is not None]
    assert [here for here, _ in pairs if here is not None] == list(range(len(left)))
    assert [there for _, there in pairs if there is not None] == list(range(len(right)))
    assert all(left[here] == right[there] for here, there in both)
    assert len(both) == longest(left, right)


def test_a_loop_that_goes_round_once_more_parts_late():
    assert aligned("abab", "ababab") == [(0, 0), (1, 1), (2, 2), (3, 3), (None, 4), (None, 5)]


def call(number: int, model: str = "gpt-5", **known: object) -> SessionEvent:
    """Return a billed call."""
    given = {"name": f"chat {model}", "model": model, "billed": True, "preview": "yes",
             "input_tokens": 10, "output_tokens": 2, "cost_usd": "0.5"}  # fmt: skip
    return session_event(number, **{**given, **known})


def tool(number: int, name: str, **known: object) -> SessionEvent:
    """Return a tool call."""
    return session_event(number, kind="tool", name=name, tool=name, billed=False, **known)


@pytest.mark.parametrize(
    ("left", "right", "differences"),
    [
        ([call(0)], [call(0)], [""]),
        ([call(0)], [call(0, model="gpt-5-mini")], [""]),
        ([call(0)], [call(0, preview="no")], ["other words"]),
        ([tool(0, "refund")], [tool(0, "refund", status="error")], ["another end"]),
        ([tool(0, "refund")], [tool(0, "cancel")], ["another step"]),
        ([call(0), tool(1, "refund")], [call(0)], ["", "only in A"]),
        ([call(0)], [tool(0, "find"), call(1)], ["only in B", ""]),
        ([], [], []),
    ],
)
def test_a_difference_says_what_it_is(
    left: list[SessionEvent], right: list[SessionEvent], differences: list[str]
):
    assert [step.difference for step in together(left, right)] == differences


def test_sessions_part_where_one_does_something_else_not_where_it_says_something_else():
    left = [call(0), call(1), tool(2, "refund")]
    right = [call(0, preview="no"), call(1), tool(2, "cancel")]
    assert parting(together(left, right)) == 2
    assert parting(together(left[:2], right[:2])) is None


def test_what_a_side_does_not_know_makes_no_difference_of_dollars():
    (step,) = together([call(0)], [call(0, cost_usd=None, output_tokens=5, duration_ns=None)])
    assert step.change == Change(3, None, None)


def test_a_step_that_only_one_has_counts_whole():
    (step,) = together([], [call(0)])
    assert step.change == Change(12, Decimal("0.5"), 10**9)


@settings(deadline=None)
@given(
    st.lists(st.sampled_from(["0.5", "0.25", None]), max_size=9),
    st.sampled_from(["other steps", "all"]),
)
def test_dollars_of_all_rows_add_up_to_the_difference(costs: list[str | None], show: str):
    right = [call(n, cost_usd=cost) for n, cost in enumerate(costs)]
    left = [call(0)]
    said = [row["cells"]["usd"] for row in step_rows(together(left, right), show, "a", "b")]
    titles = [cell["title"].removesuffix(" USD") for cell in said if cell]
    known = [step.change.usd for step in together(left, right)]
    assert sum(map(Decimal, filter(None, titles))) == sum(usd for usd in known if usd is not None)


def test_steps_alike_are_one_row_around_what_differs():
    left = [*(call(n) for n in range(6)), tool(6, "refund")]
    right = [*(call(n) for n in range(6)), tool(6, "cancel")]
    rows = list(step_rows(together(left, right), "other steps", "s 1", "s2"))
    wide: list[list[Any]] = [
        [row["cells"].get(column["key"]) for column in STEPS[:2]] for row in rows
    ]
    assert [cell["text"] for cell, _ in wide] == ["5 steps alike", "6  chat gpt-5", "7  refund"]
    assert wide[2][1]["href"] == f"replay?session=s2&event={'1' * 32}.{6:016x}"
    assert rows[2]["cells"]["difference"]["text"] == "another step, they part here"


def test_a_difference_too_small_to_write_has_no_sign():
    assert [comparetable.signed_time(ns) for ns in (-400_000, 0, 2_000_000, -3 * 10**9)] == [
        "<1 ms", "0 ms", "+2 ms", "−3.0 s",
    ]  # fmt: skip
