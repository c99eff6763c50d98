"""Store and watch are killed at every step of an alert; a webhook, a chat and a mailbox are told once.

Real processes, real SIGKILL, real receivers, of which the first verifies what it gets by the library of
the standard. What is sent again after a kill carries the same id.
"""

import json
import signal
import time
from collections import Counter
from collections.abc import Collection, Iterator
from itertools import count, product
from pathlib import Path

import httpx
import pytest

from spanledger_collector.failpoints import Point
from tests.ingesting import PROTOBUF
from tests.journal import Call
from tests.otlp import attribute, span, traces
from tests.parts import START_S, Parts, parts
from tests.receivers import SECRET, Hook, Mailbox, hook, mail_server
from tests.telling import Step

numbers = count(1)
OF_ALERTS = [*(p for p in Point if p.name.startswith(("ALERT", "DELIVERY"))), *Step]
THRESHOLDS = ["50 % of 2 calls spent", "100 % of 2 calls spent"]
CHANNELS = ("ops", "chat", "mail")


class Receivers:
    """Where alerts go: a webhook that verifies, an endpoint as Slack's, a mailbox; and their file."""

    def __init__(
        self,
        folder: Path,
        signed: tuple[Hook, str],
        chat: tuple[Hook, str],
        mail: tuple[Mailbox, int],
    ) -> None:
        self.signed, self.chat, self.box = signed[0], chat[0], mail[0]
        secret, address = folder / "secret", folder / "chat"
        secret.write_text(SECRET)
        address.write_text(chat[1])
        sections: dict[str, dict[str, object]] = {
            "ops": {"kind": "webhook", "url": signed[1], "secret_file": str(secret)},
            "chat": {"kind": "slack", "url_file": str(address)},
            "mail": {"kind": "email", "host": "127.0.0.1", "port": mail[1], "security": "none",
                     "sender": "s@example.com", "to": ["a@example.com"]},
        }  # fmt: skip
        self.file = folder / "channels.toml"
        self.file.write_text("\n".join(section(name, each) for name, each in sections.items()))

    def signed_of(self, budget: str) -> dict[str, str]:
        """Return the thresholds that the webhook was told of, by the id they came under."""
        said = {id_: said["data"] for id_, said in self.signed.got}
        return {id_: d["threshold"] for id_, d in said.items() if d["name"] == budget}


def section(name: str, said: dict[str, object]) -> str:
    """Return a channel as its file says it."""
    pairs = (f"{key} = {json.dumps(value)}" for key, value in said.items())
    return "\n".join([f"[{name}]", *pairs, "private = true"])


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Receivers]:
    with hook() as signed, hook() as chat, mail_server() as mail:
        yield Receivers(tmp_path_factory.mktemp("receivers"), signed, chat, mail)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, found: Receivers) -> Iterator[Parts]:
    with parts(tmp_path_factory.mktemp("alerts"), channels=found.file, alert_proof_s=0) as running:
        running.launch("watch")
        yield running


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


def until_told(server: Parts, found: Receivers, budget: str, thresholds: int) -> None:
    """Return when so many thresholds are noted as told everywhere; who dies meanwhile is started again."""
    give_up = time.monotonic() + START_S
    while True:
        assert time.monotonic() < give_up, server.log.read_text()
        for role in ("store", "watch"):
            if not server.running[role].is_alive():
                revive(server, role)
        if len(ids := found.signed_of(budget)) == thresholds and noted(server, ids):
            return
        time.sleep(0.1)


def noted(server: Parts, ids: Collection[str]) -> bool:
    """Tell whether the store knows that each of these alerts was told on every channel."""
    try:
        rows = server.api.get("/api/v1/alerts/deliveries").json()
    except httpx.TransportError:  # the store has just died
        return False
    told = Counter(
        (row["message_id"], row["channel"]) for row in rows if row["outcome"] == "delivered"
    )
    return {pair: told[pair] for pair in product(ids, CHANNELS)} == dict.fromkeys(
        product(ids, CHANNELS), 1
    )


def revive(server: Parts, role: str) -> None:
    """Start a part again, which died at its point."""
    assert server.join(role) == -signal.SIGKILL, server.log.read_text()
    server.points.unlink()
    server.launch(role)
    if role == "store":
        server.await_answers(role)


@pytest.mark.parametrize("point", OF_ALERTS)
def test_killed_at_any_step_of_an_alert_everybody_is_told_of_each_threshold_once(
    server: Parts, found: Receivers, point: Point | Step
):
    name = point.value
    budget = {"id": name, "name": name, "measure": "calls", "limit": "2",
              "period": {"unit": "year"}, "scope": {"session": name},
              "thresholds": [{"percent": 50}, {"percent": 100}]}  # fmt: skip
    server.api.post("/api/v1/budgets", json=budget).raise_for_status()
    server.points.write_text(name)
    spend(server, name)
    until_told(server, found, name, 1)
    assert not server.points.exists()  # it was there, and died of it
    spend(server, name)
    until_told(server, found, name, 2)
    signed = found.signed_of(name)
    assert sorted(signed.values()) == ["actual:100", "actual:50"]
    words = {f"Budget {name}: {share}" for share in THRESHOLDS}
    assert {said for said in found.chat.ids() if f" {name}:" in said} == words
    mails = {mail["message-id"]: mail["subject"] for mail in found.box.mails}
    assert {mails[f"<{id_}@spanledger>"] for id_ in signed} == words
    assert len([subject for subject in mails.values() if f" {name}:" in subject]) == len(words)
