"""Which traces are in the sample: decided once, by the trace's id, and kept by all its spans.

A parent's decision is followed, also that of another service.
"""

from collections.abc import Sequence

from opentelemetry.context import Context
from opentelemetry.sdk.trace.sampling import Decision, Sampler, SamplingResult
from opentelemetry.trace import Link, SpanKind, TraceState, get_current_span
from opentelemetry.util.types import Attributes

LOW = (1 << 64) - 1  # the random part of an id; the samplers of OpenTelemetry look at it too


class TraceSampler(Sampler):
    """Keeps a ratio of the traces."""

    def __init__(self, ratio: float, keep_usage: bool = False) -> None:
        self.ratio = ratio
        self._bound = round(ratio * (LOW + 1))
        self._otherwise = Decision.RECORD_ONLY if keep_usage else Decision.DROP

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
        parent = get_current_span(parent_context).get_span_context()
        inside = parent.trace_flags.sampled if parent.is_valid else trace_id & LOW < self._bound
        decision = Decision.RECORD_AND_SAMPLE if inside else self._otherwise
        return SamplingResult(decision, attributes, parent.trace_state)

    def get_description(self) -> str:
        """Return what this sampler does."""
        return f"TraceSampler({self.ratio})"
