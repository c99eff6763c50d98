"""A session is packed whole, once, and with what a reader must know."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from spanledger_schema.api import SessionColumns, SessionEvent, Totals
from spanledger_ui import skeleton
from tests.ui_shapes import session_event, session_row

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def told(*steps: SessionEvent, **known: Any) -> SessionColumns:
    """Return the skeleton of these steps."""
    columns = {name: [getattr(step, name) for step in steps] for name in skeleton.FIELDS}
    return SessionColumns(session_row(**known), columns, len(steps), 100)


def body(packed: bytes) -> dict[str, Any]:
    """Return what the browser reads behind the digest."""
    content: dict[str, Any] = json.loads(packed[32:])
    return content


def test_steps_become_columns_of_the_same_length():
    step = session_event(1, model="gpt-5", cost_usd="0.5", cost_source="priced", input_tokens=9)
    columns = body(skeleton.packed(told(session_event(), step), UTC, NOW))["columns"]
    assert {name: values[1] for name, values in columns.items()} == {
        "key": "11111111111111111111111111111111.0000000000000001",
        "depth": 0,
        "kind": "llm",
        "name": "chat",
        "preview": None,
        "offset": 10**9,
        "duration": 10**9,
        "status": "ok",
        "error": None,
        "who": "gpt-5",
        "agent": None,
        "node": None,
        "from": None,
        "to": None,
        "reason": None,
        "input": 9,
        "output": None,
        "cost": "0.5",
        "source": "priced",
        "unbilled": None,
        "runningInput": 0,
        "runningOutput": 0,
        "runningCost": "0",
        "runningUnpriced": 0,
        "parent": -1,
    }
    assert {len(values) for values in columns.values()} == {2}


def test_a_parent_is_told_by_its_place_if_it_is_there():
    steps = told(
        session_event(1),
        session_event(2, parent_span_id=f"{1:016x}"),
        session_event(3, parent_span_id=f"{9:016x}"),
        session_event(4, trace_id="2" * 32, parent_span_id=f"{1:016x}"),
    )
    assert body(skeleton.packed(steps, UTC, NOW))["columns"]["parent"] == [-1, 0, -1, -1]


def test_equal_sessions_have_equal_digests_and_others_others():
    one = skeleton.packed(told(session_event()), UTC, NOW)
    assert one == skeleton.packed(told(session_event()), UTC, NOW)
    assert one[:32] != skeleton.packed(told(session_event(name="other")), UTC, NOW)[:32]


def test_a_cut_session_says_so():
    cut = replace(told(session_event()), total_events=12_345)
    assert body(skeleton.packed(cut, UTC, NOW))["notes"] == ["Showing the first 1 of 12,345 steps"]


def test_the_heading_splits_work_from_wait():
    session = told(
        agent="refunds",
        user_id="u42",
        duration_ns=90 * 10**9,
        waiting_ns=60 * 10**9,
        totals=Totals(calls=2, cost_usd="0.25", unpriced_calls=1, calls_without_usage=1),
        models=["gpt-5"],
    )
    packed = body(skeleton.packed(session, UTC, NOW))
    assert packed["facts"] == [
        "refunds",
        "u42",
        "21 Nov 11:00:00",
        "1 m 30 s (30.0 s work, 1 m 00 s wait)",
        "0.2500 USD + 1 unpriced",
        "gpt-5",
    ]
    assert packed["notes"] == ["1 call reported no tokens"]


def test_a_state_change_is_previewed_with_its_reason():
    step = session_event(kind="state", state_from="asked", state_to="approved", reason="small sum")
    assert skeleton.preview(step) == "asked → approved · small sum"
    assert skeleton.preview(session_event(state_to="done")) == "… → done"


def test_a_preview_says_nothing_twice():
    assert skeleton.preview(session_event(verdict="pending", preview="pending")) == "pending"
    told = session_event(verdict="blocked", preview="blocked by ann: too much")
    assert skeleton.preview(told) == "blocked by ann: too much"
    assert skeleton.preview(session_event(verdict="blocked", reason="late")) == "blocked · late"


def test_a_plain_span_that_changed_a_state_is_a_state_change():
    steps = [
        session_event(kind="span", state_from="a", state_to="b"),
        session_event(kind="node", state_to="b"),
        session_event(kind="span"),
    ]
    assert [skeleton.kind(step) for step in steps] == ["state", "node", "span"]


def test_half_an_emoji_and_endless_lines_do_not_break_a_row():
    step = session_event(name="cut \ud83d", preview="a\n\nb " + "x" * 10_000)
    columns = body(skeleton.packed(told(step), UTC, NOW))["columns"]
    assert columns["name"] == ["cut ?"]
    assert columns["preview"][0].startswith("a b xxx")
    assert len(columns["preview"][0]) == skeleton.PREVIEW_CHARS


def test_a_session_without_a_name_is_called_by_its_id():
    assert body(skeleton.packed(told(name="", id="t1"), UTC, NOW))["title"] == "t1"
