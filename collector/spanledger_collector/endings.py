"""How a span ended: well, with an error of which type and message, or waiting for somebody.

Reads what OpenTelemetry itself defines (status, exception events, `error.*`), which every dialect
shares. An interrupt that a framework raises to ask a human is a wait, never an error.
"""

import re
from collections.abc import Iterator

from spanledger_collector.dialects import compact, text
from spanledger_collector.dialects.structure import python_literal
from spanledger_schema.span import Event, Facts, Span, Value

ERROR = 2  # OTLP status code
MESSAGE = "exception.message"

WAITS = frozenset(
    {
        "GraphInterrupt",  # LangGraph: interrupt()
        "NodeInterrupt",  # LangGraph, older
        "ApprovalRequired",  # Pydantic AI: a tool that needs a human's word
        "CallDeferred",  # Pydantic AI: a tool that somebody else runs
        "PendingApproval",  # our SDK
    }
)
CANCELS = frozenset({"CancelledError", "Cancelled", "AbortError", "GeneratorExit"})

NAMED = re.compile(r"\A([A-Za-z_][\w.]*(?:Error|Exception|Interrupt|Exit|Timeout|Required))\s*[:(]")
"""How a status message begins in which a library left the exception's class."""

CODED = re.compile(r"\bError code: (\d{3})\b")
"""How the OpenAI and Anthropic clients word a refused request; conventions allow a code as type."""

FRAME = "    at "
CLASS = re.compile(r"^([A-Za-z_$][\w.$]*): ", re.MULTILINE)
"""How JavaScript begins a stack trace: the class of the error, then its message."""

FRAY = 8
"""Characters of white space that two tellings of one message may differ by."""

QUOTED = re.compile(r"\A[\w.]+\((['\"])(.*?)\1\s*,?\s*\)", re.DOTALL)
"""An exception's repr, `ValueError('too much')`."""


def ending(span: Span, facts: Facts) -> None:
    """Set the status of `facts` and, where it is one, the type and message of the error."""
    failed = (span.status_code == ERROR and facts.status != "ok") or facts.status == "error"
    if not failed and facts.status is None:
        failed = "error.type" in span.attributes
    told = last_exception(span)
    if not failed:
        if facts.status is None:
            facts.status = "ok" if span.status_code else "unset"
        if told is not None and error_type(span, facts, told) in WAITS:
            facts.status, facts.reason = "waiting", facts.reason or question(told, span)
        facts.error_type = facts.error_message = None
        return
    if told and facts.error_type and text(told.attributes, "exception.type") == "Exception":
        told = None  # a bare wrapping, out of which the dialect took the real one
    facts.error_type = error_type(span, facts, told)
    facts.error_message = error_message(span, facts, told)
    if facts.status in (None, "ok", "unset", "error"):
        facts.status = "error"
        if facts.error_type in WAITS:
            facts.status = "waiting"
        elif facts.error_type in CANCELS:
            facts.status = "cancelled"
    if facts.status == "waiting":
        facts.reason = facts.reason or question(told, span)
        facts.error_type = facts.error_message = None


def question(told: Event | None, span: Span) -> str | None:
    """Return what an interrupted step asked, out of the interrupt's repr where there is one."""
    said = (text(told.attributes, MESSAGE) if told else None) or span.status_message
    asked = next(interrupts(python_literal(said)), None)
    return compact(asked) if asked is not None else said or None


def interrupts(value: Value) -> Iterator[Value]:
    """Yield what interrupts asked: `(Interrupt(value='Refund?', id='1'),)`."""
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, dict) and item.get("value") is not None:
            yield item["value"]


def last_exception(span: Span) -> Event | None:
    """Return the exception event a span ended with; an earlier one may have been got over."""
    return next((e for e in reversed(span.events) if e.name == "exception"), None)


def error_type(span: Span, facts: Facts, told: Event | None) -> str | None:
    """Return the class of an error without its module: libraries disagree about the module."""
    name = text(told.attributes, "exception.type") if told else None
    name = name or facts.error_type or text(span.attributes, "error.type")
    if name is None and told is not None:
        name = without_stack(text(told.attributes, MESSAGE) or "")[1]
    if name is None and (
        match := NAMED.match(said(span, facts)) or CODED.search(said(span, facts)[:200])
    ):
        name = match[1]
    return name.rpartition(".")[2] or name if name else None


def without_stack(message: str) -> tuple[str, str | None]:
    """Return a message without the stack of JavaScript that was left in it, and the class it names.

    Some write the message, then the stack, which begins with the class and the message again.
    """
    told, frames, _ = message.partition(f"\n{FRAME}")
    if not frames:
        return message, None
    for found in CLASS.finditer(told):
        before, after = found.start(), len(told) - found.end()
        if before and abs(before - after) > FRAY:
            continue  # comparing costs as much as a text is long, which may have a class on each line
        words, again = told[:before].strip(), told[found.end() :].strip()
        if words == again or not before:
            return words or again, found[1]
    return told, None


def said(span: Span, facts: Facts) -> str:
    """Return what a dialect or the status says of an error."""
    return facts.error_message or span.status_message


def error_message(span: Span, facts: Facts, told: Event | None) -> str | None:
    """Return what went wrong, in the words of the exception or else of the status."""
    message = text(told.attributes, MESSAGE) if told else None
    if message or facts.error_message:
        return without_stack(message or facts.error_message or "")[0]
    if span.status_message:
        match = QUOTED.match(span.status_message)
        return match[2] if match else span.status_message
    return text(span.attributes, "error.message")
