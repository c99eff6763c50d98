"""Which attributes hold content, which spans speak of models, and what leaves the process of both.

Runs on the exporter's thread, for spans of all instrumentations: `capture=False` and `mask=` hold
for theirs too. It fails closed: where masking fails, what was to be masked is left out.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.trace import Status

from spanledger.cut import cut
from spanledger.settings import Settings
from spanledger_schema import attributes as ours

SPEAKS_OF_MODELS = (
    "gen_ai.", "spanledger.", "openinference.", "llm.", "traceloop.", "ai.", "mcp.", "langfuse.",
    "langsmith.", "pydantic_ai.", "ag2.", "anthropic.",
)  # fmt: skip
USAGE = ("gen_ai.usage.", "llm.token_count.", "llm.usage.", "ai.usage.", ours.COST_USD)

STRUCTURE = (
    "gen_ai.operation.", "gen_ai.provider.", "gen_ai.system", "gen_ai.request.model",
    "gen_ai.response.model", "gen_ai.response.id", "gen_ai.response.finish_reasons",
    "gen_ai.response.time_to_first_chunk", "gen_ai.usage.", "gen_ai.tool.name",
    "gen_ai.tool.call.id", "gen_ai.tool.type", "gen_ai.agent.", "gen_ai.workflow.",
    "gen_ai.conversation.id", "gen_ai.request.", "gen_ai.output.type", "session.id", "user.id",
    "openinference.span.kind", "llm.model_name", "llm.provider", "llm.system", "llm.token_count.",
    "llm.request.model_name", "llm.response.model_name", "llm.request.type", "llm.cost.",
    "traceloop.span.kind", "traceloop.entity.name", "traceloop.entity.path",
    "traceloop.workflow.name", "langfuse.observation.type", "langfuse.observation.model.name",
    "langfuse.observation.usage_details", "ai.operationId", "ai.model.", "ai.response.model",
    "ai.response.id", "ai.usage.", "ai.toolCall.name", "ai.toolCall.id", "langsmith.span.kind",
    "mlflow.spanType", "tool.name", "agent.name", "error.type", "exception.type", "server.",
    "http.request.method", "http.response.status_code", "mcp.method.name", "ag2.span.type",
    ours.KIND, ours.TRACE_NAME, ours.TAGS, ours.METADATA, "spanledger.node.", ours.STATE_FROM,
    ours.STATE_TO, ours.VERDICT, ours.POLICY, ours.ACTOR, ours.COST_USD, ours.COST_WHAT,
    "spanledger.usage.", ours.PRICE_CONTEXT, ours.WAIT_FOR,
)  # fmt: skip
"""How the names of attributes begin that hold no content. Whatever is not here may hold some."""

GEN_AI_SYSTEM_PROMPT = "gen_ai.system_instructions"


class Masker(Protocol):
    """Masks the texts of one span."""

    def masked(self, texts: Sequence[str]) -> Sequence[str] | None:
        """Return the texts without what must not leave, None where that failed."""


def about_models(span: ReadableSpan, usage_only: bool = False) -> bool:
    """Tell whether a span speaks of models at all, or reports usage."""
    told = USAGE if usage_only else SPEAKS_OF_MODELS
    return any(key.startswith(told) for key in span.attributes or ())


def is_content(key: str) -> bool:
    """Tell whether an attribute may hold what people, models and tools said."""
    return not key.startswith(STRUCTURE) or key.startswith(GEN_AI_SYSTEM_PROMPT)


class Outgoing:
    """Makes spans fit to leave, as the settings say."""

    def __init__(self, told: Settings, masker: Masker | None) -> None:
        self._capture = told.capture
        self._sampled_only = told.keep_usage
        self._masker = masker

    def __call__(self, spans: Sequence[ReadableSpan]) -> list[ReadableSpan]:
        """Return the spans as they may leave."""
        if self._capture is True and not self._sampled_only and self._masker is None:
            return list(spans)
        return [self.fit(span) for span in spans]

    def fit(self, span: ReadableSpan) -> ReadableSpan:
        """Return one span as it may leave."""
        if self.bare(span):
            return without_content(span)
        return span if self._masker is None else masked(span, self._masker)

    def bare(self, span: ReadableSpan) -> bool:
        """Tell whether a span leaves without any content."""
        context = span.get_span_context()
        if context is not None and not context.trace_flags.sampled:
            return True
        scope = span.instrumentation_scope
        made_here = scope is not None and scope.name == "spanledger"
        return self._capture is not True and not made_here  # ours was captured as it was told


def without_content(span: ReadableSpan) -> ReadableSpan:
    """Return a span without its content."""

    def kept(attributes: Mapping[str, Any]) -> dict[str, Any]:
        return {k: v for k, v in attributes.items() if not is_content(k) or not isinstance(v, str)}

    events = [Event(e.name, kept(e.attributes or {}), e.timestamp) for e in span.events]
    return changed(span, kept(span.attributes or {}), events, None)


def masked(span: ReadableSpan, masker: Masker) -> ReadableSpan:
    """Return a span whose texts were masked, without content where that fails."""
    texts: list[str] = [span.status.description or ""]
    for attributes in (span.attributes or {}, *(e.attributes or {} for e in span.events)):
        texts += content_of(attributes)
    if not any(texts):
        return span
    told = masker.masked(texts)
    if told is None:
        return without_content(span)
    rest = iter(told)
    status = next(rest) or None
    own = filled(span.attributes or {}, rest)
    events = [Event(e.name, filled(e.attributes or {}, rest), e.timestamp) for e in span.events]
    return changed(span, own, events, status)


def content_of(attributes: Mapping[str, Any]) -> list[str]:
    """Return the texts among attributes that may hold content, in order."""
    found: list[str] = []
    for key, value in attributes.items():
        if is_content(key):
            if isinstance(value, str):
                found.append(value)
            elif isinstance(value, tuple):
                found += (item for item in value if isinstance(item, str))
    return found


def filled(attributes: Mapping[str, Any], texts: Any) -> dict[str, Any]:
    """Return attributes with the next texts in place of their own."""
    found: dict[str, Any] = {}
    for key, value in attributes.items():
        found[key] = value
        if is_content(key):
            if isinstance(value, str):
                found[key] = next(texts)
            elif isinstance(value, tuple):
                found[key] = tuple(next(texts) if isinstance(x, str) else x for x in value)
    return found


def shortened(span: ReadableSpan, max_bytes: int) -> ReadableSpan:
    """Return a span whose texts are cut so that they have about `max_bytes` together."""
    told = [span.attributes or {}, *(e.attributes or {} for e in span.events)]
    each = max_bytes // max(1, sum(map(len, told)))

    def kept(attributes: Mapping[str, Any]) -> dict[str, Any]:
        return {k: cut(v, each) if isinstance(v, str) else v for k, v in attributes.items()}

    events = [Event(e.name, kept(e.attributes or {}), e.timestamp) for e in span.events]
    return changed(span, kept(span.attributes or {}), events, span.status.description)


def changed(
    span: ReadableSpan,
    attributes: Mapping[str, Any],
    events: Sequence[Event],
    description: str | None,
) -> ReadableSpan:
    """Return a span with other attributes, events and status text."""
    code = span.status.status_code
    return ReadableSpan(
        name=span.name,
        context=span.get_span_context(),
        parent=span.parent,
        resource=span.resource,
        attributes=attributes,
        events=events,
        links=span.links,
        kind=span.kind,
        status=Status(code, description if code.name == "ERROR" else None),
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )
