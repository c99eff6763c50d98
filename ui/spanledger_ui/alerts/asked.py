"""What is said of a call that waits for a person, and of what was said of it; as data, too.

An errand of the outbox in, a message out. Pure. What the call is made with is told nobody: the page
Approvals shows it, to those who may see it.
"""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from types import MappingProxyType

from spanledger_schema.api_alerts import Errand
from spanledger_schema.api_approvals import ApprovalNotice
from spanledger_ui.alerts.message import Message, one_line

WORDS: Mapping[str, str] = MappingProxyType(
    {
        "pending": "Waits for approval",
        "approved": "Approved",
        "denied": "Denied",
        "timed_out": "Not approved in time",
    }
)


def message(errand: Errand, about: ApprovalNotice) -> Message:
    """Return what is to be said of an approval; what somebody decided is less grave than the rest."""
    return Message(
        id=errand.message_id,
        event=errand.event,
        severity="info" if about.decided_at and errand.event != "pending" else "warning",
        title=title_of(errand.event, about),
        lines=tuple(lines_of(errand.event, about)),
        happened_at=datetime.fromisoformat(errand.happened_at),
        thread=f"approval.{about.id}",
        data={"project_id": errand.project_id, **asdict(about)},
    )


def title_of(event: str, about: ApprovalNotice) -> str:
    """Return it in one line: Denied by ann: refund, agent refunds."""
    by = f" by {one_line(about.by)}" if about.by and event != "pending" else ""
    agent = f", agent {one_line(about.agent)}" if about.agent else ""
    return f"{WORDS[event]}{by}: {one_line(about.tool)}{agent}"


def lines_of(event: str, about: ApprovalNotice) -> list[str]:
    """Return what else there is to say of it."""
    said = []
    if event == "pending":
        said.append(f"Until: {about.expires_at[:19]}Z, on the page Approvals")
    elif about.reason:
        said.append(f"Why: {one_line(about.reason)}")
    told = {"Policy": about.policy, "Session": about.session_id, "User": about.user_id}
    return [*said, *(f"{name}: {one_line(value)}" for name, value in told.items() if value)]
