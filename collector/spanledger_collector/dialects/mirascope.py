"""The Mirascope dialect: the GenAI conventions, and beside them what Mirascope names itself.

Source: mirascope 2.8, `mirascope/ops/_internal` and `mirascope/llm/providers/*/_utils/decode.py`.
Its input count contains cached tokens whoever the provider is. The spans around a call (`ops`)
repeat what it used, which nothing here reads.
"""

from collections.abc import Sequence

from spanledger_collector.dialects import APPLICATION_SESSION, counts, mapping, text, texts
from spanledger_schema.span import Attributes, Content, Event, Facts, Span

NAME = "mirascope"

OF_CALLS = "mirascope.llm"
USAGE = "mirascope.response.usage"
SESSION = "mirascope.ops.session.id"

COUNTS = {
    "input_tokens": ("input_tokens",),
    "output_tokens": ("output_tokens",),
    "cache_read_tokens": ("cache_read_tokens",),
    "cache_write_tokens": ("cache_write_tokens",),
    "reasoning_tokens": ("reasoning_tokens",),
    "total_tokens": ("total_tokens",),
}

MODES = (":completions", ":responses")
"""What follows the name of an OpenAI model: by which of its APIs it is called."""


def claims(keys: frozenset[str], scope: str) -> bool:
    """Tell whether a span speaks this dialect."""
    return scope == OF_CALLS or SESSION in keys or "mirascope.type" in keys


def read(span: Span) -> Facts:
    """Return what the span says beyond the GenAI conventions."""
    a = span.attributes
    facts = Facts(dialect=NAME)
    facts.tags = texts(a.get("mirascope.trace.tags"))
    if session := text(a, SESSION):
        facts.session_id, facts.session_rank = session, APPLICATION_SESSION
    if span.scope.name == OF_CALLS:
        facts.request_model = model(a, "gen_ai.request.model")
        facts.response_model = model(a, "gen_ai.response.model")
        if usage := mapping(a.get(USAGE)):
            facts.counts = counts(usage, COUNTS, includes_cache=True, basis="scope")
    return facts


def model(attributes: Attributes, name: str) -> str | None:
    """Return a model without the way it is called: `openai/gpt-4o:completions` is `openai/gpt-4o`."""
    found = text(attributes, name)
    mode = next((m for m in MODES if found and found.endswith(m)), "")
    return found.removesuffix(mode) if found else None


def content(span: Span, logs: Sequence[Event]) -> Content:
    """Return nothing: the conversation is where the conventions have it."""
    return Content()
