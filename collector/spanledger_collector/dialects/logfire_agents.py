"""The OpenAI Agents SDK as Logfire tells of it: steps named by a template, with plain attributes.

Source: pydantic/logfire, `logfire/_internal/integrations/openai_agents.py`; captures of 5.2. Tasks and
turns carry sums of what their calls used, which nothing here reads.
"""

from collections.abc import Sequence

from spanledger_collector.dialects import APPLICATION_SESSION, flag, mapping, preview, text
from spanledger_collector.dialects.messages import arguments, messages
from spanledger_collector.dialects.raw import answer, usage_counts
from spanledger_schema.span import Attributes, Content, Event, Facts, Kind, Span

NAME = "logfire_agents"
SCOPE = "logfire.openai_agents"

STEPS: tuple[tuple[str, Kind], ...] = (
    # beginnings of span names, which are templates: `Function: {name}`
    ("OpenAI Agents trace", "workflow"),
    ("Agent run", "agent"),
    ("Function", "tool"),
    ("Handoff", "handoff"),
    ("Guardrail", "guardrail"),
    ("Responses API", "llm"),
    ("Chat completion", "llm"),
)


def claims(keys: frozenset[str], scope: str) -> bool:
    """Tell whether a span speaks this dialect."""
    return scope == SCOPE


def read(span: Span) -> Facts:
    """Return what the span says beyond the GenAI conventions."""
    a = span.attributes
    facts = Facts(dialect=NAME)
    facts.kind = next((kind for start, kind in STEPS if span.name.startswith(start)), None)
    if facts.kind == "workflow":
        facts.trace_name = text(a, "name")
        if session := text(a, "group_id"):
            facts.session_id, facts.session_rank = session, APPLICATION_SESSION
    elif facts.kind == "agent":
        facts.agent = text(a, "name")
    elif facts.kind == "tool":
        facts.tool, facts.preview = text(a, "name"), preview(a.get("input"))
        facts.error_message = text(mapping(a.get("error")), "message")
    elif facts.kind == "llm":
        read_call(a, facts)
    else:
        read_decision(a, facts)
    return facts


def read_call(attributes: Attributes, facts: Facts) -> None:
    """Read a call: the provider's own usage, and which answer it got."""
    told = answer(attributes.get("response"))
    facts.counts = usage_counts(attributes.get("usage"))
    facts.response_id = text(attributes, "response_id")
    facts.finish_reason = told.finish_reason
    if told.service_tier:
        facts.price_context = {"service_tier": told.service_tier}
    facts.preview = preview(attributes.get("output"))


def read_decision(attributes: Attributes, facts: Facts) -> None:
    """Read who handed over to whom, or what a guardrail decided."""
    if facts.kind == "handoff":
        facts.state_from = facts.agent = text(attributes, "from_agent")
        facts.state_to = text(attributes, "to_agent")
    elif facts.kind == "guardrail":
        facts.policy = text(attributes, "name")
        triggered = flag(attributes, "triggered")
        facts.verdict = None if triggered is None else "blocked" if triggered else "allowed"


def content(span: Span, logs: Sequence[Event]) -> Content:
    """Return the conversation of a call, or arguments and result of a function."""
    a = span.attributes
    if span.name.startswith("Function"):
        return Content(arguments=arguments(a.get("input")), result=arguments(a.get("output")))
    response = mapping(a.get("response"))
    return Content(
        input=[
            *messages(response.get("instructions"), "system"),
            *messages(a.get("raw_input") or a.get("input"), "user"),
        ],
        output=messages(response.get("output") or a.get("output"), "assistant"),
        tools=response.get("tools"),
    )
