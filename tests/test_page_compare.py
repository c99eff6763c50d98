"""The compare page shows what the query API knows of two sessions, or how to choose them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from spanledger_collector.store import Store
from tests.otlp import attribute, span, traces
from tests.ui_server import answering, ledgers, page, shown, stored, texts


def run(number: int, *tools: str) -> bytes:
    """Return an agent's session of these tools."""
    trace_id = bytes([number]) * 16
    root = span(trace_id=trace_id, span_id=bytes([1]) * 8, name="refunds", attributes=[
        attribute("gen_ai.operation.name", "invoke_agent"),
        attribute("gen_ai.agent.name", "refunds"), attribute("session.id", f"run <b>{number}")])  # fmt: skip
    steps = [
        span(trace_id=trace_id, span_id=bytes([n]) * 8, parent_span_id=bytes([1]) * 8, name=tool,
             attributes=[attribute("gen_ai.operation.name", "execute_tool"),
                         attribute("gen_ai.tool.name", tool)])
        for n, tool in enumerate(tools, start=2)
    ]  # fmt: skip
    return traces(root, *steps)


@pytest.fixture
def api(embedded: Store, tmp_path: Path) -> Iterator[str]:
    """Return the query API over two runs that part at their third step."""
    stored(embedded, tmp_path, run(1, "find", "refund"), run(2, "find", "cancel", "tell"))
    with answering(embedded) as url:
        yield url


def test_steps_stand_beside_each_other_and_say_where_the_sessions_part(api: str):
    test = page("compare", api, left="run <b>1", right="run <b>2")
    tables = ledgers(test)
    assert shown(test) == ["They part at step 3 of A and step 3 of B: another step."]
    assert [texts(row)["session"] for row in tables["Both sessions"]["rows"]] == ["refunds"] * 2
    assert tables["Both sessions"]["sum"]["steps"] == "+1"
    said = [list(texts(row).values())[:3] for row in tables["Steps of both"]["rows"]]
    assert said == [
        ["1 step alike", "", ""],
        ["2  find", "2  find", ""],
        ["3  refund", "3  cancel", "another step, they part here"],
        ["–", "4  tell", "only in B"],
    ]


def test_the_second_session_is_chosen_among_those_of_the_same_agent(api: str):
    rows = ledgers(page("compare", api, left="run <b>1"))["Sessions to compare with"]["rows"]
    assert [row["href"] for row in rows] == ["compare?left=run+%3Cb%3E1&right=run+%3Cb%3E2"]


def test_without_a_session_the_page_says_how_to_choose(api: str):
    assert [info.value for info in page("compare", api).info] == [
        "Tick two sessions in the table to compare them step by step."
    ]


def test_a_session_that_never_arrived_is_named(api: str):
    test = page("compare", api, left="run <b>1", right="nobody")
    assert "no session 'nobody'" in test.code[0].value
