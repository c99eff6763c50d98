"""The spans that Anthropic's own client makes as soon as a tracer provider exists.

They follow the GenAI conventions, which `genai` reads; here is what they say beyond them.
Source: anthropics/anthropic-sdk-python, `src/anthropic/_tracing.py`: input contains cached tokens.
"""

from collections.abc import Sequence

from spanledger_collector.dialects import count, counts, flag, text
from spanledger_schema.span import Content, Event, Facts, Span

NAME = "anthropic_sdk"
SCOPE = "com.anthropic.sdk"

COUNTS = {
    "cache_write_1h_tokens": ("anthropic.usage.cache_creation.ephemeral_1h_input_tokens",),
    "web_searches": ("anthropic.usage.server_tool_use.web_search_requests",),
}

CONTEXT = {
    "service_tier": "anthropic.response.service_tier",
    "region": "anthropic.response.inference_geo",
    "speed": "anthropic.response.speed",
}


def claims(keys: frozenset[str], scope: str) -> bool:
    """Tell whether a span was made by the client."""
    return scope.startswith(SCOPE) or "anthropic.message.stop_reason" in keys


def read(span: Span) -> Facts:
    """Return how the answer ended, at which tier, and how long its cache writes live."""
    a = span.attributes
    facts = Facts(dialect=NAME, finish_reason=text(a, "anthropic.message.stop_reason"))
    facts.streaming = flag(a, "gen_ai.request.stream") or False  # sent for streams only
    facts.counts = counts(a, COUNTS)
    if not count(a, "anthropic.usage.cache_creation.ephemeral_1h_input_tokens"):
        facts.counts.cache_write_1h_tokens = None
    context = {key: value for key, name in CONTEXT.items() if (value := text(a, name))}
    facts.price_context = context or None
    return facts


def content(span: Span, logs: Sequence[Event]) -> Content:
    """Return nothing: what these spans tell of messages, they tell by the conventions."""
    return Content()
