"""Details of a usage that a library left in the provider's answer, which it kept beside the totals.

Takes the counts of a span and its answer, gives counts with cached tokens. Refuses an answer that is
of another usage: both must agree on what went in and what came out.
"""

from dataclasses import replace

from spanledger_collector.dialects.raw import Answer
from spanledger_collector.dialects.reprs import repr_counts
from spanledger_schema.span import Counts, Value


def detailed(known: Counts | None, told: Answer, output: Value) -> Counts | None:
    """Return the counts with their details, which some leave in the provider's own answer.

    An answer in JSON is believed by itself; one in a repr only if it has the same totals.
    """
    if known is None:
        return told.counts
    if known.cache_read_tokens is not None or known.invalid:
        return with_writes(known, told.counts)
    for more in (told.counts, repr_counts(output)):
        if more and more.cache_read_tokens is not None and same_totals(more, known):
            return more if more.includes_cache is not False else beside(known, more)
    return known


def with_writes(known: Counts, more: Counts | None) -> Counts:
    """Return the counts of a span that tell what was read from a cache, with what was written to it."""
    if known.cache_write_tokens is not None or more is None or known.invalid:
        return known
    read, written = more.cache_read_tokens, more.cache_write_tokens
    if written is None or read != known.cache_read_tokens or not same_totals(more, known):
        return known
    lasting = more.cache_write_1h_tokens or None
    return replace(
        known, cache_write_tokens=written, cache_write_1h_tokens=lasting, includes_cache=True,
        basis="raw",
    )  # fmt: skip


def beside(known: Counts, more: Counts) -> Counts:
    """Return the counts of a span with the cached tokens that its answer counts beside its input."""
    read, written = more.cache_read_tokens, more.cache_write_tokens
    return replace(
        known, cache_read_tokens=read, cache_write_tokens=written, includes_cache=True, basis="raw"
    )


def same_totals(one: Counts, other: Counts) -> bool:
    """Tell whether two accounts of a usage agree on all that went in and what came out."""
    return (whole_input(one), one.output_tokens) == (whole_input(other), other.output_tokens)


def whole_input(counts: Counts) -> int | None:
    """Return the input with what was read from and written to a cache, where that stands beside it."""
    if counts.input_tokens is None or counts.includes_cache is not False:
        return counts.input_tokens
    return counts.input_tokens + (counts.cache_read_tokens or 0) + (counts.cache_write_tokens or 0)
