"""The spans of Claude Code: `span.type` says what each is, counts bear the API's own names.

Source: Claude Code 2.1, its tracing beta (`CLAUDE_CODE_ENHANCED_TELEMETRY_BETA`); captures. One span
is a prompt until the agent is done (`interaction`); below it are requests and tools. What a tool
did is inside its span in one of its own (`tool.execution`), which alone knows whether it failed.
"""

from collections.abc import Sequence

from spanledger_collector.dialects import counts, duration_ns, preview, text
from spanledger_collector.dialects.messages import arguments, messages
from spanledger_schema.span import Attributes, Content, Event, Facts, Kind, Span, Value

NAME = "claude_code"
SCOPE = "com.anthropic.claude_code"

KINDS: dict[str, Kind] = {
    "interaction": "agent",
    "llm_request": "llm",
    "tool": "tool",
    "tool.execution": "tool",  # bears no name: it is the call around it
    "tool.blocked_on_user": "span",
    "hook": "span",
}

COUNTS = {
    "input_tokens": ("input_tokens",),
    "output_tokens": ("output_tokens",),
    "cache_read_tokens": ("cache_read_tokens",),
    "cache_write_tokens": ("cache_creation_tokens",),
}

MILLISECOND = 1_000_000

GIVEN = ("full_command", "file_path", "skill_name", "subagent_type")
"""What is told of a tool's arguments where they are not recorded whole."""


def claims(keys: frozenset[str], scope: str) -> bool:
    """Tell whether a span speaks this dialect."""
    return "span.type" in keys and scope.startswith(SCOPE)


def read(span: Span) -> Facts:
    """Return what the span says; the input is the API's own, which leaves cached tokens out."""
    a = span.attributes
    facts = Facts(dialect=NAME, kind=KINDS.get(text(a, "span.type") or "", "span"))
    facts.error_message = text(a, "error")
    if facts.kind == "agent":
        facts.agent = text(span.resource, "service.name") or NAME
        facts.preview = preview(a.get("user_prompt"))
    elif facts.kind == "llm":
        read_request(a, facts)
    elif facts.kind == "tool":
        facts.tool = text(a, "tool_name")
        facts.tool_call_id = text(a, "tool_use_id")
        facts.preview = preview(called_with(a))
    return facts


def read_request(a: Attributes, facts: Facts) -> None:
    """Read a model call."""
    facts.request_model = text(a, "model")
    facts.finish_reason = text(a, "stop_reason")
    facts.counts = counts(a, COUNTS, includes_cache=False, basis="scope")
    if (first := duration_ns(a.get("ttft_ms"), MILLISECOND)) is not None:
        facts.streaming, facts.ttft_ns = True, first
    if speed := text(a, "speed"):
        facts.price_context = {"speed": speed}
    facts.preview = preview(a.get("response.model_output"))


def called_with(a: Attributes) -> Value:
    """Return the arguments of a tool, whole where details are recorded: `[TOOL INPUT: Bash]` first."""
    if whole := text(a, "tool_input"):
        return arguments(unheaded(whole))
    return {name: a[name] for name in GIVEN if name in a} or None


def unheaded(value: str) -> str:
    """Return a text without the line above it that says what it is."""
    head, _, rest = value.partition("\n")
    return rest if head.startswith("[") and head.endswith("]") else value


def returned(span: Span) -> Value:
    """Return what a tool gave back, where content is recorded."""
    output = next((e for e in span.events if e.name == "tool.output"), None)
    if output is not None and (said := output.attributes.get("output")) is not None:
        return arguments(said)
    told = text(span.attributes, "new_context")
    return arguments(unheaded(told)) if told else None


def content(span: Span, logs: Sequence[Event]) -> Content:
    """Return the prompt, what is new in a request and its answer, or what a tool got and gave."""
    a = span.attributes
    if text(a, "span.type") in ("tool", "tool.execution"):
        return Content(arguments=called_with(a), result=returned(span))
    asked = a.get("user_prompt") or unheaded(text(a, "new_context") or "")
    return Content(
        input=messages(asked, role="user") if asked else [],
        output=messages(a.get("response.model_output"), role="assistant"),
    )
