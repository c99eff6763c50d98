"""The pages about prices, books, changes and keys show and do what the query API answers."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from streamlit.testing.v1 import AppTest

from spanledger_collector.store import Store
from spanledger_schema.api import Totals
from spanledger_schema.api_ledger import AuditEntry
from spanledger_ui import signin
from spanledger_ui.pages import audit, overview
from tests.finance import gpt
from tests.ingesting import PROTOBUF
from tests.otlp import CAPTURES, attribute, span, traces
from tests.pipeline import Pipeline, running
from tests.ui_server import ledger, ledgers, listening, page, shown, texts

LANGGRAPH = "openinference-langchain__langgraph-refund-retry"
OWN_MODEL = [
    attribute("gen_ai.operation.name", "chat"),
    attribute("gen_ai.provider.name", "openai"),
    attribute("gen_ai.request.model", "our-own-7b"),
    attribute("gen_ai.usage.input_tokens", 1_000_000),
    attribute("gen_ai.usage.output_tokens", 0),
]


@pytest.fixture(scope="module")
def pipeline(shared_store: Store, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    """Return a recorded session, and a call of a model that nobody lists."""
    with running(shared_store, tmp_path_factory.mktemp("pages")) as found:
        found.post("traces", (CAPTURES / f"{LANGGRAPH}.pb").read_bytes())
        found.post("traces", traces(span(attributes=OWN_MODEL)))
        yield found


@pytest.fixture
def api(pipeline: Pipeline) -> Iterator[str]:
    with listening(pipeline.api.app) as url:
        yield url


def press(test: AppTest, label: str) -> AppTest:
    """Press the one button of this label."""
    (button,) = [button for button in test.button if button.label == label]
    return button.click().run()


def field(test: AppTest, label: str) -> Any:
    """Return the one text field of this label."""
    (found,) = [element for element in test.text_input if element.label == label]
    return found


def test_the_books_balance_and_each_sum_is_the_apis(api: str, pipeline: Pipeline):
    lost = PROTOBUF | {"x-spanledger-lost": "queue_full=3"}
    pipeline.otlp.post("/v1/traces", content=traces(gpt(8)), headers=lost).raise_for_status()
    pipeline.settle()
    pipeline.send("traces", traces(gpt(9)))
    test = press(page("integrity", api), "Check the books")
    assert "Lost by clients before it was sent: queue full 3." in shown(test)
    account = pipeline.get("integrity")["accounts"][0]
    row = ledgers(test)["Received"]["rows"][0]
    waiting, first = row["cells"]["pending"], texts(row)
    assert (waiting["text"], waiting["under"][:7]) == ("1", "oldest ")
    assert (first["received"], first["stored"], first["holds"]) == (
        str(account["received"]), str(account["stored"]), "yes",
    )  # fmt: skip
    verified = pipeline.get("verify")["identities"]
    assert [texts(row)["holds"] for row in ledgers(test)["Identities"]["rows"]] == ["yes"] * len(
        verified
    )


def test_a_model_without_a_price_gets_one_and_history_takes_it(api: str, pipeline: Pipeline):
    test = page("models", api, range="all")
    (missing,) = ledgers(test)["Without a price"]["rows"]
    assert texts(missing)["model"] == "our-own-7b"
    field(test, "USD per M tokens in").set_value("0.25")
    field(test, "USD per M tokens out").set_value("1")
    test = press(test, "Set the price")
    assert [texts(row)["says"] for row in ledgers(test)["Own prices"]["rows"]] == [
        "input 0.25, output 1"
    ]
    test = press(test, "Show what would change")
    change = texts(ledgers(test)["What changes"]["rows"][0])
    assert (change["before"], change["after"], change["unpriced"]) == ("0.0000", "0.2500", "1 → 0")
    assert pipeline.get("models/unpriced")["items"][0]["model"] == "our-own-7b"
    field(test, "Why, for the audit").set_value("now it has a price")
    test = press(test, "Write it")
    assert pipeline.get("models/unpriced")["items"] == []
    assert "Without a price" not in ledgers(test)
    changes = ledger(page("audit", api))["rows"]
    assert "now it has a price" in {texts(change)["why"] for change in changes}


def test_dollars_that_a_sender_counts_otherwise_are_beside_ours(api: str, pipeline: Pipeline):
    twice = AnyValue(double_value=0.019)
    pipeline.post("traces", traces(gpt(9, gen_ai__usage__cost=twice)))
    (model,) = ledgers(page("models", api, range="all"))["Reported otherwise"]["rows"]
    assert texts(model) == {
        "model": "gpt-4o-2024-08-06", "by": "gen_ai.usage.cost", "calls": "1", "off": "1",
        "reported": "0.0190", "counted": "0.0095", "difference": "0.0095",
    }  # fmt: skip


def test_of_a_change_what_changed_is_shown_and_what_it_is_called():
    before = {"name": "all", "limit": "1", "hard": False}
    after = {"name": "all", "limit": "2", "owner": "ann"}
    assert audit.changed(before, after) == (
        {"limit": "1", "hard": False},
        {"limit": "2", "owner": "ann"},
    )
    assert audit.changed(None, after) == (None, after)
    entry = AuditEntry("", None, "budget changed", "7bc5", before, None, None)
    assert (audit.called(entry), audit.called(replace(entry, before="x"))) == ("all", "7bc5")


def test_a_key_is_shown_once_and_can_be_revoked(api: str, pipeline: Pipeline):
    test = page("settings", api)
    field(test, "What the key is for").set_value("a reader")
    test = press(test, "Make a key")
    (made,) = pipeline.get("keys")
    assert [code.value for code in test.code if code.value.endswith(made["hint"])]
    test = page("settings", api)
    assert not [line for line in shown(test) if line.endswith(made["hint"])]
    assert texts(ledger(test)["rows"][0])["state"] == "good"
    test.selectbox[1].select_index(0)
    test = press(test, "Revoke")
    assert texts(ledger(test)["rows"][0])["state"] == "revoked"


def test_a_server_that_asks_for_keys_takes_the_readers_own(store: Store, tmp_path: Path):
    with running(store, tmp_path, keys_demanded=False) as pipeline:
        made = pipeline.ask("POST", "keys", 201, json={"scopes": ["read", "admin"]})["key"]
        pipeline.keys_demanded = True
        pipeline.restart()
        with listening(pipeline.api.app) as url:
            test = page("settings", url)
            assert [warning.value for warning in test.warning] == ["This server asks who you are."]
            field(test, "API key").set_value("of another server")
            test = press(test, "Sign in")
            assert [warning.value for warning in test.warning] == ["No key here is this one."]
            field(test, "API key").set_value(made)
            test = press(test, "Sign in")
            assert texts(ledger(test)["rows"][0])["state"] == "good"
            assert f"You ask with your own key, which ends in {made[-4:]}." in shown(test)
            connected = test.session_state[signin.CONNECTED][made]
            test = press(test, "Sign out")
            assert signin.KEPT not in test.session_state
            assert signin.CONNECTED not in test.session_state
            assert connected.closed
            assert [warning.value for warning in test.warning] == ["This server asks who you are."]


def test_a_model_whose_dollars_are_unknown_moved_by_nobody_knows_what():
    unpriced, priced = (
        Totals(calls=1, cost_usd=None, unpriced_calls=1),
        Totals(calls=1, cost_usd="0.5"),
    )
    changes = [
        overview.mover("m", now, then)["cells"]["change"]
        for now, then in ((unpriced, Totals()), (priced, unpriced), (priced, Totals()))
    ]
    assert changes == ["–", "–", "+0.5000"]


def test_the_overview_says_todays_dollars_and_what_failed(api: str, pipeline: Pipeline):
    pipeline.post("traces", traces(span(attributes=OWN_MODEL)))
    found = ledgers(page("overview", api))
    assert [texts(row)["what"] for row in found["Today and yesterday"]["rows"]] == [
        "Spend", "Sessions", "of them failed", "p95 of a session", "Calls", "Tokens",
    ]  # fmt: skip
