"""The span processor that hands ended spans to the exporter: ours always, those of others as told."""

from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor

from spanledger import health
from spanledger.content import about_models
from spanledger.export.worker import Exporter
from spanledger.settings import Foreign


class Handover(SpanProcessor):
    """Picks what to send."""

    def __init__(self, exporter: Exporter, foreign: Foreign, keep_usage: bool) -> None:
        self._exporter = exporter
        self._foreign = foreign
        self._keep_usage = keep_usage

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Leave a span that begins alone."""

    def on_end(self, span: ReadableSpan) -> None:
        """Hand an ended span over."""
        try:
            if self.wanted(span):
                self._exporter.add(span)
        except Exception as error:  # noqa: BLE001 – S-02
            health.swallowed("handover", error)

    def wanted(self, span: ReadableSpan) -> bool:
        """Tell whether a span is to be sent."""
        context = span.get_span_context()
        if context is None:
            return False
        if not context.trace_flags.sampled:
            return self._keep_usage and about_models(span, usage_only=True)
        if self._foreign == "all":
            return True
        scope = span.instrumentation_scope
        if scope is not None and scope.name == "spanledger":
            return True
        return self._foreign == "llm" and about_models(span)

    def shutdown(self) -> None:
        """Send the last batch."""
        self._exporter.shutdown(self._exporter.shutdown_s)

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Return whether everything was delivered within the time."""
        return not self._exporter.flush(timeout_millis / 1000).pending
