"""`POST /api/v1/decide`: may a step be taken? Agents ask it before each step, and wait for the answer.

So it is answered on the loop, from memory and past what FastAPI does for any other route: comparing its
path with fifty others and solving its parameters took two thirds of the CPU of an answer. Ingest answers
it too (`receive.decide_http`), with nothing that computes beside it.
"""

from collections.abc import Callable, Coroutine
from typing import Annotated, Any

from fastapi import Body, FastAPI, Request, Response
from fastapi.routing import APIRoute
from pydantic_core import CoreSchema

from spanledger_collector.access import authorised, project_of
from spanledger_collector.api.answers import Json, problem
from spanledger_collector.api.parameters import office_of
from spanledger_collector.budgets.decision import decision_row, evaluated
from spanledger_collector.budgets.question import SCHEMA, BadQuestion, question
from spanledger_schema.api_budgets import DecisionRow


class QuestionForm:
    """A step that an agent is about to take; what is not known is left out."""

    @classmethod
    def __get_pydantic_core_schema__(cls, *_: Any) -> CoreSchema:
        """Return how it is read, for the OpenAPI document."""
        return SCHEMA


class Direct(APIRoute):
    """A route that reads its request by itself; the OpenAPI document still tells what that is."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return what answers, in the place of what FastAPI makes of the signature of `decide`."""
        return answer


def mount(app: FastAPI) -> None:
    """Add the route to the app, before all others: a path is compared with each in turn."""
    route = Direct("/api/v1/decide", decide, methods=["POST"], response_model=DecisionRow)
    app.router.routes.insert(0, route)


def decide(asked: Annotated[QuestionForm, Body()]) -> None:
    """Whether a step may be taken: from memory, as things stood at the last evaluation."""


async def answer(request: Request) -> Response:
    """Answer a request."""
    await authorised(request)
    try:
        asked = question(project_of(request), await request.body())
    except BadQuestion as error:
        return problem(400, str(error))
    office = office_of(request)
    return Json(decision_row(office.decide(asked), evaluated(office.books.at)))
