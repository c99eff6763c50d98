"""Structures out of whatever they were sent as: JSON, cut JSON, Python repr, flattened names.

Takes attribute values as decoded, gives plain lists, dicts and scalars. For showing content, not
for reading counts: what had to be mended here is good enough to look at, not to bill from.
"""

import ast
import re
from collections.abc import Mapping
from typing import Any

import orjson

from spanledger_collector.dialects import parsed
from spanledger_schema.span import Attributes, Value

MOST_MENDED = 1 << 20  # characters; longer texts are shown as they are
MOST_LITERAL = 1 << 18
MOST_ITEMS = 10_000  # of one flattened list

Tree = dict[str, Any]


def structure(value: Value) -> Value:
    """Return a structure: JSON is parsed, cut JSON mended, a Python literal read; else as it is."""
    if not isinstance(value, str):
        return value
    stripped = value.strip()
    if stripped[:1] not in ("[", "{", "(", '"', "'") or len(stripped) < 2:
        return value
    try:
        found: Value = orjson.loads(stripped)
    except orjson.JSONDecodeError:
        return value if len(stripped) > MOST_MENDED else guessed(stripped, value)
    return found


def called_with(value: Value) -> Value:
    """Return the arguments of a tool, out of the wrapping in which decorators and frameworks keep them."""
    if not isinstance(value, dict) or not value:
        return value
    if value.keys() <= WRAPPED:
        kwargs, args = value.get("kwargs"), value.get("args")
        return {"args": args, "kwargs": kwargs} if kwargs and args else kwargs or args or {}
    if value.keys() == {"input", "options"}:  # BeeAI
        return value["input"]
    return value


WRAPPED = frozenset({"args", "kwargs", "sanitize_inputs_outputs"})


def guessed(stripped: str, value: Value) -> Value:
    """Return what a text that is no JSON was meant to be: a Python literal, or JSON cut off."""
    literal = python_literal(stripped)
    if literal is not None:
        return literal
    if stripped[0] in "[{":
        return mended(stripped, value)
    return value


def python_literal(value: str) -> Value:
    """Return the value of a Python repr, None when it is none.

    An object's repr is the mapping of what it was made with: `Usage(total=3)` → {"total": 3}.
    """
    if len(value) > MOST_LITERAL:
        return None
    try:
        return plain(ast.parse(value.strip(), mode="eval").body)
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return None


def plain(node: ast.AST) -> Value:
    """Return a Python literal in the terms of JSON.

    Raises:
        ValueError: it is no literal.
    """
    match node:
        case ast.Constant(value=str() | int() | float() | bool() | None as value):
            return value
        case ast.List(elts=items) | ast.Tuple(elts=items) | ast.Set(elts=items):
            return [plain(item) for item in items]
        case ast.Dict(keys=keys, values=values):
            pairs = zip(keys, values, strict=True)
            return {str(plain(key)): plain(item) for key, item in pairs if key is not None}
        case ast.Call(args=[], keywords=fields):
            return {field.arg: plain(field.value) for field in fields if field.arg}
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as number)):
            return -number
    raise ValueError(ast.dump(node)[:80])


STRING_OR_MARK = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{},]|"', re.DOTALL)


def mended(cut: str, otherwise: Value) -> Value:
    """Return JSON that was cut off in the middle with its open ends closed, or `otherwise`."""
    closers: list[str] = []
    whole: list[tuple[int, str]] = []  # where one could stop, and what would close it there
    end = cut
    for match in STRING_OR_MARK.finditer(cut):
        mark = match[0]
        if mark == '"':  # a string that never ends: the cut is inside it
            end = without_half_escape(cut) + '"'
            break
        if mark in "[{":
            closers.append("]" if mark == "[" else "}")
            whole.append((match.end(), "".join(reversed(closers))))
        elif mark in "]}" and closers:
            closers.pop()
            whole.append((match.end(), "".join(reversed(closers))))
        elif mark == ",":
            whole.append((match.start(), "".join(reversed(closers))))
    tails = [end + "".join(reversed(closers))]
    tails += [cut[:at] + closing for at, closing in reversed(whole[-4:])]
    for tail in tails:
        try:
            found: Value = orjson.loads(tail)
        except orjson.JSONDecodeError:
            continue
        return found
    return otherwise


def without_half_escape(cut: str) -> str:
    """Return a text without the escape sequence that its cut went through."""
    return re.sub(r"\\(u[0-9a-fA-F]{0,3})?\Z", "", cut)


def whole_fields(value: Value) -> Tree:
    """Return the fields of a JSON object; of one that was cut off, those that came whole.

    Half a session id is another session, so the field that the cut went through is left out.
    """
    found = parsed(value)
    if isinstance(found, dict):
        return found
    cut = structure(value) if isinstance(value, str) and value.startswith('{"') else None
    return dict(list(cut.items())[:-1]) if isinstance(cut, dict) else {}


def nested(attributes: Attributes, prefix: str) -> list[Value]:
    """Return what was flattened to `prefix` + `N.some.name`, in the order of the numbers N.

    `llm.input_messages.10.message.role` becomes the eleventh item's {"message": {"role": …}};
    numbered levels below become lists as well. Numbers that are missing were dropped on the way.
    """
    tree: Tree = {}
    for name, value in attributes.items():
        if name.startswith(prefix):
            plant(tree, name[len(prefix) :].split("."), value)
    found = listed(tree)
    return found if isinstance(found, list) else []


def plant(tree: Tree, path: list[str], value: Value) -> None:
    """Put a value into a tree of dicts at its path, unless something else is there."""
    for step in path[:-1]:
        below = tree.setdefault(step, {})
        if not isinstance(below, dict):
            return
        tree = below
    tree.setdefault(path[-1], value)


def listed(tree: Mapping[str, Any]) -> Value:
    """Return a tree in which dicts that are numbered throughout are lists."""
    items = {key: listed(item) if isinstance(item, dict) else item for key, item in tree.items()}
    if items and all(key.isdecimal() and key.isascii() for key in items):
        return [items[key] for key in sorted(items, key=int)][:MOST_ITEMS]
    return items
