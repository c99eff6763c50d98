"""Compare: two sessions step beside step, where they part, and what the one used more.

Both sessions, and what is shown of them, are in the URL.
"""

from itertools import islice

import streamlit as st

from spanledger_schema import filters
from spanledger_schema.api import SessionEvents, SessionRow
from spanledger_ui import compare, comparetable, components, page, tables

MOST_STEPS = 20_000
MOST_ROWS = 1_000
KEPT_S = 30
CANDIDATES = 50


def main() -> None:
    """Draw the page."""
    st.header("Compare", anchor=False)
    left, right = (st.query_params.get(name, "") for name in ("left", "right"))
    if not left:
        choose()
        return
    if not right:
        second(left)
        return
    with page.answers():
        ours, theirs = page.remembered("compare", (left, right), KEPT_S, lambda: load(left, right))
    compared(ours, theirs)


def choose() -> None:
    """Say how to get here with two sessions."""
    st.info(
        "Tick two sessions in the table to compare them step by step.", icon=":material/difference:"
    )
    page.way_to_sessions()


def second(left: str) -> None:
    """Offer the sessions that are most like the first: of its agent, or of its name."""
    with page.answers():
        session = page.client().runs.session(left)
        like = filters.term("agent", [session.agent]) if session.agent else ""
        q = like or filters.term("name", [session.name])
        found = page.client().runs.sessions(q=q, limit=CANDIDATES).items
    others = [other for other in found if other.id != left]
    st.text(f"Compare {session.name or session.id} with which session?")
    if not others:
        st.info("No other session is of this agent.", icon=":material/search_off:")
        page.way_to_sessions()
        return
    rows = [candidate(left, other) for other in others]
    components.ledger("Sessions to compare with", tables.SESSIONS, rows, key="candidates")


def candidate(left: str, other: SessionRow) -> components.Row:
    """Return the line of a session to compare with."""
    row = tables.session_row(other, page.zone(), page.now())
    return {**row, "href": tables.comparison(left, other.id)}


def load(left: str, right: str) -> tuple[SessionEvents, SessionEvents]:
    """Return the skeletons of both sessions."""
    client = page.client()
    return client.runs.events(left, MOST_STEPS), client.runs.events(right, MOST_STEPS)


def compared(left: SessionEvents, right: SessionEvents) -> None:
    """Draw what both come to, where they part, and their steps."""
    zone, now = page.zone(), page.now()
    rows = [
        comparetable.session_row("A", left.session, zone, now),
        comparetable.session_row("B", right.session, zone, now),
    ]
    total = comparetable.total(left.session, right.session)
    components.ledger("Both sessions", comparetable.TOTALS, rows, key="both", total=total)
    for side, one in (("A", left), ("B", right)):
        if len(one.events) < one.total_events:
            st.text(f"Of {side} the first {len(one.events):,} of {one.total_events:,} steps.")
    steps = compare.together(left.events, right.events)
    with st.container(key="quiet-parting"):
        st.text(parting(steps))
    table(steps, left.session.id, right.session.id)


def turn_round() -> None:
    """Make A of B in the URL."""
    there = st.query_params
    there.update({"left": there["right"], "right": there["left"]})


def parting(steps: list[compare.Together]) -> str:
    """Return the sentence that says where the sessions part."""
    place = compare.parting(steps)
    words = sum(step.difference == compare.OTHER_WORDS for step in steps)
    also = f" In {words:,} more the words are others." if words else ""
    if place is None:
        return f"Both do the same steps and end them alike.{also}"
    step = steps[place]
    at = [f"step {e.seq + 1:,} of {side}" for side, e in (("A", step.left), ("B", step.right)) if e]
    return f"They part at {' and '.join(at)}: {step.difference}.{also}"


def table(steps: list[compare.Together], left: str, right: str) -> None:
    """Draw the steps, those that nobody asked for in runs."""
    with st.container(
        horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"
    ):
        st.segmented_control(
            "Show",
            list(comparetable.SHOWS),
            default="other steps",
            required=True,
            label_visibility="collapsed",
            key="show",
            bind="query-params",
        )
        st.button("Swap A and B", icon=":material/swap_horiz:", on_click=turn_round)
    show = st.session_state["show"]
    rows = list(islice(comparetable.step_rows(steps, show, left, right), MOST_ROWS + 1))
    components.ledger("Steps of both", comparetable.STEPS, rows[:MOST_ROWS], key="steps")
    if len(rows) > MOST_ROWS:
        st.text(f"The first {MOST_ROWS:,} rows. Replay shows every step of either session.")


if __name__ == "__main__":
    main()
