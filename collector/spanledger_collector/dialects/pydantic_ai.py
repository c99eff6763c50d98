"""The Pydantic AI dialect: what its instrumentation sends beside the GenAI conventions.

Source: pydantic/pydantic-ai, `pydantic_ai_slim/pydantic_ai/models/instrumented.py`, `usage.py`,
`_tool_manager.py`; captures of 1.0 (version 1) and 2.62 (versions 2 and default).
`gen_ai.aggregated_usage.*` of a run is a sum and is not read.
"""

from collections.abc import Sequence

from spanledger_collector.dialects import counts, fill, parsed, preview, text, usd
from spanledger_collector.dialects.messages import arguments, messages
from spanledger_schema.span import Attributes, Content, Event, Facts, Kind, Span, Value

NAME = "pydantic_ai"

SPANS: dict[str, Kind] = {
    # version 1 named its spans and gave them no operation
    "agent run": "agent",
    "running tool": "tool",
    "running tools": "span",
    "running output function": "tool",
}

TEXTS = {"agent": ("gen_ai.agent.name", "agent_name")}

COUNTS = {
    # what the provider told beyond the conventions; the conventions' own names come first
    "input_tokens": ("gen_ai.usage.input_tokens",),
    "output_tokens": ("gen_ai.usage.output_tokens",),
    "cache_read_tokens": (
        "gen_ai.usage.cache_read.input_tokens",
        "gen_ai.usage.details.cache_read_tokens",
        "gen_ai.usage.details.cache_read_input_tokens",
        "gen_ai.usage.details.cached_tokens",
        "gen_ai.usage.details.cached_content_tokens",
    ),
    "cache_write_tokens": (
        "gen_ai.usage.cache_creation.input_tokens",
        "gen_ai.usage.cache_write.input_tokens",
        "gen_ai.usage.details.cache_write_tokens",
        "gen_ai.usage.details.cache_creation_input_tokens",
    ),
    "reasoning_tokens": (
        "gen_ai.usage.details.reasoning_tokens",
        "gen_ai.usage.details.thoughts_tokens",
    ),
    "input_audio_tokens": ("gen_ai.usage.details.input_audio_tokens",),
    "output_audio_tokens": ("gen_ai.usage.details.output_audio_tokens",),
}

CONVERSATIONS = ("pydantic_ai.all_messages", "all_messages_events")
CHOICE = "gen_ai.choice"

ERROR = 2  # OTLP status code
MOST_PARSED = 32_768
"""Characters of a conversation that are parsed on arrival, for one line of preview."""


def claims(keys: frozenset[str], scope: str) -> bool:
    """Tell whether a span speaks this dialect."""
    return scope == "pydantic-ai" or "model_request_parameters" in keys


def read(span: Span) -> Facts:
    """Return what the span says beyond the GenAI conventions."""
    a = span.attributes
    facts = Facts(dialect=NAME)
    fill(facts, a, TEXTS)
    facts.kind = SPANS.get(span.name)
    found = counts(a, COUNTS)
    facts.counts = found if found or found.invalid else None
    if reported := usd(a, "operation.cost"):
        facts.reported_usd, facts.reported_by = reported
    if cause := text(a, "pydantic_ai.tool.retry.cause"):
        facts.reason = cause
    refusal = text(a, "tool_response", "gen_ai.tool.call.result")
    if refusal and span.status_code == ERROR:
        facts.error_message = refusal.partition("\n")[0]  # version 1 raised it without a word
    facts.preview = preview(a.get("final_result") or a.get("tool_arguments") or answer(a))
    return facts


def answer(attributes: Attributes) -> Value:
    """Return the answer among the events of version 1, which come after the whole conversation."""
    events = attributes.get("events")
    if not isinstance(events, str) or len(events) > MOST_PARSED:
        return None
    told = parsed(events)
    return told[-1] if isinstance(told, list) and told else None


def content(span: Span, logs: Sequence[Event]) -> Content:
    """Return the conversation of version 1, and the whole one that an agent's span keeps."""
    a = span.attributes
    events = parsed(a.get("events"))
    told = [e for e in events if isinstance(e, dict)] if isinstance(events, list) else []
    if told:
        given: list[Value] = [e for e in told if e.get("event.name") != CHOICE]
        answered: list[Value] = [e for e in told if e.get("event.name") == CHOICE]
    else:
        whole = next((a[key] for key in CONVERSATIONS if key in a), None)
        given, answered = [parsed(whole)], [a.get("final_result")]
    return Content(
        input=messages(given, role="user"),
        output=messages(answered, role="assistant"),
        arguments=arguments(a.get("tool_arguments")),
        result=arguments(a.get("tool_response")),
    )
