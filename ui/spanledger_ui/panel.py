"""The event panel: everything about one step, as plain text.

A `SpanDetail` comes in. What a trace says goes through `st.text`, `st.code` and `st.json` alone,
never through Markdown or HTML.
"""

from collections.abc import Sequence
from typing import Any

import streamlit as st

from spanledger_schema.api import ChatMessage, MessagePart, SpanDetail, SpanEvent
from spanledger_ui import bill, statediff, text

RECENT = 4
"""How many of the last messages of a long history stand open."""

LONG_CHARS = 600  # beyond it a system prompt is folded
SIDE_BY_SIDE_CHARS = 4_000


def event(span: SpanDetail) -> None:
    """Draw a step, what matters at three in the morning first."""
    heading(span)
    trouble(span)
    cost(span)
    change(span)
    if span.arguments is not None or span.result is not None:
        tool_call(span)
    messages(span)
    if span.payload_expired:
        st.info("The words are gone, expired or erased. The facts and the dollars remain.")
    raw(span)


def heading(span: SpanDetail) -> None:
    """Draw name and facts."""
    with st.container(key="event-name"):
        st.text(span.name or span.kind)
    with st.container(key="event-facts"):
        st.text(facts(span))


def facts(span: SpanDetail) -> str:
    """Return the facts of a step in one line."""
    asked, answered = span.request_model, span.response_model
    model = f"{asked} → {answered}" if asked and answered and asked != answered else None
    parts = [
        span.kind,
        span.provider,
        model or answered or asked,
        span.tool,
        span.agent,
        span.node,
        text.duration(span.duration_ns),
        f"first token {text.duration(span.ttft_ns)}" if span.ttft_ns is not None else None,
        span.finish_reason,
        span.status if span.status not in {"ok", "unset"} else None,
    ]
    return "  ·  ".join(dict.fromkeys(text.apart(part) for part in parts if part))


def trouble(span: SpanDetail) -> None:
    """Draw the error, its stack folded."""
    if span.status != "error" and not span.error_message:
        return
    st.error("This step failed.", icon=":material/error:")
    said = ": ".join(part for part in (span.error_type, span.error_message) if part)
    block(said or "No message was recorded.")
    if span.error_stack:
        with st.expander("Stack"):
            block(span.error_stack)


def change(span: SpanDetail) -> None:
    """Draw a change of state, or a verdict, with its reason."""
    if span.state_from or span.state_to:
        role("State")
        block(f"{span.state_from or '…'} → {span.state_to or '…'}")
    if span.changes:
        role("State before → written", "changes")
        block(statediff.lines(span.changes))
    if span.verdict:
        role("Verdict")
        block(span.verdict)
    if span.reason:
        role("Reason")
        block(span.reason)


def tool_call(span: SpanDetail) -> None:
    """Draw arguments and result, side by side where both are short."""
    sides = (("Arguments", span.arguments), ("Result", span.result))
    wide = any(len(str(value)) > SIDE_BY_SIDE_CHARS for _, value in sides)
    places: Sequence[Any] = [st.container(), st.container()] if wide else st.columns(2)
    for place, (name, value) in zip(places, sides, strict=True):
        with place:
            role(name)
            anything(value)


def messages(span: SpanDetail) -> None:
    """Draw the conversation: a long history folded, the last messages and the answer open."""
    history, recent = span.input[:-RECENT], span.input[-RECENT:]
    if history:
        with st.expander("Earlier messages", icon=":material/history:"):
            for place, message in enumerate(history):
                said(message, f"past-{place}")
    for place, message in enumerate(recent):
        said(message, f"in-{place}")
    for place, message in enumerate(span.output):
        said(message, f"out-{place}")


def said(message: ChatMessage, key: str) -> None:
    """Draw one message."""
    if message.role == "system" and length(message) > LONG_CHARS:
        with st.expander("System prompt"):
            parts(message)
        return
    ending = f" ({message.finish_reason})" if message.finish_reason else ""
    role(f"{message.role}{ending}", key)
    parts(message)


def length(message: ChatMessage) -> int:
    """Return how many characters a message has."""
    return sum(len(part.text or "") for part in message.parts)


def parts(message: ChatMessage) -> None:
    """Draw what a message consists of."""
    for part in message.parts:
        piece(part)


def piece(part: MessagePart) -> None:
    """Draw one part of a message; no image or file is ever loaded, only named."""
    if part.type == "text" and part.text is not None:
        block(part.text)
        return
    with st.container(key=f"quiet-part-{id(part)}"):
        st.text(
            " ".join(word for word in (part.type.replace("_", " "), part.name, part.id) if word)
        )
    if (content := part.data if part.data is not None else part.text) is not None:
        anything(content)


def cost(span: SpanDetail) -> None:
    """Draw tokens, dollars and where the dollars come from."""
    notes = bill.basis(span)
    counted = bill.usage(span)
    if not (notes or span.lines or span.input_tokens is not None or span.output_tokens is not None):
        return
    role("Cost", "cost")
    if account := bill.account(span):
        st.code(account, language=None)
    else:
        width = max(len(name) for name, _ in counted)
        st.code("\n".join(f"{name.ljust(width)}  {n:>9}" for name, n in counted), language=None)
    if notes:
        with st.container(key="quiet-basis"):
            st.text("\n".join(notes))


def raw(span: SpanDetail) -> None:
    """Draw everything else that was sent, folded."""
    if span.parameters:
        with st.expander("Parameters"):
            anything(span.parameters)
    if span.tools:
        with st.expander("Tools offered"):
            anything(span.tools)
    if span.events or span.logs:
        with st.expander("Events and logs"):
            happenings([*span.events, *span.logs])
    with st.expander("Attributes"):
        anything(span.attributes)
    with st.expander("Span"):
        anything(identity(span))


def happenings(events: Sequence[SpanEvent]) -> None:
    """Draw span events and log records in the order of time."""
    for happening in sorted(events, key=lambda e: e.time):
        st.text(f"{happening.time}  {happening.name}")
        content = {**happening.attributes}
        if happening.body is not None:
            content["body"] = happening.body
        if content:
            anything(content)


def identity(span: SpanDetail) -> dict[str, Any]:
    """Return the ids of a span, where it came from, and what had to be mended."""
    return {
        "trace_id": span.trace_id,
        "span_id": span.span_id,
        "parent_span_id": span.parent_span_id,
        "response_id": span.response_id,
        "tool_call_id": span.tool_call_id,
        "started_at": span.started_at,
        "ended_at": span.ended_at,
        "dialect": span.dialect,
        "flags": span.flags,
        "scope": span.scope,
        "resource": span.resource,
        "links": span.links,
    }


def role(name: str, key: str | None = None) -> None:
    """Draw a small heading."""
    with st.container(key=f"role-{key or name.lower()}"):
        st.text(name)


def anything(value: Any) -> None:
    """Draw a value: text as text, structure as structure, None as "–"."""
    if value is None:
        st.text(text.UNKNOWN)
    elif isinstance(value, str):
        block(value)
    elif isinstance(value, dict | list):
        st.json(text.bounded(value), expanded=2)
    else:
        block(str(value))


def block(content: str) -> None:
    """Draw text as it is, wrapped, the first 64 Ki characters of it."""
    shown, left = text.cut(content)
    st.code(shown, language=None, wrap_lines=True)
    if left:
        st.text(f"{left:,} more characters are not shown.")
