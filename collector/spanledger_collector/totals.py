"""The facts of one trace as one row of `traces`: what it adds up to.

Adds what the verdict says is billed, by quarter of an hour and model, and nothing else. Dollars
are Decimal; a call without a price is counted, not added. Pure.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from decimal import Decimal
from typing import Any, Literal

from spanledger_collector.reconcile import Fact, Verdict

QUARTER_NS = 900_000_000_000
ZERO_USD = Decimal(0)

Dimension = Literal["model", "tag"]

Shown = Callable[[Dimension, str, int, str], str]
"""Says under which name totals show a model or tag of a project and moment (see `places`)."""


def as_it_is(_dimension: Dimension, _project_id: str, _at_ns: int, value: str) -> str:
    """Return a value unchanged: there is room for all."""
    return value


@dataclass(slots=True)
class Sums:
    """What some billed calls add up to; the same columns in a line, a trace and a screen."""

    calls: int = 0
    llm_errors: int = 0
    priced_calls: int = 0
    unpriced_calls: int = 0
    unpriced_tokens: int = 0
    calls_without_usage: int = 0
    estimated_calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    reasoning_tokens: int = 0
    cost_usd: Decimal = ZERO_USD
    estimated_usd: Decimal = ZERO_USD

    def add(self, call: Fact) -> None:
        """Count one billed call in."""
        if call.usage_role == "cost":  # dollars of a search, a sandbox, a phone: no call
            self.cost_usd += call.cost_usd or ZERO_USD
            return
        failed = call.status == "error"
        used = call.input_tokens is not None or call.output_tokens is not None
        self.calls += 1
        self.llm_errors += failed
        self.calls_without_usage += not used and not failed
        self.input_tokens += call.input_tokens or 0
        self.output_tokens += call.output_tokens or 0
        self.cache_read_tokens += call.cache_read_tokens or 0
        self.cache_write_tokens += call.cache_write_tokens or 0
        self.reasoning_tokens += call.reasoning_tokens or 0
        if call.cost_usd is not None:
            self.priced_calls += 1
            self.cost_usd += call.cost_usd
        elif used:
            self.unpriced_calls += 1
            self.unpriced_tokens += (call.input_tokens or 0) + (call.output_tokens or 0)
        if call.usage_source == "estimated":
            self.estimated_calls += 1
            self.estimated_usd += call.cost_usd or ZERO_USD


SUMS = tuple(f.name for f in fields(Sums))

LINE_KEY = ("quarter", "kind", "provider", "model", "agent")

TRACE_COLUMNS = (
    "project_id", "trace_id", "ver", "is_deleted", "session_key", "session_id", "user_id", "name",
    "agent", "service", "environment", "tags", "status", "started_at", "ended_at", "waiting_ns",
    "spans", "tool_calls", "errors", "tool_errors", *SUMS,
    *(f"lines.{name}" for name in (*LINE_KEY, *SUMS)), "not_billed.span_id", "not_billed.reason",
)  # fmt: skip


def lines(
    project_id: str, billed: Sequence[Fact], agents: Mapping[bytes, str], shown: Shown = as_it_is
) -> dict[tuple[Any, ...], Sums]:
    """Return what billed calls add up to by quarter of an hour, kind, provider, model and agent."""
    found: dict[tuple[Any, ...], Sums] = {}
    for call in billed:
        start_s = call.start_ns // QUARTER_NS * 900
        model = call.response_model or call.request_model
        model = model and shown("model", project_id, call.start_ns, model)
        key = (start_s, call.kind, call.provider, model, agents.get(call.span_id, call.agent))
        found.setdefault(key, Sums()).add(call)
    return found


def trace_row(
    project_id: str,
    trace_id: bytes,
    facts: Sequence[Fact],
    verdict: Verdict,
    beside: int = 0,
    shown: Shown = as_it_is,
) -> tuple[Any, ...]:
    """Return one row of `traces`, in the order of TRACE_COLUMNS.

    Its version is the sum of those of its spans, and of `beside`: hints, counted, and the versions
    of the traces that share a call. It grows with each span that arrives, ends, or is priced anew,
    so that of two rows the one that knew more wins.
    """
    by_id = {f.span_id: f for f in facts}
    billed = [by_id[span_id] for span_id in verdict.billed]
    by_line = lines(project_id, billed, verdict.agents, shown)
    sums = [[getattr(line, name) for line in by_line.values()] for name in SUMS]
    tags = {shown("tag", project_id, verdict.started_ns, tag) for tag in verdict.tags}
    tools = [f for f in facts if f.kind == "tool" and f.span_id not in verdict.not_billed]
    return (
        project_id, trace_id, beside + weight(facts), 0,
        verdict.session_id or trace_id.hex(), verdict.session_id, verdict.user_id, verdict.name,
        verdict.agent, verdict.service, verdict.environment, tuple(sorted(tags)), verdict.status,
        verdict.started_ns, verdict.ended_ns, verdict.waiting_ns, len(facts), len(tools),
        sum(f.status == "error" for f in facts), len(failed(tools, facts, verdict)),
        *map(sum, sums),
        *([key[i] for key in by_line] for i in range(len(LINE_KEY))),
        *sums,
        list(verdict.not_billed), list(verdict.not_billed.values()),
    )  # fmt: skip


def failed(tools: Sequence[Fact], facts: Sequence[Fact], verdict: Verdict) -> list[Fact]:
    """Return the tool calls that failed: they say so, or the last account of them from inside does."""
    last = {tool.span_id: tool for tool in tools}
    inside = [f for f in facts if f.kind == "tool" and f.span_id in verdict.same_as]
    for fact in sorted(inside, key=lambda f: (f.start_ns, f.span_id)):
        last[verdict.same_as[fact.span_id]] = fact
    return [tool for tool in tools if "error" in (tool.status, last[tool.span_id].status)]


def weight(facts: Sequence[Fact]) -> int:
    """Return how much some facts know: the sum of their versions."""
    return sum(f.ver for f in facts)
