"""Approvals over the query API: agents ask and wait, people decide; and the policies for it."""

from collections.abc import Mapping
from dataclasses import asdict
from secrets import token_hex
from types import MappingProxyType
from typing import Annotated, Any, Literal

from fastapi import FastAPI, Path, Query, Request, Response
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from spanledger_collector.access import actor_of, project_of
from spanledger_collector.api import routing
from spanledger_collector.api.answers import Json, refuse
from spanledger_collector.api.parameters import office_of
from spanledger_collector.approvals.approval import Approval
from spanledger_collector.approvals.counter import AlreadyDecided, Counter, NoApproval, OtherCall
from spanledger_collector.approvals.form import LONGEST_WAIT_S, PolicyForm
from spanledger_collector.approvals.history import Called
from spanledger_collector.approvals.policy import Policy, fits, policy, strictest
from spanledger_collector.budgets.answers import notice
from spanledger_collector.ids import short_id
from spanledger_collector.ledger.audit import as_json
from spanledger_collector.moments import SECOND_NS, rfc3339
from spanledger_schema.api_approvals import (
    ApprovalRow,
    ConditionRow,
    PolicyMatch,
    PolicyPreview,
    PolicyRow,
)

MOST_ARGUMENTS = 64 << 10  # bytes, as JSON
WAIT_S = 300
MOST_MATCHES = 100

REFUSALS: Mapping[type[Exception], int] = MappingProxyType(
    {NoApproval: 404, AlreadyDecided: 409, OtherCall: 409}
)

Id = Annotated[str, Path(pattern=r"^[\w.@+-]{1,100}$")]
By = Annotated[str, Query(max_length=200, description="who does it, for the audit")]

router = routing.router("/api/v1")


def mount(app: FastAPI, counter: Counter) -> None:
    """Add the routes to the app."""
    app.state.counter = counter
    routing.attach(app, router)
    refuse(app, REFUSALS)


def counter_of(request: Request) -> Counter:
    """Return the approvals of this app."""
    found: Counter = request.app.state.counter
    return found


def storable(arguments: dict[str, Any]) -> dict[str, Any]:
    """Return arguments that can be kept as JSON, and read by a person."""
    try:
        size = len(as_json(arguments))
    except TypeError as error:  # half a character, a number beyond 64 bits, too deep
        raise ValueError(str(error)) from None
    if size > MOST_ARGUMENTS:
        raise ValueError(f"more than {MOST_ARGUMENTS} bytes; leave out what is large")
    return arguments


class AskForm(BaseModel):
    """A tool call that is about to be made; leave out what is not known."""

    model_config = ConfigDict(extra="forbid")

    tool: str = Field(min_length=1, max_length=200)
    arguments: Annotated[dict[str, Any], AfterValidator(storable)] = Field(default_factory=dict)
    policy: str = Field("", max_length=100, description="ask by this one alone; by all when empty")
    id: str = Field("", pattern=r"^[\w.@+-]{0,100}$", description="made up when left out")
    session: str = Field("", max_length=1000)
    user: str = Field("", max_length=1000)
    agent: str = Field("", max_length=1000)
    timeout_s: int | None = Field(None, ge=1, le=LONGEST_WAIT_S)


@router.post("/approvals", response_model=ApprovalRow, status_code=201)
def ask_approval(request: Request, wanted: AskForm) -> Json:
    """Whether a tool call may be made: allowed or denied by a policy at once, else it waits."""
    counter, project = counter_of(request), project_of(request)
    rule = rule_for(counter.policies(project), project, wanted)
    wait_s = wanted.timeout_s or (rule.timeout_s if rule else WAIT_S)
    now_ns = counter.now_ns
    asked = Approval(
        project, wanted.id or token_hex(8), wanted.tool, wanted.arguments,
        rule.id if rule else wanted.policy, short_id(wanted.session), short_id(wanted.user),
        wanted.agent, now_ns, now_ns + wait_s * SECOND_NS, channels=rule.channels if rule else (),
    )  # fmt: skip
    if rule is None:
        return Json(approval_row(asked, "allowed"), status_code=201)
    if rule.effect == "deny":
        return Json(approval_row(asked, "denied", rule.reason), status_code=201)
    return Json(approval_row(counter.ask(asked)), status_code=201)


def rule_for(policies: list[Policy], project: str, wanted: AskForm) -> Policy | None:
    """Return the policy that holds for a call; one that nobody wrote down asks a person."""
    if not wanted.policy:
        return strictest(policies, project, wanted.tool, wanted.arguments)
    named = next((p for p in policies if p.id == wanted.policy), None)
    if named is None:
        return Policy(wanted.policy, project, wanted.tool, "ask", timeout_s=WAIT_S)
    return named if fits(named, wanted.tool, wanted.arguments) else None


@router.get("/approvals", response_model=list[ApprovalRow])
def list_approvals(
    request: Request,
    days: Annotated[int, Query(ge=1, le=3660)] = 31,
    limit: Annotated[int, Query(ge=1, le=10_000)] = 1000,
) -> Json:
    """What was asked for, newest first, with what was said of it."""
    counter = counter_of(request)
    since_ns = max(0, counter.now_ns - days * 86_400 * SECOND_NS)
    found = counter.all(project_of(request), since_ns, limit)
    return Json([approval_row(each) for each in found])


@router.get("/approvals/{approval_id}", response_model=ApprovalRow)
def show_approval(request: Request, approval_id: Id) -> Json:
    """How one stands: an agent that waits asks this again and again."""
    return Json(approval_row(counter_of(request).one(project_of(request), approval_id)))


class VerdictForm(BaseModel):
    """What a person says."""

    model_config = ConfigDict(extra="forbid")

    verdict: Literal["approved", "denied"]
    by: str = Field(pattern=r"\S", max_length=200, description="who says it")
    reason: str = Field("", max_length=1000)


@router.post("/approvals/{approval_id}/decision", response_model=ApprovalRow)
def decide_approval(request: Request, approval_id: Id, said: VerdictForm) -> Json:
    """Approve or deny, once and in time."""
    counter, project = counter_of(request), project_of(request)
    decided = counter.decide(
        project, approval_id, said.verdict, actor_of(request, said.by.strip()), said.reason
    )
    return Json(approval_row(decided))


@router.get("/policies", response_model=list[PolicyRow])
def list_policies(request: Request) -> Json:
    """Which tool calls need a person or are refused, in the order they were written down."""
    return Json([policy_row(p) for p in counter_of(request).policies(project_of(request))])


@router.post("/policies/preview", response_model=PolicyPreview)
def preview_policy(
    request: Request, wanted: PolicyForm, days: Annotated[int, Query(ge=1, le=3660)] = 31
) -> Json:
    """The tool calls that a policy would have been about; nothing is written."""
    counter, written = counter_of(request), wanted.model_dump(mode="json")
    since_ns = max(0, counter.now_ns - days * 86_400 * SECOND_NS)
    found = counter.preview(policy(written, project_of(request), "preview"), since_ns)
    matches = [match_row(each) for each in found.matches[:MOST_MATCHES]]
    return Json(PolicyPreview(found.calls, len(found.matches), found.unknown, found.cut, matches))


@router.put("/policies/{policy_id}", response_model=PolicyRow)
def put_policy(
    request: Request, policy_id: Id, wanted: PolicyForm, by: By = "", note: By = ""
) -> Json:
    """Let a policy hold from now on."""
    project, written = project_of(request), wanted.model_dump(mode="json")
    counter_of(request).change_policy(project, policy_id, written, actor_of(request, by), note)
    office_of(request).reload()
    return Json(policy_row(policy(written, project, policy_id)))


@router.delete("/policies/{policy_id}", status_code=204)
def withdraw_policy(request: Request, policy_id: Id, by: By = "", note: By = "") -> Response:
    """Withdraw a policy; what waits by it goes on waiting."""
    counter, project = counter_of(request), project_of(request)
    if policy_id not in (p.id for p in counter.policies(project)):
        raise NoApproval(f"no policy {policy_id!r}, or it was withdrawn")
    counter.change_policy(project, policy_id, None, actor_of(request, by), note)
    office_of(request).reload()
    return Response(status_code=204)


def approval_row(a: Approval, verdict: str = "", reason: str = "") -> ApprovalRow:
    """Return an approval as the API says it; `verdict` where a policy alone has decided."""
    told = asdict(notice(a)) | {"verdict": verdict or a.verdict, "reason": reason or a.reason}
    return ApprovalRow(**told, arguments=dict(a.arguments))


def match_row(call: Called) -> PolicyMatch:
    """Return a call of the past as the API says it."""
    given = dict(call.arguments or {})
    return PolicyMatch(rfc3339(call.at_ns), call.tool, given, call.session_id, call.agent)


def policy_row(p: Policy) -> PolicyRow:
    """Return a policy as the API says it."""
    conditions = [ConditionRow(c.argument, c.op, c.value) for c in p.conditions]
    return PolicyRow(p.id, p.tool, p.effect, conditions, p.timeout_s, p.reason, list(p.channels))
