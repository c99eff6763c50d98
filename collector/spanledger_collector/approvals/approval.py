"""A tool call that somebody has to allow: what was asked, and how it stands at a moment. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

Verdict = Literal["pending", "approved", "denied", "timed_out"]


@dataclass(frozen=True, slots=True)
class Approval:
    """A tool call that somebody has to allow. Times are nanoseconds since the epoch."""

    project_id: str
    id: str
    tool: str
    arguments: Mapping[str, Any]
    policy: str
    session_id: str
    user_id: str
    agent: str
    asked_ns: int
    expires_ns: int
    verdict: Verdict = "pending"
    decided_by: str = ""
    reason: str = ""
    decided_ns: int | None = None
    channels: tuple[str, ...] = ()
    """Names of those that are told; every one when empty."""

    def at(self, now_ns: int) -> "Approval":
        """Return it as it stands at a moment: what nobody decided in time is timed out."""
        late = self.verdict == "pending" and now_ns >= self.expires_ns
        return replace(self, verdict="timed_out") if late else self
