"""People sign in at an OpenID provider; what they may see is what the API makes of their ID token."""

import hmac
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc.jwk import KeySet, OctKey
from playwright.sync_api import Page, expect

from spanledger_collector import idtoken, issuer
from spanledger_collector.issuer import Issuer, ProviderAway
from spanledger_collector.keys import Caller
from spanledger_collector.people import TableUnreadable, read_people
from spanledger_collector.process import Refused
from spanledger_collector.settings import load
from spanledger_collector.signins import Signins, client, signins
from spanledger_collector.store import Store
from spanledger_ui import oidc
from tests.browser import needed
from tests.oidc_provider import (
    CLIENT_ID,
    CLIENT_SECRET,
    Provider,
    encoded,
    new_key,
    provider,
    unsigned,
)
from tests.pipeline import running
from tests.serving import Server, prepared
from tests.test_keys import bearer, spanledger

Ask = Callable[..., tuple[int, Any]]

STORES = ["chdb"]

TABLE = """
[[people]]
email = "ada@example.com"
project = "*"
scopes = ["read", "admin"]

[[people]]
group = "finance"
project = "shop"
scopes = ["read"]

[[people]]
email = "*@partner.example"
scopes = ["read"]
"""
ADA = Caller("*", "", frozenset({"read", "admin"}), "ada@example.com")


@pytest.fixture(scope="module")
def shared_provider() -> Iterator[Provider]:
    with provider() as made:
        yield made


@pytest.fixture
def at(shared_provider: Provider) -> Iterator[Provider]:
    """Return a provider as it is at first, whatever an earlier test made of it."""
    first = replace(shared_provider)
    yield shared_provider
    shared_provider.__dict__.update(first.__dict__)


@pytest.fixture
def table(tmp_path: Path) -> Path:
    file = tmp_path / "people.toml"
    file.write_text(TABLE)
    return file


@pytest.fixture
def known(at: Provider, table: Path) -> Signins:
    return Signins(Issuer(at.url), CLIENT_ID, table)


def test_a_token_of_the_provider_says_who_asks(at: Provider, known: Signins):
    assert known.caller(at.token(), time.time()) == ADA


BAD: dict[str, Callable[[Provider], str]] = {
    "another issuer": lambda at: at.token(iss="https://evil.example"),
    "no issuer": lambda at: at.token(iss=None),
    "another audience": lambda at: at.token(aud="another-client"),
    "no audience": lambda at: at.token(aud=None),
    "issued to another client": lambda at: at.token(aud=[CLIENT_ID, "b"], azp="b"),
    "expired": lambda at: at.token(exp=int(time.time()) - 120),
    "without an end": lambda at: at.token(exp=None),
    "not yet": lambda at: at.token(nbf=int(time.time()) + 3600),
    "about nobody": lambda at: at.token(sub=None),
    "signed by nobody": lambda at: unsigned(at.token()),
    "signed with what is public": lambda at: confused(at),
    "a key nobody knows": lambda at: signed_by_a_stranger(at),
    "another's signature": lambda at: at.token()[:-8] + "AAAAAAAA",
    "other claims under the signature": lambda at: tampered(at.token()),
    "no token": lambda at: "a.b.c",
    "endless": lambda at: "a" * 70_000 + ".b.c",
}


def confused(at: Provider) -> str:
    """Return a token signed by HMAC, with the provider's public key as the secret both sides know."""
    said = f"{encoded({'alg': 'HS256', 'kid': 'k1'})}.{at.token().split('.')[1]}"
    pem = at.keys[0].as_pem(private=False)
    signature = OctKey.import_key(hmac.digest(pem, said.encode(), sha256)).as_dict()["k"]
    return f"{said}.{signature}"


def signed_by_a_stranger(at: Provider) -> str:
    return replace(at, keys=[STRANGER]).token()


def tampered(token: str) -> str:
    header, _, signature = token.split(".")
    return f"{header}.{encoded({'sub': 'u-1', 'email': 'ada@example.com'})}.{signature}"


STRANGER = new_key("k1")  # under the very name of the provider's


@pytest.mark.parametrize("make", BAD.values(), ids=BAD)
def test_a_token_that_proves_nothing_is_nobodys(
    at: Provider, known: Signins, make: Callable[[Provider], str]
):
    assert known.caller(make(at), time.time()) is None


@settings(max_examples=40)
@given(st.text(max_size=40), st.text(max_size=40), st.text(max_size=40))
def test_whatever_looks_like_a_token_is_refused_and_breaks_nothing(a: str, b: str, c: str):
    keys = KeySet([STRANGER])
    with pytest.raises(idtoken.TokenRefused):
        idtoken.claims(f"{a}.{b}.{c}", keys, "https://i", CLIENT_ID, 0)


# ---- the provider's keys


class Clock:
    now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


def test_keys_are_asked_for_once_until_one_is_new_or_they_are_old(at: Provider):
    clock = Clock()
    asked = Issuer(at.url, clock)
    before = at.told
    assert [asked.told("k1").issuer for _ in range(3)] == [at.url] * 3
    assert at.told == before + 1
    at.keys = [*at.keys, new_key("k2")]
    clock.now_s += issuer.ASK_AGAIN_S
    assert {key.kid for key in asked.told("k2").keys} == {"k1", "k2"}
    asked.told("invented")  # again within the pause: nobody is asked
    assert at.told == before + 2
    at.keys = at.keys[1:]  # k1 is withdrawn
    clock.now_s += issuer.KEPT_S
    assert {key.kid for key in asked.told("k1").keys} == {"k2"}


def test_a_token_of_a_withdrawn_key_is_refused(at: Provider, table: Path):
    clock = Clock()
    known = Signins(Issuer(at.url, clock), CLIENT_ID, table)
    token = at.token()
    assert known.caller(token, time.time()) == ADA
    at.keys = [new_key("k2")]
    clock.now_s += issuer.KEPT_S
    assert known.caller(token, time.time()) is None
    assert known.caller(at.token(), time.time()) == ADA


def test_a_provider_that_is_away_keeps_nobody_out_for_a_day(at: Provider):
    clock = Clock()
    asked = Issuer(at.url, clock)
    told = asked.told("k1")
    at.away = True
    clock.now_s += issuer.STALE_S
    assert asked.told("k1") == told
    clock.now_s += 1
    with pytest.raises(ProviderAway, match="did not tell its keys"):
        asked.told("k1")


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://127.0.0.1:1", "refused"),
        ("http://provider.example", "is not https"),
    ],
)
def test_what_does_not_answer_or_could_be_anybody_is_no_provider(url: str, said: str):
    with pytest.raises(ProviderAway, match=said):
        issuer.asked(url, 0)


def test_a_provider_that_calls_itself_otherwise_is_none(at: Provider):
    at.calls_itself = "https://evil.example"
    with pytest.raises(ProviderAway, match=r"calls itself 'https://evil\.example'"):
        issuer.asked(at.url, 0)


# ---- the table of people


@pytest.mark.parametrize(
    ("claims", "caller"),
    [
        ({"email": "ADA@example.com"}, replace(ADA, person="ADA@example.com")),
        ({"email_verified": False, "groups": ["finance"]},
         Caller("shop", "", frozenset({"read"}), "u-1 (ada@example.com)")),
        ({"email": "x@partner.example"},
         Caller("default", "", frozenset({"read"}), "x@partner.example")),
        ({"email": None, "groups": "finance", "preferred_username": "bea"},
         Caller("shop", "", frozenset({"read"}), "u-1 (bea)")),
        ({"email": "x@partner.example.evil"},
         Caller("", "", frozenset(), "x@partner.example.evil")),
    ],
    ids=["an address", "a group, and an address nobody proved", "a domain", "a single group",
         "no row"],
)  # fmt: skip
def test_the_first_row_about_somebody_holds(
    at: Provider, known: Signins, claims: dict[str, object], caller: Caller
):
    assert known.caller(at.token(**claims), time.time()) == caller


def test_who_is_taken_out_of_the_table_is_out(
    at: Provider, known: Signins, table: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("spanledger_collector.signins.LOOK_S", 0)
    token = at.token()
    assert known.caller(token, time.time()) == ADA
    table.write_text("[[people]")  # half saved
    assert known.caller(token, time.time()) == ADA
    table.write_text('[[people]]\nsubject = "u-2"\nscopes = ["read"]\n')
    assert known.caller(token, time.time()) == Caller("", "", frozenset(), "ada@example.com")


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("", r"write groups_claim and rows of \[\[people\]\]"),
        ('group_claim = "roles"\n', "no group_claim belongs there"),
        ('[[people]]\nscopes = ["read"]\n', "row 1 of .* give one of email, group, subject"),
        ('[[people]]\nemail = "a"\ngroup = "b"\nscopes = ["read"]\n', "give one of"),
        ('[[people]]\nemail = "a"\nscopes = ["ingest"]\n', "agents send with keys"),
        ('[[people]]\nemail = "a"\n', "scopes are"),
        ("[[people]]\nemail = 1\n", "in quotes"),
    ],
)
def test_a_table_that_will_not_do_is_refused_with_the_way_out(tmp_path: Path, said: str, why: str):
    file = tmp_path / "people.toml"
    file.write_text(said)
    with pytest.raises(TableUnreadable, match=why):
        read_people(file)


# ---- settings

GIVEN = {
    "oidc_issuer": "https://id.example",
    "oidc_client_id": CLIENT_ID,
    "oidc_client_secret": "s",
}


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"oidc_client_id": "x"}, "--oidc-client-id is for signing in, which takes --oidc-issuer"),
        ({"oidc_client_id": ""}, "takes --oidc-client-id too"),
        ({"oidc_client_secret": ""}, "takes --oidc-client-secret-file too"),
        ({"keys": "optional"}, "lets everybody in"),
        ({"oidc_issuer": "http://id.example"}, "is not https"),
        ({"oidc_people": "/nowhere"}, "--oidc-people /nowhere: .*No such file"),
    ],
)
def test_settings_that_leave_sign_in_half_said_stop_the_start(
    tmp_path: Path, table: Path, given: dict[str, str], why: str
):
    alone = given == {"oidc_client_id": "x"}
    told = given if alone else GIVEN | {"oidc_people": str(table)} | given
    with pytest.raises(Refused, match=why):
        signins(load({"data": str(tmp_path), **told}, {}))


def test_the_secret_comes_from_a_file_and_is_never_shown(tmp_path: Path, table: Path):
    file = tmp_path / "secret"
    file.write_text(f"{CLIENT_SECRET}\n")
    told = GIVEN | {"oidc_people": str(table), "oidc_client_secret": ""}
    settings = load({"data": str(tmp_path), "oidc_client_secret_file": str(file), **told}, {})
    made = client(settings)
    assert made
    assert made["client_secret"] == CLIENT_SECRET
    inline = load({"data": str(tmp_path), **GIVEN, "oidc_client_secret": CLIENT_SECRET}, {})
    assert CLIENT_SECRET not in f"{inline!r}{inline.shown()}"
    assert inline.keys_demanded  # on loopback too: signing in would mean nothing otherwise


# ---- the API


@pytest.fixture
def guarded(store: Store, tmp_path: Path, at: Provider, known: Signins) -> Iterator[Ask]:
    """Return what asks a query API that knows keys and people, as somebody with these claims."""
    with running(store, tmp_path, keys_demanded=True) as pipeline:
        pipeline.let_in(known.caller)

        def ask(method: str, path: str, claims: dict[str, object], **how: Any) -> tuple[int, Any]:
            headers = bearer(at.token(**claims))
            answer = pipeline.api.request(method, f"/api/v1/{path}", headers=headers, **how)
            return answer.status_code, answer.json()

        yield ask


FINANCE = {"email": "bea@example.com", "groups": ["finance"]}


def test_people_do_what_their_row_says_and_the_audit_names_them(guarded: Ask):
    wanted = {"scopes": ["read"], "by": "somebody else"}
    status, refused = guarded("POST", "keys", FINANCE, json=wanted)
    assert (status, refused["detail"]) == (403, "bea@example.com may not do this")
    assert guarded("POST", "keys", {}, json=wanted)[0] == 201
    changes = guarded("GET", "audit", {})[1]["items"]
    assert [(c["action"], c["actor"]) for c in changes] == [("key created", "ada@example.com")]


def test_whom_no_row_is_about_is_told_so(guarded: Ask):
    status, refused = guarded("GET", "sessions", {"email": "eve@example.com"})
    assert (status, refused["detail"]) == (
        403, "eve@example.com is signed in, and no row of --oidc-people is about them",
    )  # fmt: skip


def test_an_expired_sign_in_is_told_nothing(guarded: Ask):
    status, refused = guarded("GET", "sessions", {"exp": 1})
    assert (status, refused["detail"]) == (401, "no valid key")


def test_a_provider_that_is_away_is_said_to_be(guarded: Ask, at: Provider):
    at.away = True
    status, refused = guarded("GET", "sessions", {})
    assert (status, refused["title"]) == (503, "Unavailable")
    assert "nobody can be signed in just now" in refused["detail"]


# ---- the way back


@pytest.mark.parametrize(
    ("referer", "back"),
    [
        ("http://h:1/replay?session=a%20b", "/replay?session=a%20b"),
        ("http://h:1/", ""),
        ("", ""),
        ("http://h:1//evil.example/", ""),
        ("http://h:1/\\evil.example", ""),
        ("http://h:1/" + "x" * 3000, ""),
    ],
)
def test_the_way_back_is_a_page_of_ours(referer: str, back: str):
    assert oidc.left_from({b"referer": referer.encode()}) == back


def test_a_cookie_of_somebody_elses_leads_nowhere():
    for said in ("//evil.example", "https://evil.example/", "%2F%2Fevil.example", "\x00"):
        cookie = f"{oidc.COOKIE}={said}".encode("latin-1")
        assert oidc.kept_place({b"cookie": cookie}) == ""


# ---- in the browser


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, shared_provider: Provider) -> Iterator[Server]:
    """Return a whole server whose screens send people to the provider."""
    folder = tmp_path_factory.mktemp("signin")
    (folder / "people.toml").write_text(TABLE)
    (folder / "secret").write_text(CLIENT_SECRET)
    made = prepared(
        folder, oidc_issuer=shared_provider.url, oidc_client_id=CLIENT_ID,
        oidc_client_secret_file=str(folder / "secret"), oidc_people=str(folder / "people.toml"),
    )  # fmt: skip
    first = spanledger(made, "keys", "create", "--scopes", "read")
    assert first.returncode == 0, first.stderr
    made.start()
    yield made
    made.stop()
    assert CLIENT_SECRET not in made.log.read_text()


@needed
def test_signing_in_leads_back_to_the_page_and_signing_out_shuts_it(
    server: Server, at: Provider, tab: Page
):
    place = f"{server.screens}/audit?{urlencode({'range': '30d'})}"
    tab.goto(place)
    expect(tab.get_by_text("This server asks who you are.")).to_be_visible()
    tab.get_by_role("button", name="Sign in", exact=True).click()
    tab.get_by_role("link", name="I am ada@example.com").click()
    expect(tab.get_by_role("heading", name="Audit")).to_be_visible()
    expect(tab.get_by_text("This server asks who you are.")).to_be_hidden()
    assert tab.url == place
    assert at.asked[-1]["code_challenge_method"] == "S256"
    tab.goto(f"{server.screens}/settings")
    expect(tab.get_by_text("You are signed in as ada@example.com.")).to_be_visible()
    tab.get_by_role("button", name="Sign out").click()
    expect(tab.get_by_text("This server asks who you are.")).to_be_visible()


@needed
def test_whom_no_row_is_about_sees_why_and_can_leave(server: Server, at: Provider, tab: Page):
    at.claims = at.claims | {"email": "eve@example.com"}
    tab.goto(server.screens)
    tab.get_by_role("button", name="Sign in", exact=True).click()
    tab.get_by_role("link", name="I am eve@example.com").click()
    expect(tab.get_by_text("no row of --oidc-people is about them")).to_be_visible()
    expect(tab.get_by_role("button", name="Sign out")).to_be_visible()
