"""A span to what it says: every dialect that it speaks, merged, then what holds for all of them.

Takes a decoded span (or a log record), gives `Facts`, `Content` or a `Hint`. Which dialects a
span speaks is decided by its attribute names and the library that made it, and remembered.
Refuses to know other spans: what a trace makes of this one is `reconcile`'s to say.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from functools import lru_cache
from operator import attrgetter
from types import ModuleType
from typing import Any, NamedTuple

from spanledger_collector.dialects import (
    APPLICATION_SESSION,
    LIBRARY_SESSION,
    METADATA_SESSION,
    PREVIEW_LENGTH,
    THREAD_SESSION,
    Claims,
    Read,
    Show,
    adk,
    ag2,
    agent_framework,
    agentops,
    anthropic_sdk,
    claude_code,
    codex,
    dollars,
    gemini_cli,
    genai,
    laminar,
    langfuse,
    langsmith,
    langwatch,
    litellm,
    logfire,
    logfire_agents,
    mcp_sdk,
    metadata,
    mirascope,
    mlflow,
    one_line,
    openinference,
    openlit,
    openllmetry,
    pydantic_ai,
    spanledger,
    strands,
    text,
    vercel,
)
from spanledger_collector.endings import ending
from spanledger_collector.ids import short_id
from spanledger_collector.providers import fold, infer
from spanledger_collector.reconcile import Hint
from spanledger_schema.span import (
    CALLS,
    Attributes,
    Content,
    Counts,
    Event,
    Facts,
    Kind,
    Record,
    Span,
)


@dataclass(frozen=True, slots=True)
class Dialect:
    """One dialect of the table below."""

    name: str
    claims: Claims
    read: Read
    content: Show


def dialect(module: ModuleType) -> Dialect:
    """Return the row of the table for a dialect module."""
    return Dialect(module.NAME, module.claims, module.read, module.content)


DIALECTS = tuple(
    dialect(module)
    for module in (
        spanledger,
        langfuse,
        vercel,
        mlflow,
        langsmith,
        langwatch,
        laminar,
        openlit,
        litellm,
        strands,
        adk,
        agent_framework,
        ag2,
        pydantic_ai,
        logfire_agents,
        logfire,
        mirascope,
        agentops,
        anthropic_sdk,
        claude_code,
        codex,
        gemini_cli,
        mcp_sdk,
        openinference,
        openllmetry,
        genai,  # last: what the conventions say holds where nobody says otherwise
    )
)
"""In order of precedence: of two dialects that fill the same field, the upper one is believed."""


class Vocabulary(NamedTuple):
    """What the names of a span's attributes, and the library that made it, tell of it."""

    dialects: tuple[Dialect, ...]
    """Those that claim it."""
    sessions: tuple[str, ...]
    """Attributes that name its session, if no dialect knows it."""
    users: tuple[str, ...]


@lru_cache(maxsize=4096)
def vocabulary(keys: tuple[str, ...], scope: str) -> Vocabulary:
    """Return how to read spans with these attribute names, made by this library."""
    names = frozenset(keys)
    claiming = tuple(d for d in DIALECTS if d.claims(names, scope))
    return Vocabulary(claiming, *metadata.names(keys))


def spoken(span: Span) -> tuple[Dialect, ...]:
    """Return the dialects that claim a span."""
    return vocabulary(tuple(span.attributes), span.scope.name).dialects


def facts(span: Span) -> Facts:
    """Return what a span says, in the words of its dialects and of OpenTelemetry itself."""
    found: Facts | None = None
    said_in = vocabulary(tuple(span.attributes), span.scope.name)
    for each in said_in.dialects:
        more = each.read(span)
        found = more if found is None else merge(found, more)
    if found is None:
        found = Facts()
    ending(span, found)
    return finish(span, found, said_in)


def finish(span: Span, found: Facts, said_in: Vocabulary) -> Facts:
    """Fill in what holds whatever the dialect: kind, provider, whose it is, one line to show."""
    if found.kind is None:
        found.kind = carried(span) if is_transport(span) else "span"
    if found.provider is not None or found.request_model or found.response_model:
        model = found.response_model or found.request_model or ""
        found.provider = provider(found.provider or "", model)
    if found.counts is not None and found.counts.source == "estimated":
        # what a library made up for a stream without usage may be off a hundredfold
        found.counts, found.flags = None, (*found.flags, "usage_estimated")
    if found.reported_usd is None and has_odd_cost(span.attributes):
        found.flags = (*found.flags, "cost_invalid")
    only_its_own(found)
    whose(span, found, said_in)
    shorten_ids(found)
    if found.state_to and found.state_from and not found.preview:
        found.preview = f"{found.state_from} → {found.state_to}"
    if found.preview and len(found.preview) > PREVIEW_LENGTH:
        found.preview = one_line(found.preview)
    return found


def only_its_own(found: Facts) -> None:
    """Take away what a span names and is not: the tool a model asked for, the graph as an agent."""
    if found.kind in CALLS:
        found.tool = found.tool_call_id = None
    if found.agent is not None and (found.kind == "workflow" or found.agent == found.node):
        found.agent = None


def whose(span: Span, found: Facts, said_in: Vocabulary) -> None:
    """Set session and user, also of a span that no dialect claims."""
    if found.session_id is None and (session := text(span.attributes, "session.id")):
        found.session_id, found.session_rank = session, APPLICATION_SESSION
    if found.session_id and found.session_id.startswith(SCRUBBED):
        found.session_id, found.session_rank = None, 99
    if said_in.sessions and found.session_rank > THREAD_SESSION:
        told = next((name for name in said_in.sessions if text(span.attributes, name)), None)
        if told:
            found.session_id = text(span.attributes, told)
            found.session_rank = THREAD_SESSION if "thread" in told.lower() else METADATA_SESSION
    if found.user_id is None:
        found.user_id = text(span.attributes, "user.id", "enduser.id", *said_in.users)


COSTS = frozenset(
    {
        "gen_ai.usage.cost",
        "gen_ai.cost.total_cost",
        "llm.cost.total",
        "operation.cost",
        "spanledger.cost.usd",
    }
)
"""Attributes that say in one number what a call cost."""


def has_odd_cost(attributes: Attributes) -> bool:
    """Tell whether an attribute says what something cost, in no amount that there is."""
    if COSTS.isdisjoint(attributes):
        return False
    said = (attributes.get(name) for name in COSTS)
    return any(cost is not None and dollars(cost) is None for cost in said)


def shorten_ids(found: Facts) -> None:
    """Shorten what identifies a session, a user or a model and is too long for an id."""
    for name in ("session_id", "user_id", "request_model", "response_model"):
        said = getattr(found, name)
        if said and (short := short_id(said)) != said:
            setattr(found, name, short)
            found.flags = tuple(dict.fromkeys((*found.flags, "id_shortened")))


SCRUBBED = "[Scrubbed due to"  # what Logfire leaves of values whose name looks like a secret's


def is_transport(span: Span) -> bool:
    """Tell whether a span is an HTTP request."""
    return "http.request.method" in span.attributes or "http.method" in span.attributes


def carried(span: Span) -> Kind:
    """Return what an HTTP request is: a call if it names the model it asks, as Mistral's client does."""
    if text(span.attributes, "gen_ai.request.model") is None:
        return "http"
    path = text(span.attributes, "http.url", "url.full", "url.path", "http.target") or ""
    return "embedding" if path.partition("?")[0].endswith("embeddings") else "llm"


@lru_cache(maxsize=4096)
def provider(told: str, model: str) -> str | None:
    """Return our name of a provider; where a framework put its own, the model tells."""
    return fold(told) or infer(model) or None


KEPT = tuple(
    f.name
    for f in fields(Facts)
    if f.name
    not in ("session_id", "session_rank", "tags", "counts", "usage_role", "dialect", "flags")
)

kept: Callable[[Facts], tuple[Any, ...]] = attrgetter(*KEPT)


def merge(known: Facts, more: Facts) -> Facts:
    """Fill the gaps of what one dialect said with what a lower one says."""
    for name, here, there in zip(KEPT, kept(known), kept(more), strict=True):
        if here is None and there is not None:
            setattr(known, name, there)
    if more.session_id and more.session_rank < known.session_rank:
        known.session_id, known.session_rank = more.session_id, more.session_rank
    known.tags = known.tags or more.tags
    known.usage_role = known.usage_role or more.usage_role
    known.counts = merged_counts(known.counts, more.counts)
    known.dialect = known.dialect or more.dialect
    known.flags = (*known.flags, *(flag for flag in more.flags if flag not in known.flags))
    return known


GAPS = tuple(f.name for f in fields(Counts) if f.default is None)


def merged_counts(known: Counts | None, more: Counts | None) -> Counts | None:
    """Return counts with their gaps filled; a provider's own usage object has no gaps."""
    if known is None or more is None:
        return more if known is None else known
    base, other = (known, more) if known or known.invalid else (more, known)
    if base.basis == "raw":
        return base
    for name in GAPS:
        if getattr(base, name) is None:
            setattr(base, name, getattr(other, name))
    base.legacy_names = base.legacy_names or other.legacy_names
    base.invalid = tuple(dict.fromkeys((*base.invalid, *other.invalid)))
    return base


def content(span: Span, logs: Sequence[Event]) -> Content:
    """Return what went into a span and what came out, from its attributes, events and logs."""
    found = Content()
    for each in spoken(span):
        more = each.content(span, logs)
        for name in PARTS:
            if not getattr(found, name):
                setattr(found, name, getattr(more, name))
    return found


PARTS = tuple(f.name for f in fields(Content))


def hint(record: Record) -> Hint | None:
    """Return what a log record knows of its trace and no span may say, or None."""
    a = record.attributes
    session, rank = text(a, "session.id"), APPLICATION_SESSION
    if session is None:
        session, rank = genai.conversation_id(a), LIBRARY_SESSION
    user = text(a, "user.id", "enduser.id")
    if session is None and user is None:
        return None
    return Hint(
        record.span_id, short_id(session or ""), rank if session else 99, short_id(user or "")
    )
