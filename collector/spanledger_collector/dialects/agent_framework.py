"""The Microsoft Agent Framework dialect: its agents and its workflows.

Source: microsoft/agent-framework, `python/packages/core/agent_framework/observability.py`.
Calls, tools and agents follow the GenAI conventions; an agent's span repeats the usage of its
calls. Workflows have names of their own: executors are the nodes, edge groups carry messages on.
"""

from collections.abc import Sequence

from spanledger_collector.dialects import flag, text
from spanledger_schema.span import Content, Event, Facts, Kind, Span

NAME = "agent_framework"

SPANS: tuple[tuple[str, Kind], ...] = (
    # beginnings of span names
    ("workflow.run", "workflow"),
    ("workflow.build", "span"),  # configuration, not a run
    ("executor.process", "node"),
    ("edge_group.process", "span"),
    ("message.send", "span"),
)

ENTRY = "InternalEdgeGroup"
"""The edge over which the framework itself hands a workflow's input to the first executor."""

TELLTALES = frozenset({"executor.id", "workflow.id", "edge_group.type", "message.payload_type"})


def claims(keys: frozenset[str], scope: str) -> bool:
    """Tell whether a span speaks this dialect."""
    return scope.startswith("agent_framework") or not keys.isdisjoint(TELLTALES)


def read(span: Span) -> Facts:
    """Return what the span says beyond the GenAI conventions."""
    a = span.attributes
    facts = Facts(dialect=NAME)
    facts.kind = next((kind for start, kind in SPANS if span.name.startswith(start)), None)
    if facts.kind == "workflow":
        facts.trace_name = text(a, "workflow.name", "workflow_builder.name")
    elif facts.kind == "node":
        facts.node = text(a, "executor.id")
    elif span.name.startswith("edge_group.process"):
        read_edge(span, facts)
    return facts


def read_edge(span: Span, facts: Facts) -> None:
    """Read a message that went from one executor to the next; one that was dropped is no change."""
    a = span.attributes
    target, group = text(a, "message.target_id"), text(a, "edge_group.type")
    if target and group != ENTRY and flag(a, "edge_group.delivered"):
        facts.kind = "state"
        facts.state_from, facts.state_to = text(a, "message.source_id"), target
        facts.reason = group


def content(span: Span, logs: Sequence[Event]) -> Content:
    """Return nothing of its own: messages are those of the GenAI conventions."""
    return Content()
