"""What each kind of span is called on the wire: the GenAI conventions where they have a word.

A kind and a name come in, a `Shape` goes out: span name, fixed attributes, and which attributes
hold what went in and what came out. Source: OpenTelemetry GenAI conventions, "Spans" and "Agent
spans"; `spanledger_schema.attributes` for the rest.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import get_args

from opentelemetry.trace import SpanKind

from spanledger.settings import Capture
from spanledger_schema import attributes as ours
from spanledger_schema.kinds import Kind

KINDS: frozenset[str] = frozenset(get_args(Kind))
STEPS = frozenset({"llm", "embedding", "rerank", "tool", "node", "retriever", "handoff"})
"""What counts as a step of an agent: it costs time or money."""

OPERATIONS = {
    "llm": "chat",
    "embedding": "embeddings",
    "rerank": "rerank",
    "tool": "execute_tool",
    "agent": "invoke_agent",
    "workflow": "invoke_workflow",
    "retriever": "retrieval",
}

NAMES = {
    "tool": "gen_ai.tool.name",
    "agent": "gen_ai.agent.name",
    "workflow": "gen_ai.workflow.name",
    "node": ours.NODE_NAME,
}
"""Where the name of what was run goes, besides the name of the span."""

TOOL_IO = ("gen_ai.tool.call.arguments", "gen_ai.tool.call.result")
IO = (ours.INPUT, ours.OUTPUT)

AttributeValue = str | bool | int | float | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Shape:
    """What every span of one decorated function has in common."""

    kind: str
    name: str
    """What was run: the agent's, tool's or function's name."""
    span_name: str
    attributes: Mapping[str, AttributeValue]
    input_key: str
    output_key: str
    otel_kind: SpanKind = SpanKind.INTERNAL
    capture: Capture | None = None
    """None: as `configure` says."""


def shape(
    kind: str,
    name: str,
    capture: Capture | None = None,
    more: Mapping[str, AttributeValue] | None = None,
) -> Shape:
    """Return the shape of a kind of span.

    Args:
        kind: a word of `spanledger_schema.kinds.Kind`; any other becomes "span".
        name: the name of the agent, tool, node or function.
        capture: what to keep of arguments and results.
        more: further attributes that all its spans have.
    """
    kind = kind if kind in KINDS else "span"
    operation = OPERATIONS.get(kind)
    fixed: dict[str, AttributeValue] = {}
    if operation:
        fixed["gen_ai.operation.name"] = operation
    else:
        fixed[ours.KIND] = kind
    if kind in NAMES:
        fixed[NAMES[kind]] = name
    fixed |= {key: value for key, value in (more or {}).items() if clean(value)}
    into, out = TOOL_IO if kind == "tool" else IO
    span_name = f"{operation} {subject(fixed, name)}" if operation else name
    otel_kind = SpanKind.CLIENT if kind in ("llm", "embedding", "rerank") else SpanKind.INTERNAL
    return Shape(kind, name, span_name, fixed, into, out, otel_kind, capture)


def clean(value: object) -> bool:
    """Tell whether a value can be an attribute as it is."""
    return isinstance(value, str | bool | int | float | tuple)


def subject(fixed: Mapping[str, AttributeValue], name: str) -> str:
    """Return what a span name speaks of: a call's model where it is known, else the name."""
    return str(fixed.get("gen_ai.request.model") or name)
