"""What Spanledger makes of a payload, and why: without a server, without a store.

OTLP bodies come in, one plain object goes out: per trace its session, calls with their meters and
dollars, tools, nodes, agents, state changes, decisions and errors, and what was not billed for
which reason. It runs the same pipeline as the drain; only the last step is to tell, not to store.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence

from spanledger_collector import normalise
from spanledger_collector.dialects.graph import drawing
from spanledger_collector.explain.entries import (
    Object,
    Told,
    call,
    decisions,
    errors,
    summed,
    totals,
)
from spanledger_collector.explain.path import Drawn, Step, agents, transitions, visits
from spanledger_collector.explain.toolcalls import tool_calls
from spanledger_collector.explain.wording import UNUSABLE
from spanledger_collector.pricebook import Pricebook
from spanledger_collector.reconcile.across import settled
from spanledger_collector.understand import Understood, understand
from spanledger_schema.span import Event, Record, Span


def explain(
    spans: Sequence[Span], records: Sequence[Record], book: Pricebook, *, estimated: bool = False
) -> Object:
    """Return what these spans and log records come to, tokens estimated if that is wished."""
    told = traces(spans, records, book, estimated)
    drawings = {u.span.span_id: drawn for t in told for u in t.spans if (drawn := drawing_of(u))}
    explained = [
        trace(each, drawing_for(each, drawings), tools)
        for each, tools in zip(told, tool_calls(told), strict=True)
    ]
    return {
        "traces": explained,
        "totals": summed([each["totals"] for each in explained]),
        "warnings": list(warnings(told)),
    }


def traces(
    spans: Sequence[Span], records: Sequence[Record], book: Pricebook, estimated: bool = False
) -> list[Told]:
    """Return the traces in order of start, log records joined to their spans."""
    found: dict[bytes, Told] = {}
    for span in latest(spans):
        of_trace = found.setdefault(span.trace_id, Told(span.trace_id))
        of_trace.spans += understand("", span.start_ns, [span], book, estimated=estimated)
    for record in records:
        if (known := found.get(record.trace_id)) is not None:
            event = Event(record.event_name, record.time_ns, record.attributes, record.body)
            known.logs[record.span_id].append(event)
            if (hint := normalise.hint(record)) is not None:
                known.hints.append(hint)
    settle(found.values())
    return sorted(found.values(), key=lambda t: t.verdict.started_ns)


def latest(spans: Sequence[Span]) -> Collection[Span]:
    """Return each span once, however often it was sent: as it ended, if it did."""
    found: dict[tuple[bytes, bytes], Span] = {}
    for span in spans:
        key = span.trace_id, span.span_id
        if span.end_ns or key not in found:
            found[key] = span
    return found.values()


def settle(every: Collection[Told]) -> None:
    """Leave out of each trace the calls that another one of them is billed for."""
    accounts = {("", told.trace_id): told.account() for told in every}
    verdicts = settled(accounts)
    for told in every:
        told.verdict = verdicts["", told.trace_id]


def drawing_of(u: Understood) -> Drawn | None:
    """Return the graph that a span describes, or None."""
    nodes, edges = drawing(u.span.attributes)
    return Drawn(nodes, edges) if nodes else None


def drawing_for(told: Told, drawings: Mapping[bytes, Drawn]) -> Drawn | None:
    """Return the graph that a trace ran through: described in it, or linked from it."""
    ids = [u.span.span_id for u in told.spans]
    ids += [link.span_id for u in told.spans for link in u.span.links]
    return next((drawings[span_id] for span_id in ids if span_id in drawings), None)


def trace(told: Told, drawn: Drawn | None, tools: Sequence[Object]) -> Object:
    """Return one trace as an object."""
    found = told.verdict
    steps = [step(u) for u in told.spans]
    ordered = sorted(told.spans, key=lambda u: (u.span.start_ns, u.span.span_id))
    calls = [call(told, told.by_id[span_id]) for span_id in found.billed]
    return {
        "trace_id": told.trace_id.hex(),
        "session_id": found.session_id or None,
        "user_id": found.user_id or None,
        "name": found.name or None,
        "status": found.status,
        "tags": list(found.tags),
        "llm_calls": calls,
        "not_billed": [
            call(told, u)
            for u in ordered
            if u.span.span_id in found.not_billed and u.facts.kind != "tool"
        ],
        "tool_calls": list(tools),
        "nodes": [
            {"name": v.name, "attempt": v.attempt, "status": v.status} for v in visits(steps, drawn)
        ],
        "agents": agents(steps),
        "state_changes": [
            {"from": t.from_, "to": t.to, "reason": t.reason} for t in transitions(steps, drawn)
        ],
        "decisions": decisions(ordered),
        "errors": errors(told, ordered),
        "totals": totals(calls, tools),
    }


def step(u: Understood) -> Step:
    """Return where a span stands on the way of its trace."""
    facts = u.facts
    return Step(
        span_id=u.span.span_id,
        parent_span_id=u.span.parent_span_id,
        start_ns=u.span.start_ns,
        kind=facts.kind or "span",
        name=u.span.name,
        status=facts.status or "",
        agent=facts.agent or "",
        node=facts.node or "",
        node_run=facts.node_run or "",
        node_step=facts.node_step,
        state_from=facts.state_from or "",
        state_to=facts.state_to or "",
        reason=facts.reason or "",
    )


def warnings(told: Sequence[Told]) -> Iterator[str]:
    """Yield what somebody who wonders about a number should know first."""
    for each in told:
        for u in each.spans:
            yield from (f"span {u.span.span_id.hex()} ({u.span.name}): {w}" for w in doubts(u))
        billed = [each.by_id[span_id] for span_id in each.verdict.billed]
        for u in billed:
            yield from (f"call {u.span.span_id.hex()} ({u.span.name}): {w}" for w in open_ends(u))
        if all(u.span.parent_span_id for u in each.spans):
            yield f"trace {each.trace_id.hex()}: its root has not arrived"


def doubts(u: Understood) -> Iterator[str]:
    """Yield what had to be mended or could not be read on a span."""
    for name in () if u.facts.counts is None else u.facts.counts.invalid:
        yield f"{name} = {u.span.attributes.get(name)!r} is no token count"
    if u.span.dropped_attributes:
        yield f"{u.span.dropped_attributes} attributes were dropped by the sender's limits"
    yield from (*u.span.flags, *u.facts.flags)


def open_ends(u: Understood) -> Iterator[str]:
    """Yield why a call has no tokens, no dollars, or numbers that rest on an assumption."""
    if u.estimate is not None:
        yield f"its tokens are estimated, by some {u.estimate.error_pct} % ({u.estimate.method})"
    if u.usage.state == "absent" and u.facts.status != "error":
        yield "says nothing about tokens"
    if u.usage.state in ("invalid", "zero_suspect"):
        yield UNUSABLE[u.usage.state]
    if u.usage.semantics_basis == "assumed" and u.usage.cache_read_tokens:
        yield f"assumed that its input is {u.usage.semantics} of cached tokens"
    if u.bill.status in ("unpriced", "partial"):
        yield f"{u.bill.status}: {u.bill.reason}"
