"""Counts as a span reports them in; usage in one meaning out: totals that contain their parts.

Pure, and refuses to repair: counts that contradict each other under the reading that was decided
are `invalid`, with the numbers kept, and a remainder below zero never becomes 0.
"""

from collections.abc import Callable
from operator import attrgetter

from spanledger_collector.providers import fold
from spanledger_collector.usage import emitters
from spanledger_collector.usage.semantics import INCLUSIVE, Basis, Reading, cached, decide, written
from spanledger_schema.span import NUMBERS, Counts, Scope, Usage

MOST_TOKENS = 2**53
"""Beyond this a double no longer counts one by one; no call has ever been that long."""

REASONING_OUTSIDE = frozenset({"google", "vertex", "xai", "perplexity"})
"""Their APIs count reasoning beside the output, some compatible endpoints in the total alone."""


def usage(
    counts: Counts | None, *, provider: str | None, scope: Scope, doubtful: bool = False
) -> Usage:
    """Return what a call used; its input contains the cached, its output the reasoning tokens.

    Args:
        counts: as reported, None when the span had none.
        provider: in any spelling that `providers.fold` knows.
        scope: the library that made the span.
        doubtful: whether zeros are no count, as on a stream that was asked for no usage.
    """
    if counts is None or not (counts or counts.invalid):
        return Usage()
    numbers = reported(counts)
    if counts.invalid or min(numbers, default=0) < 0 or max(numbers, default=0) > MOST_TOKENS:
        return read(counts, INCLUSIVE, "", "", valid=False)
    if not any(numbers) and (doubtful or emitters.sends_zeros(scope)):
        return Usage(source=counts.source, state="zero_suspect")
    name = fold(provider)
    reading, basis = decide(counts, name, scope)
    return read(counts, reading, basis, name)


def reported(counts: Counts) -> list[int]:
    """Return every number that was reported."""
    return [number for number in numbers_of(counts) if number is not None]


numbers_of: Callable[[Counts], tuple[int | None, ...]] = attrgetter(*NUMBERS)


def read(
    counts: Counts, reading: Reading, basis: Basis, provider: str, *, valid: bool = True
) -> Usage:
    """Return the usage under a reading, `invalid` when a part outgrows what contains it."""
    whole_input, whole_output, derived = totals(counts, reading, provider)
    parts_fit = fits_input(counts, whole_input or 0) and fits_output(counts, whole_output or 0)
    return Usage(
        input_tokens=whole_input,
        output_tokens=whole_output,
        cache_read_tokens=counts.cache_read_tokens,
        cache_write_tokens=written(counts),
        cache_write_1h_tokens=counts.cache_write_1h_tokens,
        reasoning_tokens=counts.reasoning_tokens,
        input_audio_tokens=counts.input_audio_tokens,
        input_image_tokens=counts.input_image_tokens,
        cache_read_audio_tokens=counts.cache_read_audio_tokens,
        output_audio_tokens=counts.output_audio_tokens,
        output_image_tokens=counts.output_image_tokens,
        tool_prompt_tokens=counts.tool_prompt_tokens,
        web_searches=counts.web_searches,
        rerank_searches=counts.rerank_searches,
        semantics="" if not basis else "inclusive" if reading.cache_inside else "exclusive",
        semantics_basis=basis,
        source="derived" if derived else counts.source,
        state="reported" if valid and parts_fit else "invalid",
    )


def totals(counts: Counts, reading: Reading, provider: str) -> tuple[int | None, int | None, bool]:
    """Return whole input, whole output and whether one of them had to come from the total."""
    whole_input: int | None = reading.input_total(counts)
    whole_output: int | None = reading.output_total(counts)
    if counts.input_tokens is None and not cached(counts) and not counts.tool_prompt_tokens:
        whole_input = None
    if counts.output_tokens is None and not counts.reasoning_tokens:
        whole_output = None
    if counts.total_tokens is None:
        return whole_input, whole_output, False
    if whole_input is None and whole_output is not None:
        return counts.total_tokens - whole_output, whole_output, True
    if whole_input is None or counts.total_tokens <= whole_input:
        return whole_input, whole_output, False
    if whole_output is None or hidden_reasoning(counts, whole_input + whole_output, provider):
        return whole_input, counts.total_tokens - whole_input, True
    return whole_input, whole_output, False


def hidden_reasoning(counts: Counts, accounted: int, provider: str) -> bool:
    """Tell whether the total holds reasoning that no count of its own reports.

    Gemini's OpenAI-compatible endpoint does so: completion without thoughts, total with them.
    """
    return (
        provider in REASONING_OUTSIDE
        and counts.reasoning_tokens is None
        and counts.includes_reasoning is not True
        and (counts.total_tokens or 0) > accounted
    )


def fits_input(counts: Counts, whole: int) -> bool:
    """Tell whether the parts of the input fit into it and into each other."""
    read_tokens, written_tokens = counts.cache_read_tokens or 0, written(counts) or 0
    cached_audio = counts.cache_read_audio_tokens or 0
    audio = cached_audio if counts.input_audio_tokens is None else counts.input_audio_tokens
    media = audio - cached_audio + (counts.input_image_tokens or 0)
    text = whole - (counts.tool_prompt_tokens or 0) - read_tokens - written_tokens - media
    return (
        text >= 0
        and cached_audio <= read_tokens
        and cached_audio <= audio
        and (counts.cache_write_1h_tokens or 0) <= written_tokens
    )


def fits_output(counts: Counts, whole: int) -> bool:
    """Tell whether the parts of the output fit into it."""
    media = (counts.output_audio_tokens or 0) + (counts.output_image_tokens or 0)
    return (counts.reasoning_tokens or 0) + media <= whole
