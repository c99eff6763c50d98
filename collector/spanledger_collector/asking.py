"""How a command asks the running server: a request to its query API in, the answer out.

Standard library only, like every command's front. Says in one sentence when nobody answers, or
when the server refused, and knows nothing of what is asked.
"""

import json
from argparse import ArgumentParser, Namespace
from http.client import HTTPException
from pwd import getpwuid
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import Request, build_opener

from spanledger_collector import settings
from spanledger_collector.process import Refused

TIMEOUT_S = 24 * 3600.0  # a repricing of years, or a count of all traces, takes what it takes

SETTINGS = ("host", "api_port", "api_url", "api_key")  # that say where the server is, and who asks

OPENER = build_opener()


def flags(parser: ArgumentParser) -> None:
    """Give `parser` the flags that say where the server is."""
    settings.add_flags(parser, *SETTINGS)


class Server:
    """The query API of a running server."""

    def __init__(self, args: Namespace) -> None:
        """Take the address from a parsed command line, the environment or the settings file."""
        chosen = settings.from_args(args)
        self._url = chosen.api_url.rstrip("/")
        self._key = chosen.api_key

    def get(self, path: str, **parameters: Any) -> Any:
        """Return what a question is answered with."""
        return json.loads(self.text(path, **parameters))

    def post(self, path: str, body: Any) -> Any:
        """Return what is answered to a JSON body."""
        return json.loads(self.send("POST", path, json.dumps(body).encode(), "application/json"))

    def text(self, path: str, **parameters: Any) -> str:
        """Return what a question is answered with, as text."""
        return self.send("GET", with_query(path, parameters)).decode()

    def send(self, method: str, path: str, body: bytes | None = None, kind: str = "") -> bytes:
        """Return the body of an answer.

        Raises:
            Refused: nobody answers, or the server refused; says why and what to do.
        """
        headers = {"Content-Type": kind} if kind else {}
        if self._key:
            headers["Authorization"] = f"Bearer {self._key}"
        asked = Request(f"{self._url}/api/v1/{path}", body, headers, method=method)
        try:
            with OPENER.open(asked, timeout=TIMEOUT_S) as answer:
                said: bytes = answer.read()
                return said
        except HTTPError as error:
            raise Refused(detail(error)) from error
        except (URLError, HTTPException, OSError) as error:
            raise Refused(
                f"no server answers at {self._url}; start one with `spanledger serve`, or say"
                " where it is with --host and --api-port, or --api-url"
            ) from error


def with_query(path: str, parameters: dict[str, Any]) -> str:
    """Return a path with its parameters; truth is written as JSON does."""
    said = {k: str(v).lower() if isinstance(v, bool) else v for k, v in parameters.items()}
    return f"{path}?{urlencode(said)}" if said else path


def detail(error: HTTPError) -> str:
    """Return what the server says against a request."""
    try:
        return str(json.loads(error.read())["detail"])
    except (ValueError, KeyError, TypeError):
        return f"the server answered {error.code} {error.reason}"


def whoami(uid: int) -> str:
    """Return who runs the command, for the audit."""
    try:
        return getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"
