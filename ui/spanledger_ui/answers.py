"""An answer of the query API: its JSON, or the problem it carries."""

from typing import Any

import httpx


class Refused(Exception):
    """The query API answered with a problem (RFC 9457)."""

    def __init__(self, status: int, title: str, detail: str) -> None:
        super().__init__(f"{status} {title}: {detail}")
        self.status = status
        self.title = title
        self.detail = detail


def decoded(answer: httpx.Response) -> Any:
    """Return the JSON of a good answer, None of an empty one; else another listens on that port."""
    if answer.status_code == httpx.codes.NO_CONTENT:
        return None
    try:
        return answer.json()
    except ValueError as error:
        kind = answer.headers.get("content-type", "no content type")
        raise Refused(answer.status_code, "Not the query API", f"It sent {kind}.") from error


def refusal(answer: httpx.Response) -> Refused:
    """Return the problem an answer carries, or its bare status where it carries none."""
    try:
        problem = answer.json()
        return Refused(answer.status_code, str(problem["title"]), str(problem.get("detail", "")))
    except (ValueError, KeyError, TypeError, AttributeError):
        return Refused(answer.status_code, answer.reason_phrase or "Error", "")
