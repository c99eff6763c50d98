"""The Laminar dialect: `lmnr.*` beside what its instrumentations, begun as OpenLLMetry's, send.

Source: lmnr-ai/lmnr-python, `src/lmnr/opentelemetry_lib/tracing/attributes.py`; captures of 0.8. What a
call was asked, answered and used is where the GenAI conventions have it; input contains cached tokens.
"""

from collections.abc import Sequence

from spanledger_collector.dialects import APPLICATION_SESSION, flag, preview, text, texts
from spanledger_collector.dialects.messages import arguments, messages
from spanledger_collector.dialects.structure import structure
from spanledger_schema.span import Content, Event, Facts, Kind, Span

NAME = "laminar"

TYPE = "lmnr.span.type"
INPUT, OUTPUT = "lmnr.span.input", "lmnr.span.output"
ASSOCIATED = "lmnr.association.properties."

KINDS: dict[str, Kind] = {
    "LLM": "llm",
    "TOOL": "tool",
    "EVALUATOR": "evaluator",
    "HUMAN_EVALUATOR": "evaluator",
}
CHUNK = "llm.content.completion.chunk"


def claims(keys: frozenset[str], scope: str) -> bool:
    """Tell whether a span speaks this dialect."""
    return TYPE in keys or f"{ASSOCIATED}session_id" in keys


def read(span: Span) -> Facts:
    """Return what the span says beyond the GenAI conventions."""
    a = span.attributes
    facts = Facts(dialect=NAME)
    facts.kind = KINDS.get(text(a, TYPE) or "")
    if session := text(a, f"{ASSOCIATED}session_id"):
        facts.session_id, facts.session_rank = session, APPLICATION_SESSION
    facts.user_id = text(a, f"{ASSOCIATED}user_id")
    facts.tags = texts(a.get(f"{ASSOCIATED}tags"))
    if facts.kind == "llm":
        read_call(span, facts)
    elif facts.kind == "tool":
        facts.tool, facts.preview = span.name, preview(a.get(INPUT))
    elif facts.kind is None and not span.parent_span_id:
        facts.kind = "workflow"
    return facts


def read_call(span: Span, facts: Facts) -> None:
    """Read a model call: of which kind, and whether it was streamed."""
    if span.name.endswith(".embeddings"):
        facts.kind = "embedding"
    facts.streaming = flag(span.attributes, "llm.is_streaming")
    first = next((e for e in span.events if e.name == CHUNK), None)
    if first is not None and first.time_ns >= span.start_ns > 0:
        facts.streaming, facts.ttft_ns = True, first.time_ns - span.start_ns


def content(span: Span, logs: Sequence[Event]) -> Content:
    """Return arguments and result of a function; a call's words are where the conventions have them."""
    a = span.attributes
    if text(a, TYPE) == "TOOL":
        return Content(arguments=arguments(a.get(INPUT)), result=arguments(a.get(OUTPUT)))
    return Content(
        input=messages(a.get(INPUT), "user"),
        output=messages(a.get(OUTPUT), "assistant"),
        state_given=structure(a.get(INPUT)),
        state_written=structure(a.get(OUTPUT)),
    )
