"""Overview: today beside yesterday and the budgets, what was told, what moved and what failed."""

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from decimal import Decimal

import streamlit as st

from spanledger_schema.api import Spend, SpendRow, Totals
from spanledger_schema.api_budgets import AlertRow, StandingRow
from spanledger_schema.api_tables import Beat, Pulse
from spanledger_ui import (
    budgetform,
    components,
    figures,
    first_trace,
    page,
    strip,
    tables,
    text,
    timerange,
)

MOVERS = 8
FAILED = 8
BUDGETS = 5
ALERTS, ALERT_DAYS = 5, 7
STRIP_DAYS = 14

TILES = components.columns({
    "what": "", "today": "Today", "same": "Yesterday by now", "yesterday": "Yesterday",
}, wide="what", numbers="today same yesterday")  # fmt: skip

MOVED = components.columns({
    "model": "Model", "today": "USD today", "yesterday": "USD yesterday by now",
    "change": "Change", "left_out": "",
}, wide="model", numbers="today yesterday change")  # fmt: skip


def main() -> None:
    """Draw the page."""
    st.header("Overview", anchor=False)
    now = page.now().astimezone(page.zone())
    today = datetime.combine(now, time(), now.tzinfo)
    yesterday = datetime.combine(today - timedelta(days=1), time(), now.tzinfo)
    with page.answers():
        shown = timerange.Range(today - timedelta(days=STRIP_DAYS - 1), None)
        beats = page.client().runs.pulse(grain="day", tz=page.zone_name(), **shown.asked)
        if not beats.beats and not page.client().runs.sessions(limit=1).items:
            first_trace.invitation()
            return
        days = [
            day(today, page.now_or_later()),
            day(yesterday, yesterday + (now - today)),
            day(yesterday, today),
        ]
        standings = page.client().limits.standings(limit=BUDGETS).standings
        told = page.client().alerts.fired(days=ALERT_DAYS)
    compared(days)
    budgets(standings)
    alerts(told)
    fortnight(strip.over(beats, *shown.on_clock(page.zone())))
    movers(days[0][0].rows, days[1][0].rows)
    failed(yesterday)


def day(since: datetime, until: datetime) -> tuple[Spend, Beat]:
    """Return spend by model of some hours, and what the sessions did that ran in them."""
    asked = {"since": since.isoformat(), "until": until.isoformat()}
    beats = page.client().runs.pulse(grain="day", tz=page.zone_name(), **asked).beats
    nothing = Beat(asked["since"], 0, 0, "0", 0, 0)
    return page.client().ledger.spend(["model"], tz=page.zone_name(), **asked), (
        beats or [nothing]
    )[0]


def compared(days: Sequence[tuple[Spend, Beat]]) -> None:
    """Show the figures of today beside those of yesterday."""
    lines = {
        "Spend": [text.spent(spend.total, 2) for spend, _ in days],
        "Sessions": [text.count(beat.sessions) for _, beat in days],
        "of them failed": [text.count(beat.failed_sessions) for _, beat in days],
        "p95 of a session": [
            text.duration(beat.p95_ns) if beat.sessions else text.UNKNOWN for _, beat in days
        ],
        "Calls": [text.count(spend.total.calls) for spend, _ in days],
        "Tokens": [text.compact(tokens(spend.total)) for spend, _ in days],
    }
    rows: list[components.Row] = [
        {"cells": {"what": what, **dict(zip(("today", "same", "yesterday"), said, strict=True))}}
        for what, said in lines.items()
    ]
    components.ledger("Today and yesterday", TILES, rows, key="today")


def tokens(totals: Totals) -> int | None:
    """Return all tokens of a total."""
    return text.reported(totals.input_tokens + totals.output_tokens, totals)


def budgets(standings: Sequence[StandingRow]) -> None:
    """Show the budgets that are nearest to their limit; nothing where there is none."""
    if not standings:
        return
    st.subheader("Budgets nearest to their limit", anchor=False)
    rows = [budgetform.standing_row(s, page.zone(), page.now()) for s in standings]
    components.ledger("Budgets", budgetform.STANDINGS, rows, key="budgets")


def alerts(told: Sequence[AlertRow]) -> None:
    """Show what people were last told."""
    st.subheader("Last alerts", anchor=False)
    if not told:
        st.text(f"None in {ALERT_DAYS} days: no threshold was crossed, and nothing looked wrong.")
        return
    rows = [budgetform.alert_row(a, page.zone(), page.now()) for a in told[:ALERTS]]
    components.ledger("Last alerts", budgetform.ALERTS, rows, key="alerts")


def fortnight(beats: Pulse) -> None:
    """Draw the dollars of the last days; one that is chosen leads to its sessions."""
    st.subheader("Dollars of sessions by day", anchor=False)
    if not beats.beats:
        st.text(f"No session in {STRIP_DAYS} days.")
        return
    bars = components.pulse(strip.drawn(beats, "cost", "Dollars of the last days"), key="days")
    if bars and (chosen := strip.chosen(beats, bars)):
        begins, ends = chosen
        asked = {**page.carried(), "from": begins.isoformat(), "to": ends.isoformat()}
        st.switch_page("sessions.py", query_params=asked)


def movers(today: Sequence[SpendRow], before: Sequence[SpendRow]) -> None:
    """Show the models whose dollars moved most since this hour of yesterday."""
    now = {figures.named(row, "model"): row.totals for row in today}
    then = {figures.named(row, "model"): row.totals for row in before}
    both = {name: (now.get(name, Totals()), then.get(name, Totals())) for name in {*now, *then}}
    order = sorted(both, key=lambda name: (-abs(change(*both[name])), name))[:MOVERS]
    if not order:
        return
    st.subheader("What moved", anchor=False)
    rows = [mover(name, *both[name]) for name in order]
    components.ledger("What moved", MOVED, rows, key="movers")


def change(now: Totals, then: Totals) -> Decimal:
    """Return by how many dollars of known price a model moved."""
    return Decimal(now.cost_usd or 0) - Decimal(then.cost_usd or 0)


def mover(name: str, now: Totals, then: Totals) -> components.Row:
    """Return the line of one model."""
    moved = change(now, then)
    known = all(t.cost_usd is not None or not t.calls for t in (now, then))
    return {
        "cells": {
            "model": name,
            "today": tables.dollars(now) if now.calls else text.UNKNOWN,
            "yesterday": tables.dollars(then) if then.calls else text.UNKNOWN,
            "change": f"{'+' if moved > 0 else ''}{text.usd(f'{moved:f}')}"
            if known
            else text.UNKNOWN,
            "left_out": tables.left_out(now),
        }
    }


def failed(since: datetime) -> None:
    """Show the last sessions that failed."""
    with page.answers():
        found = page.client().runs.sessions(q="status:error", since=since.isoformat(), limit=FAILED)
    st.subheader("Failed since yesterday", anchor=False)
    if not found.items:
        st.text("None.")
        return
    zone, now = page.zone(), page.now()
    rows = [tables.session_row(session, zone, now) for session in found.items]
    components.ledger("Failed sessions", tables.SESSIONS, rows, key="failed")


if __name__ == "__main__":
    main()
