"""The tool calls of a trace: those that have a span, else those that its conversations tell of.

Where nobody traced the tools, a call that a model asked for and whose result a later request
brings back has been made all the same. Takes one trace, gives plain objects.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from spanledger_collector.entries import Object, Told, failure
from spanledger_collector.write import Understood
from spanledger_schema.span import Content, Part


def tool_calls(told: Told, later: Sequence[Content] = ()) -> list[Object]:
    """Return the tool calls of a trace in order of start.

    `later` are the conversations of all traces: some libraries begin a new trace with each call,
    and then the result of a tool comes back in another one.
    """
    traced = [u for u in told.spans if counts_as_tool(told, u)]
    if traced or any(u.facts.kind in ("tool", "handoff") for u in told.spans):
        asked = {part.id: part for part, _ in requested(told.conversations) if part.id}
        ordered = sorted(traced, key=lambda u: (u.span.start_ns, u.span.span_id))
        return [from_span(told, u, asked.get(u.facts.tool_call_id or "")) for u in ordered]
    return [from_words(part, result) for part, result in answered(told.conversations, later)]


def counts_as_tool(told: Told, u: Understood) -> bool:
    """Tell whether a span is a tool call and not the inside of one."""
    return u.facts.kind == "tool" and u.span.span_id not in told.verdict.not_billed


def from_span(told: Told, u: Understood, asked: Part | None) -> Object:
    """Return a traced tool call; arguments that its span lacks are those the model asked for."""
    content = told.content(u)
    given = content.arguments
    if not isinstance(given, dict) and asked is not None and isinstance(asked.data, dict):
        given = asked.data
    return {
        "span_id": u.span.span_id.hex(),
        "name": u.facts.tool,
        "args": given,
        "result": content.result,
        "error": failure(u),
        "status": u.facts.status,
        "agent": told.verdict.agents.get(u.span.span_id),
        "tool_call_id": u.facts.tool_call_id,
    }


def from_words(asked: Part, result: Part) -> Object:
    """Return a tool call that no span tells of."""
    return {
        "span_id": None,
        "name": asked.name,
        "args": asked.data,
        "result": result.data,
        "error": None,
        "status": "unset",
        "agent": None,
        "tool_call_id": asked.id,
    }


def requested(conversations: Sequence[Content]) -> Iterator[tuple[Part, int]]:
    """Yield the tool calls that models asked for, with the place of the asking conversation."""
    for place, content in enumerate(conversations):
        for message in content.output:
            yield from ((part, place) for part in message.parts if part.type == "tool_call")


def answered(
    conversations: Sequence[Content], elsewhere: Sequence[Content]
) -> Iterator[tuple[Part, Part]]:
    """Yield each tool call that was asked for with the result that a later request brought back.

    By the id of the call. One that was recorded without an id gets that by which a later request
    repeats it; where nothing bears ids, name and order tell, and then in this trace only.
    """
    spent: defaultdict[str | None, int] = defaultdict(int)
    seen: set[str] = set()
    for made, place in requested(conversations):
        after = conversations[place + 1 :]
        asked = made if made.id else repeated(made, (*after, *elsewhere), seen)
        if asked.id is None:
            longest = max((list(brought(c, asked)) for c in after), key=len, default=[])
            results = longest[spent[asked.name] :]
            spent[asked.name] += 1
        elif asked.id in seen:
            continue
        else:
            seen.add(asked.id)
            results = [r for c in (*after, *elsewhere) for r in brought(c, asked)]
        if results:
            yield asked, results[0]


def repeated(asked: Part, later: Sequence[Content], seen: set[str]) -> Part:
    """Return a tool call as a later request repeats it, with its id, or as it is."""
    for content in later:
        for message in content.input:
            for part in message.parts:
                if (
                    part.type == "tool_call"
                    and (part.name, part.data) == (asked.name, asked.data)
                    and part.id not in (None, *seen)
                ):
                    return part
    return asked


def brought(content: Content, asked: Part) -> Iterator[Part]:
    """Yield the results in a request that answer a tool call."""
    for message in content.input:
        for part in message.parts:
            if part.type == "tool_result" and answers(part, asked):
                yield part


def answers(result: Part, asked: Part) -> bool:
    """Tell whether a result is that of a call: by its id, else by the name of the tool."""
    if asked.id or result.id:
        return result.id == asked.id
    return result.name is not None and result.name == asked.name
