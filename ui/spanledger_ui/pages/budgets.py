"""Budgets & alerts: how budgets stand, what was told, is stopped and looks wrong; and how it was told."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import streamlit as st

from spanledger_schema.api_budgets import AlertPath, BudgetRow, Standings, StopRow
from spanledger_ui import (
    alertpath,
    budgeteditor,
    budgetform,
    components,
    deliverylog,
    detectorform,
    page,
    signin,
    text,
)

ALERT_DAYS = 31
SHOWN_ROWS = 200


def main() -> None:
    """Draw the page."""
    st.header("Budgets & alerts", anchor=False)
    with page.answers():
        budgets, stops = page.client().limits.budgets(), page.client().limits.stops()
        stopped(stops)  # first of all: it may be why nothing goes on
        if session_id := st.query_params.get("session"):
            counting(session_id)
        if stops or session_id:
            st.subheader("All budgets", anchor=False)
        found = page.client().limits.standings(limit=SHOWN_ROWS)
        standings(budgets, found)
        alerts(found.alert_path)
    budgeteditor.draw(budgets)
    with page.answers():
        detectors()
        deliverylog.draw()


def counting(session_id: str) -> None:
    """Show which budgets count the session that the URL names, and what of it."""
    st.subheader("Budgets that count one session", anchor=False)
    st.text(f"Session {session_id}, in the present period of each.")
    found = page.client().limits.counting(session_id)
    if not found:
        st.text("None counts it: no budget is about it, or it did nothing in this period.")
        return
    rows = [budgetform.counted_row(each) for each in found]
    components.ledger("Budgets of the session", budgetform.COUNTED, rows, key="counting")


def standings(budgets: Sequence[BudgetRow], found: Standings) -> None:
    """Show how the budgets stand, nearest to the limit first, each a way to change it."""
    counted = {standing.budget_id for standing in found.standings}
    rows = [budgetform.standing_row(s, page.zone(), page.now()) for s in found.standings]
    rows += [budgetform.uncounted_row(b) for b in budgets if b.id not in counted]
    if not rows:
        st.info("No budget has counted anything yet.", icon=":material/savings:")
        st.text("Write one down below. It counts what is already stored.")
        return
    components.ledger("Budgets", budgetform.STANDINGS, rows, key="standings")
    if found.evaluated_at:
        st.text(f"Evaluated {text.moment(found.evaluated_at, page.zone(), page.now())}.")
    if len(found.standings) == SHOWN_ROWS:
        st.text(f"The {SHOWN_ROWS} nearest to their limit.")


def stopped(stops: list[StopRow]) -> None:
    """Show what an operator has stopped, and let it go on."""
    if not stops:
        return
    st.subheader("Stopped", anchor=False)
    rows = [budgetform.stop_row(stop, page.zone(), page.now()) for stop in stops]
    components.ledger("Stopped", budgetform.STOPS, rows, key="stops")
    named = {f"{stop.subject} {stop.value}".strip(): stop.id for stop in stops}
    with row("lift"):
        chosen = st.selectbox("Let go on", list(named), index=None, width=280)
        by = signin.person() or st.text_input("Your name", max_chars=200, key="lift-by", width=200)
        reason = st.text_input("Why", max_chars=1000, key="lift-why", width=280)
        lifted = st.form_submit_button("Lift the stop", icon=":material/play_arrow:")
    if lifted and chosen and not by.strip():
        st.error("Give your name: it stands on the audit.")
    elif lifted and chosen:
        page.client().limits.lift_stop(named[chosen], reason, by.strip())
        st.rerun()


def alerts(path: AlertPath) -> None:
    """Show what was told, and whether it would arrive."""
    st.subheader("Alerts", anchor=False)
    alertpath.draw(path)
    found = page.client().alerts.fired(days=ALERT_DAYS)
    if not found:
        st.text(f"None in {ALERT_DAYS} days: no threshold was crossed, and nothing looked wrong.")
        return
    st.text(f"Of the last {ALERT_DAYS} days.")
    rows = [budgetform.alert_row(a, page.zone(), page.now()) for a in found[:SHOWN_ROWS]]
    components.ledger("Alerts", budgetform.ALERTS, rows, key="alerts")
    if len(found) > SHOWN_ROWS:
        st.text(f"The last {SHOWN_ROWS} of {len(found):,}.")


def detectors() -> None:
    """Show what is told of without a budget, and let that be set otherwise."""
    st.subheader("Detectors", anchor=False)
    known = page.client().alerts.detectors()
    components.ledger(
        "Detectors", detectorform.DETECTORS, detectorform.rows(known), key="detectors"
    )
    named = {detector.title: detector.name for detector in known}
    with row("tune"):
        chosen = st.selectbox("Detector", list(named), index=None, width=280)
        agent = st.text_input("Of agent", placeholder="all", width=200)
        limit = st.text_input("Tells from", placeholder="as it comes", width=140)
        muted = st.toggle("Tells nothing")
        if st.form_submit_button("Set", icon=":material/tune:") and chosen:
            page.client().alerts.tune_detector(
                named[chosen], detectorform.fields(agent, limit, muted)
            )
            st.rerun()


@contextmanager
def row(name: str) -> Iterator[None]:
    """Draw a short form as one line, of several where the screen is narrow."""
    with (
        st.form(name, border=False),
        st.container(horizontal=True, vertical_alignment="bottom"),
    ):
        yield


if __name__ == "__main__":
    main()
