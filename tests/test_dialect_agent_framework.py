"""Spans of Microsoft's Agent Framework as its source writes them; nothing recorded exists here."""

import json

import pytest

from spanledger_collector import normalise
from spanledger_collector.dialects import agent_framework
from spanledger_schema.span import Counts, Facts
from tests import recorded
from tests.recorded import made

SCOPE = "agent_framework"

CALL = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "openai",
    "gen_ai.request.model": "gpt-4o",
    "gen_ai.response.model": "gpt-4o-2024-08-06",
    "gen_ai.response.id": "chatcmpl-1",
    "gen_ai.response.finish_reasons": '["stop"]',
    "gen_ai.usage.input_tokens": 100,
    "gen_ai.usage.output_tokens": 20,
    "gen_ai.output.messages": json.dumps(
        [{"role": "assistant", "parts": [{"type": "text", "content": "Hi."}]}]
    ),
}
AGENT = CALL | {
    "gen_ai.operation.name": "invoke_agent",
    "gen_ai.provider.name": "microsoft.agent_framework",
    "gen_ai.agent.name": "Joker",
}
EDGE = {
    "edge_group.type": "SingleEdgeGroup",
    "edge_group.delivered": True,
    "message.source_id": "writer",
    "message.target_id": "reviewer",
}


def test_a_call_is_read_by_the_conventions():
    facts = normalise.facts(made("chat gpt-4o", SCOPE, attributes=CALL))
    assert (facts.kind, facts.provider, facts.finish_reason, facts.preview) == (
        "llm", "openai", "stop", "Hi.",
    )  # fmt: skip
    assert facts.counts == Counts(input_tokens=100, output_tokens=20)


def test_the_framework_is_not_the_provider_of_its_agent():
    facts = normalise.facts(made("invoke_agent Joker", SCOPE, attributes=AGENT))
    assert (facts.kind, facts.agent, facts.provider) == ("agent", "Joker", "openai")


def test_the_run_of_a_workflow_names_the_trace():
    given = {"workflow.id": "w-1", "workflow.name": "review"}
    assert agent_framework.read(made("workflow.run", SCOPE, attributes=given)) == Facts(
        kind="workflow", trace_name="review", dialect="agent_framework"
    )


def test_building_a_workflow_is_no_run_of_it():
    given = {"workflow.id": "w-1"}
    assert normalise.facts(made("workflow.build", SCOPE, attributes=given)).kind == "span"


def test_an_executor_is_a_node():
    given = {"executor.id": "writer", "executor.type": "AgentExecutor"}
    assert agent_framework.read(made("executor.process writer", SCOPE, attributes=given)) == Facts(
        kind="node", node="writer", dialect="agent_framework"
    )


def test_a_delivered_message_is_a_change_from_one_executor_to_the_next():
    span = made("edge_group.process SingleEdgeGroup", SCOPE, attributes=EDGE)
    assert agent_framework.read(span) == Facts(
        kind="state",
        state_from="writer",
        state_to="reviewer",
        reason="SingleEdgeGroup",
        dialect="agent_framework",
    )


def test_a_dropped_message_changes_nothing():
    given = EDGE | {"edge_group.delivered": False}
    facts = agent_framework.read(made("edge_group.process x", SCOPE, attributes=given))
    assert (facts.kind, facts.state_to) == ("span", None)


@pytest.mark.parametrize(
    ("name", "attributes"),
    [("chat gpt-4o", CALL), ("invoke_agent Joker", AGENT), ("edge_group.process x", EDGE)],
)
def test_garbage_in_any_attribute_is_no_number_and_raises_nothing(name, attributes):
    recorded.survives(agent_framework, made(name, SCOPE, attributes=attributes))
