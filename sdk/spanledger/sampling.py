"""Which traces are in the sample: decided once, by the trace's id, and kept by all its spans.

A parent's decision is followed, also that of another service.
"""

from collections.abc import Sequence

from opentelemetry.context import Context
from opentelemetry.sdk.trace.sampling import Decision, Sampler, SamplingResult
from opentelemetry.trace import INVALID_SPAN, Link, SpanKind, TraceState, get_current_span
from opentelemetry.util.types import Attributes

LOW = (1 << 64) - 1  # the random part of an id; the samplers of OpenTelemetry look at it too


class TraceSampler(Sampler):
    """Keeps a ratio of the traces."""

    def __init__(self, ratio: float, keep_usage: bool = False) -> None:
        self.ratio = ratio
        self._bound = round(ratio * (LOW + 1))
        otherwise = Decision.RECORD_ONLY if keep_usage else Decision.DROP
        self._results = SamplingResult(otherwise), SamplingResult(Decision.RECORD_AND_SAMPLE)

    def should_sample(
        self,
        parent_context: Context | None,
        trace_id: int,
        name: str,
        kind: SpanKind | None = None,
        attributes: Attributes = None,
        links: Sequence[Link] | None = None,
        trace_state: TraceState | None = None,
    ) -> SamplingResult:
        """Return whether to record a span."""
        above = get_current_span(parent_context)
        if above is INVALID_SPAN and not attributes:
            return self._results[trace_id & LOW < self._bound]
        parent = above.get_span_context()
        inside = parent.trace_flags.sampled if parent.is_valid else trace_id & LOW < self._bound
        return SamplingResult(self._results[inside].decision, attributes, parent.trace_state)

    def get_description(self) -> str:
        """Return what this sampler does."""
        return f"TraceSampler({self.ratio})"
