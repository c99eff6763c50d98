"""The OpenLLMetry dialect: `traceloop.*` and what Traceloop's instrumentations add to `gen_ai.*`.

Two generations: up to 0.4x messages are flattened into `gen_ai.prompt.N.*` and calls are marked
by `llm.request.type`; since 0.5x they follow the GenAI conventions, which `genai` reads.
Source: traceloop/openllmetry, `packages/opentelemetry-semantic-conventions-ai` and the
instrumentations' sources.
"""

from collections.abc import Mapping, Sequence

from spanledger_collector.dialects import (
    REQUEST_KINDS,
    THREAD_SESSION,
    fill,
    flag,
    mapping,
    preview,
    text,
)
from spanledger_collector.dialects.graph import AGENT, graph_node, routed, whose
from spanledger_collector.dialects.llama_index import answering_agent, tool_output
from spanledger_collector.dialects.messages import flattened, messages, refused
from spanledger_collector.dialects.structure import called_with as unwrapped_call
from spanledger_collector.dialects.structure import nested, structure
from spanledger_schema.span import Content, Event, Facts, Kind, Span, Value

NAME = "openllmetry"

KINDS: dict[str, Kind] = {
    "workflow": "workflow",
    "agent": "agent",
    "tool": "tool",
    "task": "span",  # a node of a graph only where the graph says so
    "handoff": "handoff",
    "guardrail": "guardrail",
}

TEXTS = {
    "trace_name": ("traceloop.workflow.name",),
    "tool_call_id": ("gen_ai.tool.call.id",),
}

TELLTALES = frozenset(
    {
        "traceloop.span.kind",
        "traceloop.entity.name",
        "traceloop.workflow.name",
        "llm.request.type",
        "llm.is_streaming",
        "gen_ai.is_streaming",
        "gen_ai.workflow.nodes",
        "gen_ai.handoff.from_agent",
    }
)

ASSOCIATED = "traceloop.association.properties."
SESSIONS = (
    ("session_id", 1), ("sessionId", 1), ("chat_id", 2), ("chatId", 2), ("conversation_id", 2),
    ("conversationId", 2), ("thread_id", THREAD_SESSION), ("threadId", THREAD_SESSION),
)  # fmt: skip
TOOL_STEP = "tool.arguments"  # on the steps of a LlamaIndex agent that call a tool
CHUNKS = ("llm.content.completion.chunk", "gen_ai.content.completion.chunk")

MOST_PARSED = 262_144  # characters of an entity's input that are searched for LangGraph's metadata
SHORT = 4096  # characters of an output that are parsed on arrival

INTERNAL = ("ls_", "lc_", "langgraph_", "checkpoint_ns", "__")


def claims(keys: frozenset[str], scope: str) -> bool:
    """Tell whether a span speaks this dialect."""
    return not keys.isdisjoint(TELLTALES)


def read(span: Span) -> Facts:
    """Return what the span says beyond the GenAI conventions."""
    a = span.attributes
    facts = Facts(dialect=NAME)
    fill(facts, a, TEXTS)
    facts.kind = KINDS.get(text(a, "traceloop.span.kind") or "")
    facts.kind = facts.kind or REQUEST_KINDS.get(text(a, "llm.request.type") or "")
    if facts.kind == "span" and "gen_ai.response.model" in a:
        facts.kind = REQUEST_KINDS.get(text(a, "gen_ai.operation.name") or "")  # LlamaIndex: a task
    if "gen_ai.workflow.nodes" in a:
        facts.kind = "workflow"  # the whole graph, whatever else it is called
    read_whose(a, facts)
    if facts.kind in ("llm", "embedding", "rerank") or "gen_ai.is_streaming" in a:
        read_call(span, facts)
    elif facts.kind is not None:
        read_entity(span, facts)
    return facts


def read_whose(a: Mapping[str, Value], facts: Facts) -> None:
    """Set session and user from the association properties."""
    for key, rank in SESSIONS:
        if session := text(a, ASSOCIATED + key):
            facts.session_id, facts.session_rank = session, rank
            break
    facts.user_id = text(a, f"{ASSOCIATED}user_id", f"{ASSOCIATED}userId")


def read_call(span: Span, facts: Facts) -> None:
    """Read a model call."""
    a = span.attributes
    facts.streaming = flag(a, "gen_ai.is_streaming")
    if facts.streaming is None:
        facts.streaming = flag(a, "llm.is_streaming")
    facts.finish_reason = text(a, "gen_ai.completion.0.finish_reason")
    if span.events and (first := next((e for e in span.events if e.name in CHUNKS), None)):
        facts.streaming = True
        if first.time_ns >= span.start_ns > 0:
            facts.ttft_ns = first.time_ns - span.start_ns
    words = text(a, "gen_ai.completion.0.content")
    if words and words != '""':
        facts.preview = preview(words)
    elif name := text(a, "gen_ai.completion.0.tool_calls.0.name"):
        given = text(a, "gen_ai.completion.0.tool_calls.0.arguments") or ""
        facts.preview = preview(f"{name}({given})")


def read_entity(span: Span, facts: Facts) -> None:
    """Read a tool, an agent, a node or a hand-off."""
    a = span.attributes
    name = text(a, "traceloop.entity.name", "gen_ai.task.name")
    if facts.kind == "span":
        read_step(a, facts)
    if facts.kind == "tool":
        facts.tool = text(a, "gen_ai.tool.name", "tool.name") or answering_tool(a) or name
        facts.preview = preview(called_with(a))
        told = text(a, "traceloop.entity.output") or ""
        if len(told) <= MOST_PARSED and (words := refused(mapping(told).get("output"))) is not None:
            facts.status, facts.error_message = "error", words
    elif facts.kind == "agent":
        facts.agent = facts.agent or text(a, "gen_ai.agent.name") or name
    elif facts.kind == "handoff":
        read_handoff(span, facts)
    if facts.kind in ("workflow", "span", "tool"):
        read_graph(span, facts, name or span.name)
    if facts.kind in ("workflow", "span") and name and name == text(a, ASSOCIATED + AGENT):
        facts.kind, facts.agent = "agent", name
    if facts.preview is None and facts.kind != "workflow":
        facts.preview = preview(short_output(a))


def read_step(a: Mapping[str, Value], facts: Facts) -> None:
    """Read a step of a LlamaIndex agent: the one that asks the model, or one that calls a tool."""
    if is_tool(a):
        facts.kind = "tool"
        output = tool_output(structure(a.get("traceloop.entity.output"))) or {}
        if output.get("is_error") is True:
            facts.status, facts.error_message = "error", text(output, "raw_output")
    elif agent := answering_agent(a.get("traceloop.entity.output")):
        facts.kind, facts.agent = "agent", agent


def is_tool(a: Mapping[str, Value]) -> bool:
    """Tell whether a span is a tool call that may bear the kind of any step."""
    kind = a.get("traceloop.span.kind")
    return (
        TOOL_STEP in a
        or (kind == "tool" and "traceloop.entity.name" in a)
        or (kind == "task" and a.get("gen_ai.operation.name") == "execute_tool")
    )


def answering_tool(a: Mapping[str, Value]) -> str | None:
    """Return the tool that a LangChain message answers for; its span bears the name of a class."""
    answer = tool_message(structure(a.get("traceloop.entity.output")))
    return text(answer, "name") if answer else None


def tool_message(value: Value) -> dict[str, Value] | None:
    """Return what stands in a serialised tool message, None for anything else."""
    inner = value.get("kwargs") if isinstance(value, dict) else None
    return inner if isinstance(inner, dict) and "tool_call_id" in inner else None


def read_handoff(span: Span, facts: Facts) -> None:
    """Read who handed over to whom; the target is often unknown here and shown by what follows."""
    a = span.attributes
    before, _, after = span.name.removesuffix(".handoff").partition(" → ")
    facts.state_from = text(a, "gen_ai.handoff.from_agent") or before or None
    target = text(a, "gen_ai.handoff.to_agent") or after
    facts.state_to = target if target and target != "unknown" else None
    facts.preview = f"{facts.state_from or '?'} → {facts.state_to or '?'}"


def read_graph(span: Span, facts: Facts, name: str) -> None:
    """Read LangGraph's own metadata, kept as association properties or inside the entity's input."""
    a = span.attributes
    metadata: Mapping[str, Value] = {}
    if ASSOCIATED + "langgraph_node" in a:
        keys = ("langgraph_node", "langgraph_step", "langgraph_checkpoint_ns", "checkpoint_ns")
        metadata = {key: a.get(ASSOCIATED + key) for key in keys}
    else:
        given = text(a, "traceloop.entity.input")
        if given and '"metadata"' in given and len(given) <= MOST_PARSED:
            metadata = mapping(mapping(given).get("metadata"))
            whose(facts, metadata)
    if metadata and facts.kind == "span":
        graph_node(facts, metadata, name)
        if facts.node is None:
            routed(facts, metadata, name, short_output(a))


def short_output(a: Mapping[str, Value]) -> Value:
    """Return the output of an entity without its wrapping, or None when it is long."""
    value = a.get("traceloop.entity.output")
    if not isinstance(value, str) or len(value) > SHORT:
        return None
    return unwrapped(structure(value))


def unwrapped(value: Value) -> Value:
    """Return an output out of `{"outputs": …, "kwargs": …}` and its like, and of a tool message."""
    if (output := tool_output(value)) is not None:
        return output["raw_output"]
    if isinstance(value, dict):
        for key in ("outputs", "output", "result"):
            if key in value and value.keys() <= {key, "kwargs", "is_error", "tags", "metadata"}:
                return unwrapped(structure(value[key]))
    if (message := tool_message(value)) is not None:
        return structure(message.get("content"))
    return value


def called_with(a: Mapping[str, Value]) -> Value:
    """Return the arguments of a tool, out of whatever they are wrapped in."""
    value = structure(a.get("traceloop.entity.input") or a.get(TOOL_STEP))
    if value is None:
        value = structure(a.get("gen_ai.tool.call.arguments"))
    if not isinstance(value, dict):
        return value
    if "input_str" in value:  # LangChain: the arguments as Python repr, newer also as they are
        inputs = value.get("inputs")
        return inputs if isinstance(inputs, dict) and inputs else structure(value["input_str"])
    if value.keys() == {"tool_name", "arguments"}:  # MCP
        return structure(value["arguments"])
    found = unwrapped_call(value)
    if isinstance(found, list) and len(found) == 1 and isinstance(found[0], str):
        return structure(found[0])  # JavaScript: all of the arguments in one
    return found


def content(span: Span, logs: Sequence[Event]) -> Content:
    """Return flattened messages, or the input and output of an entity."""
    a = span.attributes
    if is_tool(a):
        result = unwrapped(structure(a.get("traceloop.entity.output")))
        return Content(arguments=called_with(a), result=result)
    said_in = flattened(a, "gen_ai.prompt.", "user")
    said_out = flattened(a, "gen_ai.completion.", "assistant")
    return Content(
        input=said_in or messages(a.get("traceloop.entity.input"), "user"),
        output=said_out or messages(a.get("traceloop.entity.output"), "assistant"),
        tools=nested(a, "llm.request.functions.") or None,
        state_given=given(structure(a.get("traceloop.entity.input"))),
        state_written=unwrapped(structure(a.get("traceloop.entity.output"))),
    )


def given(value: Value) -> Value:
    """Return what an entity was given, out of `{"inputs": …, "metadata": …}`."""
    return value.get("inputs", value) if isinstance(value, dict) else value
