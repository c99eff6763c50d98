"""A provider's response to its usage: the OpenAI (both APIs), Anthropic and Gemini shapes.

Read from an object of their client or from its JSON; what is not there stays unknown. Anthropic
reports its input without what the cache held, the others with it; what goes out includes it.
"""

from collections.abc import Mapping
from typing import Any

Found = dict[str, Any]


def usage_of(response: object) -> Found:
    """Return what a response says of its usage, by the names of `record_usage`."""
    usage = (
        get(response, "usage") or get(response, "usage_metadata") or get(response, "usageMetadata")
    )
    found = counts(usage) if usage is not None else {}
    model = get(response, "model") or get(response, "model_version")
    response_id = get(response, "id")
    if isinstance(model, str):
        found["model"] = model
    if isinstance(response_id, str):
        found["response_id"] = response_id
    return {name: value for name, value in found.items() if value is not None}


def counts(usage: object) -> Found:
    """Return the counts of a usage object."""
    if (prompt := count(usage, "prompt_tokens")) is not None:
        return {
            "input_tokens": prompt,
            "output_tokens": count(usage, "completion_tokens"),
            "cache_read_tokens": count(usage, "prompt_tokens_details", "cached_tokens"),
            "reasoning_tokens": count(usage, "completion_tokens_details", "reasoning_tokens"),
        }
    if (prompt := count(usage, "prompt_token_count")) is not None:
        return gemini(usage, prompt)
    if get(usage, "input_tokens_details") is not None:
        return {
            "input_tokens": count(usage, "input_tokens"),
            "output_tokens": count(usage, "output_tokens"),
            "cache_read_tokens": count(usage, "input_tokens_details", "cached_tokens"),
            "reasoning_tokens": count(usage, "output_tokens_details", "reasoning_tokens"),
        }
    return anthropic(usage)


def anthropic(usage: object) -> Found:
    """Return Anthropic's counts, the cached tokens added to the input."""
    plain = count(usage, "input_tokens")
    read = count(usage, "cache_read_input_tokens")
    written = count(usage, "cache_creation_input_tokens")
    return {
        "input_tokens": None if plain is None else plain + (read or 0) + (written or 0),
        "output_tokens": count(usage, "output_tokens"),
        "cache_read_tokens": read,
        "cache_write_tokens": written,
        "cache_write_1h_tokens": count(usage, "cache_creation", "ephemeral_1h_input_tokens"),
    }


def gemini(usage: object, prompt: int) -> Found:
    """Return Gemini's counts, the thoughts added to the output."""
    said, thoughts = count(usage, "candidates_token_count"), count(usage, "thoughts_token_count")
    return {
        "input_tokens": prompt + (count(usage, "tool_use_prompt_token_count") or 0),
        "output_tokens": None
        if said is None and thoughts is None
        else (said or 0) + (thoughts or 0),
        "cache_read_tokens": count(usage, "cached_content_token_count"),
        "reasoning_tokens": thoughts,
    }


def count(held: object, *names: str) -> int | None:
    """Return a count below some names, None where it is absent or no count."""
    for name in names:
        held = get(held, name)
    return held if type(held) is int and held >= 0 else None


def get(held: object, name: str) -> Any:
    """Return a member of an object of a client or of its JSON; None where there is none."""
    if isinstance(held, Mapping):
        return held.get(name)
    return getattr(held, name, None)
