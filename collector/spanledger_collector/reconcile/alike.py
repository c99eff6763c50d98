"""Whether two spans can tell of one call: by model, usage, response id and time.

Takes narrow facts two at a time, or one alone for what it reports; refuses to know who is whose
parent. Pure.
"""

import re
from functools import lru_cache

from spanledger_collector.reconcile.trace import Fact


def may_be_same(one: Fact, other: Fact) -> bool:
    """Tell whether two spans in each other's time can be one call: kind, model, id and usage."""
    if one.kind != other.kind or not same_model(one, other):
        return False
    if one.response_id and other.response_id and one.response_id != other.response_id:
        return same_usage(one, other)
    return True


VERSION = re.compile(r"[-@:.]?(?:\d{3,}|v\d|latest|preview|exp)")
"""How what follows a model's name begins when it only says which version of it answered."""


def same_model(one: Fact, other: Fact) -> bool:
    """Tell whether two spans can speak of the same model; an unknown one can be any."""
    return same_names(
        one.response_model, one.request_model, other.response_model, other.request_model
    )


@lru_cache(maxsize=4096)
def same_names(answered: str, asked: str, other_answered: str, other_asked: str) -> bool:
    """Tell whether two spans, by the models that answered and were asked, can speak of the same."""
    one = {stem(answered), stem(asked)} - {""}
    other = {stem(other_answered), stem(other_asked)} - {""}
    if not one or not other:
        return True
    return any(is_version(a, b) or is_version(b, a) for a in one for b in other)


def is_version(model: str, name: str) -> bool:
    """Tell whether a name is that of a model or of a version of it."""
    rest = name.removeprefix(model)
    return name.startswith(model) and (not rest or VERSION.match(rest) is not None)


def stem(model: str) -> str:
    """Return a model's name without the route to it: `openai/gpt-4o` and `gpt-4o` are one."""
    return model.rpartition("/")[2].lower()


def has_usage(fact: Fact) -> bool:
    """Tell whether a span reports token counts that can be billed.

    What was estimated is no report: which spans are one call never hangs on a guess.
    """
    return (
        fact.usage_state != "absent"
        and fact.usage_source != "estimated"
        and (fact.input_tokens is not None or fact.output_tokens is not None)
    )


def counts(call: Fact) -> tuple[int | None, ...]:
    """Return the counts of a call, meter by meter."""
    return (
        call.input_tokens, call.output_tokens, call.cache_read_tokens,
        call.cache_write_tokens, call.reasoning_tokens,
    )  # fmt: skip


def meters(call: Fact) -> tuple[int, int]:
    """Return how many meters of a call counted something, and how many are known at all."""
    every = counts(call)
    return sum(bool(meter) for meter in every), sum(meter is not None for meter in every)


def equal_meters(one: Fact, other: Fact) -> bool:
    """Tell whether two spans report the same count on every meter that both know."""
    pairs = zip(counts(one), counts(other), strict=True)
    return all(here is None or there is None or here == there for here, there in pairs)


def same_usage(one: Fact, other: Fact) -> bool:
    """Tell whether two spans report the same totals, or one of them reports none."""
    if not has_usage(one) or not has_usage(other):
        return True
    return (one.input_tokens, one.output_tokens) == (other.input_tokens, other.output_tokens)


def overlap(one: Fact, other: Fact) -> bool:
    """Tell whether two spans were running at the same moment; one without an end still is."""
    return (one.end_ns is None or other.start_ns <= one.end_ns) and (
        other.end_ns is None or one.start_ns <= other.end_ns
    )


def encloses(outer: Fact, inner: Fact) -> bool:
    """Tell whether a span was running all the time that another was."""
    if outer.start_ns > inner.start_ns:
        return False
    return outer.end_ns is None or (inner.end_ns is not None and inner.end_ns <= outer.end_ns)
