"""What instrumentation libraries mean by their input count: scope in, a verdict or None out.

Only libraries whose payloads or sources were read are listed; anything else is left to the
numbers (see `usage`). A row is the beginning of a scope name; the longest one that fits decides.
"""

from functools import lru_cache

from spanledger_schema.span import Scope

INCLUDES_CACHE: dict[str, bool] = {
    "@arizeai/openinference-": True,
    "@traceloop/instrumentation-anthropic": False,  # adds up a total without them, too
    "com.anthropic.sdk": True,  # the SDK's own spans add the three input counts up
    "gcp.vertex.agent": True,
    "litellm": True,
    "openinference.instrumentation.": True,
    "openlit.instrumentation.anthropic": False,  # hands the API's exclusive count on
    "opentelemetry.instrumentation.anthropic": True,
    "opentelemetry.instrumentation.bedrock": False,  # so does this; it adds up a total without them
    "opentelemetry.instrumentation.botocore.bedrock": False,
    "opentelemetry.instrumentation.genai.": True,
    "opentelemetry.instrumentation.google_genai": True,
    "opentelemetry.instrumentation.langchain": True,
    "pydantic-ai": True,
    "strands.telemetry": True,
}

AS_THE_API = frozenset({"opentelemetry.instrumentation.llamaindex"})
"""Libraries that hand on what each API counts, and add a total up that leaves the cache out."""

SENDS_ZEROS: dict[str, str] = {
    # its helper for Anthropic streams reports zeros where it did not count
    "opentelemetry.instrumentation.anthropic": "0.40",
    # names no version; its usage object of a stream that reported none is all zeros
    "litellm": "1",
    # what the OpenAI Agents SDK makes of a chat stream that was asked for no usage
    "logfire.openai_agents": "5.2",
    # hands on what AutoGen makes of a stream that was asked for no usage
    "openinference.instrumentation.autogen_agentchat": "0.1",
}
"""Scope → last minor version that sends zeros for counts it does not know."""

CONVENTIONS = "/schemas/"
FIRST_INCLUSIVE = (1, 40)
"""Semantic conventions 1.40 (February 2026) first said that input includes cached tokens."""


@lru_cache(maxsize=1024)
def includes_cache(scope: Scope) -> bool | None:
    """Tell whether this library's input count contains cached tokens; None when unknown."""
    fitting = [start for start in INCLUDES_CACHE if scope.name.startswith(start)]
    return INCLUDES_CACHE[max(fitting, key=len)] if fitting else None


@lru_cache(maxsize=1024)
def sends_zeros(scope: Scope) -> bool:
    """Tell whether this version of a library writes 0 for "I do not know"."""
    last = SENDS_ZEROS.get(scope.name)
    return last is not None and version(scope.version)[:2] <= version(last)


@lru_cache(maxsize=1024)
def predates_inclusive(scope: Scope) -> bool:
    """Tell whether a span names conventions older than the rule that input is inclusive."""
    _, marker, number = scope.schema_url.rpartition(CONVENTIONS)
    return bool(marker) and version(number)[:2] < FIRST_INCLUSIVE


def version(text: str) -> tuple[int, ...]:
    """Return the leading whole numbers of a dotted version: "0.40.14" → (0, 40, 14)."""
    numbers = []
    for part in text.split("."):
        if not part.isdecimal():
            break
        numbers.append(int(part))
    return tuple(numbers)
