"""Ended spans that wait to be sent, bounded in number and bytes. When it is full, new ones are refused.

Its lock is re-entrant: a signal handler or a finaliser may end a span while this thread adds one.
"""

import threading
from collections import deque
from collections.abc import Mapping
from typing import Any

from opentelemetry.sdk.trace import ReadableSpan

from spanledger.content import shortened
from spanledger.innards import attributes_of, events_of

BASE_BYTES = 400  # of a span without attributes, in memory
ATTRIBUTE_BYTES = 60


def size_of(span: ReadableSpan) -> int:
    """Return about how many bytes a span holds on to."""
    size = BASE_BYTES + held(attributes_of(span))
    for event in events_of(span):
        size += BASE_BYTES + held(event.attributes or {})
    return size


def held(attributes: Mapping[str, Any]) -> int:
    """Return about how many bytes attributes hold on to."""
    size = ATTRIBUTE_BYTES * len(attributes)
    for value in attributes.values():
        if type(value) is str or type(value) is bytes or type(value) is tuple:
            size += len(value)
    return size


class Buffer:
    """A bounded queue of spans."""

    def __init__(self, max_spans: int, max_bytes: int, max_span_bytes: int) -> None:
        self.max_spans = max_spans
        self.max_bytes = max_bytes
        self.max_span_bytes = max_span_bytes
        self.bytes = 0
        self._spans: deque[tuple[ReadableSpan, int]] = deque()
        self._lock = threading.RLock()

    def __len__(self) -> int:
        return len(self._spans)

    def add(self, span: ReadableSpan) -> bool:
        """Take a span in, cut where it alone is too large; return False where there is no room."""
        size = size_of(span)
        if size > self.max_span_bytes:
            span = shortened(span, self.max_span_bytes)
            size = size_of(span)
        with self._lock:
            if len(self._spans) >= self.max_spans or self.bytes + size > self.max_bytes:
                return False
            self._spans.append((span, size))
            self.bytes += size
        return True

    def take(self, max_spans: int, max_bytes: int) -> list[ReadableSpan]:
        """Return the oldest spans, at least one if there are any, and let go of them."""
        taken: list[ReadableSpan] = []
        room = max_bytes
        with self._lock:
            while self._spans and len(taken) < max_spans:
                span, size = self._spans[0]
                if taken and size > room:
                    break
                self._spans.popleft()
                taken.append(span)
                room -= size
                self.bytes -= size
            if not self._spans:
                self.bytes = 0
        return taken
