"""The replay page packs a session for its component and shows the selected step as text."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from spanledger_collector.store import Store
from tests.otlp import TRACE, attribute, span, traces
from tests.ui_server import answering, capture, components, opened, page, stored

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
        assert (list(test.exception), opened(test)) == ([], event["name"])


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
    assert opened(test) == hostile
    assert hostile in [code.value for code in test.code]
