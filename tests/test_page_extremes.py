"""No page breaks with data that nobody expects: none, one span, orphans, depth, length, any script."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from spanledger_collector.store import Store
from tests.otlp import attribute, span, traces
from tests.pipeline import Pipeline, running
from tests.ui_server import components, listening, opened, page, shown

STORES = ["chdb"]

PAGES = (
    "overview", "sessions", "replay", "compare", "spend", "budgets", "approvals", "models", "audit",
    "integrity", "settings",
)  # fmt: skip
OF_DATA = ("overview", "sessions", "compare", "spend", "models")
DEPTH = 200
PROMPT_BYTES = 10 << 20
ANY_SCRIPT = "מחיר 🧾👩‍👩‍👧 \u202eabc مرحبا ‏"


@pytest.fixture
def pipeline(store: Store, tmp_path: Path) -> Iterator[Pipeline]:
    with running(store, tmp_path) as made:
        yield made


def one(session: str, number: int, **fields: Any) -> Any:
    """Return a span of a session, and of a trace, of its own."""
    attributes = [attribute("session.id", session), *fields.pop("attributes", [])]
    trace = session.encode().ljust(16, b"-")
    return span(trace_id=trace, span_id=number.to_bytes(8), attributes=attributes, **fields)


def call(**said: Any) -> list[Any]:
    """Return the attributes of a call."""
    named = {"openinference.span.kind": "LLM", **said}
    return [attribute(name, value) for name, value in named.items()]


SESSIONS = {
    "alone": [one("alone", 1)],
    "orphans": [one("orphans", n, parent_span_id=(n + 100).to_bytes(8)) for n in (1, 2)],
    "deep": [
        one("deep", n, parent_span_id=(n - 1).to_bytes(8) if n > 1 else b"")
        for n in range(1, DEPTH + 1)
    ],
    "long": [one("long", 1, attributes=call(**{"input.value": "x" * PROMPT_BYTES}))],
    "script": [
        one("script", 1, name=ANY_SCRIPT,
            attributes=call(**{"input.value": ANY_SCRIPT, "llm.model_name": ANY_SCRIPT}))
    ],
    "unpriced": [
        one("unpriced", 1, attributes=call(**{
            "llm.model_name": "nobody-prices-this", "llm.token_count.prompt": 10,
            "llm.token_count.completion": 2})),
        one("unpriced", 2, attributes=call()),
    ],
}  # fmt: skip


def broken(test: AppTest) -> list[str]:
    """Return what a page failed with; alone, without its frame, it has no other page to link to."""
    said = [each.value for each in (*test.exception, *test.error)]
    return [each for each in said if "Could not find page: `sessions.py`" not in each]


def test_every_page_stands_without_any_data(pipeline: Pipeline, subtests: Any):
    with listening(pipeline.app) as url:
        for name in PAGES:
            with subtests.test(name):
                assert broken(page(name, url)) == []


def test_overview_says_that_nothing_ran_in_a_fortnight(pipeline: Pipeline):
    before = time.time_ns() - 20 * 86_400 * 10**9
    old = one("old", 1, start_time_unix_nano=before, end_time_unix_nano=before + 10**9)
    pipeline.post("traces", traces(old))
    with listening(pipeline.app) as url:
        test = page("overview", url)
    assert ("No session in 14 days." in shown(test), components(test, "pulse")) == (True, [])


def test_no_page_breaks_with_what_nobody_expects(pipeline: Pipeline, subtests: Any):
    for spans in SESSIONS.values():
        pipeline.post("traces", traces(*spans))
    with listening(pipeline.app) as url:
        for name in OF_DATA:
            with subtests.test(name):
                assert broken(page(name, url, range="all", left="deep", right="script")) == []
        for session, spans in SESSIONS.items():
            with subtests.test(session):
                test = page("replay", url, session=session)
                assert (broken(test), opened(test)) == ([], spans[0].name)
