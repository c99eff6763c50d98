"""What a step of a LangGraph run wrote into its state, from what two libraries recorded of it."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from spanledger_collector.store import Store
from spanledger_schema.api import StateChange
from spanledger_ui import statediff
from tests.ui_server import answering, capture, stored


@pytest.fixture
def store(engine: str, database: str, tmp_path: Path) -> Store:
    """Return a store with one refund as two libraries recorded it."""
    opened = Store(engine, database=database, readers=1)
    for library in ("openinference", "openllmetry"):
        stored(opened, tmp_path, capture(f"{library}-langchain__langgraph-refund-retry"))
    return opened


def written(url: str, session: str) -> list[tuple[str, list[dict[str, Any]]]]:
    """Return what each node of a session wrote, those that wrote something."""
    steps = httpx.get(f"{url}/api/v1/sessions/{session}/events").json()["events"]
    found = [
        (step["node"], httpx.get(f"{url}/api/v1/spans/{step['trace_id']}/{step['span_id']}").json())
        for step in steps
        if step["node"]
    ]
    return [(node, span["changes"]) for node, span in found if span["changes"]]


def told(change: dict[str, Any]) -> object:
    """Return a change; of messages only how many there were and how many were written."""
    if change["field"] == "messages":
        return "messages", change["items"], len(change["written"])
    return change["field"], change["before"], change["written"]


TURN = [
    ("agent", [("messages", 1, 1)]),
    ("tools", [("messages", 2, 1)]),
    ("agent", [("messages", 3, 1)]),
    ("tools", [("messages", 4, 2)]),
    ("agent", [("messages", 6, 1)]),
    ("ledger", [("tries", None, 2)]),
    ("summarise", [("messages", 7, 1)]),
]


def test_each_node_says_what_it_changed_of_the_state(store: Store):
    with answering(store) as url:
        by_library = {
            thread: [(node, list(map(told, changes))) for node, changes in written(url, thread)]
            for thread in ("thread-900", "thread-901")
        }
    store.close()
    # openinference records a single written field without its name: that is not a field
    assert by_library["thread-900"][: len(TURN)] == TURN
    assert by_library["thread-901"][: len(TURN) + 1] == [
        ("classify", [("intent", None, "refund")]),
        *TURN,
    ]


def test_a_diff_has_a_line_a_field_and_counts_what_is_long():
    changes = [
        StateChange("intent", None, "refund"),
        StateChange("messages", None, [1], items=2),
        StateChange("limit", {"usd": 100}, 50),
    ]
    assert statediff.lines(changes).splitlines() == [
        "intent    – → refund",
        "messages  2 items → 1 item",
        'limit     {"usd": 100} → 50',
    ]


def test_a_long_value_is_cut_and_says_so():
    (line,) = statediff.lines([StateChange("plan", "a", "b" * 500)]).splitlines()
    assert line == f"plan  a → {'b' * 400}…"


def test_nothing_changed_is_no_line():
    assert statediff.lines([]) == ""
