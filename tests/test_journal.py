"""The checker must find what it is there to find: calls lost, invented, doubled or mispriced."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from spanledger_collector.store import Store
from spanledger_collector.totals import TRACE_COLUMNS
from tests.journal import Call, Journal, differences
from tests.otlp import attribute, span, traces
from tests.pipeline import Pipeline, running

STORES = ["chdb"]

CALLS = [
    Call(f"{n // 2 + 1:032x}", f"{n + 1:016x}", f"s{n // 4}", 1000 + n, 10 * n) for n in range(9)
]


@pytest.fixture
def pipeline(store: Store, tmp_path: Path) -> Iterator[Pipeline]:
    with running(store, tmp_path) as found:
        yield found


def body(*calls: Call) -> bytes:
    """Return a request of calls."""
    return traces(
        *(
            span(
                trace_id=bytes.fromhex(call.trace_id),
                span_id=bytes.fromhex(call.span_id),
                attributes=[attribute(*each) for each in call.attributes().items()],
            )
            for call in calls
        )
    )


@pytest.fixture
def journal(pipeline: Pipeline) -> Journal:
    """Return a journal of CALLS, all of which are stored."""
    found = Journal()
    found.note(CALLS)
    found.acknowledge(CALLS)
    pipeline.post("traces", body(*CALLS))
    return found


def test_nothing_differs_where_all_is_well(pipeline: Pipeline, journal: Journal):
    pipeline.post("traces", body(*CALLS[::2]))  # sent again
    assert differences(journal, pipeline.api) == []


def test_a_call_that_was_sent_and_not_acknowledged_may_be_there_or_not(
    pipeline: Pipeline, journal: Journal
):
    journal.note([Call("f" * 32, "f" * 16, "s0", 1, 1)])
    journal.acked.clear()
    assert differences(journal, pipeline.api) == []


def test_an_acknowledged_call_that_is_lost_is_found(pipeline: Pipeline, journal: Journal):
    lost = Call("f" * 32, "f" * 16, "s0", 1, 1)
    journal.note([lost])
    journal.acknowledge([lost])
    assert differences(journal, pipeline.api) == [f"1 acknowledged and not there: {[lost]}"]


def test_a_call_that_nobody_sent_is_found(pipeline: Pipeline, journal: Journal):
    pipeline.post("traces", body(Call("f" * 32, "f" * 16, "s0", 1, 1)))
    (invented, spend) = differences(journal, pipeline.api)
    assert invented.startswith("1 there and never sent like this: ")
    assert spend.startswith("spend: (10, ")


def test_a_call_with_other_tokens_than_sent_is_found(pipeline: Pipeline, journal: Journal):
    key = (CALLS[3].trace_id, CALLS[3].span_id)
    journal.sent[key] = replace(CALLS[3], input_tokens=1)
    found = [said.split(":")[0] for said in differences(journal, pipeline.api)]
    assert found == ["1 acknowledged and not there", "1 there and never sent like this", "spend"]


def test_a_trace_that_does_not_add_up_is_found(pipeline: Pipeline, journal: Journal):
    asked = {"project": "default", "after": bytes(16).hex(), "until": ""}
    rows = list(zip(*pipeline.store.columns("trace_rows", **asked), strict=True))
    row = dict(zip(TRACE_COLUMNS, rows[0], strict=True))
    row |= {"ver": row["ver"] + 1, "calls": row["calls"] + 1}
    pipeline.store.insert("traces", {name: [value] for name, value in row.items()})
    assert "session s0" in [said.split(":")[0] for said in differences(journal, pipeline.api)]
