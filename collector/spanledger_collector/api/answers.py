"""How the query API answers: JSON, and problem documents (RFC 9457) for whatever went wrong.

A problem names the parameter, its value and the way out, and nothing of the server's inside.
"""

import logging
from collections.abc import Mapping
from typing import Any

import orjson
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from spanledger_collector.problems import CONTENT_TYPE, complaint, document
from spanledger_collector.store import is_too_much

log = logging.getLogger(__name__)


class Json(JSONResponse):
    """A JSON answer; dataclasses go in as they are, past FastAPI's validation of our own data."""

    def render(self, content: Any) -> bytes:
        """Return the body."""
        return orjson.dumps(content, default=str)


def problem(status: int, said: str, headers: Mapping[str, str] | None = None) -> Json:
    """Return an error answer."""
    return Json(document(status, said), status, headers, CONTENT_TYPE)


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
    return problem(400, complaint(error.errors()))


def unfiltered(_: Request, error: Exception) -> Json:
    """Answer a filter that cannot be read or asked."""
    return problem(400, f"q: {error}")


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
