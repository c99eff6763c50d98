"""The replay page packs a session for its component and shows the selected step as text."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from spanledger_collector.store import Store
from spanledger_ui import skeleton as skeleton_of
from spanledger_ui.client import Client
from spanledger_ui.client.wire import quoted
from spanledger_ui.components import FOLDER
from tests.otlp import CAPTURES, TRACE, TRACE_CAPTURES, attribute, span, traces
from tests.ui_server import answering, capture, components, page, shown, stored

SESSION = "thread-900"
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def api(shared_store: Store, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the query API over a recorded LangGraph session, for tests that change none."""
    stored(
        shared_store,
        tmp_path_factory.mktemp("spool"),
        capture("openinference-langchain__langgraph-refund-retry"),
    )
    with answering(shared_store) as url:
        yield url


def skeleton(test: Any) -> dict[str, Any]:
    """Return what the replay component gets."""
    (proto,) = components(test, "replay")
    content: dict[str, Any] = json.loads(proto.bytes[32:])
    return content


def events(api: str) -> list[dict[str, Any]]:
    """Return the steps that the API tells of the session."""
    found: list[dict[str, Any]] = httpx.get(f"{api}/api/v1/sessions/{SESSION}/events").json()[
        "events"
    ]
    return found


def test_every_kind_of_step_opens(api: str):
    kinds = {(event["kind"], event["status"]): event for event in events(api)}
    for event in kinds.values():
        test = page("replay", api, session=SESSION, event=f"{event['trace_id']}.{event['span_id']}")
        assert (list(test.exception), shown(test)[0]) == ([], event["name"])


def test_what_a_trace_says_is_never_markdown(embedded: Store, tmp_path: Path):
    hostile = "<script>alert(1)</script> ![](http://evil.example/x.png) $x$ **b**"
    body = traces(
        span(
            name=hostile,
            attributes=[
                attribute("openinference.span.kind", "LLM"),
                attribute("llm.model_name", hostile),
                attribute("llm.input_messages.0.message.role", hostile),
                attribute("llm.input_messages.0.message.content", hostile),
            ],
        )
    )
    stored(embedded, tmp_path, body)
    with answering(embedded) as url:
        test = page("replay", url, session=TRACE.hex())
    assert (list(test.exception), list(test.markdown), list(test.caption)) == ([], [], [])
    assert shown(test)[0] == hostile
    assert hostile in [code.value for code in test.code]


def test_every_capture_opens_with_its_steps_and_nodes(
    embedded: Store, tmp_path: Path, subtests: Any
):
    stored(embedded, tmp_path, *(path.read_bytes() for path in TRACE_CAPTURES))
    with answering(embedded) as url:
        sessions = httpx.get(f"{url}/api/v1/sessions?limit=1000").json()["items"]
        for session in sessions:
            with subtests.test(session["name"]):
                opened = httpx.get(f"{url}/api/v1/sessions/{quoted(session['id'])}/events").json()
                packed = columns(url, session["id"])
                told = [event["name"] for event in opened["events"]]
                assert packed["name"] == list(map(skeleton_of.one_line, told))
                assert packed["node"] == [event["node"] for event in opened["events"]]
                assert len(packed["parent"]) == session["spans"]


def columns(url: str, session_id: str) -> dict[str, list[Any]]:
    """Return the columns of a session as the browser gets them."""
    with Client(url) as client:
        packed = skeleton_of.packed(client.runs.events(session_id, 20_000), UTC, NOW)
    content: dict[str, Any] = json.loads(packed[32:])
    found: dict[str, list[Any]] = content["columns"]
    return found


VISITED = """
import { readFileSync } from "node:fs";
const { decode } = await import(`${process.argv[1]}/model.mjs`);
const { visits } = await import(`${process.argv[1]}/graph.mjs`);
const told = visits(decode(new Uint8Array(readFileSync(0))).steps);
console.log(JSON.stringify(told.map(({ from, name }) => [from, name])));
"""


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_the_state_graph_goes_through_the_nodes_in_the_order_of_the_truth(api: str):
    name = "openinference-langchain__langgraph-refund-retry.expect.json"
    truth = json.loads((CAPTURES / name).read_text())["traces"]
    runs = [[node["name"] for node in trace["nodes"]] for trace in truth]
    expected = [step for run in runs for step in zip([None, *run], run, strict=False)]
    with Client(api) as client:
        packed = skeleton_of.packed(client.runs.events(SESSION, 20_000), UTC, NOW)
    ran = subprocess.run(
        ["node", "--input-type=module", "-e", VISITED, str(FOLDER / "replay")],
        input=packed, capture_output=True, timeout=60, check=True,
    )  # fmt: skip
    assert [tuple(visit) for visit in json.loads(ran.stdout)] == expected
