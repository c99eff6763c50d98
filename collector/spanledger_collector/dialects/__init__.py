"""Reading attributes: what every dialect needs, and the contract that each of them keeps.

A dialect is a module with three functions and no others to call:

- `claims(keys, scope) -> bool`: does a span with these attribute names, made by the library
  `scope`, speak it? Answers from names alone, because the answer is remembered per set of names.
- `read(span) -> Facts`: what the span says; whatever it leaves out stays None.
- `content(span, logs) -> Content`: messages, arguments and results, read when somebody looks.

Values come as whatever a library happened to send: a count as int, double or numeric string, a
structure as JSON, native AnyValue, Python repr, or JSON cut off in the middle. Nothing here
raises on a value, and nothing that is not a number becomes one.
"""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

import orjson

from spanledger_schema.span import Attributes, Content, Counts, Event, Facts, Kind, Span, Value

MOST_TOKENS = 10**12
"""Counts beyond this are mistakes; below it, ten million of them cannot overflow a total."""

MOST_USD = Decimal(10**9)
PICO_USD = Decimal(10) ** -12

PREVIEW_LENGTH = 160

Claims = Callable[[frozenset[str], str], bool]
Read = Callable[[Span], Facts]
Show = Callable[[Span, Sequence[Event]], Content]

APPLICATION_SESSION, METADATA_SESSION, THREAD_SESSION, LIBRARY_SESSION = 0, 3, 6, 9
"""Ranks of session ids: what the application set, put into metadata, a graph's thread, made up."""

REQUEST_KINDS: dict[str, Kind] = {
    "chat": "llm",
    "completion": "llm",
    "embedding": "embedding",
    "rerank": "rerank",
}
"""What OpenLLMetry, and what began as a copy of it, say of which kind a request was."""

INVALID = -1  # what `whole` answers for a value that is there and is no count


def text(attributes: Attributes, *names: str) -> str | None:
    """Return the first of these attributes that is a non-empty string, or None."""
    for name in names:
        value = attributes.get(name)
        if isinstance(value, str) and value:
            return value
    return None


def flag(attributes: Attributes, name: str) -> bool | None:
    """Return a boolean attribute, also when it was sent as "True" or "false"."""
    value = attributes.get(name)
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    return None


def whole(value: Value) -> int:
    """Return a token count, or INVALID for anything that is not a whole number in range."""
    if type(value) is int:
        return value if 0 <= value <= MOST_TOKENS else INVALID
    if isinstance(value, float):
        return int(value) if value.is_integer() and 0 <= value <= MOST_TOKENS else INVALID
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 13:
        return whole(int(value))
    return INVALID


def count(attributes: Attributes, *names: str) -> int | None:
    """Return the first of these attributes that is present as a count, or None."""
    for name in names:
        if (value := attributes.get(name)) is not None and (number := whole(value)) != INVALID:
            return number
    return None


def counts(attributes: Attributes, table: Mapping[str, Sequence[str]], **known: Any) -> Counts:
    """Return the counts a table finds: field of `Counts` → attribute names, first present wins.

    An attribute that is present and holds no count leaves its field None and is named in
    `invalid`; it never falls through to a number of another meaning.
    """
    found: dict[str, Any] = {}
    invalid = []
    for meter, names in table.items():
        for name in names:
            value = attributes.get(name)
            if value is None or value == "":
                continue
            number = whole(value)
            if number == INVALID:
                invalid.append(name)
            else:
                found[meter] = number
            break
    return Counts(**found, **known, invalid=tuple(invalid))


def usd(attributes: Attributes, *names: str) -> tuple[Decimal, str] | None:
    """Return the first reported cost among these attributes with the name that carried it.

    A zero is no report: it is what libraries write for a model that they have no price of.
    """
    for name in names:
        if amount := dollars(attributes.get(name)):
            return amount, name
    return None


def dollars(value: Value) -> Decimal | None:
    """Return an amount to 1e-12 dollars, or None when it is negative, not finite or no number.

    What is kept in memory and what the store can hold must be one and the same.
    """
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    if isinstance(value, float) and not math.isfinite(value):
        return None
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        return None
    if not amount.is_finite() or not 0 <= amount <= MOST_USD:
        return None
    kept = amount.quantize(PICO_USD)
    return amount if amount == kept else kept


def number(value: Value) -> float | None:
    """Return a finite number that was sent as int, double or numeric string, or None."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        found = float(value)
    except ValueError:
        return None
    return found if math.isfinite(found) else None


def duration_ns(value: Value, unit_ns: int) -> int | None:
    """Return a duration as whole nanoseconds from a number of units of `unit_ns`, or None."""
    found = number(value)
    return None if found is None or found < 0 or found > 1e9 else round(found * unit_ns)


def parsed(value: Value) -> Value:
    """Return a structure: JSON in a string is parsed, anything else stays what it is."""
    if isinstance(value, str) and value[:1] in '[{"' and value:
        try:
            found: Value = orjson.loads(value)
        except orjson.JSONDecodeError:
            return value
        return found
    return value


def mapping(value: Value) -> dict[str, Value]:
    """Return a JSON or native object as a dict, or an empty one."""
    found = parsed(value)
    return found if isinstance(found, dict) else {}


def texts(value: Value) -> tuple[str, ...]:
    """Return a list of strings, sent natively, as JSON or as one plain string."""
    found = parsed(value)
    if isinstance(found, str):
        return (found,) if found else ()
    if isinstance(found, list):
        return tuple(str(item) for item in found if isinstance(item, str | int) and item != "")
    return ()


def fill(facts: Facts, attributes: Attributes, table: Mapping[str, Sequence[str]]) -> None:
    """Set text fields of `facts` from a table: field → attribute names, first present wins."""
    for name, keys in table.items():
        for key in keys:
            value = attributes.get(key)
            if isinstance(value, str) and value:
                setattr(facts, name, value)
                break


def preview(value: Value) -> str | None:
    """Return the first words of a message, an answer, arguments or a result, on one line."""
    if isinstance(value, str) and len(value) > 65_536:
        return one_line(value[:PREVIEW_LENGTH])
    found = first_text(parsed(value), 0)
    return one_line(found) if found and not is_address(found) else None


ADDRESS = re.compile(r"<[\w.]+ (?:object at 0x[0-9a-fA-F]+|\[\d{3} \w*\] type=.*)>")
"""How Python shows an object that says nothing of itself, and the clients an answer nobody read."""


def is_address(value: str) -> bool:
    """Tell whether a text is all that a library kept of an answer which nobody had read out yet."""
    return value[:1] == "<" and ADDRESS.fullmatch(value) is not None


def one_line(value: str) -> str:
    """Return text with its white space collapsed, cut to the length of a preview."""
    if len(value) <= PREVIEW_LENGTH and value.isprintable() and "  " not in value:
        return value.strip(" ")
    line = " ".join(value[: PREVIEW_LENGTH * 4].split())
    return line if len(line) <= PREVIEW_LENGTH else line[: PREVIEW_LENGTH - 1] + "…"


# where the words of a message are, in the shapes of all dialects, most telling first
TEXT_KEYS = (
    "content",
    "text",
    "parts",
    "message",
    "output_text",
    "output",
    "choices",
    "messages",
    "generations",
    "kwargs",
    "data",
)
DEEPEST_TEXT = 8
ARGUMENT_KEYS = ("arguments", "input", "args")
CALL_KEYS = ("tool_calls", "toolUse", "tool_call", "function")


def first_text(value: Value, depth: int) -> str | None:
    """Return the first text inside a structure; a tool call reads `name(arguments)`."""
    if isinstance(value, dict):
        return text_of_object(value, depth)
    if isinstance(value, list):
        for item in value if depth <= DEEPEST_TEXT else ():
            if found := first_text(item, depth + 1):
                return found
        return None
    if isinstance(value, str) or value is None:
        return value or None
    return str(value)


def text_of_object(value: dict[str, Value], depth: int) -> str | None:
    """Return the words of an object, the tool it calls, or at the top all of it."""
    if depth > DEEPEST_TEXT:
        return None
    for key in TEXT_KEYS:
        if (inner := value.get(key)) and (
            found := inner if isinstance(inner, str) else first_text(inner, depth + 1)
        ):
            return found
    name = value.get("name")
    if isinstance(name, str) and (given := [value[k] for k in ARGUMENT_KEYS if k in value]):
        return f"{name}({compact(given[0] or {})})"
    for key in CALL_KEYS:
        if (inner := value.get(key)) and (found := first_text(inner, depth + 1)):
            return found
    return compact(value) if depth == 0 and value else None


def compact(value: Value) -> str:
    """Return a value as text: strings as they are, structures as JSON."""
    if isinstance(value, str):
        return value
    try:
        return orjson.dumps(value, default=str, option=orjson.OPT_NON_STR_KEYS).decode()
    except orjson.JSONEncodeError:  # an integer beyond 64 bits, or nested too deeply
        return str(value)
