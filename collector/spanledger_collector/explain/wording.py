"""Why a call has the numbers it has, or none, in words for somebody who never read our codes.

Takes a call as `explain` gives it. Each sentence names what is missing and, where there is one, the
way out. The codes themselves stay in the JSON.
"""

from typing import Any

Object = dict[str, Any]

NOT_BILLED = {
    "rollup": "it sums up calls inside it, which are billed",
    "duplicate": "another span tells of the same call",
    "event": "it repeats what the call beside it used",
    "aggregate": "it adds up more than this one run",
    "covered": "its tokens are an estimate, and a span around it reports them",
}

UNUSABLE = {
    "zero_suspect": "its tokens were sent as 0, which no answered call has: unknown",
    "invalid": "its token counts cannot be read: see below",
}

READ_BY = {
    "raw": "as the provider counts",
    "scope": "known of this library",
    "total": "its total says so",
    "bounds": "its numbers allow nothing else",
    "assumed": "assumed",
}

UNPRICED = {
    "unknown-provider": "nobody is known by the provider's name {provider}: give it a price of its own",
    "unknown-model": "no price is known for {model}: give it one, or an alias",
    "unrecognised-variant": "{model} looks like a variant of a known model; a price is not guessed",
    "total-only": "only a total was sent: input and output cost different prices",
}


def why_not_billed(call: Object) -> str:
    """Return why a span is not billed, and what is in its place."""
    reason = call["not_billed_because"]
    told = NOT_BILLED.get(reason)
    instead = f", billed as {call['same_call_as']}" if call["same_call_as"] else ""
    return f"{reason}{': ' + told if told else ''}{instead}"


def why(call: Object) -> str:
    """Return what the numbers and the dollars of a call rest on, or why there are none."""
    if call["error"] is not None:
        return f"failed: {call['error']['type'] or call['error']['message']}"
    if call["usage_state"] == "absent":
        return without_tokens(call)
    if call["usage_state"] in UNUSABLE:
        return UNUSABLE[call["usage_state"]]
    return "; ".join(filter(None, [dollars(call), estimate(call), reading(call)]))


def without_tokens(call: Object) -> str:
    """Return why a call has no tokens, with what its sender can do about it."""
    if call["streaming"]:
        return "no tokens sent: a stream reports them only if asked to (include_usage)"
    return "no tokens sent, so no dollars: --estimate counts them from the words"


def dollars(call: Object) -> str:
    """Return where the dollars of a call come from, or why it has none."""
    reason = call["price_reason"] or ""
    if call["cost_usd"] is not None:
        return ", ".join(filter(None, [call["cost_source"], reason]))
    known = {"provider": call["provider"] or "–", "model": model(call) or "–"}
    return f"unpriced: {UNPRICED.get(reason, reason or 'no rate is known').format(**known)}"


def model(call: Object) -> str | None:
    """Return the model that answered, else the one that was asked for."""
    name: str | None = call["response_model"] or call["request_model"]
    return name


def estimate(call: Object) -> str:
    """Return how tokens were estimated, '' where they were reported."""
    if not call["estimate_method"]:
        return ""
    return f"{call['estimate_method']} ±{call['estimate_error_pct']} %"


def reading(call: Object) -> str:
    """Return how the cached tokens were read, '' where there are none to place."""
    if not call["semantics"] or not (call["cache_read_tokens"] or call["cache_write_tokens"]):
        return ""
    placed = "includes cached" if call["semantics"] == "inclusive" else "was without cached"
    return f"input {placed} ({READ_BY.get(call['semantics_basis'], call['semantics_basis'])})"
