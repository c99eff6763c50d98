"""Our own SDK's attributes: what the OpenTelemetry conventions have no name for.

Source: `spanledger_schema.attributes`. Models, tokens, tools and agents travel by the GenAI
conventions and are read by `genai`.
"""

from collections.abc import Sequence
from typing import get_args

from spanledger_collector.dialects import counts, fill, number, preview, text, texts, usd
from spanledger_collector.dialects.messages import arguments, messages
from spanledger_schema import attributes as names
from spanledger_schema.span import CALLS, Content, Counts, Event, Facts, Kind, Span

NAME = "spanledger"

KINDS: dict[str, Kind] = {kind: kind for kind in get_args(Kind)}

TEXTS = {
    "trace_name": (names.TRACE_NAME,),
    "node": (names.NODE_NAME,),
    "node_run": (names.NODE_RUN,),
    "state_from": (names.STATE_FROM,),
    "state_to": (names.STATE_TO,),
    "reason": (
        names.STATE_REASON,
        names.DECISION_REASON,
        names.ESCALATION_REASON,
        names.FEEDBACK_COMMENT,
        names.WAIT_FOR,
    ),
    "verdict": (names.VERDICT,),
    "policy": (names.POLICY,),
    "actor": (names.ACTOR,),
}

COUNTS = {
    "cache_write_1h_tokens": (names.CACHE_WRITE_1H_TOKENS,),
    "input_audio_tokens": (names.INPUT_AUDIO_TOKENS,),
    "output_audio_tokens": (names.OUTPUT_AUDIO_TOKENS,),
    "output_image_tokens": (names.OUTPUT_IMAGE_TOKENS,),
    "web_searches": (names.WEB_SEARCHES,),
    "rerank_searches": (names.RERANK_SEARCHES,),
}


def claims(keys: frozenset[str], scope: str) -> bool:
    """Tell whether our SDK made the span."""
    return scope == "spanledger" or any(key.startswith(names.PREFIX) for key in keys)


def read(span: Span) -> Facts:
    """Return what the span says in our own words."""
    a = span.attributes
    facts = Facts(dialect=NAME)
    fill(facts, a, TEXTS)
    facts.kind = "wait" if names.WAIT_FOR in a else KINDS.get(text(a, names.KIND) or "")
    step = a.get(names.NODE_STEP)
    facts.node_step = step if type(step) is int else None
    facts.tags = texts(a.get(names.TAGS))
    found = counts(a, COUNTS)
    facts.counts = None if found == Counts() else found  # parts alone, too: totals come by `genai`
    if reported := usd(a, names.COST_USD):
        facts.reported_usd, facts.reported_by = reported
        facts.usage_role = "" if found or facts.kind in CALLS else "cost"
    priced = len(names.PRICE_CONTEXT)
    context = {key[priced:]: str(a[key]) for key in a if key.startswith(names.PRICE_CONTEXT)}
    facts.price_context = context or None
    if facts.verdict == "pending" or (facts.kind == "wait" and not span.end_ns):
        facts.status = "waiting"
    facts.preview = line(span, facts)
    return facts


def line(span: Span, facts: Facts) -> str | None:
    """Return the one line that a transcript shows of a state change, a decision or a step."""
    a = span.attributes
    if facts.state_to:
        return f"{facts.state_from or '?'} → {facts.state_to}"
    if facts.verdict:
        by = f" by {facts.actor}" if facts.actor else ""
        return f"{facts.verdict}{by}" + (f": {facts.reason}" if facts.reason else "")
    score = number(a.get(names.FEEDBACK_SCORE))
    if score is not None:
        return f"{score:g}" + (f": {facts.reason}" if facts.reason else "")
    return facts.reason or preview(a.get(names.OUTPUT)) or preview(a.get(names.INPUT))


def content(span: Span, logs: Sequence[Event]) -> Content:
    """Return the arguments and the result of the decorated function."""
    a = span.attributes
    if text(a, names.KIND) in ("llm", "embedding"):
        return Content(
            input=messages(a.get(names.INPUT), "user"),
            output=messages(a.get(names.OUTPUT), "assistant"),
        )
    return Content(arguments=arguments(a.get(names.INPUT)), result=arguments(a.get(names.OUTPUT)))
