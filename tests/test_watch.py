"""The whole way of an alert: overspend, a real server, a real channel, and both killed in between."""

import json
import os
import signal
import threading
import time
from base64 import b64encode
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from standardwebhooks.webhooks import Webhook as Verifier

from tests.ingesting import PROTOBUF
from tests.journal import Call
from tests.otlp import attribute, span, traces
from tests.serving import Server, serving

SECRET = "whsec_" + b64encode(b"k" * 32).decode()
PATIENCE_S = 60


class Hook:
    """An endpoint that verifies what it gets; `hold` keeps it from answering."""

    def __init__(self) -> None:
        self.got: list[tuple[str, Any]] = []
        self.news = threading.Condition()
        self.open = threading.Event()
        self.open.set()

    def take(self, headers: dict[str, str], body: bytes) -> None:
        said = Verifier(SECRET).verify(body, headers)
        with self.news:
            self.got.append((headers["webhook-id"], said))
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


@pytest.fixture
def hook() -> Iterator[tuple[Hook, str]]:
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


def spend(server: Server, number: int) -> None:
    """Have one call reported."""
    call = Call(f"{number:032x}", f"{number:016x}", "s", 100, 10)
    made = span(
        trace_id=bytes.fromhex(call.trace_id),
        span_id=bytes.fromhex(call.span_id),
        start_time_unix_nano=time.time_ns(),
        end_time_unix_nano=time.time_ns() + 1,
        attributes=[attribute(*each) for each in call.attributes().items()],
    )
    answer = httpx.post(f"{server.otlp}/v1/traces", content=traces(made), headers=PROTOBUF)
    assert answer.status_code == 200


def test_each_threshold_is_told_once_through_kills_of_store_and_watch(
    tmp_path: Path, hook: tuple[Hook, str]
):
    found, url = hook
    (tmp_path / "secret").write_text(SECRET)
    channels = tmp_path / "channels.toml"
    secret = json.dumps(str(tmp_path / "secret"))
    channels.write_text(
        f'[ops]\nkind = "webhook"\nurl = "{url}"\nprivate = true\nsecret_file = {secret}\n'
    )
    with serving(tmp_path, channels=str(channels)) as server:
        budget = {"name": "all", "measure": "calls", "limit": "2", "period": {"unit": "year"},
                  "thresholds": [{"percent": 50}, {"percent": 100}]}  # fmt: skip
        httpx.post(f"{server.api}/api/v1/budgets", json=budget).raise_for_status()
        found.open.clear()  # the first message arrives, and nobody hears that it did
        spend(server, 1)
        found.until(1)
        for name in ("watch", "store"):
            os.kill(server.children()[name].pid, signal.SIGKILL)
        found.open.set()
        spend(server, 2)
        found.until(2)
        deadline = time.monotonic() + PATIENCE_S
        while len(delivered(server)) < 2:
            assert time.monotonic() < deadline, server.log.read_text()
            time.sleep(0.1)
        assert found.thresholds() == ["actual:100", "actual:50"]
        assert delivered(server) == found.ids()


def delivered(server: Server) -> set[str]:
    """Return the messages that were delivered, as the log of deliveries says."""
    try:
        rows = httpx.get(f"{server.api}/api/v1/alerts/deliveries").json()
    except httpx.TransportError:  # the store is on its way back
        return set()
    return {row["message_id"] for row in rows if row["outcome"] == "delivered"}
