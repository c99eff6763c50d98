"""How the query API answers: JSON, and problem documents (RFC 9457) for whatever went wrong.

A problem names the parameter, its value and the way out, and nothing of the server's inside.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import orjson
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from spanledger_collector.store import is_too_much
from spanledger_schema.api import Problem

log = logging.getLogger(__name__)

PROBLEMS = {
    400: "Bad request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not found",
    405: "Method not allowed",
    409: "Conflict",
    422: "Too much",
    500: "Internal error",
    503: "Unavailable",
}


class Json(JSONResponse):
    """A JSON answer; dataclasses go in as they are, past FastAPI's validation of our own data."""

    def render(self, content: Any) -> bytes:
        """Return the body."""
        return orjson.dumps(content, default=str)


def problem(status: int, said: str, headers: Mapping[str, str] | None = None) -> Json:
    """Return an error answer."""
    body = asdict(Problem(PROBLEMS.get(status, "Error"), status, said))
    return Json(body, status, headers, "application/problem+json")


def refuse(app: FastAPI, refusals: Mapping[type[Exception], int]) -> None:
    """Let the app answer these exceptions in their own words, each with its status."""

    def refused(_: Request, error: Exception) -> Json:
        return problem(refusals[type(error)], str(error.args[0]))

    for each in refusals:
        app.add_exception_handler(each, refused)


def refused(_: Request, error: Exception) -> Json:
    """Answer a request that was refused."""
    assert isinstance(error, HTTPException)
    return problem(error.status_code, str(error.detail), error.headers)


def invalid(_: Request, error: Exception) -> Json:
    """Answer a request whose parameters are no good, naming each."""
    assert isinstance(error, RequestValidationError)
    said = (f"{field(e['loc'])}: {e['msg']}, not {e['input']!r:.60}" for e in error.errors())
    return problem(400, "; ".join(said))


def unfiltered(_: Request, error: Exception) -> Json:
    """Answer a filter that cannot be read or asked."""
    return problem(400, f"q: {error}")


def field(place: Sequence[int | str]) -> str:
    """Return the name of a parameter, or the path to a field of a body: usd_per_mtok.input."""
    return ".".join(str(part) for part in place[1:] if part != "[key]") or str(place[0])


def too_many(_: Request, error: Exception) -> Json:
    """Answer a question with too much of an answer."""
    return problem(422, str(error))


def failed(error_id: str) -> Json:
    """Answer after a mistake of ours."""
    return problem(500, f"the server made a mistake; its log explains error {error_id}")


def unavailable(_: Request, error: Exception) -> Json:
    """Answer when the store did not; what it said stays in the log."""
    if is_too_much(error):
        return problem(422, "this reads too much or takes too long; narrow since and until")
    log.error("the store did not answer: %s", error)
    return problem(503, "the store did not answer; /readyz tells its state, the log tells why")
