"""What agents may do: budgets, stops, approvals and policies."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from spanledger_schema.api_approvals import ApprovalRow, PolicyPreview, PolicyRow
from spanledger_schema.api_budgets import BudgetRow, CountedRow, PreviewRow, Standings, StopRow
from spanledger_ui.client.wire import Parameter, Wire, quoted
from spanledger_ui.shapes import shaped


@dataclass(frozen=True, slots=True)
class Limits:
    """Questions about what agents may do."""

    wire: Wire

    def standings(self, **page: Parameter) -> Standings:
        """Return how the budgets stand."""
        return self.wire.one(Standings, "budgets/standings", page)

    def counting(self, session_id: str) -> list[CountedRow]:
        """Return the budgets that count a session, and what they count of it."""
        return self.wire.many(CountedRow, "budgets/counting", {"session": session_id})

    def budgets(self) -> list[BudgetRow]:
        """Return the budgets that hold."""
        return self.wire.many(BudgetRow, "budgets")

    def preview_budget(self, wanted: Mapping[str, Any], **range_: Parameter) -> list[PreviewRow]:
        """Return what a budget would have come to; nothing is written."""
        answer = self.wire.ask("POST", "budgets/preview", wanted, range_)
        return [shaped(PreviewRow, past) for past in answer]

    def add_budget(self, wanted: Mapping[str, Any], by: str) -> None:
        """Write a budget down, as a person of this name."""
        self.wire.ask("POST", "budgets", wanted, {"by": by})

    def withdraw_budget(self, budget_id: str, by: str) -> None:
        """Withdraw a budget."""
        self.wire.ask("DELETE", f"budgets/{quoted(budget_id)}", None, {"by": by})

    def change_budget(self, budget_id: str, wanted: Mapping[str, Any], by: str) -> None:
        """Let a budget say something else."""
        self.wire.ask("PUT", f"budgets/{quoted(budget_id)}", wanted, {"by": by})

    def stops(self) -> list[StopRow]:
        """Return what operators have stopped."""
        return self.wire.many(StopRow, "stops")

    def stop(self, subject: str, value: str, reason: str, by: str) -> None:
        """Stop a session, an agent, a user or, without a value, the project, as a person of this name."""
        said = {"subject": subject, "value": value, "reason": reason}
        self.wire.ask("POST", "stops", said, {"by": by})

    def lift_stop(self, stop_id: str, reason: str, by: str) -> None:
        """Let what was stopped go on, as a person of this name."""
        self.wire.ask("DELETE", f"stops/{quoted(stop_id)}", None, {"reason": reason, "by": by})

    def approvals(self, **range_: Parameter) -> list[ApprovalRow]:
        """Return the tool calls that wait, or waited, for a person."""
        return self.wire.many(ApprovalRow, "approvals", range_)

    def decide_approval(self, approval_id: str, verdict: str, by: str, reason: str) -> None:
        """Approve or deny a tool call, as a person of this name."""
        said = {"verdict": verdict, "by": by, "reason": reason}
        self.wire.ask("POST", f"approvals/{quoted(approval_id)}/decision", said)

    def policies(self) -> list[PolicyRow]:
        """Return which tool calls need a person or are refused."""
        return self.wire.many(PolicyRow, "policies")

    def preview_policy(self, wanted: Mapping[str, Any], **range_: Parameter) -> PolicyPreview:
        """Return the tool calls that a policy would have been about; nothing is written."""
        return shaped(PolicyPreview, self.wire.ask("POST", "policies/preview", wanted, range_))

    def put_policy(self, policy_id: str, wanted: Mapping[str, Any], by: str) -> None:
        """Let a policy hold from now on."""
        self.wire.ask("PUT", f"policies/{quoted(policy_id)}", wanted, {"by": by})

    def end_policy(self, policy_id: str, by: str) -> None:
        """Withdraw a policy."""
        self.wire.ask("DELETE", f"policies/{quoted(policy_id)}", None, {"by": by})
