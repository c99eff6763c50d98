"""Sessions, traces and calls: what ran, how it ended, what it cost.

Filter, range, order, page and the strip's measure are in the URL, so that a link shows the same.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from spanledger_schema.api_tables import Pulse
from spanledger_ui import (
    components,
    download,
    filterbar,
    first_trace,
    page,
    savedviews,
    strip,
    tables,
    timerange,
)

PAGE_ROWS = 50
KEPT_S = 30
STRIP_PX = 85
LIVE_S = 3
DEFAULT_RANGE = "7d"
# what the API sorts by, as the screen and the URL say it
ORDERS = {
    "newest": "started",
    "dearest": "cost",
    "most tokens": "tokens",
    "most errors": "errors",
    "longest": "duration",
}
# what a reader may leave out of the table; the tokens of calls are two columns
COLUMNS = ["User", "Agent", "Steps", "Errors", "Duration", "Tokens", "USD", "Status"]

VIEWS = ("sessions", "traces", "calls")
FILES = ("sessions", "calls")  # views that the API hands out as files
METRICS = ("sessions", "cost", "p95")
# the widgets that a saved view sets, and what they show without one
VIEWED = {
    "range": DEFAULT_RANGE,
    "view": VIEWS[0],
    "order": "newest",
    "strip": METRICS[0],
    "columns": COLUMNS,
}


@dataclass(frozen=True, slots=True)
class Found:
    """A page of one of the tables."""

    columns: list[components.Column]
    rows: list[components.Row]
    next_cursor: str | None


def main() -> None:
    """Draw the page."""
    views = heading()
    with filterbar.above(first_page):
        controls()
        chosen = timerange.chosen(DEFAULT_RANGE)
        timerange.note(chosen)
        asked = {**chosen.asked, "q": st.query_params.get("q")}
        above = page.place("strip", STRIP_PX)
        live = st.session_state["live"]
        st.fragment(results, run_every=LIVE_S if live else None)(asked)
        with views:  # its question may wait, as all below may: people came for the table
            savedviews.controls("sessions", VIEWED, first_page)
        with page.answers():
            beats = page.remembered("pulse", (*asked.values(), page.zone_name()), KEPT_S, pulsed)
        if beats.beats:
            with above:
                pulse(beats)
        if (view := st.session_state["view"]) in FILES and beats.beats:
            download.offer(view, asked)


def heading() -> DeltaGenerator:
    """Draw the title, and what is rarely wanted beside it; return the place of the saved views."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.header("Sessions", anchor=False)
        with st.popover("Columns", icon=":material/view_column:"):
            st.pills(
                "Columns",
                COLUMNS,
                default=COLUMNS,
                selection_mode="multi",
                key="columns",
                label_visibility="collapsed",
                bind="query-params",
            )
        return st.container(width="content")


def controls() -> None:
    """Draw what chooses; each keeps itself in the URL under its key."""
    choice: dict[str, Any] = {
        "required": True,
        "label_visibility": "collapsed",
        "bind": "query-params",
        "on_change": first_page,
    }
    with st.container(key="filters", horizontal=True, vertical_alignment="center", gap="small"):
        timerange.controls(DEFAULT_RANGE, first_page)
        st.segmented_control("View", VIEWS, default="sessions", key="view", **choice)
        st.selectbox(
            "Order",
            list(ORDERS),
            label_visibility="collapsed",
            width=130,
            key="order",
            bind="query-params",
            on_change=first_page,
        )
        st.segmented_control("Strip shows", METRICS, default="sessions", key="strip", **choice)
        st.toggle("Live", key="live", bind="query-params")


def first_page() -> None:
    """Forget the page: a cursor means something only under the filters that made it."""
    st.query_params.pop("cursor", None)


def pulsed() -> Pulse:
    """Return what the sessions of range and filter did."""
    chosen = timerange.chosen(DEFAULT_RANGE)
    told = page.client().runs.pulse(
        grain=chosen.grain, q=st.query_params.get("q"), tz=page.zone_name(), **chosen.asked
    )
    return strip.over(told, *chosen.on_clock(page.zone()))


def pulse(told: Pulse) -> None:
    """Draw the strip; a click on a bar, or a drag over some, narrows the page to them."""
    shown = strip.drawn(told, st.session_state["strip"], "Sessions over time")
    components.pulse(shown, key="pulse", choose=lambda: narrow(told))


def narrow(told: Pulse) -> None:
    """Put the bars that were chosen into the URL as the range."""
    if chosen := strip.chosen(told, components.chosen_bars("pulse")):
        timerange.keep(*chosen)
        first_page()


def results(asked: Mapping[str, str | None]) -> None:
    """Draw the table; while it is live, this part draws itself anew."""
    with page.answers():
        shown = found(asked)
    if not shown.rows:
        nothing_found()
        return
    pairs = "compare" if "pick" in shown.rows[0] else ""
    components.ledger(
        "Sessions", chosen_columns(shown.columns), shown.rows, key="sessions", pairs=pairs
    )
    pager(shown.next_cursor)


def chosen_columns(columns: list[components.Column]) -> list[components.Column]:
    """Return the columns that the reader did not leave out."""
    chosen = st.session_state["columns"]
    left_out = [name for name in COLUMNS if name not in chosen]
    return [c for c in columns if not c["label"] or not c["label"].startswith(tuple(left_out))]


def found(asked: Mapping[str, str | None]) -> Found:
    """Return the page of the table that the URL asks for."""
    client, zone, now = page.client(), page.zone(), page.now()
    limits = {**asked, "cursor": st.query_params.get("cursor"), "limit": PAGE_ROWS}
    order = ORDERS[st.session_state["order"]]
    match st.session_state["view"]:
        case "traces":
            traces = client.runs.traces(**limits)
            lines = [tables.trace_row(trace, zone, now) for trace in traces.items]
            return Found(tables.TRACES, lines, traces.next_cursor)
        case "calls":
            calls = client.runs.calls(**limits, order=None if order == "errors" else order)
            lines = [tables.call_row(call, zone, now) for call in calls.items]
            return Found(tables.CALLS, lines, calls.next_cursor)
        case _:
            sessions = client.runs.sessions(**limits, order=order)
            lines = [tables.session_row(session, zone, now) for session in sessions.items]
            return Found(tables.SESSIONS, lines, sessions.next_cursor)


def pager(next_cursor: str | None) -> None:
    """Draw the way to older sessions and back; the browser's Back goes page by page."""
    here = st.query_params.get("cursor")
    with st.container(horizontal=True, horizontal_alignment="right"):
        if here and st.button("First page", icon=":material/first_page:"):
            st.query_params.pop("cursor")
            st.rerun()
        if next_cursor and st.button("Next page", icon=":material/chevron_right:"):
            st.query_params["cursor"] = next_cursor
            st.rerun()


def nothing_found() -> None:
    """Say why the table is empty: filters that exclude all, or a project without a first trace."""
    with page.answers():
        empty = not page.client().runs.sessions(limit=1).items
    if empty:
        first_trace.invitation()
        return
    st.info("No session matches these filters.", icon=":material/filter_alt_off:")
    st.button("Show all sessions", on_click=drop_filters)


def drop_filters() -> None:
    """Set every filter to let all through; the widgets take the URL along."""
    timerange.forget()
    st.session_state["range"] = "all"
    st.query_params.pop("q", None)
    first_page()


if __name__ == "__main__":
    main()
