"""Replay of everything that was ever recorded, held against what really happened.

Truth comes from `*.expect.json`, written without looking at a span. What a library does not send
(`output_in_telemetry`, `has_span: false`) cannot be on the screen.
"""

import json
import re
import shutil
import subprocess
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from spanledger_collector.store import Store
from spanledger_schema.api import SessionColumns
from spanledger_ui import skeleton
from spanledger_ui.client import Client
from spanledger_ui.components import FOLDER
from tests.otlp import CAPTURES, LOG_CAPTURES, TRACE_CAPTURES
from tests.pipeline import running
from tests.test_corpus import NAMES, NO_CONTENT, NO_NODES, parsed, truth
from tests.ui_server import listening, page, shown

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
INTERRUPTED = sorted((CAPTURES.parent / "dialects").glob("langgraph-interrupt-*.pb"))
GRAPHS = [name for name in NAMES if "langgraph" in name and name not in NO_NODES]

Object = dict[str, Any]

VISITED = """
import { readFileSync } from "node:fs";
const { decode } = await import(`${process.argv[1]}/model.mjs`);
const { visits } = await import(`${process.argv[1]}/graph.mjs`);
const told = visits(decode(new Uint8Array(readFileSync(0))).steps);
console.log(JSON.stringify(told.map(({ from, name }) => [from, name])));
"""


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory, shared_store: Store) -> Iterator[str]:
    """Return the query API over every capture, logs included, and two interrupted runs."""
    folder = tmp_path_factory.mktemp("corpus")
    with running(shared_store, folder) as pipeline:
        for path in LOG_CAPTURES:
            pipeline.send("logs", path.read_bytes())
        for path in (*TRACE_CAPTURES, *INTERRUPTED):
            pipeline.send("traces", path.read_bytes())
        pipeline.settle()
        with listening(pipeline.api.app) as url:
            yield url


@pytest.fixture(scope="module")
def client(api: str) -> Iterator[Client]:
    """Return the screens' own connection to it."""
    with Client(api) as opened:
        yield opened


@pytest.fixture(scope="module")
def session_of(client: Client) -> dict[str, str]:
    """Return the session of each trace."""
    return {trace.id: trace.session_id for trace in client.runs.traces(limit=1000).items}


def columns(client: Client, session_id: str, trace_id: str) -> list[Object]:
    """Return the steps of one trace of a session as the browser gets them."""
    steps = unpacked(client.runs.columns(session_id, skeleton.FIELDS, 20_000))
    return [step for step in steps if step["key"].startswith(trace_id)]


def unpacked(events: SessionColumns) -> list[Object]:
    """Return the steps of a session as the browser gets them."""
    told = json.loads(skeleton.packed(events, UTC, NOW)[32:])["columns"]
    return [dict(zip(told, row, strict=True)) for row in zip(*told.values(), strict=True)]


@dataclass(frozen=True, slots=True)
class Panel:
    """What is on the screen beside a step."""

    words: Counter[str]
    structures: list[object]

    def shows(self, told: object) -> bool:
        """Tell whether the panel shows something: a structure as it is, a text word by word."""
        return parsed(told) in self.structures or words_of(str(told)) <= self.words


def stepped(test: AppTest, session_id: str, step: Object) -> Panel:
    """Step to a step; return what is on the screen then."""
    test.session_state["selected"] = (session_id, step["key"])
    return panel(test.run(), step)


def panel(test: AppTest, step: Object) -> Panel:
    """Return what is on the screen beside a step."""
    assert list(test.exception) == []
    lines = shown(test)
    structures = [json.loads(element.value) for element in test.json]
    return Panel(
        words_of(" ".join([step["who"] or "", *lines])), [*structures, *map(parsed, lines)]
    )


def words_of(text: str) -> Counter[str]:
    """Return the words of a text: a stream in pieces is joined with or without white space."""
    return Counter(re.findall(r"\w+", text))


@pytest.mark.parametrize("name", NAMES)
def test_a_capture_opens_with_its_messages_and_tools(
    name: str, api: str, client: Client, session_of: dict[str, str]
):
    for true in truth(name)["traces"]:
        session_id = session_of[true["trace_id"]]
        steps = columns(client, session_id, true["trace_id"])
        told = [step for step in steps if step["kind"] in {"llm", "embedding", "tool"}]
        last = (told or steps)[-1]  # the last call has the conversation so far
        test = page("replay", api, session=session_id, event=last["key"])
        drawn = panel(test, last)
        missing = [*answers(true), *(() if name in NO_CONTENT else tools(name, true))]
        for step in reversed(told):
            if step is not last:
                drawn = stepped(test, session_id, step)
            missing = [words for words in missing if not drawn.shows(words)]
            if not missing:
                break
        assert missing == []


def answers(true: Object) -> Iterator[object]:
    """Yield what the model said, as far as the library tells it."""
    for call in true["llm_calls"]:
        if call.get("has_span") is not False and call.get("output_in_telemetry"):
            yield from filter(None, [call.get("output_text")])


def tools(name: str, true: Object) -> Iterator[object]:
    """Yield name, arguments, and result of each tool call, or its error where the library tells it."""
    sent = (CAPTURES / f"{name}.pb").read_bytes()
    for tool in true["tool_calls"]:
        yield from (tool["name"], tool["args"])
        if not tool["error"]:
            yield tool["result"]
        elif tool["error"]["message"].encode() in sent:
            yield tool["error"]["message"]


def visited(client: Client, session_id: str) -> list[tuple[str | None, str]]:
    """Return the nodes of a session as the state graph goes through them, each with the one before."""
    packed = skeleton.packed(client.runs.columns(session_id, skeleton.FIELDS, 20_000), UTC, NOW)
    ran = subprocess.run(
        ["node", "--input-type=module", "-e", VISITED, str(FOLDER / "replay")],
        input=packed, capture_output=True, timeout=60, check=True,
    )  # fmt: skip
    return [(before, node) for before, node in json.loads(ran.stdout)]


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
@pytest.mark.parametrize("name", GRAPHS)
def test_the_state_graph_goes_through_the_nodes_in_the_order_of_the_truth(
    name: str, client: Client, session_of: dict[str, str]
):
    runs: dict[str, list[list[str]]] = defaultdict(list)
    for trace in truth(name)["traces"]:
        runs[session_of[trace["trace_id"]]].append([node["name"] for node in trace["nodes"]])
    for session_id, turns in runs.items():
        expected = [step for turn in turns for step in pairwise([None, *turn])]
        assert visited(client, session_id) == expected


def test_an_interrupted_node_waits_and_says_what_it_asked(api: str, client: Client):
    events = client.runs.columns("sess-9", skeleton.FIELDS, 20_000)
    steps = [step for step in unpacked(events) if step["node"] == "ask"]
    waiting = [step for step in steps if step["status"] == "waiting"]
    assert (len(waiting), len(steps)) == (2, 4)  # two libraries, each before and after the answer
    test = page("replay", api, session="sess-9")
    for step in waiting:
        assert stepped(test, "sess-9", step).shows({"question": "Refund 84.50?", "amount": 84.5})
