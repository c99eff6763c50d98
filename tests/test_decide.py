"""May a step be taken? Two doors answer, the query API and ingest, and they say the same."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import apsw
import pytest

from spanledger_collector.keys import Key as ApiKey
from spanledger_collector.keys import digest, id_of, new_token, write_keys
from spanledger_collector.store import Store
from tests.finance import gpt
from tests.otlp import traces
from tests.pipeline import Pipeline, running

PATH = "/api/v1/decide"
OTHER = {"x-spanledger-project": "other"}
TOLD = ("content-type", "www-authenticate", "allow")


@pytest.fixture
def pipeline(embedded: Store, tmp_path: Path) -> Iterator[Pipeline]:
    with running(embedded, tmp_path) as found:
        yield found


def told(answer: Any) -> tuple[int, dict[str, str], Any]:
    """Return all that an answer says."""
    named = {name: answer.headers[name] for name in TOLD if name in answer.headers}
    return answer.status_code, named, answer.json()


def both(
    pipeline: Pipeline, body: bytes, headers: Mapping[str, str] | None = None, method: str = "POST"
) -> Any:
    """Return what both doors answer to a request, which is the same."""
    doors = pipeline.api, pipeline.otlp
    by_api, by_ingest = (
        told(d.request(method, PATH, content=body, headers=headers)) for d in doors
    )
    assert by_ingest == by_api, body[:200]
    return by_ingest


def ask(pipeline: Pipeline, headers: Mapping[str, str] | None = None, **about: Any) -> Any:
    """Return the answer of both doors to a question."""
    status, _, said = both(pipeline, json.dumps(about).encode(), headers)
    assert status == 200, said
    return said


def budget(
    pipeline: Pipeline, id_: str, headers: Mapping[str, str] | None = None, **more: Any
) -> None:
    """Write a hard budget of two cents a day down, and evaluate it."""
    said = {"id": id_, "name": id_, "limit": "0.02", "period": {"unit": "day"}, "hard": True}
    pipeline.ask("POST", "budgets", 201, json=said | more, headers=headers)


GOOD = (
    b"{}",
    b' {"user": "ann"} ',
    b'{"user": "bob"}',
    b'{"user": "bob", "estimated_usd": "0.0105"}',
    b'{"user": "bob", "estimated_usd": 0.010500001}',
    b'{"user": "bob", "estimated_usd": "1.06e-2"}',
    b'{"user": "n\\u00f6body", "agent": "a", "environment": "e", "service": "s", "provider": "p", "model": "m"}',
    b'{"session": "stopped"}',
    b'{"tags": ["team:a", "x", "team:"]}',
    b'{"tags": []}',
    b'{"tool": "refund", "arguments": {"order": {"amount": 100}, "list": [1, null, true]}}',
    b'{"tool": "refund", "arguments": {"order": {"amount": 99.5}}}',
    b'{"tool": "drop_table"}',
    b'{"user": "ann", "user": "bob"}',
)  # fmt: skip
BAD = (
    b"",
    b"{",
    b"[]",
    b"null",
    b'"ann"',
    b"\xff",
    b'{"user": null}',
    b'{"user": 1}',
    b'{"user": "\\ud800"}',
    b'{"colour": "red", "tags": ["a", 1], "estimated_usd": -1}',
    b'{"tags": "team:a"}',
    b'{"tags": {"0": "a"}}',
    b'{"estimated_usd": "dear"}',
    b'{"estimated_usd": "NaN"}',
    b'{"estimated_usd": Infinity}',
    b'{"estimated_usd": true}',
    b'{"tool": "%s"}' % (b"t" * 201),
    b'{"arguments": []}',
    b'{"project_id": "other"}',
    b'{"arguments": {"a": %s}}' % (b"[" * 500 + b"]" * 500),
    b'{"user": "%s"}' % (b"u" * (64 << 10)),
)


def test_both_doors_give_the_same_answers(pipeline: Pipeline):
    pipeline.post(
        "traces", traces(*(gpt(n, user__id=who) for n, who in enumerate(["ann"] * 3 + ["bob"], 1)))
    )
    budget(pipeline, "each", each="user")
    budget(pipeline, "team", each="tag:team", limit="7")
    budget(pipeline, "soft", measure="calls", limit="3", hard=False)
    stop = {"subject": "session", "value": "stopped", "reason": "it loops"}
    pipeline.ask("POST", "stops", 201, json=stop, params={"by": "ann"})
    for id_, effect, tool in (("big", "ask", "refund"), ("never", "deny", "drop_*")):
        when = [{"argument": "order.amount", "op": ">", "value": "99.5"}]
        policy = {"tool": tool, "effect": effect, "conditions": when, "reason": "careful"}
        pipeline.ask("PUT", f"policies/{id_}", json=policy)
    answers = [both(pipeline, body) for body in GOOD]
    assert {status for status, *_ in answers} == {200}
    assert {(said["allowed"], said["cause"]) for *_, said in answers} == {
        (True, ""), (False, "budget"), (False, "stop"), (False, "policy"), (False, "approval"),
    }  # fmt: skip
    assert answers[1][2] == {
        "allowed": False,
        "cause": "budget",
        "reason": "budget 'each' of user ann: 0 of 0.02 USD left",
        "left": [
            {"budget_id": "each", "name": "each", "group": "ann", "measure": "usd", "limit": "0.02",
             "remaining": "-0.0085", "at_least": False, "hard": True},
            {"budget_id": "soft", "name": "soft", "group": "", "measure": "calls", "limit": "3",
             "remaining": "-1", "at_least": False, "hard": False},
        ],
        "evaluated_at": "2026-11-21T12:00:00.000000000Z",
    }  # fmt: skip


def test_an_id_too_long_to_be_kept_is_refused_and_stopped_by_what_it_is_kept_as(pipeline: Pipeline):
    whole = "s" * 300
    pipeline.post("traces", traces(*(gpt(n, session__id=whole) for n in (1, 2, 3))))
    budget(pipeline, "each", each="session")
    budget(pipeline, "one", scope={"session": whole})
    said = ask(pipeline, session=whole)
    assert [(left["budget_id"], left["remaining"]) for left in said["left"]] == [
        ("each", "-0.0085"), ("one", "-0.0085"),
    ]  # fmt: skip
    assert said["cause"] == "budget"
    (kept,) = [row["id"] for row in pipeline.sessions()]
    pipeline.ask("POST", "stops", 201, json={"subject": "session", "value": kept})
    assert ask(pipeline, session=whole)["cause"] == "stop"
    pipeline.ask("POST", "stops", 201, json={"subject": "user", "value": "u" * 300})
    assert ask(pipeline, user="u" * 300)["cause"] == "stop"


def test_both_doors_refuse_the_same_in_the_same_words(pipeline: Pipeline):
    answers = [both(pipeline, body) for body in BAD]
    assert {status for status, *_ in answers} == {400}
    assert answers[-1][2]["detail"] == "body: more than 65536 bytes"
    assert both(pipeline, b"", method="GET")[0] == 405


def test_both_doors_know_the_same_keys(embedded: Store, tmp_path: Path):
    holders = {"shop": ("shop", "ingest"), "reader": ("shop", "read"), "all": ("*", "ingest")}
    tokens = {name: new_token() for name in holders}
    with running(embedded, tmp_path, keys_demanded=True) as pipeline:
        write_keys(
            pipeline.keys_file,
            [
                ApiKey(id_of(tokens[name]), digest(tokens[name]), project, (scope,))
                for name, (project, scope) in holders.items()
            ],
        )
        said = {**{name: f"Bearer {token}" for name, token in tokens.items()}, "bad": "Bearer x"}
        found = {
            name: both(pipeline, b"{}", OTHER | {"authorization": value})[0]
            for name, value in said.items()
        }
        assert found == {"shop": 200, "reader": 403, "all": 200, "bad": 401}
        assert both(pipeline, b"{}") == (
            401,
            {"content-type": "application/problem+json", "www-authenticate": "Bearer"},
            {"title": "Unauthorized", "status": 401, "detail": "no valid key", "type": "about:blank"},
        )  # fmt: skip


def test_the_budgets_and_stops_of_a_project_are_about_nobody_else(pipeline: Pipeline):
    budget(pipeline, "theirs", OTHER, limit="1")
    pipeline.ask("POST", "stops", 201, json={"subject": "project"}, headers=OTHER)
    assert ask(pipeline)["left"] == []
    theirs = ask(pipeline, OTHER)
    assert (theirs["allowed"], [left["name"] for left in theirs["left"]]) == (False, ["theirs"])


def test_what_is_changed_counts_at_once(pipeline: Pipeline):
    stop = {"subject": "user", "value": "ann", "reason": "enough"}
    made = pipeline.ask("POST", "stops", 201, json=stop)
    assert ask(pipeline, user="ann")["cause"] == "stop"
    pipeline.api.delete(f"/api/v1/stops/{made['id']}")
    assert ask(pipeline, user="ann")["allowed"]
    pipeline.ask("PUT", "policies/p", json={"tool": "refund", "effect": "deny"})
    assert ask(pipeline, tool="refund")["cause"] == "policy"
    budget(pipeline, "b", limit="1")
    assert ask(pipeline, estimated_usd=2)["cause"] == "budget"
    pipeline.api.delete("/api/v1/budgets/b")
    assert ask(pipeline, estimated_usd=2)["allowed"]


def test_what_is_spent_between_two_questions_counts_in_the_second(pipeline: Pipeline):
    budget(pipeline, "b", each="user")
    found = []
    for number in range(1, 4):
        found.append([left["remaining"] for left in ask(pipeline, user="ann")["left"]])
        pipeline.post("traces", traces(gpt(number, user__id="ann")))
        pipeline.budgets.run()
    assert found == [["0.02"], ["0.0105"], ["0.001"]]


def test_before_the_first_evaluation_no_answer_looks_evaluated(pipeline: Pipeline):
    assert ask(pipeline) == {
        "allowed": True, "cause": "", "reason": "", "left": [], "evaluated_at": None,
    }  # fmt: skip


def test_a_store_that_starts_again_lets_nobody_go_on_until_it_has_evaluated(pipeline: Pipeline):
    pipeline.post("traces", traces(gpt(1), gpt(2), gpt(3)))
    budget(pipeline, "b")
    pipeline.restart()
    assert not told(pipeline.otlp.post(PATH, content=b"{}"))[2]["allowed"]


def test_a_group_that_is_erased_stands_nowhere_any_more(pipeline: Pipeline):
    pipeline.post("traces", traces(gpt(1, user__id="ann"), gpt(2, user__id="bob")))
    budget(pipeline, "b", each="user")
    assert groups(pipeline) == {"ann", "bob"}
    pipeline.ask("POST", "erase", json={"kind": "user", "id": "ann"})
    pipeline.budgets.run()
    assert len(groups(pipeline) - {"ann", "bob"}) == 1
    assert "ann" not in groups(pipeline)


def groups(pipeline: Pipeline) -> set[str]:
    """Return the groups that stand in the file."""
    db = apsw.Connection(str(pipeline.board_file), flags=apsw.SQLITE_OPEN_READONLY)
    found = {row[0] for row in db.execute("SELECT counted FROM standing")}
    db.close()
    return found
