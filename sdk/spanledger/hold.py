"""Keeps the session that the application opened on spans whose instrumentation names another.

OpenInference's LangChain package, for one, writes the graph's thread over the `session.id` that a
span began with; what an application says goes before what a library makes up.
"""

from collections.abc import Mapping
from typing import Any

from opentelemetry.sdk.trace import ReadableSpan, Span

HELD = ("session.id", "user.id")
MOST_OPEN = 10_000  # spans; of more than that a library's word holds


class Held:
    """What was stamped on the spans of others that are open."""

    def __init__(self) -> None:
        self._began: dict[int, dict[str, Any]] = {}

    def begin(self, span: Span, told: Mapping[str, Any]) -> None:
        """Remember whose span this is."""
        if len(self._began) < MOST_OPEN:
            said = {name: told[name] for name in HELD if name in told}
            self._began[span.get_span_context().span_id] = said

    def end(self, span: ReadableSpan) -> None:
        """Stamp an ended span again where something else was written over it."""
        if not self._began:
            return
        context = span.get_span_context()
        said = self._began.pop(context.span_id, None) if context else None
        if not said:
            return
        attributes = span.attributes or {}
        if any(attributes.get(name) != value for name, value in said.items()):
            span._attributes = {**attributes, **said}  # an ended span has no public way

    def clear(self) -> None:
        """Forget the open spans."""
        self._began.clear()
