"""Spans to the body of an OTLP request. A span that cannot be encoded is left out and counted."""

import time
from collections.abc import Sequence

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope

from spanledger import health
from spanledger.export import wire

PIECE = 8
"""Spans that are encoded in one go, a tenth of a millisecond: then other threads get their turn.
Encoding a batch at once would keep them waiting for as long as a thread may run, 5 ms."""

Scopes = dict[int, tuple[InstrumentationScope | None, list[bytes]]]


def body(spans: Sequence[ReadableSpan]) -> tuple[bytes, int]:
    """Return the request and how many spans are in it."""
    said: dict[int, tuple[Resource, Scopes]] = {}  # by identity: to hash a resource takes longer
    left = 0
    for place, span in enumerate(spans):
        try:
            encoded = wire.span(span)
        except Exception as error:  # noqa: BLE001 – one span with an impossible value costs itself
            health.swallowed("encode", error)
            left += 1
            continue
        _, scopes = said.setdefault(id(span.resource), (span.resource, {}))
        scope = span.instrumentation_scope
        scopes.setdefault(id(scope), (scope, []))[1].append(encoded)
        if place % PIECE == PIECE - 1:
            time.sleep(0)
    return b"".join(written(*each) for each in said.values()), len(spans) - left


def written(resource: Resource, scopes: Scopes) -> bytes:
    """Return what one process said, library by library."""
    return wire.resource_spans(resource, [wire.scope_spans(*each) for each in scopes.values()])
