"""The spans of Codex: a turn with its model and all it used, its tools as events of their dispatch.

Source: openai/codex 0.169, `core/src/tasks`, `core/src/session/turn.rs`, `otel/src`; captures. What
one request used stands on a span that does not say of which model, so the turn is what is billed.
"""

from collections.abc import Sequence

from spanledger_collector.dialects import METADATA_SESSION, counts, flag, text
from spanledger_collector.dialects.messages import arguments
from spanledger_schema.span import Attributes, Content, Event, Facts, Span

NAME = "codex"

TURN = "codex.turn.token_usage."
COUNTS = {
    "input_tokens": (f"{TURN}input_tokens",),
    "output_tokens": (f"{TURN}output_tokens",),
    "total_tokens": (f"{TURN}total_tokens",),
    "cache_read_tokens": (f"{TURN}cached_input_tokens",),
    "cache_write_tokens": (f"{TURN}cache_write_input_tokens",),
    "reasoning_tokens": (f"{TURN}reasoning_output_tokens",),
}
REQUEST = "codex.usage.total_tokens"
RESULT = "codex.tool_result"


def claims(keys: frozenset[str], scope: str) -> bool:
    """Tell whether a span speaks this dialect."""
    return scope.startswith("codex")


def read(span: Span) -> Facts:
    """Return what the span says; most of them are the inside of Codex and say nothing."""
    a = span.attributes
    facts = Facts(dialect=NAME)
    # where it is no text, `thread.id` is a thread of the process
    if session := text(a, "conversation.id", "thread.id"):
        facts.session_id, facts.session_rank = session, METADATA_SESSION
    if f"{TURN}input_tokens" in a:
        facts.kind, facts.agent = "agent", text(span.resource, "service.name") or NAME
        facts.request_model = text(a, "model")
        facts.counts = counts(a, COUNTS, includes_cache=True, basis="scope")
    elif REQUEST in a:
        facts.usage_role = "aggregate"
    elif told := result(span.events):
        read_tool(told, facts)
    return facts


def result(events: Sequence[Event]) -> Attributes:
    """Return what an event or a log record tells of a tool call that is over, {} without one."""
    found = (e.attributes for e in events if text(e.attributes, "event.name") == RESULT)
    return next(found, {})


def read_tool(told: Attributes, facts: Facts) -> None:
    """Read a tool call."""
    facts.kind, facts.tool = "tool", text(told, "tool_name")
    facts.tool_call_id = text(told, "call_id")
    if flag(told, "success") is False:
        facts.status = "error"


def content(span: Span, logs: Sequence[Event]) -> Content:
    """Return what a tool got and gave, which only log records tell."""
    told = result(logs)
    return Content(arguments=arguments(told.get("arguments")), result=arguments(told.get("output")))
