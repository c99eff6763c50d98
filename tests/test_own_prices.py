"""Prices of the operator's own: written down, in force from then on, kept for ever."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from spanledger_collector.store import Store
from tests.finance import PRICE, add_price, call, gpt, spent
from tests.otlp import traces
from tests.pipeline import Pipeline, running
from tests.stores import both_stores

STORES = ["chdb"]


@pytest.fixture
def pipeline(store: Store, tmp_path: Path) -> Iterator[Pipeline]:
    with running(store, tmp_path) as found:
        yield found


def ids(pipeline: Pipeline, path: str = "prices", **asked: Any) -> dict[str, str]:
    """Return the state of each price by its id."""
    return {entry["id"]: entry["state"] for entry in pipeline.get(path, **asked)}


def test_a_price_holds_for_what_is_drained_after_it_also_after_a_restart(pipeline: Pipeline):
    pipeline.post("traces", traces(call(1)))
    add_price(pipeline)
    pipeline.post("traces", traces(call(2)))
    assert spent(pipeline) == ("0.00038", 1)
    pipeline.restart()
    pipeline.post("traces", traces(call(3)))
    assert spent(pipeline) == ("0.00076", 1)


def test_a_price_is_listed_as_it_was_written_with_who_and_when(pipeline: Pipeline):
    made = pipeline.ask(
        "POST", "prices", 201, json=PRICE | {"tiers": [{"threshold": 100_000,
        "usd_per_mtok": {"input": 0.2}}]}, params={"by": "ann", "note": "contract 7"},
    )  # fmt: skip
    written = PRICE | {
        "tiers": [{"threshold": 100_000, "inclusive": False, "usd_per_mtok": {"input": "0.2"}}]
    }
    change = {"kind": "price", "id": "llama", "change": "added", "before": None, "after": written}
    assert made == [change]
    assert pipeline.get("prices") == [
        {
            "kind": "price", "id": "llama", "state": "holds", "written": written,
            "created_at": "2026-11-21T12:00:00.000000000Z",
            "changed_at": "2026-11-21T12:00:00.000000000Z", "changed_by": "ann",
            "note": "contract 7",
        }
    ]  # fmt: skip
    (entry,) = pipeline.get("audit")["items"]
    assert (entry["action"], entry["actor"], entry["after"]) == ("price added", "ann", written)


def test_a_price_that_ends_held_until_then(pipeline: Pipeline):
    add_price(pipeline)
    ended = {"effective_to": "2026-11-20T12:00:00Z"}
    pipeline.ask("POST", "prices/llama/end", json=ended, params={"note": "moved away"})
    pipeline.post("traces", traces(call(1), call(2, days_ago=1), call(3, days_ago=2)))
    assert spent(pipeline) == ("0.00038", 2)
    assert ids(pipeline) == {"llama": "ended"}
    assert pipeline.get("prices")[0]["written"]["effective_to"] == "2026-11-20T12:00:00Z"


def test_a_price_that_supersedes_another_takes_it_back(pipeline: Pipeline):
    add_price(pipeline)
    dearer = PRICE | {"id": "llama-2", "usd_per_mtok": {"input": "1", "output": "4"}}
    pipeline.ask("POST", "prices", 201, json=dearer, params={"supersedes": "llama"})
    pipeline.post("traces", traces(call(1)))
    assert spent(pipeline) == ("0.0038", 0)
    assert ids(pipeline) == {"llama-2": "holds"}
    assert ids(pipeline, withdrawn=True) == {"llama": "withdrawn", "llama-2": "holds"}
    actions = [(e["action"], e["subject"]) for e in pipeline.get("audit")["items"]]
    assert sorted(actions) == [
        ("price added", "llama"), ("price added", "llama-2"), ("price withdrawn", "llama")
    ]  # fmt: skip


def test_of_two_prices_that_say_as_much_the_one_written_down_later_wins_for_good(
    pipeline: Pipeline,
):
    for id_, usd in (("first", "1"), ("second", "2")):
        pipeline.now_ns += 1
        add_price(pipeline, id=id_, usd_per_mtok={"input": usd, "output": "0"})
    pipeline.now_ns += 1
    pipeline.ask("POST", "prices/first/end", json={"effective_to": "2027-01-01T00:00:00Z"})
    pipeline.post("traces", traces(call(1)))
    assert spent(pipeline) == ("0.006", 0)


def test_a_price_of_one_project_is_no_price_of_another(pipeline: Pipeline):
    add_price(pipeline, project_id="other")
    pipeline.post("traces", traces(call(1)))
    assert spent(pipeline) == (None, 1)


def test_an_alias_gives_a_deployment_its_model_until_it_is_taken_back(pipeline: Pipeline):
    alias = {"id": "d", "provider": "azure", "model": "my-*", "to_model": "gpt-4o-2024-08-06"}
    pipeline.ask("POST", "prices/aliases", 201, json=alias)
    named: dict[str, Any] = {
        "gen_ai__provider__name": "azure.ai.openai",
        "gen_ai__response__model": "my-chat",
    }
    pipeline.post("traces", traces(call(1, **named)))
    assert spent(pipeline) == ("0.0095", 0)
    assert ids(pipeline, "prices/aliases") == {"d": "holds"}
    pipeline.ask("DELETE", "prices/aliases/d")
    pipeline.post("traces", traces(call(2, **named)))
    assert spent(pipeline) == ("0.0095", 1)


def test_an_alias_that_ended_means_its_model_for_the_days_before(pipeline: Pipeline):
    alias = {"id": "d", "provider": "azure", "model": "chat", "to_model": "gpt-4o-2024-08-06"}
    pipeline.ask("POST", "prices/aliases", 201, json=alias)
    until = {"effective_to": "2026-11-20T00:00:00Z"}
    (change,) = pipeline.ask("POST", "prices/aliases/d/end?note=moved", json=until)
    assert (change["change"], change["after"]) == ("changed", change["before"] | until)
    named: dict[str, Any] = {
        "gen_ai__provider__name": "azure.ai.openai",
        "gen_ai__response__model": "chat",
    }
    pipeline.post("traces", traces(call(1, days_ago=1, **named), call(2, days_ago=2, **named)))
    assert spent(pipeline) == ("0.0095", 1)  # the 20th at noon came too late, the 19th did not
    assert ids(pipeline, "prices/aliases") == {"d": "ended"}
    assert pipeline.get("audit")["items"][0]["note"] == "moved"


@both_stores
def test_a_price_file_written_out_and_read_in_again_changes_nothing(pipeline: Pipeline):
    add_price(pipeline)
    add_price(
        pipeline, id="flex", when={"service_tier": "flex"}, multiplier="0.5", usd_per_mtok=None
    )
    alias = {"id": "d", "provider": "azure", "model": "my-*", "to_model": "gpt-4o"}
    pipeline.ask("POST", "prices/aliases", 201, json=alias)
    for style in ("yaml", "json"):
        text = pipeline.api.get(f"/api/v1/prices/file?format={style}").text
        assert (yaml.safe_load if style == "yaml" else json.loads)(text) == {
            "prices": [entry["written"] for entry in pipeline.get("prices")],
            "aliases": [alias],
        }
        for replace in (False, True):
            asked = {"format": style, "dry_run": False, "replace": replace}
            found = pipeline.ask("POST", "prices/file", content=text, params=asked)
            assert found == {"dry_run": False, "changes": [], "unchanged": 3}


DOCUMENTED = (Path(__file__).parents[1] / "docs" / "costs.md").read_text()


def test_the_price_file_of_the_documentation_is_taken_in(pipeline: Pipeline):
    example = DOCUMENTED.partition("```yaml\n")[2].partition("```")[0]
    asked = {"format": "yaml", "dry_run": False}
    found = pipeline.ask("POST", "prices/file", content=example, params=asked)
    assert [(c["kind"], c["id"]) for c in found["changes"]] == [
        ("price", "llama"), ("price", "contract-2026"), ("alias", "chat-prod"),
        ("alias", "chat-prod-2"),
    ]  # fmt: skip
    pipeline.post("traces", traces(call(1), gpt(2)))
    assert spent(pipeline) == ("0.00893", 0)


FILE = """
prices:
  - {id: llama, provider: vllm, model: llama-3.3-70b, effective_from: 2026-11-01T00:00:00Z,
     usd_per_mtok: {input: 0.20, output: 0.40}, note: twice the input}
  - {id: gpt, provider: openai, model: "gpt-4o*", multiplier: 0.9}
"""


def test_a_price_file_is_compared_before_it_is_taken_in(pipeline: Pipeline):
    add_price(pipeline)
    add_price(pipeline, id="gone", model="other")
    asked = {"format": "yaml", "replace": True}
    dry = pipeline.ask("POST", "prices/file", content=FILE, params=asked)
    assert [(c["change"], c["id"]) for c in dry["changes"]] == [
        ("changed", "llama"), ("added", "gpt"), ("withdrawn", "gone")
    ]  # fmt: skip
    assert (dry["dry_run"], dry["unchanged"], ids(pipeline)) == (
        True, 0, {"gone": "holds", "llama": "holds"}
    )  # fmt: skip
    changed = dry["changes"][0]
    assert (changed["before"]["usd_per_mtok"], changed["after"]["usd_per_mtok"]) == (
        {"input": "0.10", "output": "0.40"}, {"input": "0.2", "output": "0.4"}
    )  # fmt: skip
    done = pipeline.ask("POST", "prices/file", content=FILE, params=asked | {"dry_run": False})
    assert done["changes"] == dry["changes"]
    pipeline.post("traces", traces(call(1), gpt(2)))
    assert spent(pipeline) == ("0.00923", 0)


REFUSED = [
    ({}, "provider: Field required, not {}; model: Field required, not {}"),
    ({**PRICE, "colour": 1}, "colour: Extra inputs are not permitted"),
    ({**PRICE, "id": "a b"}, "id: String should match"),
    (
        {**PRICE, "usd_per_mtok": {"input": "much"}},
        "usd_per_mtok.input: Input should be a valid decimal",
    ),
    ({**PRICE, "usd_per_mtok": {"input": -1}}, "input: Input should be greater than or equal to 0"),
    ({**PRICE, "usd_per_mtok": {"inputs": 1}}, "no meter is called 'inputs'"),
    ({**PRICE, "usd_per_mtok": {"web_search": 1}}, "is not counted in tokens"),
    ({**PRICE, "effective_from": "2026-11-01"}, "effective_from: Input should have timezone info"),
    ({**PRICE, "effective_to": PRICE["effective_from"]}, "it ends at"),
    ({**PRICE, "multiplier": 2}, "usd_per_mtok and multiplier exclude one another"),
    ({**PRICE, "usd_per_mtok": None}, "must be there"),
    ({**PRICE, "hours": ["9-17"]}, "hours.0: "),
    ({**PRICE, "currency": "EUR"}, "currency: Input should be 'USD'"),
]


def test_a_price_that_cannot_be_meant_is_refused_by_its_field(pipeline: Pipeline, subtests: Any):
    for body, said in REFUSED:
        with subtests.test(said):
            assert said in pipeline.ask("POST", "prices", 400, json=body)["detail"]
    assert pipeline.get("prices") == []


BAD_FILES = [
    ("prices: [", "the file is no YAML"),
    ("- 1", "a price file is a mapping"),
    ("price: []", "no section 'price'"),
    ("prices: {}x", "the file is no YAML"),
    ("prices: 3", "prices is a list of rows"),
    ("prices: [{provider: a, model: b, multiplier: 1}]", "row prices[0], field id: missing"),
    ("prices: [{id: a, model: b, multiplier: 1}]", "row a, field provider: Field required"),
    ("prices: [3]", "row prices[0]: "),
    ("aliases: [{id: d, model: m}]", "row d, field to_model: Field required"),
    (
        "prices: [{id: a, provider: p, model: b, usd_per_mtok: {input: x}}]",
        "row a, field usd_per_mtok.input: Input should be a valid decimal",
    ),
    (
        "prices: [{id: a, provider: p, model: b, multiplier: 1},"
        " {id: a, provider: p, model: b, multiplier: 1}]",
        "row a, field id: two rows of the file have this one",
    ),
]


def test_a_price_file_is_taken_whole_or_not_at_all(pipeline: Pipeline, subtests: Any):
    good = "\n  - {id: good, provider: p, model: m, multiplier: 1}"
    for text, said in [*BAD_FILES, (f"prices:{good}\naliases: [{{}}]", "row aliases[0], field")]:
        with subtests.test(said):
            asked = {"format": "yaml", "dry_run": False}
            found = pipeline.ask("POST", "prices/file", 400, content=text, params=asked)
            assert said in found["detail"]
    assert (pipeline.get("prices"), pipeline.get("audit")["items"]) == ([], [])


def test_an_id_is_given_once_and_for_ever(pipeline: Pipeline):
    add_price(pipeline)
    assert "there already" in pipeline.ask("POST", "prices", 409, json=PRICE)["detail"]
    pipeline.ask("DELETE", "prices/llama")
    assert "there already" in pipeline.ask("POST", "prices", 409, json=PRICE)["detail"]
    text = pipeline.api.get("/api/v1/prices/file?format=yaml").text
    assert yaml.safe_load(text) == {"prices": [], "aliases": []}
    again = {"format": "json", "dry_run": False}
    body = json.dumps({"prices": [PRICE]})
    found = pipeline.ask("POST", "prices/file", 409, content=body, params=again)
    assert found["detail"] == "row llama, field id: it was withdrawn; give the row another id"


UNKNOWN = [
    ("POST", "prices/none/end", {"effective_to": "2026-11-20T12:00:00Z"}, 404, "no price 'none'"),
    ("DELETE", "prices/none", None, 404, "no price 'none'"),
    ("DELETE", "prices/aliases/none", None, 404, "no alias 'none'"),
    ("POST", "prices/llama/end", {"effective_to": "2026-11-01T00:00:00Z"}, 400, "effective_to: "),
    ("POST", "prices/llama/end", {"effective_to": "soon"}, 400, "effective_to: "),
    ("POST", "prices/llama/end", {}, 400, "effective_to: "),
    ("POST", "prices/aliases/always/end", {"effective_to": "0001-01-01T01:00:00+05:00"}, 400, "effective_to: "),
    ("POST", "prices/aliases", {"model": "m", "to_model": "n", "effective_from": "0001-01-01T00:00:00+05:00"}, 400, "effective_from"),
]  # fmt: skip


def test_what_cannot_be_done_to_a_price_says_why(pipeline: Pipeline, subtests: Any):
    add_price(pipeline)
    always = {"id": "always", "model": "m", "to_model": "n"}
    pipeline.ask("POST", "prices/aliases", 201, json=always)
    for method, path, body, status, said in UNKNOWN:
        with subtests.test(f"{method} {path} {body}"):
            assert said in pipeline.ask(method, path, status, json=body)["detail"]
    assert ids(pipeline) == {"llama": "holds"}
    late = {"effective_to": "9999-12-31T23:59:59-05:00"}
    (change,) = pipeline.ask("POST", "prices/aliases/always/end", json=late)
    assert change["after"]["effective_to"] == "9999-12-31T00:00:00Z"


def test_what_was_written_last_holds_also_when_the_clock_was_set_back(pipeline: Pipeline):
    add_price(pipeline)
    pipeline.now_ns -= 3_600_000_000_000
    pipeline.ask("POST", "prices/llama/end", json={"effective_to": "2026-11-20T12:00:00Z"})
    assert ids(pipeline) == {"llama": "ended"}
    pipeline.ask("DELETE", "prices/llama")
    assert ids(pipeline, withdrawn=True) == {"llama": "withdrawn"}
