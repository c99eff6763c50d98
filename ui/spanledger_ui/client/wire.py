"""HTTP to one query API: questions out, decoded and shaped answers in.

Paths are below `/api/v1`. Every failure is one of two errors that say what to do, or `Misshapen`.
"""

from collections.abc import Mapping, Sequence
from copy import copy
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

import httpx

from spanledger_ui.shapes import shaped

T = TypeVar("T")
Parameter = str | int | bool | Sequence[str] | None
Parameters = Mapping[str, Parameter]

API = "/api/v1/"
TIMEOUT_S = httpx.Timeout(20, connect=2)
PROJECT_HEADER = "X-Spanledger-Project"
MOST_FILE_BYTES = 64 << 20  # of an export: it is held here while a browser fetches it


class Unreachable(Exception):
    """Nothing answers at the query API's address, or it broke off."""


class Refused(Exception):
    """The query API answered with a problem (RFC 9457)."""

    def __init__(self, status: int, title: str, detail: str) -> None:
        super().__init__(f"{status} {title}: {detail}")
        self.status = status
        self.title = title
        self.detail = detail


class Wire:
    """The connections to one query API; safe to share between threads."""

    def __init__(
        self, base_url: str, headers: Mapping[str, str], transport: httpx.BaseTransport | None
    ) -> None:
        self.base_url = base_url.rstrip("/")
        # trust_env off: a proxy of the environment has no business with our own loopback
        self.http = httpx.Client(
            base_url=self.base_url,
            headers=headers,
            timeout=TIMEOUT_S,
            transport=transport,
            trust_env=False,
        )
        self.headers: dict[str, str] = {}

    def about(self, project: str) -> "Wire":
        """Return these very connections, to ask about another project."""
        other = copy(self)
        other.headers = {PROJECT_HEADER: project}
        return other

    def one(self, shape: type[T], path: str, parameters: Parameters | None = None) -> T:
        """Return the answer to a question."""
        return shaped(shape, self.ask("GET", path, parameters=parameters))

    def many(self, shape: type[T], path: str, parameters: Parameters | None = None) -> list[T]:
        """Return the answer to a question whose answer is a list."""
        return [shaped(shape, item) for item in self.ask("GET", path, parameters=parameters)]

    def sent(self, shape: type[T], method: str, path: str, body: Mapping[str, Any]) -> T:
        """Return the answer to something that was told."""
        return shaped(shape, self.ask(method, path, body))

    def ask(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        parameters: Parameters | None = None,
    ) -> Any:
        """Return the JSON of one answer, None of an empty one.

        Raises:
            Unreachable: no answer came, or not the whole of it.
            Refused: the API declined, or what came is not the API's.
        """
        query = httpx.QueryParams(asked(parameters or {}))
        url = path if path.startswith("/") else API + path
        try:
            answer = self.http.request(method, url, params=query, json=body, headers=self.headers)
        except httpx.TransportError as error:
            raise self._unreachable(error) from error
        if answer.is_success:
            return decoded(answer)
        raise refusal(answer)

    def file(self, path: str, parameters: Parameters) -> bytes:
        """Return a file; raises as `ask` does, also where it is larger than we hold."""
        query = httpx.QueryParams(asked(parameters))
        try:
            with self.http.stream("GET", API + path, params=query, headers=self.headers) as answer:
                if not answer.is_success:
                    answer.read()
                    raise refusal(answer)
                return gathered(answer)
        except httpx.TransportError as error:
            raise self._unreachable(error) from error

    def address(self, path: str, parameters: Parameters) -> str:
        """Return where something is asked, for whoever asks it without us."""
        return f"{self.base_url}{API}{path}?{urlencode(asked(parameters))}"

    def _unreachable(self, error: httpx.TransportError) -> Unreachable:
        return Unreachable(f"{self.base_url}: {str(error) or type(error).__name__}")


def asked(parameters: Parameters) -> list[tuple[str, str | int | float | bool | None]]:
    """Return query parameters without those that were left open."""
    pairs: list[tuple[str, str | int | float | bool | None]] = []
    for name, value in parameters.items():
        if value is None or value == "":
            continue
        if isinstance(value, bool):
            pairs.append((name, "true" if value else "false"))
        elif isinstance(value, str | int):
            pairs.append((name, str(value)))
        else:
            pairs.extend((name, item) for item in value)
    return pairs


def gathered(answer: httpx.Response) -> bytes:
    """Return the whole of a file, or refuse one that is too large to hold."""
    found = bytearray()
    for piece in answer.iter_bytes():
        found += piece
        if len(found) > MOST_FILE_BYTES:
            raise Refused(413, "Too large", "Fetch it from the query API itself, or narrow it.")
    return bytes(found)


def quoted(identifier: str) -> str:
    """Return an id as one path segment; senders put slashes, spaces and dots into theirs."""
    return quote(identifier, safe="").replace(".", "%2E")


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
