"""API keys and projects: who is let in, to what, and that nobody sees what is not theirs."""

import asyncio
import base64
import re
import string
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import grpc
import httpx
import pytest
from fastapi import FastAPI
from google.rpc.status_pb2 import Status
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.common.v1.common_pb2 import AnyValue

from spanledger_collector import access, keychest, keys
from spanledger_collector.keys import (
    Caller,
    Key,
    Keys,
    digest,
    id_of,
    new_token,
    well_formed,
    write_keys,
)
from spanledger_collector.store import Store
from tests.ingesting import JSON, PROTOBUF, Ingest, listening, settings_for
from tests.otlp import NOON_NS, SPAN, TRACE, attribute, span, traces
from tests.pipeline import Pipeline, running
from tests.serving import Server, prepared
from tests.test_grpc import TRACES

STORES = ["chdb"]

INGEST = ("ingest",)
NOW_S = 1_800_000_000.0


def key_for(token: str, project_id: str = "shop", **fields: object) -> Key:
    return Key(id_of(token), digest(token), project_id, **({"scopes": INGEST} | fields))  # type: ignore[arg-type]


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


def test_a_key_is_recognised_by_its_prefix_and_its_checksum():
    token = new_token()
    assert re.fullmatch(r"spanledger_[0-9A-Za-z]{8}_[0-9A-Za-z]{43}_[0-9A-Za-z]{6}", token)
    assert well_formed(token)
    assert len({new_token() for _ in range(100)}) == 100


@given(place=st.integers(11, 67), other=st.sampled_from(string.ascii_letters + string.digits))
def test_a_mistyped_key_is_none(place: int, other: str):
    token = new_token()
    mistyped = token[:place] + other + token[place + 1 :]
    assert well_formed(mistyped) == (mistyped == token)


@given(st.text() | st.text("_" + string.ascii_letters, min_size=60))
def test_what_is_no_key_is_nobodys(text: str):
    assert Keys().caller(text, NOW_S) is None


def test_a_key_says_whose_it_is_until_it_expires():
    token = new_token()
    live = Keys({id_of(token): key_for(token, expires_s=NOW_S)})
    assert live.caller(token, NOW_S - 1) == Caller("shop", id_of(token), frozenset(INGEST))
    assert live.caller(token, NOW_S) is None


def test_a_key_with_anothers_id_is_refused():
    token, other = new_token(), new_token()
    said = f"spanledger_{id_of(token)}_{other.split('_')[2]}"
    forged = f"{said}_{keys.checksum(said)}"
    assert well_formed(forged)
    assert Keys({id_of(token): key_for(token)}).caller(forged, NOW_S) is None


def test_the_file_holds_no_key_and_is_for_our_eyes_only(tmp_path: Path):
    file, token = tmp_path / "keys.json", new_token()
    write_keys(file, [key_for(token)])
    assert token.split("_")[2] not in file.read_text()
    assert file.stat().st_mode & 0o777 == 0o600
    assert keys.read_keys(file) == Keys({id_of(token): key_for(token)})


# ---- ingest


@pytest.fixture
def strict(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ingest]:
    """Return an ingest server that asks for keys."""
    monkeypatch.setattr(keys, "LOOK_S", 0)
    with listening(settings_for(tmp_path, keys="required")) as running_:
        yield running_


def issue(ingest: Ingest, **fields: object) -> str:
    """Give ingest the one key that is good from now on; return it."""
    token = new_token()
    write_keys(keys.keys_file(ingest.settings.data), [key_for(token, **fields)])  # type: ignore[arg-type]
    return token


def test_a_batch_belongs_to_the_project_of_its_key(strict: Ingest):
    token = issue(strict)
    answer = strict.post("/v1/traces", traces(span()), PROTOBUF | bearer(token))
    assert answer.status_code == 200
    basic = base64.b64encode(f"pk-anything:{token}".encode()).decode()
    langfuse = PROTOBUF | {"authorization": f"Basic {basic}"}
    assert strict.post("/v1/traces", traces(span()), langfuse).status_code == 200
    assert [(b.project_id, b.key_id) for b in strict.spooled()] == [("shop", id_of(token))] * 2


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "Bearer",
        "Bearer nonsense",
        f"Bearer {new_token()}",
        "Basic !!",
        f"Basic {base64.b64encode(b'no colon').decode()}",
        f"Digest {new_token()}",
    ],
    ids=["nothing", "no token", "no key", "unknown", "no base64", "no colon", "another scheme"],
)
def test_without_a_good_key_nobody_is_told_why(strict: Ingest, authorization: str):
    issue(strict)
    headers = JSON | ({"authorization": authorization} if authorization else {})
    answer = strict.post("/v1/traces", b"{}", headers)
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
    assert answer.json() == {"code": 16, "message": "unauthenticated: no valid key"}
    assert strict.spooled() == []


def test_a_revoked_and_an_expired_key_are_told_the_same_as_an_unknown_one(strict: Ingest):
    revoked = issue(strict)
    expired = issue(strict, expires_s=time.time() - 1)  # and the first one is gone
    answers = [
        strict.post("/v1/traces", b"{}", JSON | bearer(token)) for token in (revoked, expired)
    ]
    assert {(a.status_code, a.json()["message"]) for a in answers} == {
        (401, "unauthenticated: no valid key")
    }


def test_a_key_that_may_only_read_cannot_send(strict: Ingest):
    token = issue(strict, scopes=("read",))
    answer = strict.post("/v1/traces", b"{}", JSON | bearer(token))
    assert (answer.status_code, answer.json()["code"]) == (403, 7)


def test_grpc_asks_for_the_same_keys(strict: Ingest):
    token = issue(strict)
    with grpc.insecure_channel(strict.grpc) as channel:
        export = channel.unary_unary(f"/{TRACES}")
        metadata = (("authorization", f"Bearer {token}"),)
        assert export(traces(span()), metadata=metadata, timeout=30) == b""
        with pytest.raises(grpc.RpcError) as caught:
            export(traces(span()), timeout=30)
    error = caught.value
    assert isinstance(error, grpc.Call)
    assert error.code() is grpc.StatusCode.UNAUTHENTICATED
    details = dict(error.trailing_metadata())["grpc-status-details-bin"]
    assert Status.FromString(details).message == "unauthenticated: no valid key"
    assert [batch.project_id for batch in strict.spooled()] == ["shop"]


def test_on_loopback_no_key_is_needed_but_a_bad_one_is_refused(tmp_path: Path):
    with listening(settings_for(tmp_path)) as ingest:
        assert ingest.post("/v1/traces", traces(span()), PROTOBUF).status_code == 200
        bad = PROTOBUF | bearer(new_token())
        assert ingest.post("/v1/traces", traces(span()), bad).status_code == 401
        assert [batch.project_id for batch in ingest.spooled()] == ["default"]


def test_only_an_administrator_is_shown_the_settings(strict: Ingest):
    assert "settings" not in strict.client.get("/readyz?verbose").json()
    admin = issue(strict, scopes=("admin",))
    assert "settings" in strict.client.get("/readyz?verbose", headers=bearer(admin)).json()


# ---- the query API


@pytest.fixture
def closed(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pipeline]:
    """Return a pipeline that asks for keys."""
    monkeypatch.setattr(keys, "LOOK_S", 0)
    with running(store, tmp_path, keys_demanded=True) as pipeline:
        yield pipeline


@pytest.fixture
def root(closed: Pipeline) -> dict[str, str]:
    """Return the header of a key that may do everything everywhere."""
    _, token = keychest.create(closed.store, NOON_NS, "*", ("admin", "ingest", "read"))
    keychest.hand_over(closed.store, closed.keys_file, NOON_NS)
    return bearer(token)


def made(pipeline: Pipeline, root: dict[str, str], project_id: str, *scopes: str) -> dict[str, str]:
    """Have a key made through the API; return the header that carries it."""
    wanted = {"project_id": project_id, "scopes": scopes}
    answer = pipeline.api.post("/api/v1/keys", json=wanted, headers=root)
    assert answer.status_code == 201, answer.text
    return bearer(answer.json()["key"])


def routes(pipeline: Pipeline) -> set[str]:
    """Return the method and path of every route that the OpenAPI document shows."""
    paths = pipeline.api.get("/openapi.json").json()["paths"]
    return {f"{method.upper()} {path}" for path, methods in paths.items() for method in methods}


def test_every_route_says_what_it_asks_of_a_key(closed: Pipeline):
    hidden = {"GET /healthz", "GET /readyz", "GET /metrics"}
    assert routes(closed) | hidden == access.NEEDS.keys()


def concrete(route: str, **values: str) -> tuple[str, str]:
    """Return the method and a path of a route, with values where it has parameters."""
    method, path = route.split()
    given_ = {"session_id": "x", "trace_id": "0" * 31 + "1", "span_id": "0" * 15 + "1"} | values
    given_ |= {"price_id": "x", "alias_id": "x", "key_id": "AAAAAAAA", "budget_id": "x"}
    given_ |= {"stop_id": "x", "name": "loop", "approval_id": "x", "policy_id": "x"}
    return method, path.format(**given_)


def test_no_route_but_the_open_ones_answers_without_a_key(closed: Pipeline):
    for route, need in access.NEEDS.items():
        answer = closed.api.request(*concrete(route))
        if need is access.OPEN:
            assert answer.status_code == 200, route
        else:
            assert (answer.status_code, answer.json()["detail"]) == (401, "no valid key"), route
            assert answer.headers["www-authenticate"] == "Bearer"


def test_a_scope_that_is_too_small_opens_nothing(closed: Pipeline, root: dict[str, str]):
    by_scope = {s: made(closed, root, "shop", s) for s in ("ingest", "read", "admin")}
    for route, need in access.NEEDS.items():
        for scope, headers in by_scope.items():
            answer = closed.api.request(*concrete(route), headers=headers)
            opens = need is access.OPEN or (need.scope == scope and not need.every_project)
            assert (answer.status_code == 403) == (not opens), (route, scope, answer.text)


def story(marker: str) -> bytes:
    """Return a session whose every text carries a marker."""
    said = {
        "session.id": f"{marker}-session",
        "user.id": f"{marker}-user",
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": f"{marker}-provider",
        "gen_ai.response.model": f"{marker}-model",
        "gen_ai.agent.name": f"{marker}-agent",
        "gen_ai.input.messages": f'[{{"role":"user","content":"{marker} asks"}}]',
    }
    attributes = [attribute(key, value) for key, value in said.items()]
    for kind in ("input", "output"):
        tokens = attribute(f"gen_ai.usage.{kind}_tokens", AnyValue(int_value=100))
        attributes.append(tokens)
    return traces(span(name=f"{marker} chat", attributes=attributes))  # in one trace, one span id


def test_a_project_sees_nothing_of_another_through_any_route(
    closed: Pipeline, root: dict[str, str]
):
    mine, other = "MINEMARK", "OTHERMARK"
    for project_id, marker in (("mine", mine), ("other", other)):
        sender = made(closed, root, project_id, "ingest")
        answer = closed.otlp.post("/v1/traces", content=story(marker), headers=PROTOBUF | sender)
        assert answer.status_code == 200
    closed.settle()
    reader = made(closed, root, "mine", "read", "admin", "ingest")
    whole = made(closed, root, "other", "read")
    ids = {"session_id": f"{other}-session", "trace_id": TRACE.hex(), "span_id": SPAN.hex()}
    dimensions = ["user", "model", "provider", "agent"]
    seen = set()
    for route in access.NEEDS:
        path = concrete(route, **ids)
        asked: dict[str, Any] = {
            "params": {"group_by": dimensions} if route.endswith("/spend") else {}
        }
        if route == "POST /api/v1/what-if":
            interval = {"since": "2026-01-01T00:00:00Z", "until": "2027-01-01T00:00:00Z"}
            asked["json"] = interval | {"as_model": "gpt-4o"}
        for extra in ({}, {"x-spanledger-project": "other"}):
            said = closed.api.request(*path, headers=reader | extra, **asked).text
            assert other not in said.replace(repr(ids["session_id"]), ""), (route, said)
        if other in closed.api.request(*path, headers=whole, **asked).text:
            seen.add(route)
    assert seen >= {
        "GET /api/v1/sessions",
        "GET /api/v1/sessions/{session_id}",
        "GET /api/v1/sessions/{session_id}/events",
        "GET /api/v1/spans/{trace_id}/{span_id}",
        "GET /api/v1/spend",
        "GET /api/v1/models",
        "GET /api/v1/models/unpriced",
    }
    named = closed.api.get("/api/v1/sessions", headers=root | {"x-spanledger-project": "other"})
    assert other in named.text


def test_a_projects_key_sees_of_books_and_audit_what_is_its_projects_and_no_more(
    closed: Pipeline, root: dict[str, str]
):
    def said(path: str, headers: dict[str, str]) -> Any:
        return closed.api.get(f"/api/v1/{path}", headers=headers).json()

    keys_of = {name: made(closed, root, name, "ingest", "read", "admin") for name in ("a", "b")}
    for name, headers in keys_of.items():
        closed.otlp.post("/v1/traces", content=story(name), headers=PROTOBUF | headers)
        price = {"provider": "x", "model": "m", "multiplier": "2", "project_id": name}
        closed.api.post("/api/v1/prices", json=price, headers=root)
    closed.api.post(
        "/api/v1/prices", json={"provider": "x", "model": "m", "multiplier": "3"}, headers=root
    )
    closed.settle()
    everything = said("verify", root)
    changes = said("audit", root)["items"]
    seen = []
    for name, headers in keys_of.items():
        of_project = said("verify", headers)
        assert of_project["identities"] == [
            i for i in everything["identities"] if i["name"].startswith(f"{name}: ")
        ]
        assert (of_project["holds"], of_project["traces"]) == (True, 1)
        seen.append(said("audit", headers)["items"])
        assert {entry["action"] for entry in seen[-1]} == {"price added", "key created"}
        assert all(entry in changes and name in str(entry["after"]) for entry in seen[-1])
    assert len(changes) == sum(map(len, seen)) + 2  # the price for all, and the key of all
    reader = made(closed, root, "a", "read")
    assert closed.api.get("/api/v1/audit", headers=reader).status_code == 403


def test_a_key_is_listed_without_itself_and_revoked_for_all(closed: Pipeline, root: dict[str, str]):
    reader = made(closed, root, "shop", "read", "admin")
    token = reader["authorization"].removeprefix("Bearer ")
    (listed,) = closed.api.get("/api/v1/keys", headers=reader).json()
    assert listed == {
        "id": id_of(token), "hint": token[-4:], "project_id": "shop", "scopes": ["admin", "read"],
        "name": "", "created_at": listed["created_at"], "expires_at": None, "revoked": False,
    }  # fmt: skip
    gone = closed.api.delete(f"/api/v1/keys/{id_of(token)}", headers=root)
    assert gone.json() == listed | {"revoked": True}
    assert closed.api.get("/api/v1/sessions", headers=reader).status_code == 401
    again = closed.api.delete(f"/api/v1/keys/{id_of(token)}", headers=root)
    assert again.status_code == 404


def test_rotated_a_key_has_a_successor_and_an_end(closed: Pipeline, root: dict[str, str]):
    old = made(closed, root, "shop", "read")
    path = f"/api/v1/keys/{id_of(old['authorization'].removeprefix('Bearer '))}/rotate"
    answer = closed.api.post(path, json={"overlap_s": 3600}, headers=root)
    new = bearer(answer.json()["key"])
    for headers in (old, new):
        assert closed.api.get("/api/v1/sessions", headers=headers).status_code == 200
    states = [
        key["expires_at"] is None for key in closed.api.get("/api/v1/keys", headers=root).json()
    ]
    assert states == [True, False, True]
    closed.api.post(path, json={"overlap_s": 0}, headers=root)
    assert closed.api.get("/api/v1/sessions", headers=old).status_code == 401


def test_an_administrator_of_one_project_cannot_touch_another(
    closed: Pipeline, root: dict[str, str]
):
    admin = made(closed, root, "mine", "admin")
    other = id_of(made(closed, root, "other", "read")["authorization"].removeprefix("Bearer "))
    wanted = {"project_id": "other", "scopes": ["read"]}
    assert closed.api.post("/api/v1/keys", json=wanted, headers=admin).status_code == 403
    everything = wanted | {"project_id": "*"}
    assert closed.api.post("/api/v1/keys", json=everything, headers=admin).status_code == 403
    missing = closed.api.delete("/api/v1/keys/AAAAAAAA", headers=admin)
    hidden = closed.api.delete(f"/api/v1/keys/{other}", headers=admin)
    assert (missing.status_code, hidden.status_code) == (404, 404)
    assert missing.json()["detail"].replace("AAAAAAAA", other) == hidden.json()["detail"]
    assert [k["project_id"] for k in closed.api.get("/api/v1/keys", headers=admin).json()] == [
        "mine"
    ]


def test_who_made_and_revoked_a_key_is_in_the_audit(closed: Pipeline, root: dict[str, str]):
    token = made(closed, root, "shop", "read")["authorization"].removeprefix("Bearer ")
    closed.api.delete(f"/api/v1/keys/{id_of(token)}?by=finance", headers=root)
    page = closed.api.get("/api/v1/audit", headers=root).json()["items"]
    assert [(e["action"], e["subject"], e["actor"]) for e in page[:2]] == [
        ("key revoked", id_of(token), "finance"),
        ("key created", id_of(token), id_of(root["authorization"].removeprefix("Bearer "))),
    ]
    assert token.split("_")[2] not in str(page)


# ---- the command, and a server that other machines can reach


def spanledger(server: Server, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "spanledger", *arguments],
        env=server.settings.environ() | {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent"} | environ,
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_a_server_others_can_reach_starts_with_a_key_and_serves_only_who_has_one(tmp_path: Path):
    server = prepared(tmp_path, host="0.0.0.0", screens="off")
    refused = spanledger(server, "serve")
    assert refused.returncode == 2
    assert (
        "takes API keys and there are none; make one with `spanledger keys create`"
        in refused.stderr
    )

    first = spanledger(server, "keys", "create", "--project", "*", "--scopes", "ingest,read,admin")
    root = first.stdout.split()[0]
    assert well_formed(root), first.stderr
    server.start()
    try:
        sent = traces(span())
        url, sessions = f"{server.otlp}/v1/traces", f"{server.api}/api/v1/sessions"
        assert httpx.post(url, content=sent, headers=PROTOBUF).status_code == 401
        assert httpx.get(sessions).status_code == 401
        told = spanledger(server, "keys", "create", "--project", "shop", SPANLEDGER_API_KEY=root)
        key = told.stdout.split()[0]
        headers = PROTOBUF | bearer(key)
        until_status(200, lambda: httpx.post(url, content=sent, headers=headers).status_code)
        until_status(403, lambda: httpx.get(sessions, headers=bearer(key)).status_code)
        listing = spanledger(server, "keys", "list", SPANLEDGER_API_KEY=root).stdout
        assert [line.split()[2:4] for line in listing.splitlines()[1:]] == [
            ["*", "admin,ingest,read"], ["shop", "ingest"],
        ]  # fmt: skip
        without = spanledger(server, "keys", "list")
        assert (without.returncode, without.stderr) == (2, "spanledger: no valid key\n")
        revoked = spanledger(server, "keys", "revoke", id_of(key), SPANLEDGER_API_KEY=root)
        assert revoked.returncode == 0, revoked.stderr
        until_status(401, lambda: httpx.post(url, content=sent, headers=headers).status_code)
    finally:
        server.stop()
    assert key not in server.log.read_text()
    assert spanledger(server, "keys", "list").stdout.count("revoked") == 1  # nobody holds the store


def until_status(wanted: int, ask: Callable[[], int]) -> None:
    """Return when a request is answered so, which takes at most the ten seconds we promise."""
    give_up = time.monotonic() + 10
    while ask() != wanted:
        assert time.monotonic() < give_up
        time.sleep(0.05)


def test_nobody_waits_for_a_provider_but_who_signs_in(closed: Pipeline, root: dict[str, str]):
    answered = threading.Event()

    def asking(_token: str, _now_s: float) -> Caller | None:
        return keys.ANYBODY if answered.wait(60) else None

    app = cast(FastAPI, closed.api.app)
    app.state.door = access.Door(keys.KeyFile(closed.keys_file), True, asking)

    async def both() -> tuple[int, int]:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://api") as client:
            person = asyncio.create_task(client.get("/api/v1/views", headers=bearer("a.b.c")))
            await asyncio.sleep(0)
            with_a_key = await client.get("/api/v1/views", headers=root)
            answered.set()
            return with_a_key.status_code, (await person).status_code

    assert asyncio.run(both()) == (200, 200)
