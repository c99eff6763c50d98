"""The Strands dialect: spans of the Strands Agents SDK.

Source: strands-agents/sdk-python, `src/strands/telemetry/tracer.py`; captures of 1.62. Its
"provider" is the framework, content is in span events, and the usage of an agent's span is that
of the agent object's whole life.
"""

from collections.abc import Iterator, Sequence

from spanledger_collector.dialects import counts, duration_ns, parsed, preview, text, texts
from spanledger_collector.dialects.messages import arguments, messages
from spanledger_schema.span import Attributes, Content, Counts, Event, Facts, Message, Span, Value

NAME = "strands"

SCOPE = "strands.telemetry.tracer"

COUNTS = {
    # new and old names stand side by side and say the same
    "input_tokens": ("gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens"),
    "output_tokens": ("gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens"),
    "total_tokens": ("gen_ai.usage.total_tokens",),
    "cache_read_tokens": (
        "gen_ai.usage.cache_read.input_tokens",
        "gen_ai.usage.cache_read_input_tokens",
    ),
    "cache_write_tokens": (
        "gen_ai.usage.cache_creation.input_tokens",
        "gen_ai.usage.cache_write.input_tokens",
        "gen_ai.usage.cache_write_input_tokens",
    ),
}

SWARMS = ("invoke_swarm", "invoke_graph")
CYCLE = "execute_event_loop_cycle"
MILLISECOND = 1_000_000

CHOICE = "gen_ai.choice"
INPUT, OUTPUT = "gen_ai.input.messages", "gen_ai.output.messages"
SYSTEM = "gen_ai.system_instructions"
MESSAGES = frozenset({INPUT, OUTPUT, SYSTEM})
TOOL_ASKED = ("gen_ai.tool.message",)

MOST_PARSED = 32_768
"""Characters of an answer that are parsed on arrival, for its finish reason."""


def claims(keys: frozenset[str], scope: str) -> bool:
    """Tell whether a span speaks this dialect."""
    return scope == SCOPE or "event_loop.cycle_id" in keys


def read(span: Span) -> Facts:
    """Return what the span says beyond the GenAI conventions."""
    a = span.attributes
    facts = Facts(dialect=NAME)
    facts.tags = texts(a.get("tags"))
    operation = text(a, "gen_ai.operation.name")
    if operation in SWARMS:
        facts.kind = "workflow"
    elif operation == "invoke_agent":
        facts.usage_role = "aggregate"
    elif operation == CYCLE:
        facts.kind, facts.node_run = "node", text(a, "event_loop.cycle_id")
    elif operation == "chat":
        facts.counts = usage(a)
        facts.ttft_ns = duration_ns(a.get("gen_ai.server.time_to_first_token"), MILLISECOND)
        facts.streaming = True if facts.ttft_ns else None
    if text(a, "gen_ai.tool.status", "tool.status") == "error":  # the latter until 0.2
        facts.status = "error"
        facts.error_message = None if span.status_message else refusal(span)
    read_answer(span, facts)
    return facts


def refusal(span: Span) -> str | None:
    """Return what a failed tool answered; before 1.0 nothing else tells what went wrong."""
    result = content(span, ()).result
    return result if isinstance(result, str) and len(result) <= MOST_PARSED else None


def usage(attributes: Attributes) -> Counts:
    """Return the counts of a call; a total that exceeds input and output counts the cache apart."""
    found = counts(attributes, COUNTS)
    cached = (found.cache_read_tokens or 0) + (found.cache_write_tokens or 0)
    plain = (found.input_tokens or 0) + (found.output_tokens or 0)
    if cached and found.total_tokens == plain + cached:
        found.includes_cache, found.basis = False, "scope"
    return found


def read_answer(span: Span, facts: Facts) -> None:
    """Read from the last event how the span ended; an interrupted agent waits for somebody."""
    words, reason = answer(span)
    facts.preview, facts.finish_reason = preview(words), reason
    if reason == "interrupt":
        facts.status = "waiting"


def answer(span: Span) -> tuple[Value, str | None]:
    """Return what was answered and why the answer ended there."""
    for event in reversed(span.events):
        if event.name == CHOICE:
            return event.attributes.get("message"), text(event.attributes, "finish_reason")
        if OUTPUT in event.attributes:
            return finished(event.attributes.get(OUTPUT))
    return finished(span.attributes.get(OUTPUT))


def finished(value: Value) -> tuple[Value, str | None]:
    """Return an answer of the conventions with its finish reason; a long one is left unread."""
    found = parsed(value) if isinstance(value, str) and len(value) <= MOST_PARSED else None
    last = found[-1] if isinstance(found, list) and found else None
    return value, text(last, "finish_reason") if isinstance(last, dict) else None


def content(span: Span, logs: Sequence[Event]) -> Content:
    """Return the conversation out of the events of either convention."""
    told = [*details(span.events), span.attributes]
    given = next((e[INPUT] for e in told if INPUT in e), None)
    answered = next((e[OUTPUT] for e in reversed(told[:-1]) if OUTPUT in e), None)
    if text(span.attributes, "gen_ai.operation.name") == "execute_tool":
        return tool_content(span, given, answered)
    system = next((e[SYSTEM] for e in told if SYSTEM in e), None)
    last = [e.attributes for e in span.events if e.name == CHOICE][-1:]
    return Content(
        input=[*messages(system, "system"), *messages(given, "user"), *spoken(span.events)],
        output=[*messages(answered, "assistant"), *(m for e in last for m in chosen(e))],
    )


def details(events: Sequence[Event]) -> list[Attributes]:
    """Return the attributes of the events that carry messages of the conventions."""
    return [e.attributes for e in events if not e.attributes.keys().isdisjoint(MESSAGES)]


def spoken(events: Sequence[Event]) -> Iterator[Message]:
    """Yield the messages that are an event each, `gen_ai.user.message` and its like."""
    for event in events:
        role = event.name.removeprefix("gen_ai.").removesuffix(".message")
        if event.name == f"gen_ai.{role}.message":
            yield from messages(parsed(event.attributes.get("content")), role)


def chosen(choice: Attributes) -> Iterator[Message]:
    """Yield the answer that a choice event holds."""
    for message in messages(parsed(choice.get("message")), "assistant"):
        yield Message(message.role, message.parts, text(choice, "finish_reason"))


def tool_content(span: Span, given: Value, answered: Value) -> Content:
    """Return the arguments and the result of a tool, from wherever this version put them."""
    a = span.attributes
    asked = next((e.attributes.get("content") for e in span.events if e.name in TOOL_ASKED), None)
    choice = next((e.attributes.get("message") for e in span.events if e.name == CHOICE), None)
    calls = [p.data for m in messages(given, "tool") for p in m.parts]
    results = [p.data for m in messages(answered, "tool") for p in m.parts]
    return Content(
        arguments=arguments(a.get("gen_ai.tool.call.arguments") or asked or (calls or [None])[0]),
        result=returned(a.get("gen_ai.tool.call.result") or choice or (results or [None])[0]),
    )


def returned(value: Value) -> Value:
    """Return what a tool returned; its only content block, if it is just one."""
    found = arguments(value)
    block = found[0] if isinstance(found, list) and len(found) == 1 else None
    if isinstance(block, dict) and len(block) == 1:
        (kind, said), *_ = block.items()
        return arguments(said) if kind in ("text", "json") else found
    return found
