"""A JSON request with its texts blacked out; members that we do not know stay as they were."""

from typing import TYPE_CHECKING, Any

import orjson

from spanledger_collector.decode import Signal

if TYPE_CHECKING:
    from spanledger_collector.redact import Pen

BARE = frozenset({"name", "message"})  # texts that are no attributes: of a span, of its status
OF_SPANS = frozenset({"spanId", "code", "message"})  # members that a scope or an event has not
VALUES = frozenset(
    {
        "stringValue",
        "boolValue",
        "intValue",
        "doubleValue",
        "arrayValue",
        "kvlistValue",
        "bytesValue",
    }
)


def blacked(body: bytes, signal: Signal, pen: "Pen") -> bytes:
    """Return the request as it is to be kept."""
    request = orjson.loads(body)
    part(request, pen)
    return orjson.dumps(request)


def part(said: Any, pen: "Pen") -> None:
    """Black out what is below some part of a request: its attributes, bodies and bare texts."""
    if isinstance(said, list):
        for each in said:
            part(each, pen)
    elif isinstance(said, dict):
        for name, below in said.items():
            if name == "attributes" and isinstance(below, list):
                pairs(below, pen)
            elif name == "body" and isinstance(below, dict):
                value(below, pen, name)
            elif isinstance(below, str):
                if name in BARE and said.keys() & OF_SPANS:
                    said[name] = pen.text(below)
            else:
                part(below, pen)


def pairs(attributes: list[Any], pen: "Pen", above: str = "") -> None:
    """Black out the values of attributes."""
    for pair in attributes:
        if not isinstance(pair, dict) or not isinstance(pair.get("value"), dict):
            continue
        key = above + str(pair.get("key", ""))
        if not pen.spares(key):
            value(pair["value"], pen, key)


def value(said: dict[str, Any], pen: "Pen", key: str) -> None:
    """Black out one value: all of it where its key says so, else what patterns find in it."""
    if VALUES & said.keys() and (rule := pen.whole(key)):
        for name in VALUES & said.keys():
            del said[name]
        said["stringValue"] = pen.mark(rule)
        return
    if isinstance(text := said.get("stringValue"), str):
        said["stringValue"] = pen.text(text)
    for name in ("arrayValue", "kvlistValue"):
        inner = said.get(name)
        values = inner.get("values") if isinstance(inner, dict) else None
        if name == "kvlistValue" and isinstance(values, list):
            pairs(values, pen, f"{key}.")
        elif isinstance(values, list):
            for each in values:
                if isinstance(each, dict):
                    value(each, pen, key)
