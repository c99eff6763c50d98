"""The tool calls of a trace: those that have a span, else those that its conversations tell of.

Where nobody traced the tools, a call that a model asked for and whose result a later request
brings back has been made all the same. Takes one trace, gives plain objects.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from spanledger_collector.explain.entries import Object, Told, failure
from spanledger_collector.understand import Understood
from spanledger_schema.span import Content, Part, Value


def tool_calls(told: Sequence[Told]) -> list[list[Object]]:
    """Return the tool calls of each trace, in order of start."""
    untraced = [t for t in told if not any(u.facts.kind in ("tool", "handoff") for u in t.spans)]
    words = answered([(t.trace_id, c) for t in untraced for c in t.conversations])
    return [
        [from_words(asked, result) for trace_id, asked, result in words if trace_id == t.trace_id]
        if t in untraced
        else from_spans(t)
        for t in told
    ]


def from_spans(told: Told) -> list[Object]:
    """Return the tool calls that have a span.

    What a span leaves out is in the conversation: under the id of the call, else (some libraries
    make ids up) the first call of that tool which no other span stands for.
    """
    traced = [u for u in told.spans if counts_as_tool(told, u)]
    traced.sort(key=lambda u: (u.span.start_ns, u.span.span_id))
    asked = [part for content in told.conversations for part in requested(content)]
    results = [pair for content in told.conversations for pair in exchanged(content)]
    results.sort(key=lambda pair: pair[0].type != "tool_call")  # what repeats the call is surest
    ids = {u.facts.tool_call_id for u in traced}
    loose = [part for part in asked if part.id not in ids]
    found = []
    for u in traced:
        part = next((p for p in asked if p.id and p.id == u.facts.tool_call_id), None)
        if part is None:
            part = next((p for p in loose if p.name == u.facts.tool), None)
            loose = [p for p in loose if p is not part]
        result = next((r for call, r in results if part and is_same(part, call)), None)
        found.append(from_span(told, u, part, result))
    return found


def counts_as_tool(told: Told, u: Understood) -> bool:
    """Tell whether a span is a tool call and not the inside of one."""
    return u.facts.kind == "tool" and u.span.span_id not in told.verdict.not_billed


def from_span(told: Told, u: Understood, asked: Part | None, result: Part | None) -> Object:
    """Return a traced tool call, its gaps filled from the conversation."""
    content = told.content(u)
    given, returned = content.arguments, content.result
    error = failure(u) or failure(told.innermost(u))
    if not isinstance(given, dict) and asked is not None and isinstance(asked.data, dict):
        given = asked.data
    if returned is None and error is None and result is not None:
        returned = result.data
    return {
        "span_id": u.span.span_id.hex(),
        "name": u.facts.tool,
        "args": given,
        "result": returned,
        "error": error,
        "status": u.facts.status if error is None else "error",
        "agent": told.verdict.agents.get(u.span.span_id),
        "tool_call_id": u.facts.tool_call_id,
    }


def from_words(asked: Part, result: Part) -> Object:
    """Return a tool call that no span tells of."""
    said = refusal(result.data)
    return {
        "span_id": None,
        "name": asked.name,
        "args": asked.data,
        "result": result.data,
        "error": None if said is None else {"type": None, "message": said},
        "status": "unset" if said is None else "error",
        "agent": None,
        "tool_call_id": asked.id,
    }


REFUSED = re.compile(r"\A(?:Error executing tool\b|An error occurred while running the tool\b)")
"""How crewAI and the OpenAI Agents SDK tell a model that a tool raised an exception."""


def refusal(result: Value) -> str | None:
    """Return the words in which a framework told the model that the tool failed, or None."""
    return result if isinstance(result, str) and REFUSED.match(result) else None


def answered(conversations: Sequence[tuple[bytes, Content]]) -> list[tuple[bytes, Part, Part]]:
    """Return each tool call that a model asked for and whose result a later request brought.

    With the trace of that request: some libraries begin a new trace with each call. What a
    request repeats of older turns was answered before, or asked where nobody recorded it.
    """
    pending: list[Part] = []
    latest: list[Part] = []
    found = []
    for trace_id, content in conversations:
        told = list(exchanged(content))
        named = [(asked, result) for asked, result in told if asked.id or asked.name]
        nameless = [result for asked, result in told if not (asked.id or asked.name)]
        # results without id and name stand in the order of the calls, the latest ones last
        named += zip(latest, nameless[-len(latest) :], strict=False) if latest else ()
        for asked, result in named:
            if (known := next((p for p in pending if is_same(p, asked)), None)) is not None:
                pending.remove(known)
                if known.name != forced(content):
                    found.append((trace_id, replace(known, id=known.id or asked.id), result))
        pending += (latest := requested(content))
    return found


def forced(content: Content) -> str | None:
    """Return the one tool that a request leaves the model no choice about, None where it may choose.

    A request that brings the result of the tool it wants again ran no tool: what it wants is an answer
    of that shape, and the one before did not fit.
    """
    choice = content.parameters.get("tool_choice")
    if not isinstance(choice, dict):
        return None
    function = choice.get("function")
    name = function.get("name") if isinstance(function, dict) else choice.get("name")
    return name if isinstance(name, str) else None


def requested(content: Content) -> list[Part]:
    """Return the tool calls that a model asked for."""
    return [p for message in content.output for p in message.parts if p.type == "tool_call"]


def exchanged(content: Content) -> Iterator[tuple[Part, Part]]:
    """Yield the tool calls that a request repeats with their results; both, or only the results."""
    parts = [part for message in content.input for part in message.parts]
    calls = [part for part in parts if part.type == "tool_call"]
    for result in parts:
        if result.type == "tool_result":
            call = next((c for c in calls if is_same(c, result)), None)
            if call is not None:
                calls.remove(call)
            yield call or result, result


def is_same(one: Part, other: Part) -> bool:
    """Tell whether two parts speak of the same tool call: by id, else by name and arguments.

    Some libraries number the calls of each answer anew, so that an id may come again.
    """
    if one.id and other.id:
        known = other.type == "tool_call" and one.data and other.data
        return one.id == other.id and not (known and one.data != other.data)
    if one.name != other.name:
        return False
    return one.data == other.data or other.type == "tool_result"
