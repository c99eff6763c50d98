"""Which project is shown, and the switch to another. The URL says which; links take it along.

A key of one project has only that one, whatever the URL says: the API decides.
"""

import streamlit as st

from spanledger_ui import page
from spanledger_ui.client import Refused, Unreachable

KEPT_S = 60
USUAL = "default"
OF_A_PROJECT = ("session", "event", "zoom", "left", "right", "cursor", "before", "edit")
"""What another project has no such thing of."""


def switch() -> None:
    """Offer the other projects where there are any."""
    try:
        found = page.remembered("projects", "", KEPT_S, page.client().access.projects)
    except (Unreachable, Refused):
        return
    here = page.project() or USUAL
    if len(found) < 2:
        return
    names = found if here in found else sorted([*found, here])
    st.selectbox(
        "Project",
        names,
        index=names.index(here),
        key=f"project-{here}",
        on_change=change,
        args=(here,),
    )


def change(left: str) -> None:
    """Put the chosen project into the URL, without what only the one that is left has."""
    for name in OF_A_PROJECT:
        st.query_params.pop(name, None)
    st.query_params["project"] = st.session_state[f"project-{left}"]
