"""One call that two libraries recorded in two traces is billed in one of them."""

import re
from collections.abc import Callable, Sequence
from itertools import permutations
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spanledger_collector.reconcile import Fact, verdict
from spanledger_collector.reconcile.account import Account, TraceKey
from spanledger_collector.reconcile.across import settled
from spanledger_collector.rollup import MOST_FACTS, Rollup
from spanledger_collector.sharing import asking, sharing_calls
from spanledger_collector.store import Store
from spanledger_schema.sql import migrations, query
from tests.facts import NOON_NS, SECOND_NS, call, span
from tests.pipeline import Pipeline, running
from tests.stores import both_stores
from tests.test_frameworks import DATA
from tests.test_rollup import stored
from tests.test_wire import cut

STORES = ["chdb"]

FRAMEWORK: TraceKey = ("p", b"f" * 16)
CLIENT: TraceKey = ("p", b"c" * 16)
ROOTS = (DATA / "langgraph-and-openai-roots-of-their-own.pb").read_bytes()

World = dict[TraceKey, list[Fact]]


def seen(
    number: int, scope: str = "", since_ms: int = 0, until_ms: int = 900, **known: Any
) -> Fact:
    """Return a call that some library saw between two moments after noon."""
    given: dict[str, Any] = {
        "response_id": "r1", "scope": scope,
        "start_ns": NOON_NS + since_ms * 1_000_000, "end_ns": NOON_NS + until_ms * 1_000_000,
    }  # fmt: skip
    return call(number, **(given | known))


def billed(world: World) -> dict[str, list[int]]:
    """Return the billed spans of each trace, by the first letter of its id."""
    accounts = {
        key: Account({f.span_id: f for f in facts}, verdict(facts)) for key, facts in world.items()
    }
    return {
        chr(key[1][0]): [int.from_bytes(s) for s in found.billed]
        for key, found in settled(accounts).items()
    }


def pair(**of_client: Any) -> World:
    """Return a call as a framework saw it and as the client below it did, each in its trace."""
    client = {"scope": "client"} | of_client
    return {FRAMEWORK: [seen(1, "framework")], CLIENT: [seen(2, since_ms=100, **client)]}


def test_a_call_in_two_traces_is_billed_where_the_session_is():
    world = pair()
    world[FRAMEWORK][0].session_id = "s"
    assert billed(world) == {"f": [1], "c": []}
    world = pair(session_id="s")
    assert billed(world) == {"f": [], "c": [2]}


def test_usage_that_was_reported_counts_more_than_a_session():
    world = pair(input_tokens=None, output_tokens=None, usage_state="absent", session_id="s")
    assert billed(world) == {"f": [1], "c": []}


def test_without_a_session_the_richer_usage_is_billed():
    assert billed(pair(cache_read_tokens=7)) == {"f": [], "c": [2]}


def test_the_reason_names_the_trace_that_is_billed():
    world = pair(session_id="s")
    accounts = {k: Account({f.span_id: f for f in v}, verdict(v)) for k, v in world.items()}
    found = settled(accounts)[FRAMEWORK]
    assert dict(found.not_billed) == {(1).to_bytes(8): f"duplicate in trace {CLIENT[1].hex()}"}
    assert found.stands_in((1).to_bytes(8)) == (2).to_bytes(8)


@pytest.mark.parametrize(
    "of_client",
    [
        {"start_ns": NOON_NS + SECOND_NS, "end_ns": NOON_NS + 2 * SECOND_NS},
        {"scope": "framework"},
        {"response_id": "r2"},
        {"input_tokens": 101},
        {"response_model": "gpt-4.1"},
        {"kind": "embedding"},
        {"end_ns": None},
    ],
    ids=["later", "same library", "other id", "other usage", "other model", "other kind",
         "not ended"],
)  # fmt: skip
def test_two_calls_stay_two(of_client: dict[str, Any]):
    assert billed(pair(**of_client)) == {"f": [1], "c": [2]}


def test_the_same_library_in_two_services_may_have_seen_one_call():
    gateway = pair(scope="framework", service="gateway", cache_read_tokens=7)
    assert billed(gateway) == {"f": [], "c": [2]}


def test_another_project_is_another_call():
    world = pair()
    world["q", b"c" * 16] = world.pop(CLIENT)
    assert billed(world) == {"f": [1], "c": [2]}


def test_a_trace_in_which_two_libraries_saw_a_call_keeps_it_once_against_a_third():
    world = pair()
    world[FRAMEWORK].append(seen(3, "gateway", 50, 850, parent_span_id=(1).to_bytes(8)))
    world[FRAMEWORK][0].session_id = "s"
    assert billed(world) == {"f": [3], "c": []}


@pytest.mark.parametrize("seed", range(5))
def test_a_server_that_gives_every_answer_one_id_does_not_make_calls_vanish(seed: int):
    random, world = Random(seed), {}
    for number in range(20):
        since = random.randrange(500)
        for scope, inward in (("framework", 0), ("client", 5)):
            key = ("p", f"{scope} {number}".ljust(16).encode())
            until = since + 400 - 2 * inward
            world[key] = [seen(number + 1, scope, since + inward, until)]
    assert sum(len(calls) for calls in every_billed(world)) == 20


def every_billed(world: World) -> list[Sequence[bytes]]:
    """Return the billed spans of every trace."""
    accounts = {k: Account({f.span_id: f for f in v}, verdict(v)) for k, v in world.items()}
    return [found.billed for found in settled(accounts).values()]


@st.composite
def worlds(draw: st.DrawFn) -> tuple[int, World]:
    """Draw real calls, each seen by one to three libraries that begin their own traces.

    One of them may tell no response id; equal usage, and nothing else, ties its calls to the others.
    """
    calls = draw(st.integers(1, 6))
    libraries = sorted(draw(st.sets(st.sampled_from("abc"), min_size=1)))
    nameless = draw(st.sampled_from("abc-"))
    world: World = {}
    for number in range(calls):
        since, output_tokens = draw(st.integers(0, 3000)), draw(st.sampled_from((10, 11)))
        for inward, scope in enumerate(libraries):
            key = ("p", f"{scope}{number}".ljust(16).encode())
            world[key] = [
                seen(
                    number + 1, scope, since + inward, since + 500 - inward,
                    response_id="" if scope == nameless else f"r{number}",
                    session_id=draw(st.sampled_from(("", "s"))), output_tokens=output_tokens,
                    cache_read_tokens=draw(st.sampled_from((None, 0, 5)))
                    if nameless == "-"
                    else None,
                )
            ]  # fmt: skip
    return calls, world


@settings(max_examples=200)
@given(drawn=worlds(), seed=st.integers(0, 1000))
def test_each_call_is_billed_once_in_whatever_order_its_traces_come(
    drawn: tuple[int, World], seed: int
):
    calls, world = drawn
    shuffled = list(world.items())
    Random(seed).shuffle(shuffled)
    assert sum(map(len, every_billed(world))) == calls
    assert billed_by_key(dict(shuffled)) == billed_by_key(world)


def billed_by_key(world: World) -> dict[TraceKey, Sequence[bytes]]:
    return dict(sorted(zip(world, every_billed(world), strict=True)))


def rows(store: Store) -> dict[str, tuple[int, int]]:
    """Return billed calls and tokens of each trace, by the first letter of its id."""
    asked = {"project": "p", "after": bytes(16).hex(), "until": ""}
    found = zip(*store.columns("trace_rows", **asked), strict=True)
    return {chr(row[1][0]): (row[20], row[27]) for row in found}


LATE_SESSION = span(3, session_id="s")
ARRIVALS = list(permutations([(FRAMEWORK, "call"), (CLIENT, "call"), (FRAMEWORK, "session")]))


@pytest.mark.parametrize(("response_id", "most_facts"), [("r1", MOST_FACTS), ("", 0)])
@both_stores
def test_whatever_comes_first_the_session_has_the_call(
    store: Store, response_id: str, most_facts: int
):
    facts = {
        (FRAMEWORK, "call"): seen(1, "framework", response_id=response_id),
        (CLIENT, "call"): seen(2, "client", 100, 800, cache_read_tokens=7),
        (FRAMEWORK, "session"): LATE_SESSION,
    }
    for number, arrivals in enumerate(ARRIVALS):
        project, rollup = f"p{number}", Rollup(store, most_facts)
        for arrival in arrivals:
            key = project, arrival[0][1]
            rollup.refresh(stored(store, facts[arrival], key=key), {})
            if number % 2:
                rollup = Rollup(store, most_facts)  # the process starts again
        asked = {"project": project, "after": bytes(16).hex(), "until": ""}
        found = zip(*store.columns("trace_rows", **asked), strict=True)
        assert {(row[1], row[20], row[27]) for row in found} == {
            (FRAMEWORK[1], 1, 100), (CLIENT[1], 0, 0)
        }  # fmt: skip


def test_a_trace_that_is_erased_gives_its_call_back(store: Store):
    rollup = Rollup(store)
    rollup.refresh(stored(store, seen(1, "framework", session_id="s"), key=FRAMEWORK), {})
    rollup.refresh(stored(store, seen(2, "client", 100, 800), key=CLIENT), {})
    assert rows(store) == {"f": (1, 100), "c": (0, 0)}
    touched = rollup.sharing([FRAMEWORK])
    store.change("delete_traces", projects=["p"], traces=[FRAMEWORK[1].hex()])
    store._writer.command(f"DELETE FROM spans WHERE trace_id = unhex('{FRAMEWORK[1].hex()}')")
    rollup.recompute(touched, knowing_less=True)
    assert rows(store) == {"c": (1, 100)}


def test_calls_that_were_stored_before_an_upgrade_are_found_after_it(store: Store):
    rollup = Rollup(store)
    for key, response_id in ((FRAMEWORK, "r1"), (CLIENT, "")):
        rollup.refresh(
            stored(store, seen(1, key[1].decode(), response_id=response_id), key=key), {}
        )
    before = rollup.sharing([FRAMEWORK])
    for migration in migrations():
        if migration.number in (38, 39, 40):  # drop both, make both anew
            store._writer.command(migration.sql)
    assert set(Rollup(store).sharing([FRAMEWORK])) == set(before) == {FRAMEWORK, CLIENT}


def test_looking_for_the_same_call_reads_only_what_carries_its_id(store: Store):
    ids = [f"r{number}" for number in range(5000)]
    store.insert("spans", {
        "project_id": ["p"] * 5000, "trace_id": [i.encode().ljust(16) for i in ids],
        "span_id": [b"s" * 8] * 5000, "ver": [1] * 5000, "kind": ["llm"] * 5000,
        "response_id": ids, "started_at": [NOON_NS] * 5000, "ended_at": [NOON_NS] * 5000,
        "scope": ["client"] * 5000,
    })  # fmt: skip
    asked = asking([(FRAMEWORK, seen(1, "framework", response_id="r17"))])
    plan = store._writer.query("EXPLAIN indexes = 1 " + query("shared_calls"), parameters=asked)
    text = "\n".join(row[0] for row in plan.result_rows)
    assert re.search(r"Granules: [12]/20\b", text), text
    assert store.written("shared_calls", **asked)[2][0] == b"r17".ljust(16)


def test_a_graph_and_its_client_in_traces_of_their_own_add_up_span_by_span(
    new_store: Callable[[], Store], tmp_path: Path
):
    """LangGraph with OpenInference for LangChain and for OpenAI: 6 calls, one tells no id."""
    found = []
    for arrival in ("whole", "shuffled"):
        (folder := tmp_path / arrival).mkdir()
        with running(new_store(), folder) as pipeline:
            parts = [ROOTS] if arrival == "whole" else cut(ROOTS, Random(3))
            for place, part in enumerate(parts):
                pipeline.send("traces", part)
                if place % 4 == 3:
                    pipeline.settle()
                if place == len(parts) // 2:
                    pipeline.restart()
            pipeline.settle()
            found.append(spent(pipeline))
            assert pipeline.get("verify")["holds"]
    whole, shuffled = found
    assert shuffled == whole
    assert [calls for _, calls, _ in whole if calls] == [6]


def spent(pipeline: Pipeline) -> list[tuple[str, int, str]]:
    """Return what each session came to, those with a name of their own last."""
    return sorted(
        (s["id"], s["totals"]["calls"], s["totals"]["cost_usd"]) for s in pipeline.sessions()
    )


def test_where_one_library_alone_tells_of_calls_nobody_is_asked_for_their_twins(store: Store):
    asked: list[str] = []

    def read(name: str, **parameters: Any) -> Any:
        asked.append(name)
        return store.written(name, **parameters)

    calls = [
        (CLIENT, seen(1, "client", 100, response_id="r1")),
        (FRAMEWORK, seen(2, "client", 100, response_id="r1")),
    ]
    for key, fact in calls:
        stored(store, fact, key=key)
    assert [*sharing_calls(read, calls)] == []
    assert asked == ["call_watchers"]
