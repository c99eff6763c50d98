"""A share link reads one session until it ends, and no route tells it anything else."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from spanledger_collector import access, keychest, keys
from spanledger_collector.store import Store
from tests.ingesting import PROTOBUF
from tests.otlp import NOON_NS, attribute, span, traces
from tests.pipeline import Pipeline, running
from tests.test_keys import bearer, concrete

SHARED, OTHER = "shared/session", "OTHERMARK"
IDS = {SHARED: "a1" * 16, OTHER: "b2" * 16, f"{SHARED}/events": "c3" * 16}
SPAN_ID = "d4" * 8
SESSION = "GET /api/v1/sessions/{session_id}"
STEP = "GET /api/v1/spans/{trace_id}/{span_id}"
READABLE = {SESSION, f"{SESSION}/events", f"{SESSION}/columns", STEP}


@pytest.fixture
def closed(embedded: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pipeline]:
    """Return a pipeline that asks for keys, with three sessions in it."""
    monkeypatch.setattr(keys, "LOOK_S", 0)
    with running(embedded, tmp_path, keys_demanded=True) as pipeline:
        _, token = keychest.create(embedded, NOON_NS, "default", ("admin", "ingest", "read"))
        keychest.hand_over(embedded, pipeline.keys_file, NOON_NS)
        pipeline.api.headers.update(bearer(token))
        for session, trace_id in IDS.items():
            body = traces(
                span(trace_id=bytes.fromhex(trace_id), span_id=bytes.fromhex(SPAN_ID),
                     name=session, attributes=[attribute("session.id", session)])
            )  # fmt: skip
            pipeline.otlp.post("/v1/traces", content=body, headers=PROTOBUF | bearer(token))
        pipeline.settle()
        yield pipeline


def ends(days: float) -> str:
    return (datetime.now(UTC) + timedelta(days=days)).isoformat()


def share(closed: Pipeline, **wanted: str) -> Any:
    """Ask for a link to the session."""
    asked = {"session_id": SHARED, "expires_at": ends(7), "name": "auditor"} | wanted
    return closed.api.post("/api/v1/shares", json=asked)


def test_a_link_reads_its_session_and_every_other_route_is_shut(closed: Pipeline):
    link = bearer(share(closed).json()["key"])
    for route, need in access.NEEDS.items():
        for session in IDS:
            path = concrete(route, session_id=session.replace("/", "%2F"),
                            trace_id=IDS[session], span_id=SPAN_ID)  # fmt: skip
            answer = closed.api.request(*path, headers=link)
            if need is access.OPEN:
                continue
            expected = 403 if route not in READABLE else 200 if session == SHARED else 404
            assert answer.status_code == expected, (route, session, answer.text)
            assert OTHER not in answer.text.replace(repr(OTHER), "")


def test_a_link_is_of_its_project_whatever_it_names(closed: Pipeline):
    link = bearer(share(closed).json()["key"]) | {"x-spanledger-project": "other"}
    path = f"/api/v1/sessions/{SHARED.replace('/', '%2F')}"
    assert closed.api.get(path, headers=link).json()["id"] == SHARED


def test_a_link_that_was_taken_back_opens_nothing_and_the_audit_has_both(closed: Pipeline):
    made = share(closed).json()
    closed.api.delete(f"/api/v1/keys/{made['kept']['id']}")
    path = f"/api/v1/sessions/{SHARED.replace('/', '%2F')}"
    assert closed.api.get(path, headers=bearer(made["key"])).status_code == 401
    entries = closed.api.get("/api/v1/audit").json()["items"]
    assert [(e["action"], e["after"]["scopes"], e["after"]["name"]) for e in entries[:2]] == [
        ("key revoked", [f"share:{SHARED}"], "auditor"),
        ("key created", [f"share:{SHARED}"], "auditor"),
    ]


@pytest.mark.parametrize(
    ("wanted", "status", "said"),
    [
        ({"expires_at": ends(-1)}, 400, "expires_at"),
        ({"expires_at": ends(91)}, 400, "within 90 days"),
        ({"expires_at": "soon"}, 400, "expires_at"),
        ({"session_id": "nobody's"}, 404, 'no session "nobody\'s"'),
    ],
)
def test_a_link_that_cannot_be_is_refused_with_its_reason(
    closed: Pipeline, wanted: dict[str, str], status: int, said: str
):
    answer = share(closed, **wanted)
    assert (answer.status_code, said in answer.json()["detail"]) == (status, True), answer.text


def test_a_link_makes_no_further_link(closed: Pipeline):
    link = bearer(share(closed).json()["key"])
    wanted = {"session_id": SHARED, "expires_at": ends(1)}
    assert closed.api.post("/api/v1/shares", json=wanted, headers=link).status_code == 403
