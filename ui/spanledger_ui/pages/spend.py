"""Spend: dollars by day and by whatever they went to, what they leave out, and where they go.

Range, time zone, dimension and filter are in the URL; a click on a line narrows to it, a click on a
tile looks into it.
"""

from datetime import timedelta
from decimal import Decimal
from urllib.parse import urlencode
from zoneinfo import available_timezones

import streamlit as st

from spanledger_schema import filter_sql, filters
from spanledger_schema.api import Spend, SpendRow, Totals
from spanledger_schema.api_ledger import Insights
from spanledger_ui import (
    components,
    download,
    figures,
    filterbar,
    page,
    savedviews,
    tables,
    text,
    theme,
    timerange,
)
from spanledger_ui.forecast import Forecast, forecast

DEFAULT_RANGE = "30d"
DEAREST = 8
SHOWN_ROWS = 100
MOST_TILES = 60
DIMENSIONS = ("model", "user", "tag", "agent", "environment", "service", "session")

COLUMNS = components.columns({
    "calls": "Calls", "input": "Tokens in", "cached": "of it cached", "output": "Tokens out",
    "dollars": "USD", "share": "Share", "left_out": "",
}, numbers="calls input cached output dollars share")  # fmt: skip

GOOD_FOR = components.columns({
    "what": "What the spend was good for", "count": "", "dollars": "USD", "left_out": "",
}, wide="what", numbers="count dollars")  # fmt: skip


def main() -> None:
    """Draw the page."""
    heading()
    with filterbar.above(nothing):
        body()


def body() -> None:
    """Draw all below the filter."""
    with page.answers():
        controls()
        chosen = timerange.chosen(DEFAULT_RANGE)
        timerange.note(chosen)
        by = dimension()
        groups = ["provider", "model"] if by == "model" else [by]
        spent = spend(chosen, *groups)
    if not spent.rows:
        nothing_spent()
        return
    with page.answers():
        headline(spent.total, previous(chosen), month())
        grain = "hour" if chosen.grain in {"minute", "hour"} else "day"
        chart(spend(chosen, grain, by), by, chosen)
    table(spent, by)
    q = st.query_params.get("q")
    download.offer("spend", {"group_by": groups, **chosen.asked, "q": q, "tz": page.zone_name()})
    with page.answers():
        if by != "model":
            treemap(spend(chosen, by, "model"), by)
        good_for(page.client().ledger.insights(**chosen.asked, q=st.query_params.get("q")))
        dearest(chosen)


def heading() -> None:
    """Draw the title, and beside it where days begin and the saved views."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.header("Spend", anchor=False)
        zones = sorted(available_timezones())
        here = page.zone_name()
        st.selectbox(
            "Days begin in",
            zones,
            index=zones.index(here) if here in zones else zones.index("UTC"),
            label_visibility="collapsed",
            key="tz",
            bind="query-params",
            width=200,
        )
        savedviews.controls(
            "spend", {"range": DEFAULT_RANGE, "by": DIMENSIONS[0], "tz": here}, nothing
        )


def dimension() -> str:
    """Return what the URL groups by."""
    named = st.query_params.get("by", DIMENSIONS[0])
    return named if named in DIMENSIONS else DIMENSIONS[0]


def spend(chosen: timerange.Range, *group_by: str) -> Spend:
    """Return the spend of the range, grouped."""
    q = st.query_params.get("q")
    return page.client().ledger.spend(group_by, **chosen.asked, q=q, tz=page.zone_name())


def controls() -> None:
    """Draw range and dimension; both keep themselves in the URL."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        timerange.controls(DEFAULT_RANGE, nothing)
        st.segmented_control(
            "By",
            DIMENSIONS,
            default=DIMENSIONS[0],
            required=True,
            label_visibility="collapsed",
            key="by",
            bind="query-params",
        )


def nothing() -> None:
    """Do nothing more: the URL has changed, and the page is drawn from it."""


def previous(chosen: timerange.Range) -> Totals | None:
    """Return the total of the range of the same length just before, None without such a length."""
    if chosen.since is None:
        return None
    until = chosen.until or page.now()
    before = timerange.Range(chosen.since - (until - chosen.since), chosen.since)
    return spend(before).total


def month() -> Forecast | None:
    """Return what this month will have cost under the filter."""
    now = page.now().astimezone(page.zone())
    since = min(now.replace(day=1, hour=0, minute=0), now - timedelta(days=8))
    found = spend(timerange.Range(since.replace(hour=0, minute=0), None), "day")
    days = [(row.key["day"] or "", row.totals) for row in found.rows]
    usd = {day: Decimal(t.cost_usd) for day, t in days if t.cost_usd is not None}
    return forecast(usd, now, {day: t.unpriced_calls for day, t in days})


def headline(total: Totals, before: Totals | None, ahead: Forecast | None) -> None:
    """Draw the total, and under it what it leaves out, how it changed and where it goes."""
    with st.container(key="total"):
        st.text(text.spent(total, 2))
    notes = [
        text.calls(total.calls),
        f"{text.compact(text.reported(total.input_tokens, total))} tokens in",
        f"{text.compact(text.reported(total.output_tokens, total))} out",
        *text.left_out(total),
    ]
    if before is not None:
        notes.append(f"{text.spent(before, 2)} in the range before")
    with st.container(key="quiet-total"):
        st.text("  ·  ".join(notes))
        st.text(said(ahead))


def said(ahead: Forecast | None) -> str:
    """Return a forecast with its arithmetic."""
    if ahead is None:
        return "No forecast of the month yet: there is no whole day to go by."
    total, so_far, pace = (
        text.usd(f"{usd:f}", 2) for usd in (ahead.total_usd, ahead.so_far_usd, ahead.usd_per_day)
    )
    days = "1 whole day" if ahead.pace_days == 1 else f"{ahead.pace_days} whole days"
    unpriced = ahead.unpriced_calls
    return (
        f"Forecast for {ahead.month}: {'at least ' if unpriced else ''}{total} USD = {so_far} so far"
        f" + {ahead.days_left} days left × {pace} a day, the mean of the last {days}"
        + (f"; {text.calls(unpriced)} unpriced" if unpriced else "")
    )


def chart(by_day: Spend, by: str, chosen: timerange.Range) -> None:
    """Draw dollars by day, stacked, over the whole range."""
    dark = st.context.theme.type == "dark"
    colours = theme.SERIES_DARK if dark else theme.SERIES_LIGHT
    ends = chosen.on_clock(page.zone())
    figure = figures.spend_by_day(by_day, colours, by_day.group_by[0], by, *ends)
    ink = theme.AXIS_DARK if dark else theme.AXIS_LIGHT
    figure.update_xaxes(tickfont_color=ink).update_yaxes(tickfont_color=ink)
    st.plotly_chart(figure, key="by-day", config={"displayModeBar": False}, alt="Dollars by day")


def table(spent: Spend, by: str) -> None:
    """Draw what the dollars went to, the dearest first, and their sum."""
    rows = sorted(spent.rows, key=dollars, reverse=True)
    wide: components.Column = {"key": "name", "label": by.capitalize(), "wide": True}
    components.ledger(
        "Spend",
        [wide, *COLUMNS],
        [row(entry, spent.total, by) for entry in rows[:SHOWN_ROWS]],
        key="spend",
        total={"name": "Total", **cells(spent.total, spent.total), "share": ""},
    )
    if len(rows) > SHOWN_ROWS:
        st.text(f"The {SHOWN_ROWS} dearest of {len(rows):,}; the total is of all.")


def dollars(entry: SpendRow) -> Decimal:
    """Return what a row is sorted by; the unpriced ones go last."""
    return Decimal(entry.totals.cost_usd or -1)


def row(entry: SpendRow, total: Totals, by: str) -> components.Row:
    """Return the line of one value; it leads to the spend of that value alone."""
    line: components.Row = {
        "cells": {
            "name": {"text": figures.named(entry, by), "under": entry.key.get("provider") or ""},
            **cells(entry.totals, total),
        }
    }
    if value := entry.key.get(by):
        line["href"] = f"spend?{urlencode(narrowed(by, value))}"
    return line


def narrowed(by: str, value: str) -> dict[str, str]:
    """Return the URL of the spend of one value, by model, or by session where it was by model."""
    kept = {name: v for name in ("range", "from", "to", "tz") if (v := st.query_params.get(name))}
    terms = [filters.term(by, part) for part in parts(by, value)]
    q = " ".join([*filter(None, [st.query_params.get("q")]), *terms])
    return {**kept, "by": "session" if by == "model" else "model", "q": q}


def parts(by: str, value: str) -> list[list[str]]:
    """Return the values that a line stands for: all tags of a combination of tags."""
    return [[tag] for tag in value.split(", ")] if by == "tag" else [[value]]


def cells(totals: Totals, total: Totals) -> dict[str, components.Cell]:
    """Return the figures of a line."""
    part = share(totals, total)
    return {
        "calls": text.count(totals.calls),
        "input": tables.exactly(text.reported(totals.input_tokens, totals)),
        "cached": tables.exactly(text.reported(totals.cache_read_tokens, totals)),
        "output": tables.exactly(text.reported(totals.output_tokens, totals)),
        "dollars": tables.dollars(totals),
        "share": {"text": text.per_cent(part, 1), "share": part}
        if part is not None
        else text.UNKNOWN,
        "left_out": {"text": ", ".join(text.left_out(totals)), "tone": "quiet"},
    }


def share(totals: Totals, total: Totals) -> float | None:
    """Return the part of all dollars, None where there is none to take a part of."""
    if totals.cost_usd is None or not Decimal(total.cost_usd or 0):
        return None
    return float(Decimal(totals.cost_usd) / Decimal(total.cost_usd or 1))


def treemap(spent: Spend, by: str) -> None:
    """Draw the dearest values and their models as tiles."""
    dark = st.context.theme.type == "dark"
    colours = theme.SERIES_DARK if dark else theme.SERIES_LIGHT
    shown = sorted(spent.rows, key=dollars, reverse=True)[:MOST_TILES]
    figure = figures.tiles(shown, by, colours)
    st.subheader("Where it goes", anchor=False)
    st.plotly_chart(figure, key="tiles", config={"displayModeBar": False}, alt="Dollars as tiles")


def good_for(found: Insights) -> None:
    """Show what caches saved and what failed sessions cost, both of the spend that is shown."""
    caches, failed = found.caches, found.failed
    rows: list[components.Row] = [
        {
            "cells": {
                "what": "Saved by caches: reads below the rate of fresh input, less writes above it",
                "count": text.calls(caches.calls),
                "dollars": {"text": text.usd(caches.net_usd), "title": caches.net_usd},
                "left_out": unknown(caches.unknown_calls, "of unknown rate"),
            }
        },
        {
            "cells": {
                "what": "Spent on sessions that failed",
                "count": f"{failed.sessions:,} sessions",
                "dollars": {"text": text.usd(failed.cost_usd), "title": failed.cost_usd},
                "left_out": unknown(failed.unpriced_calls, "unpriced"),
            }
        },
    ]
    components.ledger("What the spend was good for", GOOD_FOR, rows, key="good-for")


def unknown(calls: int, why: str) -> components.Cell:
    """Return the cell that says what dollars leave out."""
    return {"text": f"+ {text.calls(calls)} {why}", "tone": "quiet"} if calls else ""


def dearest(chosen: timerange.Range) -> None:
    """Show the sessions and calls that cost most."""
    client, zone, now = page.client(), page.zone(), page.now()
    asked = {**chosen.asked, "q": st.query_params.get("q"), "order": "cost", "limit": DEAREST}
    st.subheader("Most expensive sessions", anchor=False)
    sessions = [tables.session_row(row, zone, now) for row in client.runs.sessions(**asked).items]
    components.ledger("Most expensive sessions", tables.SESSIONS, sessions, key="sessions")
    st.subheader("Most expensive calls", anchor=False)
    if strange := filterbar.unknown_to_calls(st.query_params.get("q", "")):
        st.text(f"Calls cannot be filtered by {strange}. The figures above are; calls can be by")
        st.text(", ".join((*filter_sql.CALLS.texts, *filter_sql.CALLS.numbers)) + ".")
        return
    calls = [tables.call_row(row, zone, now) for row in client.runs.calls(**asked).items]
    components.ledger("Most expensive calls", tables.CALLS, calls, key="calls")


def nothing_spent() -> None:
    """Say why there is no chart."""
    st.info("No model was called in this range under this filter.", icon=":material/payments:")
    st.text("Choose a longer range or another filter, or look at what arrived:")
    page.way_to_sessions(":material/list:")


if __name__ == "__main__":
    main()
