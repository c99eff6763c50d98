"""One plain HTTP question and its answer, on the standard library; follows nothing, asks no proxy."""

import http.client
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

TIMEOUT_S = 10.0
MOST_BYTES = 64 << 10
LONGEST = 300  # characters of an answer that are told on


class Unreachable(Exception):
    """Nobody answered; the text is the name of what went wrong."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What was answered."""

    status: int
    text: str


def asked(address: str, method: str, path: str, headers: Mapping[str, str]) -> Reply:
    """Return what a server answers to a request without a body.

    Raises:
        Unreachable: nobody is there, or it speaks no HTTP.
    """
    parts = urlsplit(address)
    secure = parts.scheme == "https"
    kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
    told = {**headers, "content-type": "application/x-protobuf"} if method == "POST" else headers
    connection = kind(parts.hostname or "", parts.port, timeout=TIMEOUT_S)
    try:
        connection.request(method, parts.path.rstrip("/") + path, headers=dict(told))
        answer = connection.getresponse()
        text = answer.read(MOST_BYTES).decode("utf-8", "replace")
        return Reply(answer.status, text[:LONGEST])
    except (OSError, http.client.HTTPException) as error:
        raise Unreachable(type(error).__name__) from error
    finally:
        connection.close()
