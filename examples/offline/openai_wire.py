"""One turn in the words of OpenAI: chat completions, responses, embeddings, whole and streamed.

Source: the API reference of OpenAI (platform.openai.com/docs/api-reference), 2026-11. Takes a turn
and the number of the request; returns JSON objects, or the events of a stream.
"""

import base64
import struct
from collections.abc import Iterator, Mapping
from typing import Any

from examples.offline.script import Turn

CREATED_S = 1_790_000_000  # any moment will do; no client reads it
VECTOR = (0.5, -0.25, 0.125)

Object = dict[str, Any]


def words(text: str) -> list[str]:
    """Return a text in the pieces in which it is streamed."""
    return [word + " " for word in text.split(" ")[:-1]] + text.split(" ")[-1:] if text else []


def error(status: int, why: str) -> Object:
    """Return the body of a refusal."""
    kind = "rate_limit_exceeded" if status == 429 else "server_error"
    return {"error": {"message": why, "type": kind, "param": None, "code": kind}}


def chat_usage(turn: Turn) -> Object:
    """Return the token counts of a chat completion."""
    return {
        "prompt_tokens": turn.input_tokens,
        "completion_tokens": turn.output_tokens,
        "total_tokens": turn.input_tokens + turn.output_tokens,
        "prompt_tokens_details": {"cached_tokens": turn.cached_tokens, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": turn.reasoning_tokens,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }


def chat_tools(turn: Turn, number: int) -> list[Object]:
    """Return the tool calls of a chat message."""
    return [
        {
            "id": f"call_{number}_{index}",
            "type": "function",
            "function": {"name": tool.name, "arguments": tool.json},
        }
        for index, tool in enumerate(turn.tools)
    ]


def chat(turn: Turn, model: str, number: int) -> Object:
    """Return a chat completion."""
    message: Object = {"role": "assistant", "content": turn.text or None, "refusal": None}
    if turn.tools:
        message["tool_calls"] = chat_tools(turn, number)
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": finish(turn)}
    return {
        "id": f"chatcmpl-{number}",
        "object": "chat.completion",
        "created": CREATED_S,
        "model": model,
        "choices": [choice],
        "usage": chat_usage(turn),
        "service_tier": "default",
    }


def finish(turn: Turn) -> str:
    """Return why a chat completion ended."""
    return "tool_calls" if turn.tools else "stop"


def chat_chunks(turn: Turn, model: str, number: int, with_usage: bool) -> Iterator[Object]:
    """Yield the chunks of a streamed chat completion; the last has the usage, if asked for."""
    head: Object = {
        "id": f"chatcmpl-{number}",
        "object": "chat.completion.chunk",
        "created": CREATED_S,
        "model": model,
    }
    if with_usage:
        head["usage"] = None
    for delta, ended in [*chat_deltas(turn, number), ({}, finish(turn))]:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": ended}
        yield head | {"choices": [choice]}
    if with_usage:
        yield head | {"choices": [], "usage": chat_usage(turn)}


def chat_deltas(turn: Turn, number: int) -> Iterator[tuple[Object, None]]:
    """Yield what each chunk adds to the message."""
    yield {"role": "assistant", "content": "" if turn.text else None}, None
    for word in words(turn.text):
        yield {"content": word}, None
    for index, tool in enumerate(chat_tools(turn, number)):
        called = tool["function"]
        begun = tool | {"index": index, "function": {"name": called["name"], "arguments": ""}}
        yield {"tool_calls": [begun]}, None
        rest = {"index": index, "function": {"arguments": called["arguments"]}}
        yield {"tool_calls": [rest]}, None


def embeddings(turn: Turn, model: str, request: Mapping[str, Any]) -> Object:
    """Return one vector for each text of the request, in the encoding that was asked for."""
    texts = request["input"] if isinstance(request["input"], list) else [request["input"]]
    packed = base64.b64encode(struct.pack(f"<{len(VECTOR)}f", *VECTOR)).decode()
    vector = packed if request.get("encoding_format") == "base64" else list(VECTOR)
    return {
        "object": "list",
        "data": [
            {"object": "embedding", "index": index, "embedding": vector}
            for index in range(len(texts))
        ],
        "model": model,
        "usage": {"prompt_tokens": turn.input_tokens, "total_tokens": turn.input_tokens},
    }


def response(turn: Turn, model: str, number: int) -> Object:
    """Return an answer of the responses API."""
    return {
        "id": f"resp_{number}",
        "object": "response",
        "created_at": CREATED_S,
        "status": "completed",
        "model": model,
        "output": list(items(turn, number)),
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "metadata": {},
        "parallel_tool_calls": True,
        "temperature": 1.0,
        "tool_choice": "auto",
        "tools": [],
        "top_p": 1.0,
        "usage": {
            "input_tokens": turn.input_tokens,
            "input_tokens_details": {"cached_tokens": turn.cached_tokens, "cache_write_tokens": 0},
            "output_tokens": turn.output_tokens,
            "output_tokens_details": {"reasoning_tokens": turn.reasoning_tokens},
            "total_tokens": turn.input_tokens + turn.output_tokens,
        },
    }


def items(turn: Turn, number: int) -> Iterator[Object]:
    """Yield the output items of a response: the message, then the tool calls."""
    if turn.text:
        yield {
            "id": f"msg_{number}",
            "type": "message",
            "status": "completed",
            "role": "assistant",
            "content": [{"type": "output_text", "text": turn.text, "annotations": []}],
        }
    for index, tool in enumerate(turn.tools):
        yield {
            "id": f"fc_{number}_{index}",
            "type": "function_call",
            "status": "completed",
            "call_id": f"call_{number}_{index}",
            "name": tool.name,
            "arguments": tool.json,
        }


def response_events(turn: Turn, model: str, number: int) -> Iterator[Object]:
    """Yield the events of a streamed response, numbered as they go."""
    whole = response(turn, model, number)
    begun = whole | {"status": "in_progress", "output": [], "usage": None}
    events: list[Object] = [{"type": "response.created", "response": begun}]
    for index, item in enumerate(whole["output"]):
        events += item_events(index, item)
    events.append({"type": "response.completed", "response": whole})
    for sequence, event in enumerate(events):
        yield event | {"sequence_number": sequence}


def item_events(index: int, item: Object) -> Iterator[Object]:
    """Yield the events that build up one output item."""
    where = {"output_index": index, "item_id": item["id"]}
    hollow: Object = {"content": []} if item["type"] == "message" else {"arguments": ""}
    started = item | hollow | {"status": "in_progress"}
    yield {"type": "response.output_item.added", "output_index": index, "item": started}
    if item["type"] == "message":
        yield from text_events(where | {"content_index": 0}, item["content"][0])
    else:
        kind, said = "response.function_call_arguments", item["arguments"]
        yield {"type": f"{kind}.delta", "delta": said} | where
        yield {"type": f"{kind}.done", "arguments": said, "name": item["name"]} | where
    yield {"type": "response.output_item.done", "output_index": index, "item": item}


def text_events(where: Object, part: Object) -> Iterator[Object]:
    """Yield the events that build up the text of a message."""
    yield {"type": "response.content_part.added", "part": part | {"text": ""}} | where
    for word in words(part["text"]):
        yield {"type": "response.output_text.delta", "delta": word, "logprobs": []} | where
    yield {"type": "response.output_text.done", "text": part["text"], "logprobs": []} | where
    yield {"type": "response.content_part.done", "part": part} | where
