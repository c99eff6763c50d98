"""The page of approvals writes policies down, and shows first what they would have been about."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from streamlit.testing.v1 import AppTest

from spanledger_collector.store import Store
from spanledger_schema.api_approvals import ConditionRow, PolicyRow
from spanledger_ui import policyform
from tests.otlp import attribute, span, traces
from tests.pipeline import Pipeline, running
from tests.ui_server import ledgers, listening, page, shown, texts


def called(number: int, tool: str, arguments: str | None) -> Span:
    """Return the span of a tool call; without arguments nobody recorded them."""
    said = {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": tool}
    if arguments is not None:
        said["gen_ai.tool.call.arguments"] = arguments
    return span(
        trace_id=number.to_bytes(16), span_id=number.to_bytes(8), name=f"execute_tool {tool}",
        attributes=[attribute(*each) for each in said.items()],
    )  # fmt: skip


@pytest.fixture
def pipeline(embedded: Store, tmp_path: Path) -> Iterator[Pipeline]:
    """Return a project that refunded three times, once nobody knows how much, and searched."""
    with running(embedded, tmp_path) as found:
        made = [
            called(1, "refund", '{"order": {"amount": 120}}'),
            called(2, "refund", '{"order": {"amount": 20}}'),
            called(3, "refund", None),
            called(4, "search", '{"order": {"amount": 500}}'),
        ]
        found.post("traces", traces(*made))
        yield found


def press(test: AppTest, label: str) -> AppTest:
    return next(button for button in test.button if button.label == label).click().run()


def preview(pipeline: Pipeline, **said: object) -> tuple[int, int, int, list[object]]:
    found = pipeline.ask("POST", "policies/preview", json={"tool": "ref*", **said})
    matches = [each["arguments"] for each in found["matches"]]
    return found["calls"], found["matched"], found["unknown"], matches


def test_a_preview_counts_apart_the_calls_whose_arguments_nobody_recorded(pipeline: Pipeline):
    large, small = {"order": {"amount": 120}}, {"order": {"amount": 20}}
    over = {"argument": "order.amount", "op": ">=", "value": "100"}
    assert preview(pipeline, conditions=[over]) == (3, 1, 1, [large])
    assert preview(pipeline, tool="nothing") == (0, 0, 0, [])
    calls, matched, unknown, found = preview(pipeline)
    assert (calls, matched, unknown) == (3, 3, 0)
    assert [each for each in (large, small, {}) if each not in found] == []
    other = {"x-spanledger-project": "other"}
    said = pipeline.ask("POST", "policies/preview", json={"tool": "*"}, headers=other)
    assert said["calls"] == 0
    assert pipeline.get("policies") == []


def test_a_policy_is_tried_written_down_changed_and_ended(pipeline: Pipeline):
    with listening(pipeline.api.app) as api:
        test = page("approvals", api)
        test.text_input(key="policy-id").set_value("big")
        test.text_input(key="tool-").set_value("refund")
        test.text_input(key="arg-").set_value("order.amount")
        test.text_input(key="amount-").set_value("100")
        press(test, "Preview")
        said = "About 1 of 3 calls of such tools in the last 31 days; of 1 the arguments are not known."
        assert said in shown(test)
        row = ledgers(test)["It would have held"]["rows"][0]
        assert texts(row)["arguments"] == '{"order": {"amount": 120}}'
        press(test, "Write it down")
        assert [error.value for error in test.error] == [
            "Give the policy a name and your own: both stand on the audit."
        ]
        test.text_input(key="policy-by").set_value("ann")
        press(test, "Write it down")
        assert texts(ledgers(test)["Policies"]["rows"][0])["when"] == "order.amount >= 100"
        pipeline.now_ns += 1
        test = page("approvals", api, edit="big")
        test.text_area(key="where-big").set_value("order.country != DE")
        test.text_input(key="told-big").set_value("desk, ops")
        test.text_input(key="policy-by").set_value("bob")
        press(test, "Write it down")
        line = texts(ledgers(test)["Policies"]["rows"][0])
        assert (line["when"], line["told"]) == (
            "order.amount >= 100 and order.country != DE", "desk, ops",
        )  # fmt: skip
        pipeline.now_ns += 1
        test = page("approvals", api, edit="big")
        test.text_input(key="policy-by").set_value("ann")
        press(test, "End it")
        assert (list(test.exception), "Policies" in ledgers(test)) == ([], False)
    changes = [
        (e["action"], e["actor"], e["before"] and len(e["before"]["conditions"]))
        for e in pipeline.get("audit")["items"]
    ]
    assert changes == [
        ("policy withdrawn", "ann", 2), ("policy written", "bob", 1), ("policy written", "ann", None),
    ]  # fmt: skip


def test_what_was_decided_says_on_what_and_leads_to_its_session(pipeline: Pipeline):
    asked = {"id": "a1", "tool": "refund", "arguments": {"amount": 120}, "session": "s/1",
             "agent": "clerk", "policy": "by hand"}  # fmt: skip
    pipeline.ask("POST", "approvals", 201, json=asked)
    said = {"verdict": "denied", "by": "ann", "reason": "too much"}
    pipeline.ask("POST", "approvals/a1/decision", json=said)
    with listening(pipeline.api.app) as api:
        (row,) = ledgers(page("approvals", api))["Decided"]["rows"]
    assert row["href"] == "replay?session=s%2F1"
    assert {k: v for k, v in texts(row).items() if k != "asked"} == {
        "tool": "refund", "arguments": '{"amount": 120}', "policy": "by hand", "verdict": "denied",
        "by": "ann", "reason": "too much",
    }  # fmt: skip


def test_a_line_that_is_no_condition_is_named(pipeline: Pipeline):
    with listening(pipeline.api.app) as api:
        test = page("approvals", api)
        test.text_area(key="where-").set_value("always")
        press(test, "Preview")
    assert [code.value for code in test.code] == ["always"]


@pytest.mark.parametrize("op", ["=", "!=", ">", ">=", "<", "<=", "matches"])
def test_a_policy_is_shown_as_it_was_entered(op: str):
    policy = PolicyRow(
        "p", "refund", "deny", [ConditionRow("a.b", op, "= x >= 1")], 90, "why", ["c"]
    )
    wanted = policyform.fields(policyform.entered(policy))
    assert PolicyRow("p", **{**wanted, "conditions": [ConditionRow(**c) for c in wanted["conditions"]]}) == policy  # fmt: skip
