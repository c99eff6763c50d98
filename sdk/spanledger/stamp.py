"""Puts the session on every span when it starts, and the usage of its calls into the guard.

Works for spans of other instrumentations too: a span processor sees them all.
"""

from typing import Any

from opentelemetry import context as contexts
from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor

from spanledger import health, live
from spanledger.guard import BudgetExceeded, Guard
from spanledger.hold import Held
from spanledger.kinds import OPERATIONS, STEPS
from spanledger.session import Session, arrived, question, session_in

SCOPE = "spanledger"
STEP_OPERATIONS = frozenset(OPERATIONS[kind] for kind in STEPS if kind in OPERATIONS)
MOST_OPEN = 10_000


class Stamp(SpanProcessor):
    """Stands before all processors that send."""

    def __init__(self, baggage: tuple[str, ...]) -> None:
        self._allowed = baggage
        self._guarded: dict[int, Guard] = {}
        self._held = Held()

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Stamp a span.

        Raises:
            BudgetExceeded: another instrumentation begins a call, and a limit is reached or the
                server says no.
        """
        try:
            context = contexts.get_current() if parent_context is None else parent_context
            session = session_in(context)
            if session is None:
                told: dict[str, Any] = arrived(context, self._allowed)
            else:
                told = session.stamp(span.get_span_context().trace_id)
                if is_foreign(span):
                    self._held.begin(span, told)
            if told:
                span.set_attributes(told)
            run = live.runtime
            if run is not None and run.decider and is_foreign(span) and is_step(span):
                run.decider.check(question(context))
            if session is not None and session.guard is not None:
                self.watch(span, session, session.guard)
        except BudgetExceeded:
            raise
        except Exception as error:  # noqa: BLE001 – S-02
            health.swallowed("stamp", error)

    def watch(self, span: Span, session: Session, guard: Guard) -> None:
        """Remember whose usage a span reports; a foreign call is a step of its session."""
        if len(self._guarded) < MOST_OPEN:
            self._guarded[span.get_span_context().span_id] = guard
        if is_foreign(span) and is_step(span):
            guard.check()
            guard.count(1)

    def on_end(self, span: ReadableSpan) -> None:
        """Count what a span used, and see that it is still its session's."""
        self._held.end(span)
        if not self._guarded:
            return
        context = span.get_span_context()
        guard = self._guarded.pop(context.span_id, None) if context else None
        if guard is None:
            return
        try:
            guard.used(span.attributes or {})
        except Exception as error:  # noqa: BLE001 – S-02
            health.swallowed("guard", error)

    def shutdown(self) -> None:
        """Forget the open spans."""
        self._guarded.clear()
        self._held.clear()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Return at once: nothing is held back here."""
        return True


def is_foreign(span: ReadableSpan) -> bool:
    """Tell whether another instrumentation made a span."""
    scope = span.instrumentation_scope
    return scope is not None and scope.name != SCOPE


def is_step(span: ReadableSpan) -> bool:
    """Tell whether another instrumentation's span is a step of an agent."""
    return (span.attributes or {}).get("gen_ai.operation.name") in STEP_OPERATIONS
