"""The entries of an explanation: one object for each call, tool call, decision and error.

Takes one trace with what was understood of it (`Told`), gives plain objects whose unknowns are
None. Where several spans describe one call, each field comes from the first of them that knows it.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import Any

from spanledger_collector import normalise
from spanledger_collector.reconcile import Hint, Verdict, verdict
from spanledger_collector.reconcile.account import Account
from spanledger_collector.understand import Understood
from spanledger_collector.write import fact
from spanledger_schema.span import Content, Event, Facts

Object = dict[str, Any]

METERS = {
    "input_tokens_total": "input_tokens",
    "input_tokens_uncached": "input_uncached_tokens",
    "cache_read_tokens": "cache_read_tokens",
    "cache_write_tokens": "cache_write_tokens",
    "output_tokens_total": "output_tokens",
    "reasoning_tokens": "reasoning_tokens",
}
"""Our names in the answer → the fields of `Usage`."""


@dataclass
class Told:
    """One trace with everything that was understood of it."""

    trace_id: bytes
    spans: list[Understood] = field(default_factory=list)
    logs: defaultdict[bytes, list[Event]] = field(default_factory=lambda: defaultdict(list))
    hints: list[Hint] = field(default_factory=list)

    verdict: Verdict = field(init=False)  # known once all traces of a payload are compared

    def account(self) -> Account:
        """Return what the trace comes to alone."""
        facts = [fact(u) for u in self.spans]
        return Account({f.span_id: f for f in facts}, verdict(facts, self.hints))

    @cached_property
    def by_id(self) -> dict[bytes, Understood]:
        """Return the spans by their id."""
        return {u.span.span_id: u for u in self.spans}

    def content(self, u: Understood) -> Content:
        """Return what went into a span and what came out."""
        return normalise.content(u.span, self.logs[u.span.span_id])

    def twins(self, u: Understood) -> list[Understood]:
        """Return a billed span and those that describe the same call."""
        same = [s for s, other in self.verdict.same_as.items() if other == u.span.span_id]
        return [u, *(self.by_id[span_id] for span_id in same)]

    def innermost(self, tool: Understood) -> Understood:
        """Return the last account of a tool call, which knows best how it ended: its own, or one inside.

        A framework may tell the model what went wrong, and call that no error.
        """
        return max(self.twins(tool), key=lambda u: (u.span.start_ns, u.span.span_id))

    @cached_property
    def conversations(self) -> list[Content]:
        """Return what models were told and answered, each call once, in order of start."""
        copies = self.verdict.same_as
        calls = [u for u in self.spans if u.facts.kind == "llm" and u.span.span_id not in copies]
        ordered = sorted(calls, key=lambda u: u.span.start_ns)
        return [max(map(self.content, self.twins(u)), key=told_parts) for u in ordered]


def told_parts(content: Content) -> int:
    """Return how much an account of a call tells of what was said in it."""
    return sum(len(message.parts) for message in (*content.input, *content.output))


def call(told: Told, u: Understood) -> Object:
    """Return a call, or another span with usage, with its meters and what became of it."""
    twins = told.twins(u)
    span_id = u.span.span_id
    return {
        "span_id": span_id.hex(),
        "kind": u.facts.kind,
        "name": u.span.name,
        "provider": first(t.facts.provider for t in twins),
        "request_model": first(t.facts.request_model for t in twins),
        "response_model": first(t.facts.response_model for t in twins),
        "streaming": first(t.facts.streaming for t in twins),
        "finish_reason": first(t.facts.finish_reason for t in twins),
        "ttft_ms": milliseconds(first(t.facts.ttft_ns for t in twins)),
        "agent": told.verdict.agents.get(span_id),
        **{ours: getattr(u.usage, field) for ours, field in METERS.items()},
        "usage_source": u.usage.source,
        "usage_state": u.usage.state,
        "estimate_method": u.estimate.method if u.estimate else None,
        "estimate_error_pct": u.estimate.error_pct if u.estimate else None,
        "semantics": u.usage.semantics or None,
        "semantics_basis": u.usage.semantics_basis or None,
        "billed": span_id not in told.verdict.not_billed,
        "not_billed_because": told.verdict.not_billed.get(span_id),
        "same_call_as": hexed(told.verdict.stands_in(span_id)),
        "error": failure_of(twins),
        "output_text": first(output_text(told, t) for t in twins),
        "cost_usd": None if u.usd is None else format(u.usd, "f"),
        "cost_source": u.cost_source or None,
        "price_reason": u.bill.reason or None,
        "dialects": [d.name for d in normalise.spoken(u.span)],
    }


def first(values: Iterable[Any]) -> Any:
    """Return the first of these that is known, or None."""
    return next((value for value in values if value is not None), None)


def hexed(span_id: bytes | None) -> str | None:
    """Return an id as people write it."""
    return None if span_id is None else span_id.hex()


def milliseconds(ns: int | None) -> float | None:
    """Return a duration in milliseconds."""
    return None if ns is None else ns / 1e6


def output_text(told: Told, u: Understood) -> str | None:
    """Return the text that a model answered, without its reasoning and its tool calls."""
    if u.facts.kind == "embedding":
        return None
    content = told.content(u)
    texts = [p.text for m in content.output for p in m.parts if p.type == "text" and p.text]
    return "\n".join(texts) or None


def failure(u: Understood) -> Object | None:
    """Return the error a span ended with, or None."""
    if u.facts.status != "error":
        return None
    return {"type": u.facts.error_type, "message": u.facts.error_message}


def failure_of(twins: Sequence[Understood]) -> Object | None:
    """Return the error of a call in the words of that span which tells most."""
    found: Object | None = first(failure(t) for t in sorted(twins, key=untold))
    return found


def untold(u: Understood) -> bool:
    """Return the key that sorts spans which tell what went wrong before those that do not."""
    return not u.facts.error_message


def decisions(ordered: Sequence[Understood]) -> list[Object]:
    """Return what policies, guardrails and people decided, each once."""
    guards = {u.facts.policy for u in ordered if u.facts.kind == "guardrail"}
    fell = {u.facts.policy: u for u in ordered if u.facts.verdict and u.facts.kind not in DECIDING}
    found = []
    for u in ordered:
        if u.facts.kind in DECIDING:
            other = fell.get(u.facts.policy)
            found.append(decision(u, u.facts.verdict or (other.facts.verdict if other else None)))
        elif u.facts.verdict and u.facts.policy not in guards:
            found.append(decision(u, u.facts.verdict))
    return found


DECIDING = ("guardrail", "decision")
SHORTEST_TOLD = 4  # characters of a message that is recognised inside another one


def decision(u: Understood, told: str | None) -> Object:
    """Return one decision."""
    return {
        "span_id": u.span.span_id.hex(),
        "name": u.span.name,
        "verdict": told,
        "policy": u.facts.policy,
        "actor": u.facts.actor,
        "reason": u.facts.reason,
    }


ECHOES = ("http", "event")


def errors(told: Told, ordered: Sequence[Understood]) -> list[Object]:
    """Return the errors of a trace, each where it arose and not where it passed through."""
    passed: defaultdict[bytes, list[Facts]] = defaultdict(list)
    failed = [u for u in ordered if u.facts.status == "error"]
    for u in failed:
        if u.facts.kind not in ECHOES:  # the transport's error is that of the call above it
            for above in lineage(told, u):
                passed[above].append(u.facts)
    return [
        {**(failure_of(told.twins(u)) or {}), "where": where(u)}
        for u in failed
        if not is_told(told, u)
        and not is_echo(told, u)
        and not any(came_up(below, u.facts) for below in passed[u.span.span_id])
    ]


def is_told(told: Told, u: Understood) -> bool:
    """Tell whether the error of a duplicate is that of the span which stands for it."""
    stands_for = told.by_id.get(told.verdict.same_as.get(u.span.span_id, b""))
    if stands_for is None or stands_for.facts.kind != "tool":
        return stands_for is not None
    return stands_for.facts.status == "error" or told.innermost(stands_for) is not u


def is_echo(told: Told, u: Understood) -> bool:
    """Tell whether a failed transport, or an event, has something above it that failed for it."""
    above = (told.by_id[span_id] for span_id in lineage(told, u))
    return u.facts.kind in ECHOES and any(a.facts.status == "error" for a in above)


def came_up(below: Facts, above: Facts) -> bool:
    """Tell whether an error may be one that arose below: of the same type, or wrapped around it."""
    if below.error_type is None or above.error_type in (None, below.error_type):
        return True
    told = below.error_message or ""
    return len(told) >= SHORTEST_TOLD and told in (above.error_message or "")


def lineage(told: Told, u: Understood) -> Iterator[bytes]:
    """Yield the ids of a span's ancestors that have arrived."""
    seen = {u.span.span_id}
    above = told.by_id.get(u.span.parent_span_id)
    while above is not None and above.span.span_id not in seen:
        seen.add(above.span.span_id)
        yield above.span.span_id
        above = told.by_id.get(above.span.parent_span_id)


def where(u: Understood) -> str:
    """Return where an error arose, in words: `llm`, `tool:NAME`, `node:NAME` and so on."""
    facts = u.facts
    if facts.kind in ("llm", "embedding", "rerank"):
        return facts.kind
    if facts.verdict and facts.policy:
        return f"guardrail:{facts.policy}"
    return f"{facts.kind}:{facts.tool or facts.node or facts.agent or u.span.name}"


def totals(calls: Sequence[Object], tools: Sequence[Object]) -> Object:
    """Return what billed calls and tool calls add up to; counts that nobody sent add nothing."""
    guessed = [c for c in calls if c["usage_source"] == "estimated"]
    silent = [c for c in calls if c["input_tokens_total"] is None and not c["output_tokens_total"]]
    return {
        **{meter: sum(c[meter] or 0 for c in calls) for meter in METERS},
        "llm_calls": len(calls),
        "llm_errors": sum(c["error"] is not None for c in calls),
        "calls_without_usage": sum(c["error"] is None for c in silent),
        "tool_calls": len(tools),
        "tool_errors": sum(t["error"] is not None for t in tools),
        "estimated_calls": len(guessed),
        "cost_usd": sum_usd(calls, "cost_usd"),
        "estimated_usd": sum_usd(guessed, "cost_usd"),
        "calls_without_cost": sum(c["cost_usd"] is None and c not in silent for c in calls),
    }


def summed(every: Sequence[Object]) -> Object:
    """Return the totals of several traces as one."""
    return {
        name: sum_usd(every, name) if name.endswith("_usd") else sum(t[name] for t in every)
        for name in totals([], [])
    }


def sum_usd(every: Sequence[Object], name: str) -> str | None:
    """Return the sum of dollars that are known, None where there are some and none is known."""
    costs = [Decimal(each[name]) for each in every if each[name] is not None]
    return format(sum(costs, Decimal(0)), "f") if costs or not every else None
