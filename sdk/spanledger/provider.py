"""The TracerProvider that we make where the application has none.

FastAPI records four spans of its own for every request as soon as there is any provider: they say
nothing of models, carry the request's query, and cost more than the request. Nobody asked for them
by recording an agent; who wants them says `foreign="all"`, or installs a provider.
"""

from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import NoOpTracer, Tracer
from opentelemetry.util.types import Attributes

UNASKED = frozenset({"fastapi"})
"""Libraries that record whatever they do without being told to, by the name of their tracer."""


class Provider(TracerProvider):
    """Gives a tracer to whoever wants one; to those who record unasked, one that records nothing."""

    everything = False
    """Let them record too."""

    def get_tracer(
        self,
        instrumenting_module_name: str,
        instrumenting_library_version: str | None = None,
        schema_url: str | None = None,
        attributes: Attributes = None,
    ) -> Tracer:
        """Return a tracer; one that records nothing hands on the trace that a request came with."""
        if instrumenting_module_name in UNASKED and not self.everything:
            return NoOpTracer()
        return super().get_tracer(
            instrumenting_module_name, instrumenting_library_version, schema_url, attributes
        )
