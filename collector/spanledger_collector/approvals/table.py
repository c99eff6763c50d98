"""Policies and approvals in the store. Writing is for the thread that writes, audit first."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from spanledger_collector.approvals.approval import Approval
from spanledger_collector.approvals.policy import Policy, policy
from spanledger_collector.ledger import audit
from spanledger_collector.store import Store


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
    known = (row["said"] for row in store.rows("policies", project=project_id) if row["id"] == id_)
    was = next(map(orjson.loads, known), None)
    record = audit.Record(now_ns, action, id_, was, written, by, note, project_id)
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
    return [stored(row, orjson.loads(row["arguments"])) for row in store.rows("approvals", **asked)]


def told(store: Store, since_ns: int) -> list[Approval]:
    """Return what waits, or waited until after a moment, of all projects, oldest first.

    Without arguments, which nobody is told. Any thread may ask.
    """
    return [stored(row, {}) for row in store.rows("approvals_told", since_ns=since_ns)]


def stored(row: Mapping[str, Any], arguments: Mapping[str, Any]) -> Approval:
    """Return a row as the approval it says."""
    return Approval(**{**row, "arguments": arguments, "channels": tuple(row["channels"])})


COLUMNS = (
    "project_id", "id", "ver", "tool", "arguments", "policy", "session_id", "user_id", "agent",
    "asked_at", "expires_at", "verdict", "decided_by", "reason", "decided_at",
    "channels",
)  # fmt: skip


def keep(store: Store, a: Approval) -> None:
    """Write an approval down as it is now."""
    row: Sequence[Any] = (
        a.project_id, a.id, a.verdict != "pending", a.tool, audit.as_json(dict(a.arguments)),
        a.policy, a.session_id, a.user_id, a.agent, a.asked_ns, a.expires_ns, a.verdict,
        a.decided_by, a.reason, a.decided_ns, list(a.channels),
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
