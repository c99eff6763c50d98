"""What alerts are sent to: a real HTTP endpoint that verifies what it gets, and a mail server."""

import json
import threading
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Message as MailHandler
from standardwebhooks.webhooks import Webhook as Verifier

from tests.ports import free_port

SECRET = "whsec_" + b64encode(b"k" * 32).decode()
PATIENCE_S = 60


class Hook:
    """An endpoint that keeps what it gets; until `open` is set it answers nobody.

    What is signed is verified; what is not (Slack) has no id, so its text stands for that.
    """

    def __init__(self) -> None:
        self.got: list[tuple[str, Any]] = []
        self.news = threading.Condition()
        self.open = threading.Event()
        self.open.set()

    def take(self, headers: dict[str, str], body: bytes) -> None:
        is_signed = "webhook-id" in headers
        said = Verifier(SECRET).verify(body, headers) if is_signed else json.loads(body)
        with self.news:
            self.got.append((headers["webhook-id"] if is_signed else said["text"], said))
            self.news.notify_all()
        self.open.wait(PATIENCE_S)

    def until(self, number: int) -> None:
        """Return when so many different messages have come."""
        with self.news:
            assert self.news.wait_for(lambda: len(self.ids()) >= number, PATIENCE_S), self.got

    def ids(self) -> set[str]:
        return {id_ for id_, _ in self.got}

    def thresholds(self) -> list[str]:
        """Return the threshold of each message, one that came twice counted once."""
        return sorted(said["data"]["threshold"] for said in dict(self.got).values())


@contextmanager
def hook() -> Iterator[tuple[Hook, str]]:
    """Return an endpoint that listens, and its address."""
    found = Hook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["content-length"]))
            found.take({n.lower(): v for n, v in self.headers.items()}, body)
            try:
                self.send_response(204)
                self.end_headers()
            except OSError:
                pass  # whoever asked was killed

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield found, f"http://127.0.0.1:{server.server_port}/"
        found.open.set()
        server.shutdown()
        thread.join()


class Mailbox(MailHandler):
    """Keeps the mails of a mail server."""

    def __init__(self) -> None:
        super().__init__()
        self.mails: list[Any] = []

    def handle_message(self, message: Any) -> None:
        self.mails.append(message)


@contextmanager
def mail_server() -> Iterator[tuple[Mailbox, int]]:
    """Return a mailbox, and the port at which a mail server fills it."""
    box, port = Mailbox(), free_port()
    server = Controller(box, hostname="127.0.0.1", port=port, server_hostname="localhost")
    server.start()
    yield box, port
    server.stop()
