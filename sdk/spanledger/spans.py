"""`span(…)`: a span around a block, for what is no function of its own."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import Literal

from opentelemetry.trace import INVALID_SPAN, Span

from spanledger import health
from spanledger.kinds import AttributeValue, shape
from spanledger.recording import Recording, begin
from spanledger.settings import Capture

NOTHING = object()


class SpanScope:
    """What `span()` returns: use it with `with` or `async with`."""

    def __init__(
        self,
        name: str,
        kind: str,
        given: object,
        capture: Capture | None,
        attributes: Mapping[str, AttributeValue],
        announced: bool = False,
    ) -> None:
        self._shape = shape(kind, str(name), capture, attributes)
        self._given = given
        self._announced = announced
        self._recording: Recording | None = None

    @property
    def otel(self) -> Span:
        """Return the OpenTelemetry span, one that records nothing outside the block."""
        return INVALID_SPAN if self._recording is None else self._recording.span

    def input(self, value: object) -> None:
        """Tell what goes in."""
        if self._recording is not None:
            self._recording.put(self._shape.input_key, value)

    def output(self, value: object) -> None:
        """Tell what came out."""
        if self._recording is not None:
            self._recording.put(self._shape.output_key, value)

    def set(self, **attributes: AttributeValue | None) -> None:
        """Add attributes; `__` in a name stands for a dot."""
        if self._recording is not None:
            self._recording.set({k.replace("__", "."): v for k, v in attributes.items()})

    def __enter__(self) -> SpanScope:
        given = self._given
        self._recording = begin(self._shape, None if given is NOTHING else lambda: given)
        if self._announced and self._recording is not None:
            self._recording.announce()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> Literal[False]:
        recording, self._recording = self._recording, None
        if recording is not None:
            if error is None:
                recording.finish()
            else:
                recording.fail(error)
        return False

    async def __aenter__(self) -> SpanScope:
        return self.__enter__()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> Literal[False]:
        return self.__exit__(kind, error, trace)


def span(
    name: str,
    kind: str = "span",
    *,
    input: object = NOTHING,
    capture: Capture | None = None,
    attributes: Mapping[str, AttributeValue] | None = None,
) -> SpanScope:
    """Return a scope that is recorded as one span.

    Args:
        name: of the tool, agent, step, …
        kind: a word of `spanledger_schema.kinds.Kind`.
        input: what goes in.
        capture: what to keep of input and output, as `configure` says by default.
        attributes: further attributes.
    """
    return SpanScope(name, kind, input, capture, attributes or {})


def moment(
    name: str, kind: str, attributes: Mapping[str, AttributeValue | None], given: object = NOTHING
) -> None:
    """Record a span without length: something that happened.

    Raises:
        BudgetExceeded: a limit of the session is reached.
    """
    said = {key: value for key, value in attributes.items() if value is not None}
    try:
        scope = SpanScope(name, kind, given, None, said)
    except Exception as error:  # noqa: BLE001 – S-02
        health.swallowed("moment", error)
        return
    with scope:
        pass
