"""Budgets & alerts: how budgets stand, what was told, is stopped and looks wrong; to try and change."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import streamlit as st

from spanledger_schema.api_budgets import AlertPath, BudgetRow, Standings, StopRow
from spanledger_ui import (
    alertpath,
    budgetform,
    components,
    deliverylog,
    detectorform,
    page,
    signin,
    text,
)

SCOPES = ("agent", "user", "session", "environment", "service", "provider", "model", "tag")
PERIODS = ("month", "day", "week", "hour", "quarter", "year", "session")
ALERT_DAYS = 31
PERIODS_BACK = 6
SHOWN_ROWS = 200


def main() -> None:
    """Draw the page."""
    st.header("Budgets & alerts", anchor=False)
    with page.answers():
        budgets = page.client().limits.budgets()
        if session_id := st.query_params.get("session"):
            counting(session_id)
        found = page.client().limits.standings(limit=SHOWN_ROWS)
        standings(budgets, found)
        stopped(page.client().limits.stops())
        alerts(found.alert_path)
    editor(budgets)
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
    st.subheader("All budgets", anchor=False)


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
    st.text(f"Of the last {ALERT_DAYS} days.")
    found = page.client().alerts.fired(days=ALERT_DAYS)
    if not found:
        st.text("None: no threshold was crossed, and nothing looked wrong.")
        return
    rows = [budgetform.alert_row(a, page.zone(), page.now()) for a in found[:SHOWN_ROWS]]
    components.ledger("Alerts", budgetform.ALERTS, rows, key="alerts")
    if len(found) > SHOWN_ROWS:
        st.text(f"The last {SHOWN_ROWS} of {len(found):,}.")


def editor(budgets: Sequence[BudgetRow]) -> None:
    """Try a budget on its last periods, then write it down: a new one, or the URL's in other words."""
    known = next((b for b in budgets if b.id == st.query_params.get("edit")), None)
    if known:
        st.subheader("Change a budget", anchor=False)
    else:
        st.subheader("A new budget", anchor=False)
    with st.form("budget", border=False):
        entered = fields(known)
        with st.container(horizontal=True):
            tried = st.form_submit_button("Preview", icon=":material/visibility:")
            written = st.form_submit_button("Write it down", icon=":material/savings:")
            gone = bool(known) and st.form_submit_button("Withdraw", icon=":material/delete:")
    if known:
        st.button("A new budget instead", on_click=leave, type="tertiary", icon=":material/add:")
    if not (tried or written or gone):
        return
    wanted = budgetform.changed(known.written, entered) if known else budgetform.fields(entered)
    with page.answers():
        if tried:
            preview(wanted)
            return
        carry_out(known, None if gone else wanted)
        leave()
        st.rerun()


def carry_out(known: BudgetRow | None, wanted: dict[str, Any] | None) -> None:
    """Write a budget down, change it, or, where nothing is wanted, withdraw it."""
    if known is None:
        page.client().limits.add_budget(wanted or {})
    elif wanted is None:
        page.client().limits.withdraw_budget(known.id)
    else:
        page.client().limits.change_budget(known.id, wanted)


def leave() -> None:
    """Leave the budget that was changed."""
    st.query_params.pop("edit", None)


def fields(known: BudgetRow | None) -> dict[str, Any]:
    """Draw the fields and return what is in them; each budget has widgets of its own."""
    shown = budgetform.entered(known.written) if known else budgetform.BLANK
    periods = list(dict.fromkeys([*PERIODS, shown["unit"]]))
    of = known.id if known else "new"
    left, middle, right = st.columns(3)
    with left:
        name = st.text_input("Name", shown["name"], max_chars=200, key=f"name-{of}")
        limit = st.text_input("Limit", shown["limit"], key=f"limit-{of}")
        units = list(budgetform.UNITS)
        at = units.index(shown["measure"])
        measure = st.selectbox("of", units, at, format_func=unit_of, key=f"measure-{of}")
    with middle:
        unit = st.selectbox("In each", periods, periods.index(shown["unit"]), key=f"unit-{of}")
        scope_at = SCOPES.index(shown["scope"]) if shown["scope"] in SCOPES else None
        scope = st.selectbox("Only of", SCOPES, scope_at, key=f"scope-{of}")
        value = st.text_input("named", shown["value"], key=f"value-{of}")
    with right:
        each = st.text_input(
            "Counted apart by", shown["each"], placeholder="user, agent, tag:team", key=f"each-{of}"
        )
        told = st.text_input("Tell at per cent", shown["thresholds"], key=f"told-{of}")
        hard = st.toggle("Hard: agents that ask must stop", shown["hard"], key=f"hard-{of}")
    return {
        "name": name, "limit": limit, "measure": measure, "unit": unit,
        "zone": shown.get("zone") or page.zone_name(),
        "scope": scope, "value": value, "each": each, "thresholds": told, "hard": hard,
    }  # fmt: skip


def unit_of(measure: str) -> str:
    """Return what a person calls a measure."""
    return budgetform.UNITS[measure]


def preview(wanted: dict[str, Any]) -> None:
    """Show what a budget would have come to."""
    found = page.client().limits.preview_budget(wanted, periods=PERIODS_BACK)
    if not found:
        st.text("It would have counted nothing so far.")
        return
    zone, now, measure = page.zone(), page.now(), wanted["measure"]
    rows = [budgetform.preview_row(past, measure, zone, now) for past in found[:SHOWN_ROWS]]
    components.ledger("In the last periods", budgetform.PREVIEW, rows, key="preview")


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
