"""Problem documents (RFC 9457): what every door for HTTP answers to a request that it refuses.

A status and a sentence in, a document out; what a validator found in, a sentence out that names each
field, what is wrong with it and what was given.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from spanledger_schema.api import Problem

CONTENT_TYPE = "application/problem+json"
TITLES = {
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


def document(status: int, said: str) -> Problem:
    """Return what is told of a request that is refused."""
    return Problem(TITLES.get(status, "Error"), status, said)


def complaint(errors: Iterable[Mapping[str, Any]]) -> str:
    """Return the errors of a validator in a sentence; their places begin with "body" or "query"."""
    return "; ".join(f"{field(e['loc'])}: {e['msg']}, not {e['input']!r:.60}" for e in errors)


def field(place: Sequence[int | str]) -> str:
    """Return the name of a parameter, or the path to a field of a body: usd_per_mtok.input."""
    return ".".join(str(part) for part in place[1:] if part != "[key]") or str(place[0])
