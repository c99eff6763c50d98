"""Budgets over the query API: written down and looked at; and stops.

Checks what comes in at the door (`budgets.form`); what is refused is a problem document that names
the field.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from secrets import token_hex
from types import MappingProxyType
from typing import Annotated, Literal

from fastapi import FastAPI, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from spanledger_collector.access import actor_of, project_of
from spanledger_collector.api import routing
from spanledger_collector.api.answers import Json, problem, refuse
from spanledger_collector.api.parameters import alert_path_of, office_of, store_of
from spanledger_collector.budgets import table
from spanledger_collector.budgets.answers import (
    alert_row,
    budget_row,
    counted_row,
    preview_row,
    standing_row,
    stop_row,
)
from spanledger_collector.budgets.decide import Stop
from spanledger_collector.budgets.decision import evaluated
from spanledger_collector.budgets.form import BadBudget, BudgetForm
from spanledger_collector.budgets.office import Office
from spanledger_collector.budgets.proof import Prover
from spanledger_collector.budgets.rule import Budget, budget
from spanledger_collector.budgets.stops import NoStop, stop_id, stops
from spanledger_collector.budgets.table import BudgetTaken, Edit, NoBudget
from spanledger_collector.ids import short_id
from spanledger_schema.api_budgets import (
    AlertRow,
    BudgetRow,
    CountedRow,
    PreviewRow,
    Standings,
    StopRow,
)

REFUSALS: Mapping[type[Exception], int] = MappingProxyType(
    {BadBudget: 400, NoBudget: 404, NoStop: 404, BudgetTaken: 409}
)
"""What budgets refuse with → HTTP status."""

MOST_PREVIEWED = 24

By = Annotated[str, Query(max_length=200, description="who does it, for the audit")]
Why = Annotated[str, Query(max_length=1000, description="why, for the audit")]
BudgetId = Annotated[str, Path(max_length=100)]

router = routing.router("/api/v1")


def mount(app: FastAPI, office: Office, prover: Prover) -> None:
    """Add the routes to the app."""
    app.state.office, app.state.prover = office, prover
    routing.attach(app, router)
    refuse(app, REFUSALS)


@router.get("/budgets", response_model=list[BudgetRow])
def list_budgets(request: Request) -> Json:
    """The budgets that hold, in the order they were first written down."""
    rows = table.standing_rows(store_of(request), project_of(request))
    return Json([budget_row(row) for row in rows])


@router.post("/budgets", response_model=BudgetRow, status_code=201)
def add_budget(request: Request, wanted: BudgetForm, by: By = "", note: Why = "") -> Json:
    """Write a budget down. It counts what is already stored, so it may fire at once."""
    project, id_ = project_of(request), wanted.id or token_hex(8)

    def plan(known: Sequence[Budget]) -> list[Edit]:
        if any((b.project_id, b.id) == (project, id_) for b in known):
            raise BudgetTaken(f"budget {id_!r} is there already; change it, or give another id")
        return [Edit(project, id_, None, {**wanted.written(), "id": id_})]

    office_of(request).change(plan, actor_of(request, by), note)
    return Json(one(request, id_), status_code=201)


@router.put("/budgets/{budget_id}", response_model=BudgetRow)
def change_budget(
    request: Request, budget_id: BudgetId, wanted: BudgetForm, by: By = "", note: Why = ""
) -> Json:
    """Let a budget say something else from now on. A new limit may fire thresholds anew."""
    before, after = one(request, budget_id).written, {**wanted.written(), "id": budget_id}
    if before != after:
        edit = Edit(project_of(request), budget_id, before, after)
        office_of(request).change(lambda _: [edit], actor_of(request, by), note)
    return Json(one(request, budget_id))


@router.delete("/budgets/{budget_id}", status_code=204)
def withdraw_budget(request: Request, budget_id: BudgetId, by: By = "", note: Why = "") -> Response:
    """Withdraw a budget. What it said, and what it told, is kept."""
    edit = Edit(project_of(request), budget_id, one(request, budget_id).written, None)
    office_of(request).change(lambda _: [edit], actor_of(request, by), note)
    return Response(status_code=204)


@router.get("/budgets/standings", response_model=Standings)
def list_standings(
    request: Request,
    budget_id: str = "",
    limit: Annotated[int, Query(ge=1, le=10_000)] = 1000,
) -> Json:
    """How the budgets stand, nearest to the limit first."""
    project, books = project_of(request), office_of(request).books
    found = [
        s
        for s in books.standings.values()
        if s.budget.project_id == project and budget_id in ("", s.budget.id)
    ]
    found.sort(key=lambda s: (-(s.spent.amount / s.budget.limit), s.budget.id, s.group))
    shown = [standing_row(s) for s in found[:limit]]
    took_ms = round(books.took_s * 1000, 3)
    return Json(Standings(evaluated(books.at), took_ms, shown, alert_path_of(request)))


@router.get("/budgets/counting", response_model=list[CountedRow])
def list_counting(request: Request, session: Annotated[str, Query(max_length=1000)]) -> Json:
    """Which budgets count a session in their present period, and how much of it."""
    found = office_of(request).counting(project_of(request), session)
    return Json([counted_row(*each) for each in found])


@router.post("/budgets/preview", response_model=list[PreviewRow])
def preview_budget(
    request: Request,
    wanted: BudgetForm,
    periods: Annotated[int, Query(ge=1, le=MOST_PREVIEWED)] = 6,
) -> Json:
    """What a budget would have come to in its last periods, newest first; nothing is written."""
    written = {**wanted.written(), "id": "preview", "project_id": project_of(request)}
    return Json([preview_row(s) for s in office_of(request).preview(budget(written, 0), periods)])


@router.get("/alerts", response_model=list[AlertRow])
def list_alerts(
    request: Request, days: Annotated[int, Query(ge=1, le=3660)] = 31, budget_id: str = ""
) -> Json:
    """Thresholds crossed in periods that ended at most so many days ago, newest first."""
    since = office_of(request).now - timedelta(days=days)
    found = table.alerts(store_of(request), since, project_of(request))
    return Json([alert_row(a) for a in found if budget_id in ("", a.budget_id)])


class StopForm(BaseModel):
    """What is to end. A project needs no value."""

    model_config = ConfigDict(extra="forbid")

    subject: Literal["project", "session", "agent", "user"]
    value: str = Field("", max_length=1000)
    reason: str = Field("", max_length=1000)


@router.get("/stops", response_model=list[StopRow])
def list_stops(request: Request) -> Json:
    """What is stopped now, in the order it was."""
    return Json([stop_row(s) for s in stops(store_of(request), project_of(request))])


@router.post("/stops", response_model=StopRow, status_code=201)
def add_stop(request: Request, wanted: StopForm, by: By = "") -> Json:
    """Stop a session, an agent, a user or the project: `decide` says no until that is lifted."""
    if (wanted.subject == "project") == bool(wanted.value):
        return problem(400, "give a value for a session, an agent or a user, none for a project")
    whom = short_id(wanted.value) if wanted.subject in ("session", "user") else wanted.value
    stop = Stop(
        stop_id(wanted.subject, whom),
        project_of(request),
        wanted.subject,
        whom,
        wanted.reason,
        actor_of(request, by),
    )
    office_of(request).stop(stop)
    found = next(s for s in stops(store_of(request), stop.project_id) if s.id == stop.id)
    return Json(stop_row(found), status_code=201)


@router.delete("/stops/{stop_id}", status_code=204)
def lift_stop(request: Request, stop_id: BudgetId, reason: Why = "", by: By = "") -> Response:
    """Lift a stop: what it stopped may go on."""
    project = project_of(request)
    known = next((s for s in stops(store_of(request), project) if s.id == stop_id), None)
    if known is None:
        raise NoStop(f"nothing is stopped under {stop_id!r}")
    lifted = Stop(stop_id, project, known.subject, known.value, reason, actor_of(request, by))
    office_of(request).stop(lifted, lifted=True)
    return Response(status_code=204)


def one(request: Request, budget_id: str) -> BudgetRow:
    """Return a budget of the caller's project, or raise NoBudget."""
    for row in table.standing_rows(store_of(request), project_of(request)):
        if row["id"] == budget_id:
            return budget_row(row)
    raise NoBudget(f"no budget {budget_id!r}, or it was withdrawn")
