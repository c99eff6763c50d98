"""Each example with real client libraries: what was recorded is what the provider really served."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from examples.offline.scripts import SCRIPTS

from tests.example_host import ROOT, Host, hosting
from tests.example_runs import (
    Acted,
    acted,
    called,
    get,
    recorded,
    run,
    run_by,
    served,
    session,
    told,
)
from tests.parts import Parts, parts


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Parts]:
    with parts(tmp_path_factory.mktemp("agents")) as running:
        yield running


@pytest.fixture(scope="module")
def host() -> Iterator[Host]:
    with hosting() as running:
        yield running


def test_every_example_has_a_script_and_a_line_in_the_table():
    examples = {file.stem for file in (ROOT / "examples").glob("[a-z]*.py")}
    assert set(SCRIPTS) == examples - {"first_session", "refund_agent"}
    page = (ROOT / "examples/README.md").read_text()
    assert [name for name in sorted(examples) if f"({name}.py)" not in page] == []


def test_a_tool_loop_validates_its_arguments_and_gives_up_after_its_cap(
    host: Host, server: Parts, tmp_path: Path
):
    answers = run_by(host, server, "anthropic_tools", tmp_path)
    paid, given_up = session(server, "refund-B-2"), session(server, "refund-B-3")
    assert recorded(paid) == served(answers[:3])
    assert recorded(given_up) == served(answers[3:])
    assert (len(answers), paid["user_id"], paid["agent"]) == (8, "ada", "refunds")
    assert acted(server, "refund-B-2") == Acted(("issue_refund",), ("blocked", "allowed"))
    assert acted(server, "refund-B-3") == Acted(decisions=("blocked",) * 5)
    assert told(server, "refund-B-2", "tool", "decision") == [
        ("decision", "blocked"),
        ("decision", "allowed"),
        ("tool", "issue_refund"),
    ]
    assert told(server, "refund-B-3", "tool", "decision", "event") == [
        *[("decision", "blocked")] * 5,
        ("event", "escalation"),
    ]


def test_a_client_that_describes_its_calls_itself_is_kept_from_doing_it_twice(server: Parts):
    calls = told(server, "refund-B-2", "llm")
    assert calls == [("llm", "chat claude-haiku-4-5")] * 3


def test_a_stream_is_paid_for_to_the_token_though_the_agent_never_asked(
    server: Parts, tmp_path: Path
):
    answers = run(server, "openai_stream", tmp_path)
    assert [answer["stream"] for answer in answers] == [True, True]
    found = session(server, "weather-in-Ulm")
    assert (recorded(found), found["tags"]) == (served(answers), ["stream"])
    assert acted(server, "weather-in-Ulm") == Acted(tuple(called(answers)))


def test_a_graph_shows_its_nodes_the_retry_the_approval_and_the_way_it_took(
    host: Host, server: Parts, tmp_path: Path
):
    answers = run_by(host, server, "langgraph_refund", tmp_path)
    found = session(server, "refund-graph")
    assert (recorded(found), found["user_id"]) == (served(answers), "ada")
    assert acted(server, "refund-graph") == Acted(
        ("look_up: error", "look_up"), ("approved",), ("approved → refunded",)
    )
    assert told(server, "refund-graph", "node", "tool", "decision", "state", "span") == [
        ("node", "find: error"),
        ("tool", "look_up: error"),
        ("node", "find"),
        ("tool", "look_up"),
        ("node", "plan"),
        ("node", "approve: waiting"),
        ("node", "approve"),
        ("decision", "approved"),
        ("span", "approve → pay"),
        ("node", "pay"),
        ("state", "approved → refunded"),
    ]


def test_the_session_of_the_application_holds_against_the_thread_of_the_graph(server: Parts):
    ids = [found["id"] for found in get(server, "sessions")["items"]]
    assert "refund-graph" in ids
    assert "thread-1" not in ids


def test_a_handoff_names_both_agents(host: Host, server: Parts, tmp_path: Path):
    answers = run_by(host, server, "openai_agents_handoff", tmp_path)
    assert recorded(session(server, "desk-42")) == served(answers)
    assert acted(server, "desk-42") == Acted(("issue_refund",))
    assert told(server, "desk-42", "agent", "handoff", "tool") == [
        ("agent", "triage"),
        ("handoff", "triage → billing"),
        ("agent", "billing"),
        ("tool", "issue_refund"),
    ]


def test_a_tool_that_makes_the_model_try_again_is_an_error_and_then_a_success(
    host: Host, server: Parts, tmp_path: Path
):
    answers = run_by(host, server, "pydantic_ai_bank", tmp_path)
    assert recorded(session(server, "bank-7")) == served(answers)
    assert acted(server, "bank-7") == Acted(("balance: error", "balance"))
    assert told(server, "bank-7", "agent", "tool") == [
        ("agent", "invoke_agent bank"),
        ("tool", "balance: error"),
        ("tool", "balance"),
    ]


def test_a_runaway_is_stopped_by_its_budget_at_the_call_that_broke_it(
    host: Host, server: Parts, tmp_path: Path
):
    answers = run_by(host, server, "runaway", tmp_path)
    spent = recorded(session(server, "runaway-1"))
    assert spent == served(answers)
    one = served(answers[:1]).cost_usd
    budget = Decimal("0.01")
    assert spent.cost_usd - one <= budget < spent.cost_usd
    assert acted(server, "runaway-1") == Acted(("search",) * (len(answers) - 1))


def test_a_request_and_the_task_it_starts_in_a_worker_are_one_session(
    host: Host, server: Parts, tmp_path: Path
):
    answers = run_by(host, server, "web_and_worker", tmp_path)
    found = session(server, "chat-9")
    assert (recorded(found), found["traces"]) == (served(answers), 1)
    assert acted(server, "chat-9") == Acted()
    assert told(server, "chat-9", "workflow", "agent") == [
        ("workflow", "invoke_workflow summaries"),
        ("agent", "invoke_agent summariser"),
    ]
