"""Saved views of a page: chosen, saved and withdrawn; a view is what the page's address says.

A view sets the widgets that keep themselves in the URL, and the parameters that no widget has.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlencode

import streamlit as st

from spanledger_ui import page
from spanledger_ui.client import Refused, Unreachable

KEPT_S = 30
PLAIN = ("q", "from", "to")
"""Parameters that belong to a view and to no widget."""


def controls(name: str, widgets: Mapping[str, Any], changed: page.Callback) -> None:
    """Draw the views of a page.

    Args:
        name: the page's, as the API knows it.
        widgets: the keys of its widgets that a view sets, and what they show without one; a list
            for one that has several values.
        changed: called when a view was chosen.
    """
    with st.popover("Views", icon=":material/bookmark:"):
        try:
            known = page.remembered("views", name, KEPT_S, lambda: asks_by_name(name))
        except (Unreachable, Refused):
            st.text("No views can be read now.")
            return
        st.selectbox(
            "Show",
            list(known),
            index=None,
            placeholder="Choose a view" if known else "None is saved yet",
            key="chosen-view",
            on_change=lambda: take(known, widgets, changed),
        )
        save(name, widgets)
        withdraw(name, known)


def asks_by_name(name: str) -> dict[str, str]:
    """Return the views of a page by their names."""
    return {view.name: view.asks for view in page.client().runs.views() if view.page == name}


def take(known: Mapping[str, str], widgets: Mapping[str, Any], changed: page.Callback) -> None:
    """Set the page to what the chosen view says."""
    asked = parse_qs(known.get(st.session_state["chosen-view"], ""))
    for key, default in widgets.items():
        values = asked.get(key)
        several = isinstance(default, list)
        st.session_state[key] = default if values is None else values if several else values[-1]
    for parameter in PLAIN:
        st.query_params.pop(parameter, None)
        if parameter in asked:
            st.query_params[parameter] = asked[parameter][-1]
    changed()


def save(name: str, widgets: Mapping[str, Any]) -> None:
    """Draw what saves the page as it stands."""
    with st.form("save-view", border=False, clear_on_submit=True):
        called = st.text_input("Save what is shown as", max_chars=100)
        if st.form_submit_button("Save", icon=":material/bookmark_add:") and called.strip():
            with page.answers():
                page.client().runs.save_view(name, called.strip(), asks(widgets))
            forget()


def asks(widgets: Mapping[str, Any]) -> str:
    """Return what the address says of a view."""
    said = st.query_params
    return urlencode([(key, value) for key in (*PLAIN, *widgets) for value in said.get_all(key)])


def withdraw(name: str, known: Mapping[str, str]) -> None:
    """Draw what withdraws a view."""
    if not known:
        return
    with st.form("withdraw-view", border=False, clear_on_submit=True):
        chosen = st.selectbox("Withdraw", list(known), index=None, key="withdrawn-view")
        if st.form_submit_button("Withdraw", icon=":material/delete:") and chosen:
            with page.answers():
                page.client().runs.withdraw_view(name, chosen)
            forget()


def forget() -> None:
    """Draw the page anew with the views as they are now."""
    st.session_state.pop("kept-views", None)
    st.rerun()
