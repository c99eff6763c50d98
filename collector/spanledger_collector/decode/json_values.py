"""The values inside OTLP/JSON: attributes, ids, numbers and texts.

What orjson made of them comes in, plain Python goes out. Nothing here refuses: a value of the wrong
type is the unset value of its field, as an unknown field is, and a number that is none stays text.
"""

import math
from base64 import b64decode
from typing import Any

from spanledger_collector.decode.wire import finite
from spanledger_schema.span import Value

Object = dict[str, Any]


def attributes(pairs: Any) -> dict[str, Value]:
    """Return attributes as a dict; of a key that was sent twice, the last value."""
    if not isinstance(pairs, list):
        return {}
    return {
        text(pair.get("key")): value(pair.get("value")) for pair in pairs if isinstance(pair, dict)
    }


def value(tagged: Any) -> Value:
    """Return an attribute value in plain Python, None for one of a kind that is not known.

    A number that is none stays the text it was sent as, so nothing of it is lost.
    """
    if not isinstance(tagged, dict):
        return None
    for kind, content in tagged.items():
        if content is not None and kind in KINDS:
            return KINDS[kind](content)
    return None


def _string(content: Any) -> Value:
    return content if isinstance(content, str) else None


def _bool(content: Any) -> Value:
    return content if isinstance(content, bool) else None


def _int(content: Any) -> Value:
    number = _whole(content)
    return number if number is not None and -(2**63) <= number < 2**63 else _as_sent(content)


def _double(content: Any) -> Value:
    try:
        return finite(float(content))
    except (TypeError, ValueError):
        return _as_sent(content)


def _as_sent(content: Any) -> Value:
    return str(content) if isinstance(content, str | int | float) else None


def _bytes(content: Any) -> Value:
    try:
        return b64decode(content, validate=True)
    except (TypeError, ValueError):
        return _string(content)


def _array(content: Any) -> Value:
    values = obj(content).get("values")
    return [value(item) for item in values] if isinstance(values, list) else []


def _kvlist(content: Any) -> Value:
    return attributes(obj(content).get("values"))


KINDS = {
    "stringValue": _string,
    "intValue": _int,
    "boolValue": _bool,
    "doubleValue": _double,
    "arrayValue": _array,
    "kvlistValue": _kvlist,
    "bytesValue": _bytes,
}


def obj(candidate: Any) -> Object:
    """Return an object, empty when it is absent or something else."""
    return candidate if isinstance(candidate, dict) else {}


def text(candidate: Any) -> str:
    """Return a text, empty when it is absent or something else."""
    return candidate if isinstance(candidate, str) else ""


def hex_id(candidate: Any) -> bytes:
    """Return the bytes of a hex id, empty when it is none. Base64 of an id is never all hex pairs."""
    if not isinstance(candidate, str) or not candidate.isalnum():
        return b""  # fromhex would skip spaces
    try:
        return bytes.fromhex(candidate)
    except ValueError:
        return b""


def enum(candidate: Any) -> int:
    """Return the number of an enum value, 0 for none and for a name, which OTLP forbids."""
    return candidate if type(candidate) is int and 0 <= candidate < 2**31 else 0


def unsigned(candidate: Any) -> int:
    """Return a number that fits in 64 bits without a sign, 0 for anything else."""
    number = _whole(candidate)
    return number if number is not None and 0 <= number < 2**64 else 0


def _whole(candidate: Any) -> int | None:
    """Return a whole number that was sent as a number or in decimal, or None."""
    if type(candidate) is int:
        return candidate
    if isinstance(candidate, float):
        return int(candidate) if math.isfinite(candidate) and candidate.is_integer() else None
    if not isinstance(candidate, str) or not candidate.isascii() or len(candidate) > 20:
        return None
    digits = candidate.removeprefix("-")
    return int(candidate) if digits.isdigit() else None
