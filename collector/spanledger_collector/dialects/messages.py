"""Messages of any dialect into one form: a role and its parts.

Takes what a library recorded as a conversation, an answer or the arguments of a tool: the parts
of the GenAI conventions, OpenAI chat and responses, Anthropic, Gemini, Bedrock, Vercel, the
serialisation of LangChain, or flattened attributes once `nested` has put them together. What has
no shape that is known here is shown as text; nothing is thrown away and nothing raises.
"""

from collections.abc import Iterator
from dataclasses import replace

from spanledger_collector.dialects import is_address, text
from spanledger_collector.dialects.parts import (
    TYPES,
    Object,
    is_part,
    named,
    part,
    text_part,
    tool_call,
)
from spanledger_collector.dialects.structure import nested, structure
from spanledger_schema.span import Attributes, Message, Part, Value

DEEPEST = 12

ROLES = {
    "human": "user",
    "ai": "assistant",
    "model": "assistant",
    "aimessagechunk": "assistant",
    "function": "tool",
    "tool-call": "assistant",
    "tool-response": "tool",
    "developer": "system",
}

# a conversation may lie inside one of these, an answer inside the later ones
WRAPPERS = (
    "messages", "message", "input_messages", "output_messages", "choices", "generations",
    "candidates", "contents", "inputs", "outputs", "input", "output", "kwargs", "data", "response",
    "result", "prompt",
)  # fmt: skip
BODIES = ("message", "kwargs", "data", "message_content", "content")


def messages(value: Value, role: str) -> list[Message]:
    """Return the messages in a value; `role` is that of one which names none."""
    found = [message for item in items(structure(value), 0) for message in read(item, role)]
    return linked(found) if any(m.role == "tool" for m in found) else found


def flattened(attributes: Attributes, prefix: str, role: str) -> list[Message]:
    """Return the messages that were flattened into attributes below a prefix."""
    return messages(nested(attributes, prefix), role)


def arguments(value: Value) -> Value:
    """Return the arguments or the result of a tool as a structure where they are one."""
    return structure(value)


def tool_message(value: Value) -> Value:
    """Return what a tool returned, out of LangChain's message that brings it to the model."""
    body = value.get("kwargs") or value.get("data") or value if isinstance(value, dict) else None
    if isinstance(body, dict) and "tool_call_id" in body and "content" in body:
        return structure(body["content"])
    return value


def refused(value: Value) -> str | None:
    """Return in which words a tool refused: LangChain's message to the model says so by its status."""
    body = value.get("kwargs") or value.get("data") or value if isinstance(value, dict) else None
    if not isinstance(body, dict) or "tool_call_id" not in body or body.get("status") != "error":
        return None
    return text(body, "content") or ""


def parameters(attributes: Attributes, prefix: str) -> dict[str, Value]:
    """Return request parameters: the attributes below a prefix, the model's name left out."""
    return {
        name[len(prefix) :]: value
        for name, value in attributes.items()
        if name.startswith(prefix) and name != f"{prefix}model"
    }


def linked(found: list[Message]) -> list[Message]:
    """Return messages in which results that name no call take the id of the one they follow."""
    open_calls: list[Part] = []
    told = []
    for message in found:
        parts_of = []
        for each in message.parts:
            if each.type == "tool_result":
                call = answered_call(each, open_calls)
                if call is not None:
                    open_calls.remove(call)
                    each = replace(each, id=each.id or call.id, name=each.name or call.name)
            elif each.type == "tool_call":
                open_calls.append(each)
            parts_of.append(each)
        told.append(replace(message, parts=tuple(parts_of)))
    return told


def answered_call(result: Part, open_calls: list[Part]) -> Part | None:
    """Return the call that a result answers: by id, by name, else the first still open."""
    for key in ("id", "name"):
        if (known := getattr(result, key)) is not None:
            return next((c for c in open_calls if getattr(c, key) == known), None)
    return open_calls[0] if open_calls else None


def items(value: Value, depth: int) -> Iterator[Value]:
    """Yield the messages of a conversation, wherever in a structure it is kept."""
    if value is None or value == "" or depth > DEEPEST:
        return
    if isinstance(value, str) and is_address(value):
        return
    if isinstance(value, list):
        if value and all(is_part(item) for item in value):
            yield {"content": value}
            return
        for item in value:
            yield from items(item, depth + 1)
    elif isinstance(value, dict) and not is_message(value):
        inner = next((value[key] for key in WRAPPERS if value.get(key)), None)
        if inner is None or is_plain(inner):
            yield value
        else:
            yield from items(structure(inner), depth + 1)
    else:
        yield value


def is_plain(value: Value) -> bool:
    """Tell whether a value is a scalar, or a text that holds no structure."""
    return not isinstance(structure(value), list | dict)


MESSAGE_TYPES = frozenset({"human", "ai", "system", "tool", "function", "AIMessageChunk"})


def is_message(value: Object) -> bool:
    """Tell whether an object is a message of its own: it has a role, or says so by its type."""
    if "role" in value or "parts" in value or "tool_calls" in value or "lc" in value:
        return True
    if text(value, "type") in MESSAGE_TYPES and ("data" in value or "content" in value):
        return True
    if "finish_reason" in value and "message" in value:
        return True
    return is_part(value) or "content" in value


def read(value: Value, role: str) -> list[Message]:
    """Return the message that an item is, none when it says nothing."""
    if not isinstance(value, dict):
        return [Message(role, (text_part(value),))]
    body, who = unwrapped(value), said_by(value)
    role = who or said_by(body) or role
    found = [*parts(body, role), *called(body)]
    finish = value.get("finish_reason") or body.get("finish_reason")
    if not found and not finish:
        found = [text_part(value)] if not who and "content" not in body else []
    return [Message(role, tuple(found), finish if isinstance(finish, str) else None)]


def unwrapped(value: Object) -> Object:
    """Return the object that holds the words, inside a choice, a serialisation or a wrapper."""
    for _ in range(DEEPEST):
        inner = next((value[k] for k in BODIES if isinstance(value.get(k), dict)), None)
        if inner is None or (is_part(value) and "message" not in value):
            break
        if value.get("role") == "tool" and inner is value.get("content"):
            break  # what a tool returned, not a wrapping
        value = inner
    return value


def said_by(value: Object) -> str | None:
    """Return the role that a message names, in our word for it."""
    role = value.get("role")
    if not isinstance(role, str) or not role:
        role = kind if (kind := text(value, "type")) in MESSAGE_TYPES else None
    if role is None and isinstance(path := value.get("id"), list) and path:
        role = str(path[-1]).lower().removesuffix("chunk").removesuffix("message")
    return ROLES.get(role.lower(), role.lower()) if isinstance(role, str) and role else None


def parts(body: Object, role: str) -> Iterator[Part]:
    """Yield the parts of a message's body: reasoning first, then what it says."""
    for key in ("reasoning_content", "reasoning", "thinking"):
        if isinstance(body.get(key), str) and body[key]:
            yield Part("reasoning", text=body[key])
    if is_part(body) and "role" not in body:
        yield from part(body)
        return
    said = next((body[k] for k in ("parts", "content", "contents", "text") if body.get(k)), None)
    if role == "tool" and (not (given := part_list(said)) or all(map(is_text, given))):
        if given:
            said = "\n".join(str(t.text) for item in given for t in part(item))
        known_id = body.get("tool_call_id") or body.get("id")
        yield Part("tool_result", name=named(body), id=known_id, data=structure(said))
    elif said is not None and said != '""':  # how one library writes "no words, only calls"
        yield from spoken(said)


def spoken(said: Value) -> Iterator[Part]:
    """Yield the parts of what a message says: a text, or a list of parts."""
    if isinstance(said, str) and (found := part_list(said)):
        said = found
    for item in said if isinstance(said, list) else [said]:
        yield from part(item)


def part_list(said: Value) -> list[Value]:
    """Return the parts in a list, also when it was sent as text; an empty list if it is none."""
    found = structure(said) if isinstance(said, str) and said[:1] == "[" else said
    return found if isinstance(found, list) and all(is_part(item) for item in found) else []


def is_text(value: Value) -> bool:
    """Tell whether a part is plain text."""
    return isinstance(value, dict) and TYPES.get(str(value.get("type"))) == "text"


def called(body: Object) -> Iterator[Part]:
    """Yield the tool calls that stand beside the words of a message."""
    calls = body.get("tool_calls") or body.get("toolCalls")
    if not calls and isinstance(more := body.get("additional_kwargs"), dict):
        calls = more.get("tool_calls")
    for call in part_calls(structure(calls)):
        yield tool_call(call)
    if isinstance(lone := body.get("function_call"), dict) and not is_part(body):
        yield tool_call(lone)


def part_calls(calls: Value) -> Iterator[Object]:
    """Yield the objects of a list of tool calls."""
    for call in calls if isinstance(calls, list) else []:
        if isinstance(call, dict):
            yield call
