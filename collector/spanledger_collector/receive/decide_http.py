"""`POST /api/v1/decide` on the port of ingest: the same question, the same answer as from the query API.

Nothing computes for long in this process, so an answer waits for no drain; and it goes on while the store
process is away, as things stood when budgets were last evaluated.
"""

import logging
from pathlib import Path

import apsw
import orjson

from spanledger_collector import problems
from spanledger_collector.budgets.board import board_file
from spanledger_collector.budgets.decision import decision_row
from spanledger_collector.budgets.posted import NothingPosted, Posted
from spanledger_collector.budgets.question import BadQuestion, question
from spanledger_collector.keys import PROJECT_HEADER, SHUT, Caller
from spanledger_collector.receive.answers import Refused
from spanledger_collector.receive.asgi import HeaderList, Headers, Reply
from spanledger_collector.receive.intake import Intake

log = logging.getLogger(__name__)

UNREADABLE = "how budgets stand cannot be read just now; the log of ingest tells why"
FAILED = "the question could not be answered; the log of ingest tells why"


class No(Exception):
    """A request that is not answered: a status, a sentence, headers."""

    def __init__(self, status: int, said: str, *headers: tuple[bytes, bytes]) -> None:
        super().__init__(said)
        self.status = status
        self.headers = headers


class DecideHttp:
    """Answers the requests of one path at once (`asgi.AtOnce`)."""

    def __init__(self, intake: Intake, data: Path) -> None:
        """Answer whoever the intake knows, from what is posted in a data folder."""
        self._intake = intake
        self._posted = Posted(board_file(data))

    def __call__(self, method: bytes, headers: Headers, body: bytes) -> Reply:
        """Answer one request."""
        try:
            return (
                200,
                [(b"content-type", b"application/json")],
                self._answer(method, headers, body),
            )
        except No as no:
            return refusal(no)
        except Exception:
            log.exception("a question could not be answered")
            return refusal(No(500, FAILED))

    def _answer(self, method: bytes, headers: Headers, body: bytes) -> bytes:
        if method != b"POST":
            raise No(405, "Method Not Allowed", (b"allow", b"POST"))
        caller = self._caller(headers.get(b"authorization", b"").decode("latin-1"))
        named = headers.get(PROJECT_HEADER.encode(), b"").decode("latin-1")
        try:
            asked = question(caller.project(named), body)
            answer, evaluated_at = self._posted.decide(asked)
        except BadQuestion as error:
            raise No(400, str(error)) from error
        except NothingPosted as error:
            raise self._silent(str(error)) from error
        except (apsw.Error, OSError) as error:
            log.exception("how budgets stand cannot be read")
            raise self._silent(UNREADABLE) from error
        return orjson.dumps(decision_row(answer, evaluated_at))

    def _caller(self, authorization: str) -> Caller:
        found = self._intake.keyring.caller(authorization)
        if not isinstance(found, Refused):
            return found
        if found.http_status == 403:
            raise No(403, SHUT)
        raise No(401, found.detail, (b"www-authenticate", b"Bearer"))

    def _silent(self, why: str) -> No:
        self._intake.undecided += 1
        return No(503, why)


def refusal(no: No) -> Reply:
    """Return the answer to a request that is not answered."""
    headers: HeaderList = [(b"content-type", problems.CONTENT_TYPE.encode()), *no.headers]
    return no.status, headers, orjson.dumps(problems.document(no.status, str(no)))
