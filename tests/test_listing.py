"""Pages of the newest sessions: found by the last traces alone they are those that all traces tell."""

from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spanledger_collector import listing
from spanledger_collector.listing import FIRST_PAGE, Place, Wanted
from spanledger_collector.query import END_OF_TIME_NS
from spanledger_collector.store import Store

NOON_NS = 1_770_033_600_000_000_000
MINUTE_NS = 60_000_000_000
PROJECTS = count()

minutes = st.integers(0, 30)
# of a trace: which it is, its session, when it began, how long it took; a later one of the same replaces it
rows = st.tuples(st.integers(0, 12), st.integers(0, 6), minutes, minutes)
ranges = st.sampled_from([(0, END_OF_TIME_NS), (NOON_NS + 8 * MINUTE_NS, NOON_NS + 20 * MINUTE_NS)])


def stored(store: Store, told: list[tuple[int, int, int, int]]) -> str:
    """Store rows of traces as a project of its own; return its name."""
    project = f"project-{next(PROJECTS)}"
    ids, sessions, began, took = zip(*told, strict=True)
    starts = [NOON_NS + each * MINUTE_NS for each in began]
    columns = {
        "project_id": [project] * len(told),
        "trace_id": [number.to_bytes(16) for number in ids],
        "ver": range(len(told)),
        "session_key": [f"session-{number}" for number in sessions],
        "started_at": starts,
        "ended_at": [at + each * MINUTE_NS for at, each in zip(starts, took, strict=True)],
    }
    store.insert("traces", columns)
    return project


def pages(store: Store, project: str, wanted: Wanted, limit: int) -> list[list[str]]:
    """Return the ids of sessions page by page."""
    found: list[list[str]] = []
    place: Place | None = FIRST_PAGE
    while place is not None:
        items, place = listing.sessions(store, project, wanted, limit, place)
        found.append([item.id for item in items])
    return found


@settings(max_examples=15)
@given(told=st.lists(rows, min_size=1, max_size=30), among=ranges, limit=st.integers(1, 3))
def test_the_last_traces_tell_the_same_pages_as_all_traces(
    shared_store: Store, told: list[tuple[int, int, int, int]], among: tuple[int, int], limit: int
):
    wanted = Wanted((), *among)
    project = stored(shared_store, told)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(listing, "MANY_TRACES", 0)
        patch.setattr(listing, "TRACES_OF_A_SESSION", 1)
        quickly = pages(shared_store, project, wanted, limit)
        patch.setattr(listing, "newest", lambda *_: None)
        assert quickly == pages(shared_store, project, wanted, limit)


def test_a_page_that_the_last_traces_fill_is_not_looked_for_among_all(
    shared_store: Store, monkeypatch: pytest.MonkeyPatch
):
    project = stored(shared_store, [(number, number, number, 0) for number in range(40)])
    monkeypatch.setattr(listing, "MANY_TRACES", 40)
    monkeypatch.setattr(listing, "found", lambda *_: pytest.fail("all traces were read"))
    items, _ = listing.sessions(shared_store, project, Wanted(), 2)
    assert [item.id for item in items] == ["session-39", "session-38"]
