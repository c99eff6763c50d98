"""Budgets & alerts: how budgets stand, what was told and is stopped, a new one, and the detectors."""

from typing import Any

import streamlit as st

from spanledger_schema.api_budgets import StopRow
from spanledger_ui import budgetform, components, detectorform, page

SCOPES = ("agent", "user", "session", "environment", "service", "provider", "model", "tag")
PERIODS = ("month", "day", "week", "hour", "quarter", "year", "session")
ALERT_DAYS = 31
PERIODS_BACK = 6
SHOWN_ROWS = 200


def main() -> None:
    """Draw the page."""
    st.header("Budgets & alerts", anchor=False)
    with page.answers():
        standings()
        stopped(page.client().stops())
        alerts()
        withdraw()
    editor()
    with page.answers():
        detectors()


def standings() -> None:
    """Show how the budgets stand, nearest to the limit first."""
    found = page.client().standings(limit=SHOWN_ROWS)
    if not found.standings:
        st.info("No budget has counted anything yet.", icon=":material/savings:")
        st.text("Write one down below. It counts what is already stored.")
        return
    rows = [budgetform.standing_row(s, page.zone(), page.now()) for s in found.standings]
    components.ledger("Budgets", budgetform.STANDINGS, rows, key="standings")
    if len(rows) == SHOWN_ROWS:
        st.text(f"The {SHOWN_ROWS} nearest to their limit.")


def stopped(stops: list[StopRow]) -> None:
    """Show what an operator has stopped, and let it go on."""
    if not stops:
        return
    st.subheader("Stopped", anchor=False)
    rows = [budgetform.stop_row(stop, page.zone(), page.now()) for stop in stops]
    components.ledger("Stopped", budgetform.STOPS, rows, key="stops")
    named = {f"{stop.subject} {stop.value}".strip(): stop.id for stop in stops}
    with st.form("lift", border=False, width=420):
        chosen = st.selectbox("Let go on", list(named), index=None)
        if st.form_submit_button("Lift the stop", icon=":material/play_arrow:") and chosen:
            page.client().lift_stop(named[chosen])
            st.rerun()


def alerts() -> None:
    """Show what was told."""
    st.subheader("Alerts", anchor=False)
    st.text(f"Of the last {ALERT_DAYS} days.")
    found = page.client().alerts(days=ALERT_DAYS)
    if not found:
        st.text("None: no threshold was crossed, and nothing looked wrong.")
        return
    rows = [budgetform.alert_row(a, page.zone(), page.now()) for a in found[:SHOWN_ROWS]]
    components.ledger("Alerts", budgetform.ALERTS, rows, key="alerts")
    if len(found) > SHOWN_ROWS:
        st.text(f"The last {SHOWN_ROWS} of {len(found):,}.")


def withdraw() -> None:
    """Let a budget be withdrawn; what it told stays."""
    named = {f"{b.written['name']} ({b.id})": b.id for b in page.client().budgets()}
    if not named:
        return
    with st.form("withdraw", border=False, width=420):
        chosen = st.selectbox("Budget to withdraw", list(named), index=None)
        if st.form_submit_button("Withdraw", icon=":material/delete:") and chosen:
            page.client().withdraw_budget(named[chosen])
            st.rerun()


def editor() -> None:
    """Try a budget on its last periods, then write it down."""
    st.subheader("A new budget", anchor=False)
    with st.form("budget", border=False):
        entered = fields()
        with st.container(horizontal=True):
            tried = st.form_submit_button("Preview", icon=":material/visibility:")
            written = st.form_submit_button("Write it down", icon=":material/savings:")
    if not (tried or written):
        return
    wanted = budgetform.fields(entered)
    with page.answers():
        if written:
            page.client().add_budget(wanted)
            st.rerun()
        preview(wanted)


def fields() -> dict[str, Any]:
    """Draw the fields and return what is in them."""
    left, middle, right = st.columns(3)
    with left:
        name = st.text_input("Name", max_chars=200)
        limit = st.text_input("Limit", "100")
        measure = st.selectbox("of", list(budgetform.UNITS), format_func=unit_of)
    with middle:
        unit = st.selectbox("In each", PERIODS)
        scope = st.selectbox("Only of", SCOPES, index=None)
        value = st.text_input("named")
    with right:
        each = st.text_input("Counted apart by", placeholder="user, agent, tag:team")
        told = st.text_input("Tell at per cent", "50, 80, 100")
        hard = st.toggle("Agents that ask are told to stop once it is spent")
    return {
        "name": name, "limit": limit, "measure": measure, "unit": unit, "zone": page.zone_name(),
        "scope": scope, "value": value, "each": each, "thresholds": told, "hard": hard,
    }  # fmt: skip


def unit_of(measure: str) -> str:
    """Return what a person calls a measure."""
    return budgetform.UNITS[measure]


def preview(wanted: dict[str, Any]) -> None:
    """Show what a budget would have come to."""
    found = page.client().preview_budget(wanted, periods=PERIODS_BACK)
    if not found:
        st.text("It would have counted nothing so far.")
        return
    zone, now, measure = page.zone(), page.now(), wanted["measure"]
    rows = [budgetform.preview_row(past, measure, zone, now) for past in found[:SHOWN_ROWS]]
    components.ledger("In the last periods", budgetform.PREVIEW, rows, key="preview")


def detectors() -> None:
    """Show what is told of without a budget, and let that be set otherwise."""
    st.subheader("Detectors", anchor=False)
    known = page.client().detectors()
    components.ledger(
        "Detectors", detectorform.DETECTORS, detectorform.rows(known), key="detectors"
    )
    named = {detector.title: detector.name for detector in known}
    with st.form("tune", border=False, width=420):
        chosen = st.selectbox("Detector", list(named), index=None)
        agent = st.text_input("Of agent", placeholder="all")
        limit = st.text_input("Tells from", placeholder="as it comes")
        muted = st.toggle("Tells nothing")
        if st.form_submit_button("Set", icon=":material/tune:") and chosen:
            page.client().tune_detector(named[chosen], detectorform.fields(agent, limit, muted))
            st.rerun()


if __name__ == "__main__":
    main()
