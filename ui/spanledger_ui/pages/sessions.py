"""Sessions: what ran, how it ended, what it cost. Filters, order and page are in the URL."""

from collections.abc import Sequence
from datetime import datetime, tzinfo
from urllib.parse import urlencode

import streamlit as st

from spanledger_schema.api import SessionPage, SessionRow, Spend
from spanledger_ui import components, figures, first_trace, page, text, theme

PAGE_ROWS = 50
KEPT_S = 30
# what the API sorts by, as the screen and the URL say it
ORDERS = {
    "newest": "started",
    "dearest": "cost",
    "most tokens": "tokens",
    "most errors": "errors",
    "longest": "duration",
}

COLUMNS: list[components.Column] = [
    {"key": "started", "label": "Started"},
    {"key": "session", "label": "Session", "wide": True},
    {"key": "user", "label": "User"},
    {"key": "steps", "label": "Steps", "align": "right"},
    {"key": "errors", "label": "Errors", "align": "right"},
    {"key": "duration", "label": "Duration", "align": "right"},
    {"key": "tokens", "label": "Tokens", "align": "right"},
    {"key": "dollars", "label": "USD", "align": "right"},
    {"key": "left_out", "label": ""},
    {"key": "status", "label": "Status"},
]


def main() -> None:
    """Draw the page."""
    st.header("Sessions", anchor=False)
    with page.answers():
        activity = page.remembered("activity", preset(), KEPT_S, spend_by_time)
        models = page.remembered("models", preset(), KEPT_S, lambda: names("model"))
        users = page.remembered("users", preset(), KEPT_S, lambda: names("user"))
    filters(models, users)
    with page.answers():
        found = sessions()
    if not found.items:
        nothing_found()
        return
    if activity.rows:
        pulse(activity)
    table(found)


def preset() -> str:
    """Return the time range of the URL."""
    chosen = st.query_params.get("range", "7d")
    return chosen if chosen in page.RANGES else "7d"


def grain() -> str:
    """Return the bucket of the strip: hours within two days, days beyond."""
    return "hour" if preset() in {"1h", "24h"} else "day"


def spend_by_time() -> Spend:
    """Return dollars and activity by bucket."""
    return page.client().spend([grain()], since=page.since(preset()), tz=page.zone_name())


def names(dimension: str) -> list[str]:
    """Return the values of a dimension in this range, those with the most calls first."""
    rows = page.client().spend([dimension], since=page.since(preset())).rows
    by_calls = sorted(rows, key=lambda row: -row.totals.calls)
    return [name for row in by_calls if (name := row.key.get(dimension))]


def filters(models: Sequence[str], users: Sequence[str]) -> None:
    """Draw the filter bar; each of its widgets keeps itself in the URL under its key."""
    with st.container(key="filters", horizontal=True, vertical_alignment="center", gap="small"):
        st.segmented_control(
            "Range",
            list(page.RANGES),
            default="7d",
            required=True,
            label_visibility="collapsed",
            key="range",
            bind="query-params",
            on_change=first_page,
        )
        st.text_input(
            "Text",
            placeholder="Search names and ids",
            type="search",
            label_visibility="collapsed",
            width=180,
            key="q",
            bind="query-params",
            on_change=first_page,
        )
        st.selectbox(
            "Model",
            known("model", models),
            index=None,
            placeholder="Any model",
            label_visibility="collapsed",
            width=140,
            key="model",
            bind="query-params",
            on_change=first_page,
        )
        st.selectbox(
            "User",
            known("user", users),
            index=None,
            placeholder="Any user",
            label_visibility="collapsed",
            width=120,
            key="user",
            bind="query-params",
            on_change=first_page,
        )
        st.selectbox(
            "Order",
            list(ORDERS),
            label_visibility="collapsed",
            width=130,
            key="order",
            bind="query-params",
            on_change=first_page,
        )
        st.toggle("Errors", key="errors", bind="query-params", on_change=first_page)


def known(key: str, options: Sequence[str]) -> Sequence[str]:
    """Return observed values to choose from; the one in the URL is always among them."""
    linked = st.query_params.get(key)
    return options if linked is None or linked in options else [linked, *options]


def first_page() -> None:
    """Forget the page: a cursor means something only under the filters that made it."""
    st.query_params.pop("cursor", None)


def sessions() -> SessionPage:
    """Return the page of sessions that the URL asks for."""
    state = st.session_state
    return page.client().sessions(
        since=page.since(preset()),
        order=ORDERS[state["order"]],
        descending=True,
        user=state["user"],
        model=state["model"],
        error=True if state["errors"] else None,
        q=state["q"],
        cursor=st.query_params.get("cursor"),
        limit=PAGE_ROWS,
    )


def pulse(activity: Spend) -> None:
    """Draw the strip of dollars over time, for the whole range and without the filters."""
    dark = st.context.theme.type == "dark"
    palette = theme.DARK if dark else theme.LIGHT
    figure = figures.pulse(activity, grain(), palette["primaryColor"], palette["borderColor"])
    st.plotly_chart(figure, key="pulse", config={"displayModeBar": False}, alt="Dollars over time")
    with st.container(key="quiet-pulse"):
        st.text(f"All sessions of this range: {summary(activity)}")


def summary(activity: Spend) -> str:
    """Return the totals of a range in one line."""
    totals = activity.total
    parts = [
        text.spent(totals, 2),
        text.calls(totals.calls),
        f"{text.compact(text.reported(totals.input_tokens, totals))} tokens in",
        f"{text.compact(text.reported(totals.output_tokens, totals))} out",
        f"{totals.errors:,} errors",
    ]
    return "  ·  ".join(parts)


def table(found: SessionPage) -> None:
    """Draw the sessions; a click opens one in replay."""
    zone, now = page.zone(), page.now()
    rows = [row(session, zone, now) for session in found.items]
    components.ledger("Sessions", COLUMNS, rows, key="sessions")
    pager(found.next_cursor)


def row(session: SessionRow, zone: tzinfo, now: datetime) -> components.Row:
    """Return the line of one session."""
    totals = session.totals
    unpriced = totals.cost_usd is None
    return {
        "href": f"replay?{urlencode({'session': session.id})}",
        "cells": {
            "started": text.moment(session.started_at, zone, now),
            "session": {
                "text": session.name or session.id,
                "under": session.agent or session.service or "",
                "title": session.id,
            },
            "user": session.user_id or text.UNKNOWN,
            "steps": text.count(session.spans),
            "errors": errors(totals.errors),
            "duration": text.duration(session.duration_ns),
            "tokens": {
                "text": text.compact(
                    text.reported(totals.input_tokens + totals.output_tokens, totals)
                ),
                "title": f"{totals.input_tokens:,} in, {totals.output_tokens:,} out",
            },
            "dollars": {
                "text": text.total_usd(totals),
                "title": text.exact_usd(totals.cost_usd),
                "tone": "quiet" if unpriced else "",
            },
            "left_out": left_out(session),
            "status": {"text": session.status, "tone": session.status},
        },
    }


def errors(number: int) -> dict[str, str] | str:
    """Return the cell of an error count; none is quiet."""
    return {"text": f"{number:,}", "tone": "error"} if number else {"text": "0", "tone": "quiet"}


def left_out(session: SessionRow) -> dict[str, str]:
    """Return the cell that says what the dollars beside it leave out."""
    totals = session.totals
    priced = totals.cost_usd is not None
    short = f"+ {totals.unpriced_calls:,} unpriced" if priced and totals.unpriced_calls else ""
    if not short and totals.estimated_calls:
        short = f"≈ {text.estimated_share(totals)}"
    return {"text": short, "title": "; ".join(text.left_out(totals)), "tone": "quiet"}


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
        empty = not page.client().sessions(limit=1).items
    if empty:
        first_trace.invitation()
        return
    st.info("No session matches these filters.", icon=":material/filter_alt_off:")
    st.button("Show all sessions", on_click=drop_filters)


def drop_filters() -> None:
    """Set every filter to let all through; the widgets take the URL along."""
    st.session_state.update(range="all", q="", model=None, user=None, errors=False)
    first_page()


if __name__ == "__main__":
    main()
