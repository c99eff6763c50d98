"""`record_usage()`: the tokens of a call that no instrumentation sees.

Takes the provider's own counts, or its whole response; totals include cached and reasoning tokens,
as the GenAI conventions want them.
"""

from collections.abc import Mapping
from typing import Any

from opentelemetry.trace import get_current_span

from spanledger import health
from spanledger.responses import usage_of
from spanledger.spans import moment
from spanledger_schema import attributes as ours

KEYS = {
    "input_tokens": "gen_ai.usage.input_tokens",
    "output_tokens": "gen_ai.usage.output_tokens",
    "cache_read_tokens": "gen_ai.usage.cache_read.input_tokens",
    "cache_write_tokens": "gen_ai.usage.cache_write.input_tokens",
    "cache_write_1h_tokens": ours.CACHE_WRITE_1H_TOKENS,
    "reasoning_tokens": "gen_ai.usage.reasoning.output_tokens",
    "model": "gen_ai.response.model",
    "provider": "gen_ai.provider.name",
    "response_id": "gen_ai.response.id",
}
CALLS = frozenset({"chat", "embeddings", "rerank", "text_completion", "generate_content"})


def record_usage(
    response: object = None,
    /,
    *,
    model: str | None = None,
    provider: str | None = None,
    input_tokens: int | None = None,
    output_tokens: int | None = None,
    cache_read_tokens: int | None = None,
    cache_write_tokens: int | None = None,
    cache_write_1h_tokens: int | None = None,
    reasoning_tokens: int | None = None,
    response_id: str | None = None,
) -> None:
    """Record the usage of a call: on the open call, else as a call of its own.

    Args:
        response: of the OpenAI or Anthropic client, or its JSON; what else is given beats it.
        model: as the provider answered it.
        provider: openai, anthropic, …
        input_tokens: all of the prompt, cached tokens included.
        output_tokens: all of the answer, reasoning included.
        cache_read_tokens: the part of the input that came from a cache.
        cache_write_tokens: the part of the input that was written to a cache.
        cache_write_1h_tokens: the part of those that lives an hour.
        reasoning_tokens: the part of the output that nobody sees.
        response_id: the provider's id of the answer.
    """
    said = {
        "model": model, "provider": provider, "input_tokens": input_tokens,
        "output_tokens": output_tokens, "cache_read_tokens": cache_read_tokens,
        "cache_write_tokens": cache_write_tokens, "cache_write_1h_tokens": cache_write_1h_tokens,
        "reasoning_tokens": reasoning_tokens, "response_id": response_id,
    }  # fmt: skip
    try:
        found = usage_of(response) if response is not None else {}
        told = {**found, **{name: value for name, value in said.items() if value is not None}}
        attributes = {KEYS[name]: value for name, value in told.items()}
    except Exception as error:  # noqa: BLE001 – S-02
        health.swallowed("record_usage", error)
        return
    tell(attributes)


def tell(attributes: Mapping[str, Any]) -> None:
    """Put usage where it belongs."""
    current = get_current_span()
    known = getattr(current, "attributes", None) or {}
    if current.is_recording() and known.get("gen_ai.operation.name") in CALLS:
        current.set_attributes(attributes)
        return
    name = str(attributes.get("gen_ai.response.model") or "usage")
    moment(name, "llm", attributes)
