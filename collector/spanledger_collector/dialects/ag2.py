"""The AG2 dialect: spans of AG2 1.x and of its predecessor, autogen 0.x.

Source: ag2ai/ag2, `ag2/middleware/builtin/telemetry.py`, `ag2/_telemetry_consts.py` and
`autogen/opentelemetry/`; captures of 1.2. Every model call is told twice, by its span and by a usage
record; other usage records are the only trace of calls that have no span (summaries, uninstrumented
workers), or sum up those of a worker that has some. Counts are handed on as each API counts.
"""

from collections.abc import Sequence

from spanledger_collector.dialects import counts, fill, preview, text, texts
from spanledger_collector.dialects.messages import messages
from spanledger_collector.providers import fold
from spanledger_schema.span import Attributes, Content, Counts, Event, Facts, Kind, Span

NAME = "ag2"

KINDS: dict[str, Kind] = {
    "agent": "agent",
    "llm": "llm",
    "tool": "tool",
    "code_execution": "tool",
    "usage": "llm",
    "human_input": "decision",
    "handoff": "handoff",
    "speaker_selection": "state",
    "conversation": "workflow",
    "multi_conversation": "workflow",
    "envelope": "span",
    "channel": "span",
    "task": "span",
    "agent_lifetime": "span",
    "agent_event": "event",
}

TEXTS = {
    "provider": ("gen_ai.provider.name",),
    "response_model": ("gen_ai.response.model",),
    "state_to": ("ag2.speaker_selection.selected",),
}

COUNTS = {
    "input_tokens": ("gen_ai.usage.input_tokens",),
    "output_tokens": ("gen_ai.usage.output_tokens",),
    "total_tokens": ("ag2.usage.total_tokens",),
    "cache_read_tokens": ("gen_ai.usage.cache_read_input_tokens",),
    "cache_write_tokens": ("gen_ai.usage.cache_creation_input_tokens",),
    "reasoning_tokens": ("gen_ai.usage.thinking_tokens",),
}

CACHE_BESIDE_INPUT = frozenset({"anthropic", "bedrock"})
REASONING_BESIDE_OUTPUT = frozenset({"google", "vertex", "xai"})

OF_A_CALL = "model_call"
CODE_TOOL = "execute_code_blocks"
PROMPT, RESPONSE = "ag2.human_input.prompt", "ag2.human_input.response"


def claims(keys: frozenset[str], scope: str) -> bool:
    """Tell whether a span speaks this dialect."""
    return "ag2.span.type" in keys or scope == "opentelemetry.instrumentation.ag2"


def read(span: Span) -> Facts:
    """Return what the span says beyond the GenAI conventions."""
    a = span.attributes
    facts = Facts(dialect=NAME)
    fill(facts, a, TEXTS)
    kind = text(a, "ag2.span.type") or ""
    facts.kind = KINDS.get(kind)
    if facts.kind == "llm":
        facts.counts = usage(a, fold(facts.provider))
        if kind == "usage":
            facts.usage_role = "event" if text(a, "ag2.usage.kind") == OF_A_CALL else "record"
    elif facts.kind == "workflow":
        facts.usage_role = "aggregate"  # with answers from AG2's own cache, which cost nothing
    if kind == "code_execution":
        facts.tool = CODE_TOOL
    elif kind == "human_input":
        facts.actor, facts.reason = "human", text(a, PROMPT)
        facts.preview = preview(a.get(RESPONSE) or a.get(PROMPT))
    elif kind == "speaker_selection":
        candidates = texts(a.get("ag2.speaker_selection.candidates"))
        facts.reason = f"of {', '.join(candidates)}" if candidates else None
    return facts


def usage(attributes: Attributes, provider: str) -> Counts:
    """Return the counts of a call or a record, with what the provider's API includes in them."""
    found = counts(attributes, COUNTS, legacy_names=True)
    if provider:
        found.includes_cache = provider not in CACHE_BESIDE_INPUT
        found.includes_reasoning = provider not in REASONING_BESIDE_OUTPUT
    return found


def content(span: Span, logs: Sequence[Event]) -> Content:
    """Return what a human was asked and answered; the rest is where the conventions have it."""
    a = span.attributes
    return Content(
        input=messages(a.get(PROMPT), "assistant"), output=messages(a.get(RESPONSE), "user")
    )
