"""A provider's own objects, as libraries copy them into attributes: what they say, in our words.

Takes a usage object or a whole response (native, JSON or Python repr) of OpenAI, Anthropic,
Bedrock, Gemini, Cohere, or LangChain's rendering of one. Each shape has one fixed meaning, so the
counts that come out know what they include (`basis="raw"`). Refuses to mend: counts are read from
an object that is whole, or not at all.

Source: the API references of these providers; `UsageMetadata` of langchain-core.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from spanledger_collector.dialects import counts, parsed, text
from spanledger_collector.dialects.structure import python_literal
from spanledger_schema.span import Counts, Value

Object = dict[str, Any]
Table = Mapping[str, tuple[str, ...]]

DEEPEST = 6
LONGEST_LITERAL = 1 << 16

CHAT: Table = {
    "input_tokens": ("prompt_tokens",),
    "output_tokens": ("completion_tokens",),
    "total_tokens": ("total_tokens",),
    "cache_read_tokens": (
        "prompt_tokens_details.cached_tokens",
        "prompt_cache_hit_tokens",  # DeepSeek
        "cache_read_input_tokens",  # LiteLLM beside the details
        "cached_tokens",  # Moonshot
    ),
    "cache_write_tokens": (
        "prompt_tokens_details.cache_write_tokens",
        "prompt_tokens_details.cache_creation_tokens",
        "cache_creation_input_tokens",
    ),
    "cache_write_1h_tokens": (
        "prompt_tokens_details.cache_creation_token_details.ephemeral_1h_input_tokens",
    ),
    "reasoning_tokens": ("completion_tokens_details.reasoning_tokens", "reasoning_tokens"),
    "input_audio_tokens": ("prompt_tokens_details.audio_tokens",),
    "output_audio_tokens": ("completion_tokens_details.audio_tokens",),
    "web_searches": ("num_search_queries",),  # Perplexity
}

RESPONSES: Table = {
    "input_tokens": ("input_tokens",),
    "output_tokens": ("output_tokens",),
    "total_tokens": ("total_tokens",),
    "cache_read_tokens": ("input_tokens_details.cached_tokens",),
    "cache_write_tokens": ("input_tokens_details.cache_write_tokens",),
    "reasoning_tokens": ("output_tokens_details.reasoning_tokens",),
    "input_audio_tokens": ("input_tokens_details.audio_tokens",),
    "output_audio_tokens": ("output_tokens_details.audio_tokens",),
}

LANGCHAIN: Table = {
    "input_tokens": ("input_tokens",),
    "output_tokens": ("output_tokens",),
    "total_tokens": ("total_tokens",),
    "cache_read_tokens": ("input_token_details.cache_read", "input_token_details.cached_tokens"),
    "cache_write_tokens": ("input_token_details.cache_creation",),
    "cache_write_1h_tokens": ("input_token_details.ephemeral_1h_input_tokens",),
    "reasoning_tokens": ("output_token_details.reasoning",),
    "input_audio_tokens": ("input_token_details.audio", "input_token_details.audio_tokens"),
    "output_audio_tokens": ("output_token_details.audio", "output_token_details.audio_tokens"),
}

LIFETIMES: Table = {
    "cache_write_tokens": ("input_token_details.ephemeral_5m_input_tokens",),
    "cache_write_1h_tokens": ("input_token_details.ephemeral_1h_input_tokens",),
}

ANTHROPIC: Table = {
    "input_tokens": ("input_tokens",),
    "output_tokens": ("output_tokens",),
    "cache_read_tokens": ("cache_read_input_tokens",),
    "cache_write_tokens": ("cache_creation_input_tokens",),
    "cache_write_1h_tokens": ("cache_creation.ephemeral_1h_input_tokens",),
    "web_searches": ("server_tool_use.web_search_requests",),
}

BEDROCK: Table = {
    "input_tokens": ("inputTokens",),
    "output_tokens": ("outputTokens",),
    "total_tokens": ("totalTokens",),
    "cache_read_tokens": ("cacheReadInputTokens",),
    "cache_write_tokens": ("cacheWriteInputTokens",),
}

GEMINI: Table = {
    "input_tokens": ("promptTokenCount", "prompt_token_count"),
    "output_tokens": ("candidatesTokenCount", "candidates_token_count"),
    "total_tokens": ("totalTokenCount", "total_token_count"),
    "cache_read_tokens": ("cachedContentTokenCount", "cached_content_token_count"),
    "reasoning_tokens": ("thoughtsTokenCount", "thoughts_token_count"),
    "tool_prompt_tokens": ("toolUsePromptTokenCount", "tool_use_prompt_token_count"),
}

COHERE: Table = {
    "input_tokens": ("billed_units.input_tokens",),
    "output_tokens": ("billed_units.output_tokens",),
    "rerank_searches": ("billed_units.search_units",),
}

SHAPES: tuple[tuple[tuple[str, ...], Table, bool, bool | None], ...] = (
    # one of these is there: this table; the input contains cached, the output reasoning tokens
    (("promptTokenCount", "prompt_token_count"), GEMINI, True, False),
    (("inputTokens",), BEDROCK, False, True),
    (("prompt_tokens",), CHAT, True, None),  # xAI and others report reasoning beside the output
    (("input_tokens_details", "output_tokens_details"), RESPONSES, True, True),
    (("input_token_details", "output_token_details"), LANGCHAIN, True, True),
    (
        ("cache_read_input_tokens", "cache_creation_input_tokens", "server_tool_use"),
        ANTHROPIC,
        False,
        True,
    ),
    (("billed_units",), COHERE, True, True),
    (("input_tokens",), RESPONSES, True, True),  # nothing is cached: all shapes agree
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the response object of a provider says of its call."""

    id: str | None = None
    model: str | None = None
    finish_reason: str | None = None
    service_tier: str | None = None
    counts: Counts | None = None


def whole_object(value: Value) -> Object:
    """Return an object that was sent natively, as JSON or as Python repr; {} for anything else."""
    found = parsed(value)
    if isinstance(found, str) and found[:1] == "{" and len(found) <= LONGEST_LITERAL:
        found = python_literal(found)
    return found if isinstance(found, dict) else {}


def usage_counts(value: Value) -> Counts | None:
    """Return the counts of a usage object, None when it has no shape that is known here."""
    usage = whole_object(value)
    for keys, table, cache_inside, reasoning_inside in SHAPES:
        if any(usage.get(key) is not None for key in keys):
            found = counts(
                flat(usage, 0),
                table,
                includes_cache=cache_inside,
                includes_reasoning=reasoning_inside,
                basis="raw",
            )
            if table is LANGCHAIN:
                add_lifetimes(found, usage)
            return found if found or found.invalid else None
    return None


def add_lifetimes(found: Counts, usage: Object) -> None:
    """Count cache writes that LangChain tells by their lifetime and then no longer as a whole."""
    told = counts(flat(usage, 0), LIFETIMES)
    if known := [n for n in (told.cache_write_tokens, told.cache_write_1h_tokens) if n is not None]:
        found.cache_write_tokens = max(found.cache_write_tokens or 0, sum(known))


def flat(value: Object, depth: int) -> Object:
    """Return an object whose inner objects are spelled out: {"a": {"b": 1}} → {"a.b": 1}."""
    found: Object = {}
    for key, item in value.items():
        if isinstance(item, dict) and depth < DEEPEST:
            inner = flat(item, depth + 1)
            found.update({f"{key}.{name}": below for name, below in inner.items()})
        elif not isinstance(item, list):
            found[key] = item
    return found


def answer(value: Value) -> Answer:
    """Return what a response says; an object of another kind says nothing."""
    layers = list(inward(whole_object(value)))
    if not layers:
        return Answer()
    return Answer(
        id=next((i for i in ids(layers) if not i.startswith(MADE_UP)), None),
        model=first(layers, "model", "model_name", "modelVersion", "model_version"),
        finish_reason=first(layers, "finish_reason", "stop_reason", "finishReason", "stopReason")
        or (text(layers[0], "status") if layers[0].get("object") == "response" else None),
        service_tier=first(layers, "service_tier"),
        counts=next((c for layer in layers if (c := usage_of(layer))), None),
    )


MADE_UP = ("lc_run-", "run-")
"""How ids begin that LangChain gives to answers; the provider's stand further inside."""

INWARD = (
    "choices", "generations", "candidates", "message", "kwargs", "generation_info",
    "response_metadata", "llm_output", "output", "outputs", "response", "meta", "data",
)  # fmt: skip


def inward(value: Value, depth: int = 0) -> Iterator[Object]:
    """Yield an object and those inside it that speak of the same answer, outermost first.

    Of several choices the first one speaks; what a model said is not looked into.
    """
    if isinstance(value, list) and value:
        yield from inward(value[0], depth)
    elif isinstance(value, dict) and depth <= DEEPEST:
        yield value
        for key in INWARD:
            yield from inward(value.get(key), depth + 1)


def ids(layers: list[Object]) -> Iterator[str]:
    """Yield the ids under which an answer goes, name by name."""
    for name in ("id", "responseId", "response_id"):
        yield from (found for layer in layers if (found := text(layer, name)))


def first(layers: list[Object], *names: str) -> str | None:
    """Return the first non-empty text under one of these names, name by name."""
    return next((t for name in names for layer in layers if (t := text(layer, name))), None)


def usage_of(value: Object) -> Counts | None:
    """Return the counts in the usage object that stands in a response."""
    for key in ("usage", "usage_metadata", "usageMetadata", "token_usage"):
        if isinstance(found := value.get(key), dict) and (read := usage_counts(found)):
            return read
    return None
