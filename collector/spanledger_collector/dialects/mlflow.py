"""The `mlflow.*` dialect: spans of MLflow Tracing, exported over OTLP.

Source: mlflow/mlflow, `mlflow/tracing/constant.py`; captures. Every attribute is JSON, strings
too. The provider's own answer is in the outputs and knows more than MLflow's digest of its usage.
"""

from collections.abc import Sequence

from spanledger_collector.dialects import (
    APPLICATION_SESSION,
    counts,
    dollars,
    flag,
    mapping,
    parsed,
    preview,
)
from spanledger_collector.dialects.graph import graph_node, routed, whose
from spanledger_collector.dialects.messages import arguments, messages, refused, tool_message
from spanledger_collector.dialects.raw import Answer, answer
from spanledger_collector.dialects.structure import whole_fields
from spanledger_schema.span import Attributes, Content, Counts, Event, Facts, Kind, Span, Value

NAME = "mlflow"

KINDS: dict[str, Kind] = {
    "CHAT_MODEL": "llm",
    "LLM": "llm",
    "EMBEDDING": "embedding",
    "RERANKER": "rerank",
    "RETRIEVER": "retriever",
    "TOOL": "tool",
    "AGENT": "agent",
    "WORKFLOW": "workflow",
    "GUARDRAIL": "guardrail",
    "EVALUATOR": "evaluator",
    "TASK": "span",
    "CHAIN": "span",  # a workflow where it has no parent
}
CALLS = ("llm", "embedding", "rerank")

DIGEST = {
    "input_tokens": ("input_tokens",),
    "output_tokens": ("output_tokens",),
    "total_tokens": ("total_tokens",),
    "cache_read_tokens": ("cache_read_input_tokens",),
    "cache_write_tokens": ("cache_creation_input_tokens",),
}

ASKED = ("messages", "input", "contents", "prompt", "inputs")
"""Where a request keeps what the model was asked."""

FIRST_CHUNK = "mlflow.chunk.item.0"


def claims(keys: frozenset[str], scope: str) -> bool:
    """Tell whether a span speaks this dialect."""
    return "mlflow.spanType" in keys or "mlflow.traceRequestId" in keys


def read(span: Span) -> Facts:
    """Return what the span says; a type that MLflow does not know leaves the kind open."""
    a = span.attributes
    facts = Facts(dialect=NAME)
    kind = plain(a, "mlflow.spanType") or ""
    facts.kind = KINDS.get(kind)
    if kind == "CHAIN" and not span.parent_span_id:
        facts.kind = "workflow"
    if facts.kind in ("tool", "agent"):
        setattr(facts, facts.kind, span.name)
        facts.tool_call_id = plain(a, "tool_call_id")
    read_whose(span, facts, routes=kind == "CHAIN")
    if facts.kind in CALLS:
        read_call(span, facts)
    else:
        shown = "mlflow.spanInputs" if facts.kind == "tool" else "mlflow.spanOutputs"
        facts.preview = preview(a.get(shown))
        if (
            facts.kind == "tool"
            and (words := refused(parsed(a.get("mlflow.spanOutputs")))) is not None
        ):
            facts.status, facts.error_message = "error", words
    return facts


def plain(attributes: Attributes, *names: str) -> str | None:
    """Return the first of these attributes that is a text, out of its JSON."""
    return next((t for n in names if isinstance(t := parsed(attributes.get(n)), str) and t), None)


def read_whose(span: Span, facts: Facts, *, routes: bool) -> None:
    """Read session, user and LangGraph's metadata, which MLflow passes on as one object."""
    a = span.attributes
    if session := plain(a, "session.id", "mlflow.trace.session"):
        facts.session_id, facts.session_rank = session, APPLICATION_SESSION
    facts.user_id = plain(a, "user.id", "mlflow.trace.user")
    facts.trace_name = plain(a, "mlflow.traceName", "mlflow.traceTag.mlflow.traceName")
    if metadata := whole_fields(a.get("metadata")):
        graph_node(facts, metadata, span.name)
        if routes and facts.node is None:
            routed(facts, metadata, span.name, a.get("mlflow.spanOutputs"))
        whose(facts, metadata)


def read_call(span: Span, facts: Facts) -> None:
    """Read a model call from MLflow's attributes and the provider's own answer."""
    a = span.attributes
    outputs = parsed(a.get("mlflow.spanOutputs"))
    said = answer(outputs)
    facts.provider = plain(a, "mlflow.llm.provider")
    facts.request_model = plain(a, "model", "model_name")
    facts.response_model = said.model or plain(a, "mlflow.llm.model")
    if span.status_code == ERROR and facts.request_model is None:
        facts.request_model, facts.response_model = facts.response_model, None
    facts.response_id, facts.finish_reason = said.id, said.finish_reason
    facts.counts = usage(a, said)
    if said.service_tier:
        facts.price_context = {"service_tier": said.service_tier}
    if total := dollars(mapping(a.get("mlflow.llm.cost")).get("total_cost")):
        facts.reported_usd, facts.reported_by = total, "mlflow.llm.cost"
    facts.streaming = flag(a, "stream")
    first = next((e for e in span.events if e.name == FIRST_CHUNK), None)
    if first is not None:
        facts.streaming = True
        facts.ttft_ns = first.time_ns - span.start_ns if first.time_ns > span.start_ns > 0 else None
    if facts.kind == "llm":
        facts.preview = preview(outputs)


ERROR = 2  # OTLP status code


def usage(attributes: Attributes, said: Answer) -> Counts | None:
    """Return the provider's own counts, else MLflow's digest of them."""
    if said.counts is not None:
        return said.counts
    found = counts(mapping(attributes.get("mlflow.chat.tokenUsage")), DIGEST)
    return found if found or found.invalid else None


def content(span: Span, logs: Sequence[Event]) -> Content:
    """Return the request and the answer, or the arguments and the result of a tool."""
    a = span.attributes
    given, answered = parsed(a.get("mlflow.spanInputs")), parsed(a.get("mlflow.spanOutputs"))
    kind = KINDS.get(plain(a, "mlflow.spanType") or "")
    if kind == "tool":
        return Content(arguments=arguments(given), result=tool_message(answered))
    request = given if isinstance(given, dict) else {}
    asked = next((request[key] for key in ASKED if request.get(key)), given)
    return Content(
        input=[*messages(request.get("instructions"), "system"), *messages(asked, "user")],
        output=[] if kind == "embedding" else messages(answered, "assistant"),
        tools=parsed(a.get("mlflow.chat.tools")) or request.get("tools"),
        parameters={k: v for k, v in request.items() if is_parameter(k, v)},
    )


def is_parameter(name: str, value: Value) -> bool:
    """Tell whether a field of a request is a setting of the call and none of its contents."""
    return name not in ("model", "instructions", *ASKED) and not isinstance(value, list | dict)
