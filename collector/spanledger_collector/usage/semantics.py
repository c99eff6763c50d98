"""How to read the counts of a span: counts in, what they include and how we know out.

Pure. `raw` and `scope` are knowledge (the provider's own usage object, a library whose source
was read), `total` and `bounds` are arithmetic, `assumed` is a guess. The order of the rules:
bounds exclude what cannot be, knowledge decides, else the reported total, else the guess.
"""

from dataclasses import dataclass
from typing import Literal

from spanledger_collector.usage import emitters
from spanledger_schema.span import Counts, Scope

EXCLUSIVE_APIS = frozenset({"anthropic", "bedrock"})
"""Their APIs count cached tokens beside the input, so emitters of old just hand that on."""

Basis = Literal["raw", "scope", "total", "bounds", "assumed", ""]


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to understand a set of counts."""

    cache_inside: bool  # the input contains its cache reads and writes
    reasoning_inside: bool  # the output contains its reasoning

    def input_total(self, counts: Counts) -> int:
        """Return the whole input; prompts made by tools always come on top."""
        beside = 0 if self.cache_inside else cached(counts)
        return (counts.input_tokens or 0) + beside + (counts.tool_prompt_tokens or 0)

    def output_total(self, counts: Counts) -> int:
        """Return the whole output, reasoning included."""
        beside = 0 if self.reasoning_inside else (counts.reasoning_tokens or 0)
        return (counts.output_tokens or 0) + beside

    def sums_up(self, counts: Counts) -> bool:
        """Tell whether the reported total is the sum of the parts under this reading."""
        return counts.total_tokens == self.input_total(counts) + self.output_total(counts)

    def holds(self, counts: Counts) -> bool:
        """Tell whether no part is larger than the whole that is said to contain it."""
        if self.cache_inside and cached(counts) > (counts.input_tokens or 0):
            return False
        return not self.reasoning_inside or (
            (counts.reasoning_tokens or 0) <= (counts.output_tokens or 0)
        )


INCLUSIVE = Reading(cache_inside=True, reasoning_inside=True)
READINGS = tuple(
    Reading(cache, reasoning) for cache in (True, False) for reasoning in (True, False)
)
WITHOUT_REASONING = tuple(reading for reading in READINGS if reading.reasoning_inside)
"""Enough where no reasoning is reported: the others come to the same."""


def decide(counts: Counts, provider: str, scope: Scope) -> tuple[Reading, Basis]:
    """Return how to read the counts and why; the basis is '' when nothing hangs on it.

    Args:
        counts: as reported.
        provider: folded name.
        scope: the library that made the span.
    """
    known, basis = knowledge(counts, provider, scope)
    if known is None and not cached(counts) and not counts.reasoning_tokens:
        return INCLUSIVE, ""
    readings = admitted(counts, known)
    if not readings and basis == "scope":  # a version of the library that the table does not know
        known, readings = None, admitted(counts, None)
    if not readings:
        return Reading(known is not False, counts.includes_reasoning is not False), basis
    summed = counts.total_tokens is not None  # else nothing to compare sums with
    fitting = [reading for reading in readings if reading.sums_up(counts)] if summed else []
    reasoning = shared([reading.reasoning_inside for reading in fitting or readings])
    inside = True if reasoning is None else reasoning
    if known is not None:
        return Reading(known, inside), basis
    return input_reading(counts, readings, fitting, inside, assumed_inside(counts, provider, scope))


def knowledge(counts: Counts, provider: str, scope: Scope) -> tuple[bool | None, Basis]:
    """Return what the dialect or the emitter table knows about the input, and which of them."""
    if counts.includes_cache is not None:
        return counts.includes_cache, counts.basis or "raw"
    known = emitters.includes_cache(scope) if cached(counts) else None
    if scope.name in emitters.AS_THE_API and cached(counts):
        known = provider not in EXCLUSIVE_APIS
    return known, "" if known is None else "scope"


def admitted(counts: Counts, known: bool | None) -> list[Reading]:
    """Return the readings that contradict neither the numbers nor what is known."""
    told = counts.reasoning_tokens or counts.includes_reasoning is not None
    return [
        reading
        for reading in (READINGS if told else WITHOUT_REASONING)
        if known in (None, reading.cache_inside)
        and counts.includes_reasoning in (None, reading.reasoning_inside)
        and reading.holds(counts)
    ]


def input_reading(
    counts: Counts, readings: list[Reading], fitting: list[Reading], reasoning: bool, guess: bool
) -> tuple[Reading, Basis]:
    """Return the reading of an input that nobody vouches for: by bounds, by total, by guess."""
    if not cached(counts):
        return Reading(True, reasoning), ""
    if (only := shared([reading.cache_inside for reading in readings])) is not None:
        return Reading(only, reasoning), "bounds"
    if (only := shared([reading.cache_inside for reading in fitting])) is not None:
        return Reading(only, reasoning), "total"
    return Reading(guess, reasoning), "assumed"


def shared(verdicts: list[bool]) -> bool | None:
    """Return the one verdict that all readings share, or None."""
    return verdicts[0] if verdicts and len(set(verdicts)) == 1 else None


def assumed_inside(counts: Counts, provider: str, scope: Scope) -> bool:
    """Tell whether an emitter of unknown habits more likely sends an inclusive input."""
    old = counts.legacy_names or emitters.predates_inclusive(scope)
    return not (old and provider in EXCLUSIVE_APIS)


def cached(counts: Counts) -> int:
    """Return the tokens read from and written to a cache."""
    return (counts.cache_read_tokens or 0) + (written(counts) or 0)


def written(counts: Counts) -> int | None:
    """Return all cache writes; an emitter that knows only the hour-long ones reports just those."""
    if counts.cache_write_tokens is None:
        return counts.cache_write_1h_tokens
    return counts.cache_write_tokens
