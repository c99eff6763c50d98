"""What an agent does between its calls: state changes, decisions, waiting, feedback, escalation."""

from decimal import Decimal, InvalidOperation
from typing import Any, Literal

from spanledger import health
from spanledger.spans import NOTHING, SpanScope, moment
from spanledger_schema import attributes as ours

Verdict = Literal["allowed", "blocked", "pending", "approved", "denied"]


def state(from_: str | None, to: str, *, reason: str | None = None, of: str | None = None) -> None:
    """Record a change of state, with its reason; `of` names what changed."""
    told = {ours.STATE_FROM: text(from_), ours.STATE_TO: text(to), ours.STATE_REASON: text(reason)}
    moment(of or f"{text(from_) or '?'} → {text(to)}", "state", told)


def decision(
    tool: str | None = None,
    arguments: Any = NOTHING,
    verdict: Verdict = "allowed",
    policy: str | None = None,
    reason: str | None = None,
    actor: str | None = None,
) -> None:
    """Record what a policy or a person decided.

    Args:
        tool: what was to be called.
        arguments: what it was to be called with.
        verdict: allowed, blocked, pending, approved or denied.
        policy: the rule that was applied.
        reason: why.
        actor: who decided.
    """
    told = {
        ours.VERDICT: text(verdict), ours.POLICY: text(policy), ours.ACTOR: text(actor),
        ours.DECISION_REASON: text(reason), "gen_ai.tool.name": text(tool),
    }  # fmt: skip
    moment(f"{verdict} {tool or policy or ''}".strip(), "decision", told, arguments)


def waiting_for(what: str) -> SpanScope:
    """Return a scope that is recorded as time spent waiting, for "human approval" say.

    It is sent when it begins, too: who looks meanwhile sees that somebody is waited for.
    """
    told = {ours.WAIT_FOR: str(what)}
    return SpanScope(f"waiting for {what}", "wait", NOTHING, None, told, announced=True)


def feedback(score: float, comment: str | None = None) -> None:
    """Record what somebody thought of the result."""
    told = {ours.FEEDBACK_SCORE: float(score), ours.FEEDBACK_COMMENT: text(comment)}
    moment("feedback", "event", told)


def escalation(reason: str) -> None:
    """Record that the agent gave up and handed over to a person."""
    moment("escalation", "event", {ours.ESCALATION_REASON: text(reason)})


def add_cost(usd: Decimal | float | str, what: str) -> None:
    """Record dollars that no token count explains: a search, a sandbox, a phone call."""
    try:
        amount = Decimal(str(usd))
    except InvalidOperation as error:
        health.swallowed("add_cost", error)
        return
    if not amount.is_finite() or amount < 0:
        health.warn("add_cost", "spanledger: add_cost was given an amount that is none")
        return
    moment(what, "span", {ours.COST_USD: format(amount, "f"), ours.COST_WHAT: text(what)})


def text(value: object) -> str | None:
    """Return a text or the value of an enumeration as text; None stays None."""
    value = getattr(value, "value", value)
    return None if value is None else str(value)
