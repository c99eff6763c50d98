"""Anything at all as an OTLP request, and what must hold of it.

Bodies are bytes without sense, bytes of real requests that were spoilt here and there, and JSON
requests in which any value was replaced by any other. What is refused is refused with a code;
what is acknowledged must come out of the spool again, whole, and become rows.
"""

import json
from functools import cache
from typing import Any, Literal, get_args

from hypothesis import strategies as st

from spanledger_collector import decode, normalise
from spanledger_collector.decode import Encoding, Malformed, Signal
from spanledger_collector.pricebook import Pricebook
from spanledger_collector.receive.answers import STATUS
from spanledger_collector.reconcile import Hint
from spanledger_collector.understand import understand
from spanledger_collector.write import fact, payload_row, record_row, span_row
from tests.otlp import LOG_CAPTURES, NOON_NS, TRACE_CAPTURES, as_json

SEED_BYTES = 20_000  # of a recorded request; longer ones make fuzzing slow and find no more
Damage = Literal["flip", "cut", "double", "insert", "splice"]

Request = tuple[Signal, Encoding, bytes]


@cache
def book() -> Pricebook:
    """Return the prices."""
    return Pricebook()


def survives(request: Request) -> bool:
    """Take a request the whole way to rows; tell whether it was taken at all."""
    signal, encoding, body = request
    try:
        checked = decode.check(body, encoding, signal)
    except Malformed as error:
        assert error.code in STATUS  # noqa: PT017 – the code is what a client is told
        return False
    assert checked.total == checked.accepted + sum(checked.rejected.values())
    if signal == "traces":
        assert stored_spans(encoding, body) == checked.accepted
    elif signal == "logs":
        assert stored_records(encoding, body) == checked.accepted
    return True


def stored_spans(encoding: Encoding, body: bytes) -> int:
    """Make rows of the spans of an acknowledged request; return how many."""
    found = decode.spans(body, encoding).spans
    for understood in understand("p", NOON_NS, found, book(), estimated=False):
        span_row(understood)
        payload_row(understood)
        fact(understood)
    return len(found)


def stored_records(encoding: Encoding, body: bytes) -> int:
    """Make rows of the log records of an acknowledged request; return how many."""
    found = decode.records(body, encoding).records
    for record in found:
        if record.trace_id and record.span_id:
            record_row("p", NOON_NS, record, normalise.hint(record) or Hint(record.span_id))
    return len(found)


@cache
def seeds() -> list[Request]:
    """Return recorded requests in both encodings, shortest first: examples shrink towards them."""
    found: list[Request] = []
    for path in [*TRACE_CAPTURES, *LOG_CAPTURES]:
        body = path.read_bytes()
        if len(body) > SEED_BYTES:
            continue
        if path in TRACE_CAPTURES:
            found += [("traces", "protobuf", body), ("traces", "json", as_json(body))]
        else:
            found.append(("logs", "protobuf", body))
    return sorted(found, key=lambda seed: len(seed[2]))


def spoilt(draw: Any, body: bytes, other: bytes) -> bytes:
    """Return a body with one place of it changed."""
    start = draw(st.integers(0, len(body)))
    end = min(len(body), start + draw(st.integers(1, 64)))
    damage: Damage = draw(st.sampled_from(get_args(Damage)))
    piece: bytes = {
        "flip": draw(st.binary(min_size=end - start, max_size=end - start)),
        "cut": b"",
        "double": body[start:end] * 2,
        "insert": draw(st.binary(max_size=12)) + body[start:end],
        "splice": other[start:end],
    }[damage]
    return body[:start] + piece + body[end:]


@st.composite
def damaged(draw: Any) -> Request:
    """Draw a recorded request with a few places changed."""
    signal, encoding, body = draw(st.sampled_from(seeds()))
    _, _, other = draw(st.sampled_from(seeds()))
    for _ in range(draw(st.integers(1, 6))):
        body = spoilt(draw, body, other)
    return signal, encoding, body


anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["0" * 32, "NaN", "-1", "1e400", str(2**64), "\0", "=", "AAAA"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["key", "value", "stringValue", "kvlistValue", "values",
            "arrayValue", "intValue", "doubleValue", "bytesValue", "attributes"]), inner, max_size=4)
    ),
    max_leaves=12,
)  # fmt: skip
"""Any JSON value, made of the names that OTLP knows where it is an object."""


def places(node: Any) -> list[tuple[Any, Any]]:
    """Return every place of a JSON document: what holds it, and under which key."""
    keys = node if isinstance(node, dict) else range(len(node)) if isinstance(node, list) else ()
    return [(node, key) for key in keys] + [place for key in keys for place in places(node[key])]


@st.composite
def replaced(draw: Any) -> Request:
    """Draw a recorded JSON request with a few values replaced by anything."""
    _, _, body = draw(st.sampled_from([seed for seed in seeds() if seed[1] == "json"]))
    document = json.loads(body)
    for _ in range(draw(st.integers(1, 4))):
        all_places = places(document)
        if all_places:
            holder, key = all_places[draw(st.integers(0, len(all_places) - 1))]
            holder[key] = draw(anything)
    return "traces", "json", json.dumps(document).encode()


senseless = st.tuples(
    st.sampled_from(get_args(Signal)), st.sampled_from(get_args(Encoding)), st.binary(max_size=300)
)

requests = damaged() | replaced() | senseless
"""Any request."""
