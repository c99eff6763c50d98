"""One call in two traces, of which one tells no response id, is billed once where that is sure."""

from random import Random
from typing import Any

import pytest

from spanledger_collector.reconcile import Fact
from spanledger_collector.reconcile.lookalikes import MOST_ALIKE, SOON_NS
from spanledger_collector.rollup import Rollup
from spanledger_collector.store import Store
from tests.facts import NOON_NS, SECOND_NS, span
from tests.test_across import FRAMEWORK, World, billed, every_billed, pair, seen
from tests.test_frameworks import meters, traces
from tests.test_rollup import stored

STORES = ["chdb"]


def streamed(**of_client: Any) -> World:
    """Return a stream as a framework saw it, without an id, and as the client below it did."""
    world = pair(**of_client)
    world[FRAMEWORK][0].response_id = ""
    return world


ONE_CALL: list[dict[str, Any]] = [
    {},
    {"response_id": ""},
    {"session_id": "s"},
    {"response_model": "gpt-4o-2024-08-06"},
    {"cache_read_tokens": 7},
    {"start_ns": NOON_NS + 2 * SECOND_NS, "end_ns": NOON_NS + 3 * SECOND_NS},
]


@pytest.mark.parametrize(
    "of_client",
    ONE_CALL,
    ids=["answered", "unanswered", "session", "dated model", "more meters", "handed on"],
)
def test_a_stream_without_an_id_is_billed_once(of_client: dict[str, Any]):
    assert sum(map(len, every_billed(streamed(**of_client)))) == 1


@pytest.mark.parametrize(
    "of_client",
    [
        {"scope": "framework"},
        {"service": "other"},
        {"kind": "embedding"},
        {"output_tokens": 11},
        {"output_tokens": None},
        {"usage_state": "absent", "input_tokens": None, "output_tokens": None},
        {"usage_source": "estimated"},
        {"response_model": "gpt-4.1"},
        {"response_model": ""},
        {"end_ns": NOON_NS + 2 * SECOND_NS},
        {"end_ns": None},
        {"start_ns": NOON_NS + SOON_NS + 1, "end_ns": NOON_NS + SOON_NS + 2},
        {"parent_span_id": b"agent of"},
    ],
    ids=["same library", "other service", "other kind", "other output", "unknown output",
         "no usage", "estimated", "other model", "unknown model", "half outside", "not ended",
         "much later", "below a span"],
)  # fmt: skip
def test_equal_calls_of_which_nothing_proves_that_they_are_one_are_two(of_client: dict[str, Any]):
    assert sum(map(len, every_billed(streamed(**of_client)))) == 2


@pytest.mark.parametrize("seed", range(20))
def test_silent_streams_of_agents_side_by_side_are_never_taken_for_one_another(seed: int):
    """One agent's framework goes through a client that nobody watches, the other's client is watched."""
    random, silent = Random(seed), {"usage_state": "absent", "response_id": ""}
    world: World = {}
    for number in range(random.randrange(2, 12)):
        since = random.randrange(100)
        scope = random.choice(("framework", "client"))
        told = seen(number + 1, scope, since, since + random.randrange(50, 900), **silent)
        told.input_tokens = told.output_tokens = None
        world["p", f"{number}".ljust(16).encode()] = [told]
    assert sum(map(len, every_billed(world))) == len(world)


def test_a_meter_that_both_know_tells_two_calls_apart():
    world = streamed(cache_read_tokens=7)
    world[FRAMEWORK][0].cache_read_tokens = 8
    assert billed(world) == {"f": [1], "c": [2]}


def test_two_sessions_made_two_calls():
    world = streamed(session_id="c")
    world[FRAMEWORK][0].session_id = "f"
    assert billed(world) == {"f": [1], "c": [2]}


def test_two_ids_are_two_calls_though_another_span_tells_one_of_them():
    world = streamed()
    twin = seen(3, "gateway", 50, 950, response_id="r9", parent_span_id=(1).to_bytes(8))
    world[FRAMEWORK].append(twin)
    assert sum(map(len, every_billed(world))) == 2


def test_agents_side_by_side_that_make_equal_calls_are_each_billed():
    """Each agent has a span, so that its calls are known to be its own."""
    world: World = {}
    for place, scope in enumerate(("framework", "client")):
        agent = span(10 + place, kind="agent", agent=scope, start_ns=NOON_NS)
        told = seen(place + 1, scope, 10 * place, 900 - 10 * place, response_id="")
        told.parent_span_id = agent.span_id
        world["p", scope.encode().ljust(16)] = [agent, told]
    assert sum(map(len, every_billed(world))) == 2


def twice_told(calls: int, step_ms: int = 1) -> World:
    """Return equal calls that began one after another, each told by a framework and a client."""
    world: World = {}
    for number in range(calls):
        since = number * step_ms
        for scope, inward, name in (("framework", 0, ""), ("client", 1, f"r{number}")):
            key = "p", f"{scope} {number}".ljust(16).encode()
            until = since + 500 - inward
            world[key] = [seen(number + 1, scope, since + inward, until, response_id=name)]
    return world


@pytest.mark.parametrize("seed", range(4))
def test_equal_calls_side_by_side_are_each_billed_once(seed: int):
    told = list(twice_told(MOST_ALIKE // 2).items())
    Random(seed).shuffle(told)
    assert sum(map(len, every_billed(dict(told)))) == MOST_ALIKE // 2


def test_of_a_crowd_of_equal_calls_none_is_taken_for_another():
    crowd = MOST_ALIKE // 2 + 1
    assert sum(map(len, every_billed(twice_told(crowd)))) == 2 * crowd


def test_a_call_is_the_inside_of_one_other_only():
    """A client's retry of what a framework tells once: one of the two is the framework's."""
    world = streamed()
    world["p", b"r" * 16] = [seen(3, "client", 820, 880, response_id="r3")]
    assert sum(map(len, every_billed(world))) == 2


def test_who_is_whose_partner_is_found_out_again_when_a_better_one_comes(store: Store):
    """The first client lies within both frameworks; the one that comes last fits the first only."""
    arrivals: list[tuple[bytes, Fact]] = [
        (b"f", seen(1, "framework", 0, 900, response_id="")),
        (b"c", seen(2, "client", 100, 500)),
        (b"d", seen(3, "client", 50, 890, response_id="r3")),
        (b"g", seen(4, "framework", 90, 510, response_id="")),
    ]
    for turned in (1, -1):
        project = f"p{turned}"
        for letter, fact in arrivals[::turned]:
            rollup = Rollup(store)
            rollup.refresh(stored(store, fact, key=(project, letter * 16)), {})
        asked = {"project": project, "after": bytes(16).hex(), "until": ""}
        found = zip(*store.columns("trace_rows", **asked), strict=True)
        assert sum(row[20] for row in found) == 2
        together = {(project, letter * 16) for letter, _ in arrivals}
        assert set(Rollup(store).sharing([(project, b"c" * 16)])) == together


ANSWERED = [(1337, 311, 227), (1474, 322, 244), (1611, 333, 261), (1748, 344, 278)]
"""Input, cached and output tokens of the four answers of the server."""


@pytest.mark.parametrize("client", ["openai", "genai-openai"])
def test_streams_of_langchain_and_of_its_client_that_begin_their_own_traces_add_up(client: str):
    found = [m for trace in traces(f"langchain-and-{client}-alone") for m in meters(trace)]
    assert sorted(found, key=str) == ANSWERED


def test_streams_that_llama_index_hands_on_and_its_client_reads_in_another_trace_add_up():
    """The first stream did not ask for its usage: nothing proves that two spans tell of it."""
    found = [m for trace in traces("llama-index-and-openai-alone") for m in meters(trace)]
    assert sorted(found, key=str) == [*ANSWERED[1:], *[(None, None, None)] * 2]
