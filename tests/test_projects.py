"""Whoever may see several projects goes from one to the other; each is shown apart."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from spanledger_collector import keychest, keys
from spanledger_collector.store import Store
from spanledger_ui import signin
from tests.finance import gpt
from tests.ingesting import PROTOBUF
from tests.otlp import NOON_NS, traces
from tests.pipeline import Pipeline, running
from tests.test_keys import bearer
from tests.ui_server import ledger, listening, page, texts


@pytest.fixture
def pipeline(
    embedded: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Pipeline]:
    """Return a pipeline with a call in each of two projects, and a key of a third."""
    monkeypatch.setattr(keys, "LOOK_S", 0)
    with running(embedded, tmp_path) as found:
        tokens = {name: token(embedded, name) for name in ("default", "shop", "bank")}
        keychest.hand_over(embedded, found.keys_file, NOON_NS)
        for number, name in ((1, "default"), (2, "shop")):
            body = traces(gpt(number, session__id=f"of {name}"))
            headers = PROTOBUF | bearer(tokens[name])
            found.otlp.post("/v1/traces", content=body, headers=headers).raise_for_status()
        found.settle()
        yield found


def token(store: Store, project: str) -> str:
    """Return a new key of a project."""
    return keychest.create(store, NOON_NS, project, ("ingest", "read"))[1]


def test_projects_have_traces_or_a_key(pipeline: Pipeline):
    assert pipeline.get("projects") == {"items": ["bank", "default", "shop"]}


def test_a_key_of_a_project_sees_that_one(pipeline: Pipeline):
    wanted = {"project_id": "shop", "scopes": ["read"]}
    own = bearer(pipeline.ask("POST", "keys", 201, json=wanted)["key"])
    for named in ({}, {"x-spanledger-project": "bank"}):
        assert pipeline.ask("GET", "projects", headers=own | named) == {"items": ["shop"]}


def test_a_project_is_chosen_and_its_pages_are_about_it_alone(pipeline: Pipeline):
    with listening(pipeline.api.app) as api:
        test = page("app", api, range="all")
        assert texts(ledger(test)["rows"][0])["session"] == "chat"
        (switch,) = [box for box in test.selectbox if box.label == "Project"]
        assert (switch.options, switch.value) == (["bank", "default", "shop"], "default")
        test = switch.select("shop").run()
        assert test.query_params["project"] == "shop"
        assert [row["pick"] for row in ledger(test)["rows"]] == ["of shop"]
        ways = {link.proto.label: link.proto.query_string for link in test.get("page_link")}
        assert (len(ways), set(ways.values())) == (11, {"project=shop"})


def test_a_share_link_leads_to_no_other_page_whatever_goes_along(pipeline: Pipeline):
    with listening(pipeline.api.app) as api:
        test = page("app", api, share="k", session="of shop", tz="UTC", project="shop")
        assert [link.proto.label for link in test.get("page_link")] == []
        test.session_state[signin.CONNECTED]["k"].close()


def test_a_name_that_no_project_can_have_is_the_usual_one(pipeline: Pipeline):
    with listening(pipeline.api.app) as api:
        test = page("sessions", api, range="all", project="x\nAuthorization: y")
        assert [row["pick"] for row in ledger(test)["rows"]] == ["of default"]
