"""Traces stay true to their spans, however the spans arrive."""

from decimal import Decimal
from typing import Any

import pytest

from spanledger_collector.reconcile import Fact, Hint
from spanledger_collector.rollup import Rollup, TraceKey, stored_facts
from spanledger_collector.store import Store
from spanledger_collector.write import NO_SPAN
from tests.facts import call, span
from tests.test_store import every_session

KEY: TraceKey = ("p", b"t" * 16)


def stored(store: Store, *facts: Fact, key: TraceKey = KEY) -> dict[TraceKey, list[Fact]]:
    """Write facts as rows of `spans`, as the drain does before it rolls up."""
    for fact in facts:
        row: dict[str, Any] = {f: getattr(fact, f) for f in fact.__slots__}
        row |= {
            "project_id": key[0], "trace_id": key[1],
            "parent_span_id": fact.parent_span_id or NO_SPAN,
            "started_at": row.pop("start_ns"), "ended_at": row.pop("end_ns"),
        }  # fmt: skip
        store.insert("spans", {name: [value] for name, value in row.items()})
    return {key: list(facts)}


def summary(store: Store) -> list[tuple[Any, ...]]:
    """Return id, user, traces, spans, calls and dollars of every session."""
    return [
        (row["session_key"], row["last_user"], row["trace_count"], row["span_count"],
         row["calls_sum"], row["cost_usd_sum"])
        for row in every_session(store)
    ]  # fmt: skip


def test_a_session_id_that_comes_last_names_the_whole_trace(store: Store):
    rollup = Rollup(store)
    rollup.refresh(stored(store, call(2, parent=1)), {})
    assert summary(store) == [(KEY[1].hex(), "", 1, 1, 1, Decimal("0.001"))]
    rollup.refresh(stored(store, span(1, session_id="s", session_rank=0, user_id="u")), {})
    assert summary(store) == [("s", "u", 1, 2, 1, Decimal("0.001"))]


@pytest.mark.parametrize("most_facts", [0, 1000], ids=["forgetful", "remembering"])
def test_what_is_no_longer_at_hand_is_read_back(store: Store, most_facts: int):
    Rollup(store, most_facts).refresh(stored(store, call(1), call(2)), {})
    Rollup(store, most_facts).refresh(stored(store, call(3)), {})
    assert summary(store) == [(KEY[1].hex(), "", 1, 3, 3, Decimal("0.003"))]


def test_the_same_span_twice_is_paid_for_once(store: Store):
    rollup = Rollup(store)
    for ver in (1, 2, 2):
        rollup.refresh(stored(store, call(1, ver=ver)), {})
    assert summary(store) == [(KEY[1].hex(), "", 1, 1, 1, Decimal("0.001"))]


def test_a_pending_span_never_replaces_its_ended_self(store: Store):
    ended, pending = call(1, ver=(1 << 63) + 1), call(1, ver=2, end_ns=None, usd=None)
    rollup = Rollup(store)
    rollup.refresh(stored(store, ended), {})
    rollup.refresh(stored(store, pending), {})
    assert summary(store) == [(KEY[1].hex(), "", 1, 1, 1, Decimal("0.001"))]


def test_a_user_that_only_a_log_record_knows_reaches_the_trace_whichever_comes_first(store: Store):
    hint = Hint((1).to_bytes(8), user_id="u-logs")
    store.insert("log_records", {"project_id": ["p"], "trace_id": [KEY[1]],
                                 "span_id": [hint.span_id], "user_id": ["u-logs"]})  # fmt: skip
    rollup = Rollup(store)
    rollup.refresh({}, {KEY: [hint]})
    assert summary(store) == []
    Rollup(store).refresh(stored(store, call(1)), {})
    assert summary(store) == [(KEY[1].hex(), "u-logs", 1, 1, 1, Decimal("0.001"))]


def test_facts_read_back_equal_facts_as_written(store: Store):
    written = call(
        1, parent=7, tags=("a", "b"), session_id="s", session_rank=3, cache_read_tokens=0,
        reasoning_tokens=None, user_id="ü", end_ns=None, cost_usd=Decimal("0.000000000001"),
    )  # fmt: skip
    stored(store, written, span(2))
    read = {fact.span_id: fact for _, fact in stored_facts(store.written, [KEY])}
    assert read == {written.span_id: written, span(2).span_id: span(2)}
