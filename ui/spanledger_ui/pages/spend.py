"""Spend: dollars by day and by model, and what they leave out. Range and time zone are in the URL."""

from decimal import Decimal
from zoneinfo import available_timezones

import streamlit as st

from spanledger_schema.api import Spend, SpendRow, Totals
from spanledger_ui import components, figures, page, text, theme

DEFAULT_RANGE = "30d"

COLUMNS: list[components.Column] = [
    {"key": "model", "label": "Model", "wide": True},
    {"key": "calls", "label": "Calls", "align": "right"},
    {"key": "input", "label": "Tokens in", "align": "right"},
    {"key": "cached", "label": "of it cached", "align": "right"},
    {"key": "output", "label": "Tokens out", "align": "right"},
    {"key": "dollars", "label": "USD", "align": "right"},
    {"key": "share", "label": "Share", "align": "right"},
    {"key": "left_out", "label": ""},
]


def main() -> None:
    """Draw the page."""
    st.header("Spend", anchor=False)
    filters()
    with page.answers():
        by_day = spend("hour" if preset() in {"1h", "24h"} else "day", "model")
        by_model = spend("provider", "model")
    if not by_model.rows:
        nothing_spent()
        return
    headline(by_model.total)
    chart(by_day)
    table(by_model)


def preset() -> str:
    """Return the time range of the URL."""
    chosen = st.query_params.get("range", DEFAULT_RANGE)
    return chosen if chosen in page.RANGES else DEFAULT_RANGE


def spend(*group_by: str) -> Spend:
    """Return the spend of the range, grouped."""
    return page.client().spend(group_by, since=page.since(preset()), tz=page.zone_name())


def filters() -> None:
    """Draw range and time zone; both keep themselves in the URL."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.segmented_control(
            "Range",
            list(page.RANGES),
            default=DEFAULT_RANGE,
            required=True,
            key="range",
            bind="query-params",
        )
        zones = sorted(available_timezones())
        here = page.zone_name()
        st.selectbox(
            "Days begin in",
            zones,
            index=zones.index(here) if here in zones else zones.index("UTC"),
            key="tz",
            bind="query-params",
            width=240,
        )


def headline(total: Totals) -> None:
    """Draw the total, and under it what it leaves out."""
    with st.container(key="total"):
        st.text(text.spent(total, 2))
    notes = [
        text.calls(total.calls),
        f"{text.compact(text.reported(total.input_tokens, total))} tokens in",
        f"{text.compact(text.reported(total.output_tokens, total))} out",
        *text.left_out(total),
    ]
    with st.container(key="quiet-total"):
        st.text("  ·  ".join(notes))


def chart(by_day: Spend) -> None:
    """Draw dollars by day, stacked by model."""
    dark = st.context.theme.type == "dark"
    colours = theme.SERIES_DARK if dark else theme.SERIES_LIGHT
    figure = figures.spend_by_day(by_day, colours, by_day.group_by[0])
    st.plotly_chart(
        figure, key="by-day", config={"displayModeBar": False}, alt="Dollars by day and model"
    )


def table(by_model: Spend) -> None:
    """Draw the models, the dearest first, and their sum."""
    rows = sorted(by_model.rows, key=dollars, reverse=True)
    components.ledger(
        "Spend by model",
        COLUMNS,
        [row(entry, by_model.total) for entry in rows],
        key="models",
        total={**cells(by_model.total, by_model.total), "model": "Total", "share": ""},
    )


def dollars(entry: SpendRow) -> Decimal:
    """Return what a row is sorted by; the unpriced ones go last."""
    return Decimal(entry.totals.cost_usd or -1)


def row(entry: SpendRow, total: Totals) -> components.Row:
    """Return the line of one model."""
    name = {"text": figures.model(entry), "under": entry.key.get("provider") or ""}
    return {"cells": {"model": name, **cells(entry.totals, total)}}


def cells(totals: Totals, total: Totals) -> dict[str, object]:
    """Return the figures of a line."""
    part = share(totals, total)
    return {
        "calls": text.count(totals.calls),
        "input": figure(text.reported(totals.input_tokens, totals)),
        "cached": figure(text.reported(totals.cache_read_tokens, totals)),
        "output": figure(text.reported(totals.output_tokens, totals)),
        "dollars": {
            "text": text.total_usd(totals),
            "title": text.exact_usd(totals.cost_usd),
            "tone": "quiet" if totals.cost_usd is None else "",
        },
        "share": {"text": f"{part:.1%}", "share": part} if part is not None else text.UNKNOWN,
        "left_out": {"text": ", ".join(text.left_out(totals)), "tone": "quiet"},
    }


def figure(tokens: int | None) -> dict[str, str]:
    """Return a short count whose tooltip is exact."""
    return {"text": text.compact(tokens), "title": text.count(tokens)}


def share(totals: Totals, total: Totals) -> float | None:
    """Return the part of all dollars, None where there is none to take a part of."""
    if totals.cost_usd is None or not Decimal(total.cost_usd or 0):
        return None
    return float(Decimal(totals.cost_usd) / Decimal(total.cost_usd or 1))


def nothing_spent() -> None:
    """Say why there is no chart."""
    st.info("No model was called in this range.", icon=":material/payments:")
    st.text("Choose a longer range, or look at what arrived:")
    st.page_link("sessions.py", label="All sessions", icon=":material/list:")


if __name__ == "__main__":
    main()
