"""Channels: what each kind sends to a real server, what is refused, and what is kept from going out."""

import json
import threading
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook as Verifier
from standardwebhooks.webhooks import WebhookVerificationError

from spanledger_schema.api_alerts import Errand
from spanledger_schema.api_budgets import AlertRow
from spanledger_ui.alerts import outbound
from spanledger_ui.alerts.channels import ChannelInvalid, channel, channels
from spanledger_ui.alerts.errands import attempts
from spanledger_ui.alerts.message import brief, message
from spanledger_ui.alerts.outbound import allowed
from spanledger_ui.alerts.transport import TransportError
from tests.ports import free_port
from tests.receivers import Mailbox, mail_server

SECRET = "whsec_" + b64encode(b"k" * 32).decode()
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def errand(event: str = "fired", channel: str = "c", **more: Any) -> Errand:
    alert = AlertRow(**{
        "id": "a-0", "budget_id": "b", "name": "refunds", "group": "ann", "threshold": "actual:80",
        "severity": "warning", "measure": "usd", "period_start": "2026-11-01T00:00:00.000000000Z",
        "period_end": "2026-12-01T00:00:00.000000000Z", "fired_at": "2026-11-21T12:00:00.000000000Z",
        "spent": "41", "limit": "50", "at_least": True, "unpriced_calls": 2, "estimated_usd": "0",
        "forecast": None, "recovered_at": None, "told_at": None, "told": 1, "detail": "", **more,
    })  # fmt: skip
    return Errand("a-0.1", "p", event, channel, 1, "2026-11-21T12:00:00.000000000Z", alert)  # type: ignore[arg-type]


FIRED = message(errand())
TITLE = "Budget refunds, ann: 80 % of 50 USD spent"


def test_what_a_detector_found_is_told_in_its_own_words():
    found = message(errand(name="Runaway loop", group="s-1", threshold="found:session",
                           measure="repeats", spent="6", limit="5", detail="search called 6 times"))  # fmt: skip
    assert (found.title, found.lines) == (
        "Runaway loop, s-1: search called 6 times",
        ("Found in a session: 6 repeats, told from 5 on",),
    )


@dataclass
class Site:
    """A server that keeps what it gets, and answers with `status`."""

    url: str = ""
    status: int = 200
    got: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)

    def json(self) -> Any:
        return json.loads(self.got[-1][2])


@pytest.fixture
def site() -> Iterator[Site]:
    found = Site()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["content-length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            found.got.append((self.path, headers, body))
            self.send_response(found.status)
            if 300 <= found.status < 400:
                self.send_header("location", "/elsewhere")
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        found.url = f"http://127.0.0.1:{server.server_port}/hook"
        yield found
        server.shutdown()
        thread.join()


def made(kind: str, **said: Any) -> Any:
    """Return how a channel is told; secrets are given as variables."""
    environ = {name: value for name, value in said.items() if name.isupper()}
    section = {"kind": kind} | {n: v for n, v in said.items() if not n.isupper()}
    return channel("c", section, environ).transport


def webhook(site: Site, **more: Any) -> Any:
    return made("webhook", url=site.url, secret_env="S", S=SECRET, private=True, **more)


def test_a_webhook_is_signed_so_that_the_verifier_of_its_standard_takes_it(site: Site):
    webhook(site).notify([FIRED])
    (_, headers, body) = site.got[0]
    said = Verifier(SECRET).verify(body, headers)
    assert (headers["webhook-id"], said["type"], said["data"]["title"]) == ("a-0.1", "alert.fired", TITLE)  # fmt: skip
    assert said["data"]["group"] == "ann"
    with pytest.raises(WebhookVerificationError):
        Verifier(SECRET).verify(body.replace(b"ann", b"bob"), headers)
    with pytest.raises(WebhookVerificationError):
        Verifier("whsec_" + b64encode(b"x" * 32).decode()).verify(body, headers)


def test_slack_gets_plain_text_in_which_nobody_is_called(site: Site):
    made("slack", url_env="U", U=site.url, private=True).notify(
        [message(errand(group="<!channel>"))]
    )
    said = site.json()
    assert said["text"] == "Budget refunds, &lt;!channel&gt;: 80 % of 50 USD spent"
    assert said["blocks"][0]["text"]["type"] == "plain_text"


def test_discord_calls_nobody(site: Site):
    made("discord", url_env="U", U=site.url, private=True).notify([FIRED])
    assert site.json()["allowed_mentions"] == {"parse": []}
    assert site.json()["content"].startswith("Budget refunds")


def test_teams_gets_a_card(site: Site):
    made("teams", url_env="U", U=site.url, private=True).notify([FIRED, FIRED])
    (card,) = site.json()["attachments"]
    assert card["contentType"] == "application/vnd.microsoft.card.adaptive"
    assert card["content"]["body"][0]["inlines"][0]["text"] == FIRED.title


def test_pagerduty_resolves_what_it_triggered(site: Site):
    pager = made("pagerduty", routing_key_env="K", K="key", url=site.url, private=True)
    pager.notify([FIRED, message(errand("recovered"))])
    said = [json.loads(body) for _, _, body in site.got]
    assert [(s["event_action"], s["dedup_key"], s["routing_key"]) for s in said] == [
        ("trigger", "a-0", "key"), ("resolve", "a-0", "key"),
    ]  # fmt: skip
    assert said[0]["payload"]["severity"] == "warning"


@pytest.fixture
def mailbox() -> Iterator[tuple[Mailbox, int]]:
    with mail_server() as found:
        yield found


def mail(port: int, **more: Any) -> Any:
    said = {"host": "127.0.0.1", "port": port, "sender": "s@example.com", "to": ["a@example.com", "b@example.com"],
            "security": "none", "private": True} | more  # fmt: skip
    return made("email", **said)


def test_alerts_that_are_due_together_are_one_mail(mailbox: tuple[Mailbox, int]):
    box, port = mailbox
    mail(port).notify([FIRED, FIRED])
    (got,) = box.mails
    assert (got["subject"], got["to"]) == (f"2 alerts, first: {FIRED.title}", "a@example.com, b@example.com")  # fmt: skip
    assert got["message-id"] == "<a-0.1@spanledger>"
    assert got.get_payload(decode=True).decode().count(FIRED.title) == 2


def test_a_name_cannot_add_a_line_to_a_mail(mailbox: tuple[Mailbox, int]):
    box, port = mailbox
    mail(port).notify([message(errand(name="x\r\nBcc: eve@example.com"))])
    assert box.mails[0]["bcc"] is None


def test_a_password_never_goes_out_in_the_clear(mailbox: tuple[Mailbox, int]):
    _, port = mailbox
    with pytest.raises(ChannelInvalid, match="encrypted only"):
        mail(port, user="u", password_env="P", P="hunter2")
    with pytest.raises(TransportError, match="smtp"):  # a server that does not encrypt gets nothing
        mail(port, security="starttls", user="u", password_env="P", P="hunter2").notify([FIRED])


@pytest.mark.parametrize(
    ("status", "permanent"),
    [(301, True), (307, True), (400, True), (404, True), (410, True), (408, False), (429, False), (500, False), (503, False)],
)  # fmt: skip
def test_a_status_says_whether_to_try_again_and_nothing_is_followed(
    site: Site, status: int, permanent: bool
):
    site.status = status
    with pytest.raises(TransportError) as caught:
        webhook(site).notify([FIRED])
    assert (caught.value.code, caught.value.permanent) == (f"status_{status}", permanent)
    assert [path for path, _, _ in site.got] == ["/hook"]


def test_nobody_there_is_worth_another_try():
    with pytest.raises(TransportError) as caught:
        outbound.post(f"http://127.0.0.1:{free_port()}/", b"{}", {}, private=True)
    assert (caught.value.code, caught.value.permanent) == ("unreachable", False)


def test_a_private_machine_is_told_only_where_that_is_allowed(site: Site):
    port = site.url.split(":")[2].partition("/")[0]
    with pytest.raises(TransportError) as caught:
        made("webhook", url=site.url, secret_env="S", S=SECRET).notify([FIRED])
    assert (caught.value.code, caught.value.permanent) == ("port_refused", True)
    with pytest.raises(TransportError) as caught:
        outbound.connect("localhost", int(port), private=False)
    assert caught.value.code == "address_refused"
    assert site.got == []


@pytest.mark.parametrize(
    ("address", "private", "expected"),
    [
        ("93.184.215.14", False, True),
        ("2606:2800:220:1::1", False, True),
        ("127.0.0.1", False, False),
        ("127.0.0.1", True, True),
        ("10.1.2.3", False, False),
        ("10.1.2.3", True, True),
        ("100.64.0.1", False, False),
        ("::1", False, False),
        ("fd00::1", False, False),
        ("::ffff:10.0.0.1", False, False),
        ("::ffff:93.184.215.14", False, True),
        ("64:ff9b::a00:1", False, False),
        ("2002:a00:1::", False, False),
        ("169.254.169.254", True, False),
        ("::ffff:169.254.169.254", True, False),
        ("fe80::1", True, False),
        ("224.0.0.1", True, False),
        ("0.0.0.0", True, False),
    ],
)
def test_an_address_is_judged_by_what_it_stands_for(address: str, private: bool, expected: bool):
    assert allowed(ip_address(address), private) is expected


@pytest.mark.parametrize(
    ("lines", "complaint"),
    [
        ('kind = "pigeon"', "channel c, kind: 'pigeon' is none of webhook, slack"),
        ('kind = "webhook"\nsecret_env = "S"', "channel c: url: it is missing"),
        ('kind = "webhook"\nurl = "https://e.com"\nsecret = "x"', "secret: it is a secret; give secret_file or secret_env"),
        ('kind = "webhook"\nurl = "https://e.com"\nsecret_env = "T"', "the variable T is not set"),
        ('kind = "webhook"\nurl = "ftp://e.com"\nsecret_env = "S"', "give an address such as"),
        ('kind = "webhook"\nurl = "https://u:p@e.com"\nsecret_env = "S"', "without a user in it"),
        ('kind = "webhook"\nurl = "https://e.com"\nsecret_env = "S"\ncolour = "red"', "colour: there is no such line"),
        ('kind = "webhook"\nurl = "https://e.com"\nsecret_env = "S"\nquiet = "night"', "write 22:00-07:00 Europe/Berlin"),
        ('kind = "email"\nhost = "h"\nsender = "s@e.com"\nto = "a@e.com"', "to: give a list of texts"),
    ],
)  # fmt: skip
def test_a_file_that_is_not_understood_is_refused_by_channel_and_line(
    tmp_path: Path, lines: str, complaint: str
):
    file = tmp_path / "channels.toml"
    file.write_text(f"[c]\n{lines}\n")
    with pytest.raises(ChannelInvalid) as caught:
        channels(file, {"S": SECRET})
    assert complaint in str(caught.value)


def test_a_secret_comes_from_a_file_and_is_never_printed(tmp_path: Path):
    (tmp_path / "secret").write_text(SECRET + "\n")
    found = made("webhook", url="https://e.com", secret_file=str(tmp_path / "secret"))
    assert found.secret == SECRET
    assert SECRET not in repr(found)


def told(section: dict[str, Any], *errands: Errand, now: datetime = NOON) -> list[list[str]]:
    """Return the severities of what goes out, by attempt."""
    known = {"c": channel("c", {"url_env": "U", "kind": "slack"} | section, {"U": "https://e.com"})}
    return [[m.severity for m in each.messages] for each in attempts(errands, known, now)]


def test_in_quiet_hours_only_what_is_critical_is_told():
    section = {"quiet": "22:00-07:00 Europe/Berlin"}
    both = errand(), errand(severity="critical")
    night = datetime(2026, 11, 21, 23, tzinfo=UTC)
    assert told(section, *both, now=night) == [["critical"]]
    assert told(section, *both, now=NOON) == [["warning", "critical"]]


def test_chats_are_told_together_and_webhooks_one_by_one():
    assert told({}, errand(), errand()) == [["warning", "warning"]]
    section = {"kind": "webhook", "url": "https://e.com", "secret_env": "S"}
    known = {"c": channel("c", section, {"S": SECRET})}
    assert [len(each.messages) for each in attempts([errand(), errand()], known, NOON)] == [1, 1]


def test_many_alerts_are_cut_to_their_titles_and_the_rest_is_counted():
    many = [FIRED] * 100
    text = brief(many, 500)
    assert len(text) <= 500
    shown = text.count(FIRED.title)
    assert text.splitlines()[-1] == f"… and {100 - shown} more"


def test_a_message_says_that_more_may_be_spent_than_is_known():
    assert FIRED.lines[:2] == (
        "Spent when it was told: at least 41 of 50 USD", "Not in it: 2 calls without a price",
    )  # fmt: skip
