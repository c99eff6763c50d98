"""The store is killed at every step on the way of an alert; a webhook, a chat and a mailbox are told once.

Real processes, real SIGKILL, real receivers. Who delivers asks again until somebody answers, as `watch`.
"""

import signal
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import count
from typing import Any

import httpx
import pytest

from spanledger_collector.failpoints import Point
from spanledger_ui.alerts.channels import Channel, channel
from spanledger_ui.alerts.errands import run
from spanledger_ui.client import Client, Unreachable
from tests.ingesting import PROTOBUF
from tests.journal import Call
from tests.otlp import attribute, span, traces
from tests.parts import START_S, Parts, parts
from tests.receivers import SECRET, Hook, Mailbox, hook, mail_server

numbers = count(1)
OF_ALERTS = [point for point in Point if point.name.startswith(("ALERT", "DELIVERY"))]
THRESHOLDS = ["50 % of 2 calls spent", "100 % of 2 calls spent"]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Parts]:
    with parts(tmp_path_factory.mktemp("alerts")) as running:
        yield running


class Receivers:
    """Where alerts go: a webhook that verifies, an endpoint as Slack's, a mailbox."""

    def __init__(self, signed: tuple[Hook, str], chat: tuple[Hook, str], mail: tuple[Mailbox, int]):
        self.signed, self.chat, self.box = signed[0], chat[0], mail[0]
        environ = {"SECRET": SECRET, "CHAT": chat[1]}
        sections: dict[str, dict[str, Any]] = {
            "ops": {"kind": "webhook", "url": signed[1], "secret_env": "SECRET"},
            "chat": {"kind": "slack", "url_env": "CHAT"},
            "mail": {"kind": "email", "host": "127.0.0.1", "port": mail[1], "security": "none",
                     "sender": "s@example.com", "to": ["a@example.com"]},
        }  # fmt: skip
        self.channels: dict[str, Channel] = {
            name: channel(name, section | {"private": True}, environ)
            for name, section in sections.items()
        }


@contextmanager
def receivers() -> Iterator[Receivers]:
    with hook() as signed, hook() as chat, mail_server() as mail:
        yield Receivers(signed, chat, mail)


def spend(server: Parts, session: str) -> None:
    """Have one call of a session reported."""
    number = next(numbers)
    call = Call(f"{number:032x}", f"{number:016x}", session, 100, 10)
    made = span(
        trace_id=bytes.fromhex(call.trace_id),
        span_id=bytes.fromhex(call.span_id),
        start_time_unix_nano=time.time_ns(),
        end_time_unix_nano=time.time_ns() + 1,
        attributes=[attribute(*each) for each in call.attributes().items()],
    )
    answer = server.otlp.post("/v1/traces", content=traces(made), headers=PROTOBUF)
    assert answer.status_code == 200


def deliver(server: Parts, client: Client, found: Receivers, attempts: int) -> None:
    """Deliver until so many attempts are noted; a store that dies meanwhile is started again."""
    give_up = time.monotonic() + START_S
    while True:
        assert time.monotonic() < give_up, server.log.read_text()
        try:
            if len(delivered(server)) >= attempts:
                return
            run(client, found.channels, datetime.now(UTC))
        except (Unreachable, httpx.TransportError):
            revive(server)
        time.sleep(0.05)


def revive(server: Parts) -> None:
    """Start the store again, which died at its point."""
    assert server.join("store") == -signal.SIGKILL, server.log.read_text()
    server.points.unlink()
    server.start("store")


def delivered(server: Parts) -> Counter[tuple[str, str]]:
    """Return how often each message was delivered on each channel, as the log says."""
    rows = server.api.get("/api/v1/alerts/deliveries").json()
    return Counter((r["message_id"], r["channel"]) for r in rows if r["outcome"] == "delivered")


@pytest.mark.parametrize("point", OF_ALERTS)
def test_killed_at_any_step_of_an_alert_everybody_is_told_of_each_threshold_once(
    server: Parts, point: Point
):
    budget = {"id": point.value, "name": point.value, "measure": "calls", "limit": "2",
              "period": {"unit": "year"}, "scope": {"session": point.value},
              "thresholds": [{"percent": 50}, {"percent": 100}]}  # fmt: skip
    server.api.post("/api/v1/budgets", json=budget).raise_for_status()
    before = delivered(server)
    with receivers() as found, Client(str(server.api.base_url)) as client:
        server.points.write_text(point)
        spend(server, point.value)
        deliver(server, client, found, len(before) + 3)
        assert not server.points.exists()  # it was there, and died of it
        spend(server, point.value)
        deliver(server, client, found, len(before) + 6)
        assert run(client, found.channels, datetime.now(UTC)) == 0
        signed = dict(found.signed.got)
        assert sorted(said["data"]["threshold"] for said in signed.values()) == ["actual:100", "actual:50"]  # fmt: skip
        words = [f"Budget {point.value}: {share}" for share in THRESHOLDS]
        assert found.chat.ids() == set(words)
        assert {mail["subject"] for mail in found.box.mails} == set(words)
        assert {mail["message-id"] for mail in found.box.mails} == {f"<{i}@spanledger>" for i in signed}  # fmt: skip
    now = delivered(server) - before
    assert now == dict.fromkeys(((i, c) for i in signed for c in ("ops", "chat", "mail")), 1)
