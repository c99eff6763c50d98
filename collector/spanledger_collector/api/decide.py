"""`POST /api/v1/decide`: may a step be taken? Agents ask it before each step, and wait for the answer.

So it is answered on the loop, from memory and past what FastAPI does for any other route: comparing its
path with fifty others and solving its parameters took two thirds of the CPU of an answer.
"""

from collections.abc import Callable, Coroutine
from decimal import Decimal
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from spanledger_collector.access import authorised, project_of
from spanledger_collector.api.answers import Json
from spanledger_collector.api.parameters import office_of
from spanledger_collector.budgets.answers import decision_row, evaluated
from spanledger_collector.budgets.decide import Question
from spanledger_schema.api_budgets import DecisionRow


class QuestionForm(BaseModel):
    """A step that an agent is about to take; leave out what is not known."""

    model_config = ConfigDict(extra="forbid")

    session: str = ""
    user: str = ""
    agent: str = ""
    environment: str = ""
    service: str = ""
    provider: str = ""
    model: str = ""
    tags: list[str] = Field(default_factory=list)
    estimated_usd: Decimal = Field(Decimal(0), ge=0, allow_inf_nan=False)
    tool: str = Field("", max_length=200, description="that is about to be called")
    arguments: dict[str, Any] = Field(default_factory=dict)


class Direct(APIRoute):
    """A route that reads its request by itself; the OpenAPI document still tells what that is."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return what answers, in the place of what FastAPI makes of the signature of `decide`."""
        return answer


def mount(app: FastAPI) -> None:
    """Add the route to the app, before all others: a path is compared with each in turn."""
    route = Direct("/api/v1/decide", decide, methods=["POST"], response_model=DecisionRow)
    app.router.routes.insert(0, route)


async def answer(request: Request) -> Response:
    """Answer a request."""
    await authorised(request)
    return decide(request, question(await request.body()))


def question(body: bytes) -> QuestionForm:
    """Return what is asked, or refuse with 400 as any other route does."""
    try:
        return QuestionForm.model_validate_json(body)
    except ValidationError as error:
        found = [{**each, "loc": ("body", *each["loc"])} for each in error.errors()]
        raise RequestValidationError(found) from None


def decide(request: Request, asked: QuestionForm) -> Json:
    """Whether a step may be taken: from memory, as things stood at the last evaluation."""
    office = office_of(request)
    said = {**asked.model_dump(), "tags": tuple(asked.tags)}
    answer = office.decide(Question(project_of(request), **said))
    return Json(decision_row(answer, evaluated(office.books.at)))
