"""The words of a call that reported no usage in; token counts, and how far to trust them, out.

Counts with OpenAI's vocabularies: exactly for OpenAI's own models, times a factor for those of
others. An estimate is of what was recorded. Thoughts that nobody shows, images and sounds are not
in it, so that it is a lower bound where such things were or may have been.

Sources: OpenAI's cookbook, "How to count tokens with tiktoken" (framing of chats); Anthropic's
documentation of token counting (newer models give about 30 % more). Factors for Claude were
measured against its tokenizer on prose, code and data in eleven languages.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from spanledger_collector.dialects import compact
from spanledger_collector.tokens import Vocabulary, count
from spanledger_schema.span import Content, Counts, Facts, Message, Part, Span

EVERY_PROJECT = "*"

PER_MESSAGE = 3  # tokens around the role and the words of each message
PER_REPLY = 3  # tokens that the answer begins with, which belong to the input


@dataclass(frozen=True, slots=True)
class Family:
    """How the tokens of some models are estimated."""

    vocabulary: Vocabulary
    factor: str  # tokens of the model for each token of the vocabulary
    error_pct: int  # how far off an estimate of ordinary text may well be


OPENAI, OPENAI_OLD = Family("o200k_base", "1.0", 3), Family("cl100k_base", "1.0", 3)
CLAUDE, CLAUDE_NEW = Family("o200k_base", "1.2", 30), Family("o200k_base", "1.55", 30)
GEMINI = Family("o200k_base", "1.0", 25)
OPEN_WEIGHTS = Family("o200k_base", "1.05", 25)
UNKNOWN = Family("o200k_base", "1.0", 40)

FAMILIES: tuple[tuple[re.Pattern[str], Family], ...] = tuple(
    (re.compile(rf"(?<![a-z]){names}"), family)
    for names, family in (
        (r"(?:gpt-4o|gpt-4\.[15]|chatgpt-|gpt-oss|gpt-[5-9]|o[1-9](?![a-z0-9]))", OPENAI),
        (r"(?:gpt-4|gpt-3\.5|gpt-35|text-embedding-(?:3|ada))", OPENAI_OLD),
        (r"(?:gemini|gemma)", GEMINI),
        (r"(?:llama|meta-llama|qwen|qwq)", OPEN_WEIGHTS),
    )
)
"""By how a model's name begins, behind any route to it. First match wins."""

CLAUDE_VERSION = re.compile(r"claude-(?:[a-z]+-)?(\d{1,2})(?:[-.](\d{1,2}))?(?!\d)")
FIRST_NEW_CLAUDE = (4, 7)

THINKS = re.compile(
    r"(?<![a-z])(?:o[1-9](?![a-z0-9])|gpt-[5-9](?!.*chat)|gpt-oss|gemini-(?:2\.5|[3-9])|grok-3-mini"
    r"|grok-4|qwq|qwen3|magistral)|reason|think|deepseek-r\d"
)
"""Models that may think where nobody sees it, and are paid for it."""

MEDIA: frozenset[str] = frozenset({"image", "audio", "file"})
"""Parts whose tokens no text tells."""

HIDDEN = re.compile(r"__REDACTED__|\[Scrubbed due to .*", re.DOTALL)
"""What OpenInference and Logfire put where they leave words out."""

HIDDEN_OR_IDS = re.compile(rf"{HIDDEN.pattern}|\[[\[\]\d,\s]+", re.DOTALL)
"""The same, or numbers: what is embedded may come as tokens, which are no words to count."""

WITH_TOOLS_PCT = 20
"""The error of an estimate with definitions of tools: they are sent in a form of the vendor's."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """Token counts of a call, how they were come by and how far off they may well be."""

    counts: Counts
    method: str  # tiktoken/o200k_base@1.2, then +lower_bound and +sampled where that holds
    error_pct: int


def covers(project_id: str, projects: Collection[str]) -> bool:
    """Tell whether the calls of a project are to be estimated."""
    return project_id in projects or EVERY_PROJECT in projects


def is_wanted(span: Span, facts: Facts) -> bool:
    """Tell whether a call that reported no usage may be estimated, before its words are read.

    It ended well, it is a call of its own, and nobody reported its dollars: those are better.
    """
    return (
        facts.kind in ("llm", "embedding")
        and bool(span.end_ns)
        and facts.status in ("ok", "unset")
        and not facts.usage_role
        and facts.reported_usd is None
    )


def estimate(facts: Facts, content: Content, *, complete: bool = True) -> Estimate | None:
    """Return what a call used, going by its words; None where those, or its model, are unknown.

    Args:
        facts: of the call.
        content: of the call.
        complete: whether all that was recorded of it has arrived.
    """
    model = (facts.response_model or facts.request_model or "").lower()
    embeds = facts.kind == "embedding"
    given = words(content.input, MEDIA | {"reasoning"})  # older thoughts are not sent again
    answered = [] if embeds else words(content.output, MEDIA)
    if not model or not told(given, embeds) or not (embeds or told(answered)):
        return None  # half of a call would pass for all of it
    of = family(model)
    sent = count(given if embeds else [*given, *frame(content)], of.vocabulary)
    received = count(answered, of.vocabulary)
    framing = 0 if embeds else PER_MESSAGE * len(content.input) + PER_REPLY
    counts = Counts(
        input_tokens=scaled(sent.tokens, of) + framing,
        output_tokens=None if embeds else scaled(received.tokens, of),
        source="estimated",
    )
    marks = "+lower_bound" * (not complete or (not embeds and is_partial(model, content)))
    marks += "+sampled" * (sent.sampled or received.sampled)
    error_pct = max(of.error_pct, WITH_TOOLS_PCT) if content.tools else of.error_pct
    return Estimate(counts, f"tiktoken/{of.vocabulary}@{of.factor}{marks}", error_pct)


def words(messages: Sequence[Message], but: Collection[str]) -> list[str]:
    """Return the texts in some messages, parts of these types left out."""
    every = (part for message in messages for part in message.parts if part.type not in but)
    return [said for part in every for said in texts(part) if said]


def texts(part: Part) -> Iterator[str]:
    """Yield the texts of a part; of a tool call its name too."""
    if part.type == "tool_call":
        yield part.name or ""
    if part.text is not None:
        yield part.text
    elif part.data is not None:
        yield compact(part.data)


def told(said: Sequence[str], embeds: bool = False) -> bool:
    """Tell whether texts are words, all of them, and there are any."""
    hidden = HIDDEN_OR_IDS if embeds else HIDDEN
    return bool(said) and not any(hidden.fullmatch(text) for text in said)


def frame(content: Content) -> Iterator[str]:
    """Yield what a model reads beside the words of a chat: roles, and the tools it may call."""
    yield from (message.role for message in content.input)
    if content.tools:
        yield compact(content.tools)


def is_partial(model: str, content: Content) -> bool:
    """Tell whether a chat may have used tokens that its words do not show."""
    parts = [part for message in (*content.input, *content.output) for part in message.parts]
    shown = any(part.type in MEDIA for part in parts)
    thought = any(part.type == "reasoning" for message in content.output for part in message.parts)
    return shown or thought or THINKS.search(model) is not None


def scaled(tokens: int, of: Family) -> int:
    """Return tokens of a vocabulary as tokens of a model."""
    return round(tokens * Decimal(of.factor))


def family(model: str) -> Family:
    """Return how the tokens of a model are estimated, by its name in lower case."""
    if "claude" in model:
        version = CLAUDE_VERSION.search(model)
        known = (int(version[1]), int(version[2] or 0)) if version else (0, 0)
        return CLAUDE_NEW if known >= FIRST_NEW_CLAUDE else CLAUDE
    return next((found for names, found in FAMILIES if names.search(model)), UNKNOWN)
