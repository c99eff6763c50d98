"""One span while it is open: started, made current, told what went in and came out, ended.

Nothing here raises, but for `BudgetExceeded`: whatever else fails is counted, and the application
goes on without its span.
"""

import time
from collections.abc import Callable, Mapping
from contextvars import Token
from typing import Any

from opentelemetry import context as contexts
from opentelemetry.context import _SUPPRESS_INSTRUMENTATION_KEY as SUPPRESSED
from opentelemetry.context import Context
from opentelemetry.trace import NonRecordingSpan, Span, get_current_span, set_span_in_context

from spanledger import capture, health, live
from spanledger.failures import tell_failure
from spanledger.innards import own_attributes
from spanledger.kinds import STEPS, Shape
from spanledger.session import AGENT, guard_of, question
from spanledger.settings import Capture

FEW = 64  # attributes: far below the limit of any span

Input = Callable[[], object]
"""Return what went in; asked only where it is kept."""


class Recording:
    """An open span of ours. Made by `begin`."""

    __slots__ = (
        "_began_ns",
        "_said",
        "_start_ns",
        "_token",
        "context",
        "keeps",
        "limit",
        "shape",
        "span",
    )

    def __init__(self, run: live.Runtime, shape: Shape, above: Context) -> None:
        self._start_ns = time.time_ns()
        self._began_ns = time.perf_counter_ns()
        self.shape = shape
        self.span = run.tracer.start_span(
            shape.span_name, above, shape.otel_kind, None, None, self._start_ns
        )
        self._tell(shape.attributes)
        self.context = set_span_in_context(self.span, above)
        if shape.kind == "agent":
            self.context = contexts.set_value(AGENT, shape.name, self.context)
        self.keeps = kept(run, shape, self.span) if self.span.is_recording() else False
        self.limit = run.settings.max_value_bytes
        self._said: dict[str, Any] = {}
        self._token: Token[Context] | None = None

    def enter(self) -> None:
        """Make the span the current one."""
        self._token = contexts.attach(self.context)

    def leave(self) -> None:
        """Make the span current that was so before."""
        if self._token is not None:
            try:
                self._token.var.reset(self._token)
            except (ValueError, RuntimeError) as error:  # it was entered in another context
                health.swallowed("leave", error)
            self._token = None

    def put(self, key: str, value: object) -> None:
        """Keep a value as far as capture says so."""
        if not self.keeps:
            return
        try:
            told = (
                capture.shape(value) if self.keeps == "shape" else capture.text(value, self.limit)
            )
            self._said[key] = told
        except Exception as error:  # noqa: BLE001 – S-02
            health.swallowed("capture", error)

    def set(self, attributes: Mapping[str, Any]) -> None:
        """Add attributes that are no content."""
        said = {key: value for key, value in attributes.items() if value is not None}
        try:
            self.span.set_attributes(said)
        except Exception as error:  # noqa: BLE001 – S-02
            health.swallowed("set", error)

    def announce(self) -> None:
        """Send the span as it is while it is open; the ended one will replace it."""
        run = live.runtime
        try:
            if run is not None and self.span.get_span_context().trace_flags.sampled:
                run.exporter.announce(self.span)
        except Exception as error:  # noqa: BLE001 – S-02
            health.swallowed("announce", error)

    def finish(self, result: object = None) -> None:
        """End the span of a call that returned."""
        self.leave()
        if result is not None:
            self.put(self.shape.output_key, result)
        self.end()

    def fail(self, error: BaseException) -> None:
        """End the span of a call that raised."""
        self.leave()
        try:
            tell_failure(self.span, error, bool(self.keeps) and self.keeps != "shape")
        except Exception as problem:  # noqa: BLE001 – S-02
            health.swallowed("failure", problem)
        self.end()

    def _tell(self, said: Mapping[str, Any]) -> None:
        """Put on the span what we made ourselves: nothing of it needs to be cleaned or cut.

        `set_attributes` cleans value by value, which costs as much as the whole span does.
        """
        held = own_attributes(self.span)
        if held is not None and len(held) + len(said) < FEW:
            held.update(said)
        else:
            self.span.set_attributes(said)

    def end(self) -> None:
        """End the span; its length is taken from the monotonic clock."""
        try:
            if self._said:
                self._tell(self._said)
            self.span.end(self._start_ns + time.perf_counter_ns() - self._began_ns)
        except Exception as error:  # noqa: BLE001 – S-02
            health.swallowed("end", error)


def begin(shape: Shape, given: Input | None = None, entered: bool = True) -> Recording | None:
    """Return an open span, or None where nothing is recorded.

    Args:
        shape: what the span is.
        given: returns what went in.
        entered: make it the current span.

    Raises:
        BudgetExceeded: a limit of the session is reached, or the server says no.
    """
    run = live.runtime
    if run is None:
        return None
    above = contexts.get_current()
    guard = guard_of(above)
    if guard is not None:
        guard.step(shape, given)
    if run.decider is not None and (shape.kind in STEPS or shape.kind == "agent"):
        run.decider.check(question(above, shape.name if shape.kind == "agent" else None))
    if run.silent:
        return None
    try:
        if skipped(above, run):
            return None
        recording = Recording(run, shape, above)
        if given is not None and recording.keeps:
            recording.put(shape.input_key, given())
        if entered:
            recording.enter()
    except Exception as error:  # noqa: BLE001 – S-02
        health.swallowed("begin", error)
        return None
    return recording


def skipped(above: Context, run: live.Runtime) -> bool:
    """Tell whether a span below this context would be thrown away, or must not be made."""
    if SUPPRESSED in above:
        return bool(above[SUPPRESSED])
    if run.settings.sample == 1.0 or run.settings.keep_usage:
        return False
    parent = get_current_span(above)
    return type(parent) is NonRecordingSpan and outside(parent)


def outside(parent: Span) -> bool:
    """Tell whether a span belongs to a trace outside the sample."""
    told = parent.get_span_context()
    return told.is_valid and not told.trace_flags.sampled


def kept(run: live.Runtime, shape: Shape, span: Span) -> Capture:
    """Return what is kept of arguments and results of one span."""
    if run.settings.keep_usage and outside(span):
        return False
    return run.settings.capture if shape.capture is None else shape.capture
