"""The `logfire.*` dialect: spans of the Logfire SDK and of its model integrations.

Source: pydantic/logfire, `logfire/_internal/integrations/llm_providers/`, `constants.py`,
`scrubbing.py`; captures. Models and messages travel by the GenAI conventions; Logfire adds the
provider's own usage object, and reports a stream's usage on a log beside the request's span.
"""

from collections.abc import Sequence

from spanledger_collector.dialects import APPLICATION_SESSION, parsed, text, texts, usd
from spanledger_collector.dialects.raw import usage_counts
from spanledger_schema.span import Attributes, Content, Event, Facts, Span

NAME = "logfire"

SCRUBBED = "[Scrubbed due to"
MOST_PARSED = 32_768
"""Characters of an answer that are parsed on arrival, for its finish reason."""
OWN_SCOPE = "logfire"  # the application's own spans; `logfire.openai` and others tag theirs "LLM"


def claims(keys: frozenset[str], scope: str) -> bool:
    """Tell whether a span speaks this dialect."""
    return "logfire.span_type" in keys or "logfire.msg" in keys


def read(span: Span) -> Facts:
    """Return what Logfire adds to the conventions."""
    a = span.attributes
    facts = Facts(dialect=NAME)
    read_type(a, facts)
    if session := kept(a, "session_id"):
        facts.session_id, facts.session_rank = session, APPLICATION_SESSION
    facts.user_id = kept(a, "user_id")
    if span.scope.name == OWN_SCOPE:
        facts.tags = texts(a.get("logfire.tags"))
        facts.preview = text(a, "logfire.msg")
        facts.trace_name = None if span.parent_span_id else facts.preview
    facts.counts = usage_counts(a.get("gen_ai.usage.raw"))
    if reported := usd(a, "operation.cost"):
        facts.reported_usd, facts.reported_by = reported
    return facts


def read_type(attributes: Attributes, facts: Facts) -> None:
    """Tell logs and markers from spans; the log of a finished stream speaks for its request."""
    kind = text(attributes, "logfire.span_type")
    if kind == "pending_span":  # announces a span that will come with its own id
        facts.kind = "event"
    elif kind == "log" and "gen_ai.operation.name" in attributes:
        facts.usage_role, facts.streaming = "event", True
        facts.finish_reason = finish_reason(attributes)
    elif kind == "log":
        facts.kind = "event"


def finish_reason(attributes: Attributes) -> str | None:
    """Return why an answer ended, which a stream's log tells in its message alone."""
    said = attributes.get("gen_ai.output.messages")
    told = parsed(said) if isinstance(said, str) and len(said) <= MOST_PARSED else None
    last = told[-1] if isinstance(told, list) and told else None
    return text(last, "finish_reason") if isinstance(last, dict) else None


def kept(attributes: Attributes, name: str) -> str | None:
    """Return an attribute of the application that Logfire's scrubbing left alone."""
    found = text(attributes, name)
    return None if found is None or found.startswith(SCRUBBED) else found


def content(span: Span, logs: Sequence[Event]) -> Content:
    """Return nothing of its own: messages are those of the GenAI conventions."""
    return Content()
