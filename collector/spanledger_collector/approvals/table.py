"""Policies and approvals in the store. Writing is for the thread that writes, audit first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import orjson

from spanledger_collector.approvals.policy import Policy, policy
from spanledger_collector.ledger import audit
from spanledger_collector.store import Store

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

    def at(self, now_ns: int) -> "Approval":
        """Return it as it stands at a moment: what nobody decided in time is timed out."""
        late = self.verdict == "pending" and now_ns >= self.expires_ns
        return replace(self, verdict="timed_out") if late else self


def policies(store: Store, project: str = "") -> list[Policy]:
    """Return the policies that hold, oldest first, of one project or of all. Any thread may ask."""
    return [
        policy(orjson.loads(row["said"]), row["project_id"], row["id"])
        for row in store.rows("policies", project=project)
    ]


def write_policy(
    store: Store,
    project_id: str,
    id_: str,
    written: Mapping[str, Any] | None,
    now_ns: int,
    by: str,
    note: str,
) -> None:
    """Let a policy hold from now on, or (`written` None) no longer."""
    action = "policy withdrawn" if written is None else "policy written"
    record = audit.Record(now_ns, action, id_, None, written, by, note, project_id)
    audit.write(store, [record])
    store.insert(
        "policies",
        {
            "project_id": [project_id],
            "id": [id_],
            "written": [audit.as_json(written or {})],
            "withdrawn": [written is None],
            "created_at": [now_ns],
            "created_by": [by],
            "note": [note],
        },
    )


def approvals(
    store: Store, project: str, id_: str = "", since_ns: int = 0, limit: int = 1000
) -> list[Approval]:
    """Return what was asked for, newest first. Any thread may ask."""
    asked = {"project": project, "id": id_, "since_ns": since_ns, "limit": limit}
    return [
        Approval(**{**row, "arguments": orjson.loads(row["arguments"])})
        for row in store.rows("approvals", **asked)
    ]


COLUMNS = (
    "project_id", "id", "ver", "tool", "arguments", "policy", "session_id", "user_id", "agent",
    "asked_at", "expires_at", "verdict", "decided_by", "reason", "decided_at",
)  # fmt: skip


def keep(store: Store, a: Approval) -> None:
    """Write an approval down as it is now."""
    row: Sequence[Any] = (
        a.project_id, a.id, a.verdict != "pending", a.tool, audit.as_json(dict(a.arguments)),
        a.policy, a.session_id, a.user_id, a.agent, a.asked_ns, a.expires_ns, a.verdict,
        a.decided_by, a.reason, a.decided_ns,
    )  # fmt: skip
    store.insert("approvals", {name: [value] for name, value in zip(COLUMNS, row, strict=True)})


def tell(store: Store, a: Approval) -> None:
    """Write down who decided what; of the call only what it was, its arguments are no audit's."""
    became = {
        "tool": a.tool, "session": a.session_id, "agent": a.agent, "policy": a.policy,
        "verdict": a.verdict,
    }  # fmt: skip
    record = audit.Record(
        a.decided_ns or a.asked_ns, f"approval {a.verdict}", f"{a.tool} {a.id}", None, became,
        a.decided_by, a.reason, a.project_id,
    )  # fmt: skip
    audit.write(store, [record])
