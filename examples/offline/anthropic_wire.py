"""One turn in the words of Anthropic's messages API, whole and streamed.

Source: the API reference of Anthropic (docs.anthropic.com/en/api/messages), 2026-11. Its
`input_tokens` leave out what was read from or written to the prompt cache.
"""

import json
from collections.abc import Iterator

from examples.offline.openai_wire import Object, words
from examples.offline.script import Turn

KINDS = {429: "rate_limit_error", 500: "api_error", 529: "overloaded_error"}


def error(status: int, why: str) -> Object:
    """Return the body of a refusal."""
    kind = KINDS.get(status, "invalid_request_error")
    return {"type": "error", "error": {"type": kind, "message": why}}


def usage(turn: Turn) -> Object:
    """Return the token counts of a message."""
    return {
        "input_tokens": turn.input_tokens - turn.cached_tokens - turn.cache_write_tokens,
        "cache_read_input_tokens": turn.cached_tokens,
        "cache_creation_input_tokens": turn.cache_write_tokens,
        "cache_creation": {
            "ephemeral_5m_input_tokens": turn.cache_write_tokens,
            "ephemeral_1h_input_tokens": 0,
        },
        "output_tokens": turn.output_tokens,
        "service_tier": "standard",
    }


def blocks(turn: Turn, number: int) -> list[Object]:
    """Return the content of a message: text, then tool calls."""
    said: list[Object] = [{"type": "text", "text": turn.text}] if turn.text else []
    return said + [
        {"type": "tool_use", "id": f"toolu_{number}_{i}", "name": t.name, "input": t.arguments}
        for i, t in enumerate(turn.tools)
    ]


def message(turn: Turn, model: str, number: int) -> Object:
    """Return a message."""
    return {
        "id": f"msg_{number}",
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": blocks(turn, number),
        "stop_reason": "tool_use" if turn.tools else "end_turn",
        "stop_sequence": None,
        "usage": usage(turn),
    }


def events(turn: Turn, model: str, number: int) -> Iterator[Object]:
    """Yield the events of a streamed message; only the last but one knows the output tokens."""
    whole = message(turn, model, number)
    counted = whole["usage"] | {"output_tokens": 1}
    begun = whole | {"content": [], "stop_reason": None, "usage": counted}
    yield {"type": "message_start", "message": begun}
    yield {"type": "ping"}
    for index, block in enumerate(whole["content"]):
        yield from block_events(index, block)
    ended = {"stop_reason": whole["stop_reason"], "stop_sequence": None}
    spent = {"output_tokens": turn.output_tokens}
    yield {"type": "message_delta", "delta": ended, "usage": spent}
    yield {"type": "message_stop"}


def block_events(index: int, block: Object) -> Iterator[Object]:
    """Yield the events that build up one block of content."""
    is_text = block["type"] == "text"
    hollow: Object = {"text": ""} if is_text else {"input": {}}
    yield {"type": "content_block_start", "index": index, "content_block": block | hollow}
    for delta in deltas(block):
        yield {"type": "content_block_delta", "index": index, "delta": delta}
    yield {"type": "content_block_stop", "index": index}


def deltas(block: Object) -> Iterator[Object]:
    """Yield the pieces in which the content of a block arrives."""
    if block["type"] == "text":
        for word in words(block["text"]):
            yield {"type": "text_delta", "text": word}
        return
    said = json.dumps(block["input"])
    for piece in (said[: len(said) // 2], said[len(said) // 2 :]):
        yield {"type": "input_json_delta", "partial_json": piece}
