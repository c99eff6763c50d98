"""The AgentOps dialect: `agentops.*` of its decorators, and calls that `gen_ai.request.type` tells.

Source: AgentOps-AI/agentops, `agentops/semconv/`; captures of 0.4. Conversations are flattened; what the
model asked for is a span of its own below a call, which is no tool that ran.
"""

from collections.abc import Sequence

from spanledger_collector.dialects import REQUEST_KINDS, duration_ns, flag, preview, text
from spanledger_collector.dialects.messages import flattened
from spanledger_collector.dialects.structure import called_with, nested, structure
from spanledger_schema.span import Content, Event, Facts, Kind, Span, Value

NAME = "agentops"

KIND, REQUEST = "agentops.span.kind", "gen_ai.request.type"

KINDS: dict[str, Kind] = {
    "session": "workflow",
    "workflow": "workflow",
    "agent": "agent",
    "tool": "tool",
    "guardrail": "guardrail",
}
SECOND = 1_000_000_000


def claims(keys: frozenset[str], scope: str) -> bool:
    """Tell whether a span speaks this dialect."""
    return KIND in keys or REQUEST in keys


def read(span: Span) -> Facts:
    """Return what the span says beyond the GenAI conventions."""
    a = span.attributes
    facts = Facts(dialect=NAME)
    facts.kind = REQUEST_KINDS.get(text(a, REQUEST) or "") or KINDS.get(text(a, KIND) or "")
    if facts.kind in ("tool", "agent"):
        setattr(facts, facts.kind, text(a, "operation.name") or span.name)
    if facts.kind == "tool":
        facts.preview = preview(called_with(kept(span, "input")))
    elif REQUEST in a:
        facts.streaming = flag(a, "gen_ai.request.streaming")
        facts.ttft_ns = duration_ns(a.get("gen_ai.streaming.time_to_first_token"), SECOND)
        facts.finish_reason = text(a, "gen_ai.completion.0.finish_reason")
        facts.preview = preview(a.get("gen_ai.completion.0.content"))
    return facts


def kept(span: Span, side: str) -> Value:
    """Return the input or output of a decorated function: under its own kind, or as an entity's."""
    a = span.attributes
    own = a.get(f"agentops.{text(a, KIND)}.{side}")
    return structure(a.get(f"agentops.entity.{side}") if own is None else own)


def content(span: Span, logs: Sequence[Event]) -> Content:
    """Return the conversation of a call, or arguments and result of a function."""
    a = span.attributes
    given, answered = kept(span, "input"), kept(span, "output")
    if text(a, KIND) == "tool":
        return Content(arguments=called_with(given), result=answered)
    return Content(
        input=flattened(a, "gen_ai.prompt.", "user"),
        output=flattened(a, "gen_ai.completion.", "assistant"),
        tools=nested(a, "gen_ai.request.functions.") or None,
        state_given=given,
        state_written=answered,
    )
