"""One part of a message, in any dialect's spelling, into our own.

Takes what a message holds (texts, tool calls and their results, reasoning, pictures, files) and
gives `Part`s. A media part says where the thing is, never what is in it.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any, Literal

from spanledger_collector.dialects import compact, text
from spanledger_collector.dialects.structure import python_literal, structure
from spanledger_schema.span import Part, Value

Object = dict[str, Any]

Word = Literal["text", "reasoning", "tool_call", "tool_result", "image", "audio", "file"]

TYPES: dict[str, Word] = {
    "text": "text", "input_text": "text", "output_text": "text", "refusal": "text",
    "reasoning": "reasoning", "thinking": "reasoning", "redacted_thinking": "reasoning",
    "tool_call": "tool_call", "tool_use": "tool_call", "toolUse": "tool_call",
    "function_call": "tool_call", "functionCall": "tool_call", "tool-call": "tool_call",
    "server_tool_call": "tool_call", "server_tool_use": "tool_call",
    "tool_call_response": "tool_result", "tool_result": "tool_result", "toolResult": "tool_result",
    "function_call_output": "tool_result", "function_response": "tool_result",
    "functionResponse": "tool_result", "tool-result": "tool_result", "tool_return": "tool_result",
    "image": "image", "image_url": "image", "input_image": "image", "image-url": "image",
    "audio": "audio", "input_audio": "audio",
    "file": "file", "input_file": "file", "document": "file", "blob": "file", "uri": "file",
    "media": "file", "video": "file", "binary": "file",
}  # fmt: skip

KEYED = tuple(name for name in TYPES if name not in ("thinking", "reasoning", "file", "image"))
"""Gemini and Bedrock give a part no type but name it: `{"toolUse": {…}}`."""


def is_part(value: Value) -> bool:
    """Tell whether an object is one part of a message."""
    if not isinstance(value, dict) or "role" in value:
        return False
    if text(value, "type") in TYPES:
        return True
    return len(value) <= 4 and "content" not in value and any(value.get(k) for k in KEYED)


def part(value: Value) -> Iterator[Part]:
    """Yield the part that a value is."""
    if value is None or value == "":
        return
    if not isinstance(value, dict):
        yield text_part(value)
        return
    if isinstance(inner := value.get("message_content"), dict):
        value = inner
    word = TYPES.get(text(value, "type") or "")
    if word is None:
        key = next((k for k in KEYED if value.get(k)), None)
        word = TYPES[key] if key else "text"
        if key and isinstance(named_part := value[key], dict):
            value = named_part
    yield from PARTS[word](value)


REPR = re.compile(r"\A[A-Z]\w*\(\w+=")
"""How the repr of an object begins, which one library puts where the text of a part belongs."""


def text_parts(value: Object) -> Iterator[Part]:
    """Yield the text of a part."""
    said = next((value[k] for k in ("content", "text", "refusal") if value.get(k)), None)
    if isinstance(said, str) and REPR.match(said) and is_part(found := python_literal(said)):
        yield from part(found)
    elif said is not None:
        yield Part("text", text=compact(said))
    elif "type" not in value and "text" not in value:
        yield text_part(value)


def reasoning_parts(value: Object) -> Iterator[Part]:
    """Yield what a model thought before it answered, as far as it was told."""
    keys = ("content", "text", "thinking", "summary", "reasoning")
    said = structure(next((value[k] for k in keys if value.get(k)), None))
    if isinstance(said, list):
        said = "\n".join(str(s.get("text") or "") if isinstance(s, dict) else str(s) for s in said)
    if said:
        yield Part("reasoning", text=compact(said))


def call_parts(value: Object) -> Iterator[Part]:
    """Yield a tool call."""
    yield tool_call(value)


def tool_call(value: Object) -> Part:
    """Return a tool call: its name, the id of the call, the arguments as a structure."""
    if isinstance(inner := value.get("tool_call"), dict):
        value = inner
    known_id = identity(value)
    if isinstance(inner := value.get("function"), dict):
        value = {**value, **inner}
    keys = ("arguments", "args", "input", "parameters")
    given = next((value[k] for k in keys if value.get(k) is not None), None)
    return Part("tool_call", name=named(value), id=known_id, data=structure(given))


def result_parts(value: Object) -> Iterator[Part]:
    """Yield the result of a tool call."""
    keys = ("response", "result", "content", "output")
    given = next((value[k] for k in keys if value.get(k) is not None), None)
    yield Part("tool_result", name=named(value), id=identity(value), data=structure(given))


def media_part(word: Word, value: Object) -> Part:
    """Return an image, a sound or a file: where it is, never what is in it."""
    for key in ("image_url", "image", "url", "uri", "file_id", "file", "source"):
        found = value.get(key)
        if isinstance(found, dict):
            found = found.get("url") or found.get("uri") or found.get("file_id")
        if isinstance(found, str) and found:
            kept = (
                found if len(found) < 2048 and not found.startswith("data:") else found[:64] + "…"
            )
            return Part(word, text=kept)
    kind = value.get("mime_type") or value.get("media_type") or value.get("modality")
    return Part(word, text=str(kind) if kind else None)


PARTS: dict[Word, Callable[[Object], Iterator[Part]]] = {
    "text": text_parts,
    "reasoning": reasoning_parts,
    "tool_call": call_parts,
    "tool_result": result_parts,
    "image": lambda value: iter([media_part("image", value)]),
    "audio": lambda value: iter([media_part("audio", value)]),
    "file": lambda value: iter([media_part("file", value)]),
}


def text_part(value: Value) -> Part:
    """Return any value as a part of text."""
    return Part("text", text=compact(value))


def named(value: Object) -> str | None:
    """Return the name of a tool in any of its spellings."""
    for key in ("name", "toolName", "tool_name"):
        if isinstance(name := value.get(key), str) and name:
            return name
    return None


def identity(value: Object) -> str | None:
    """Return the id of a tool call in any of its spellings."""
    for key in ("tool_call_id", "call_id", "toolCallId", "tool_use_id", "toolUseId", "id"):
        if isinstance(found := value.get(key), str) and found:
            return found
    return None
