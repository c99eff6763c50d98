"""The shapes of approvals in the query API: calls that wait for a person, and which calls do.

As in `api`: times are RFC 3339 in UTC, None is unknown.
"""

from dataclasses import dataclass
from typing import Any, Literal

Verdict = Literal["allowed", "pending", "approved", "denied", "timed_out"]


@dataclass(slots=True)
class ApprovalNotice:
    """A tool call and what was said of it, as it is told: "allowed": no policy asks for anybody."""

    id: str
    tool: str
    policy: str
    session_id: str
    user_id: str
    agent: str
    verdict: Verdict
    by: str
    reason: str
    asked_at: str
    expires_at: str
    decided_at: str | None


@dataclass(slots=True)
class ApprovalRow(ApprovalNotice):
    """The same for who may see what it is called with."""

    arguments: dict[str, Any]


@dataclass(slots=True)
class ConditionRow:
    """A condition on an argument."""

    argument: str
    op: str
    value: str


@dataclass(slots=True)
class PolicyMatch:
    """A tool call of the past that a policy would have been about."""

    at: str
    tool: str
    arguments: dict[str, Any]
    session_id: str
    agent: str


@dataclass(slots=True)
class PolicyPreview:
    """What a policy would have come to: `calls` of its tools were looked at, and so many fit."""

    calls: int
    matched: int
    unknown: int  # it compares arguments that nobody recorded, or that have expired
    cut: bool  # there were more calls: these are the newest
    matches: list[PolicyMatch]  # the newest of them


@dataclass(slots=True)
class PolicyRow:
    """Which tool calls need a person ("ask") or are refused ("deny")."""

    id: str
    tool: str
    effect: Literal["ask", "deny"]
    conditions: list[ConditionRow]
    timeout_s: int
    reason: str
    channels: list[str]  # who is told; every channel when empty
