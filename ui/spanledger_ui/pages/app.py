"""The frame around all pages: navigation, stylesheet, and how fresh the data is.

It lies among the pages, not above them: beside a folder called `pages` Streamlit would take each
file in there for an app of its own, and show it without this frame to whoever comes by a link.
"""

from datetime import UTC, datetime

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from spanledger_ui import components, page, projects, signin, text
from spanledger_ui.client import Health, Refused, Unreachable
from spanledger_ui.components import FOLDER


def main() -> None:
    """Draw the frame and, in it, the page that the address names."""
    st.set_page_config(
        page_title="Spanledger",
        page_icon=str(FOLDER / "icon.svg"),
        layout="wide",
    )
    current = st.navigation(shared_pages()) if signin.shared_key() else navigation(pages())
    components.style("replay" if current.url_path == "replay" else "ledger")
    st.logo(str(FOLDER / "logo.svg"), icon_image=str(FOLDER / "icon.svg"), size="medium")
    below = st.sidebar.container()
    try:
        current.run()
    finally:  # whatever became of the page; its own questions come first
        with below:
            if not signin.shared_key():
                projects.switch()
            freshness()


def navigation(found: list[StreamlitPage]) -> StreamlitPage:
    """Return the page that the address names, and draw the ways to all.

    Streamlit's own links leave all behind that the address says, so that where something goes along
    they are ours.
    """
    along = page.carried()
    current = st.navigation(found, position="hidden" if along else "sidebar")
    if along:
        with st.sidebar.container(key="ways"):
            for each in found:
                st.page_link(each, query_params=along)
    return current


def shared_pages() -> list[StreamlitPage]:
    """Return all there is for whoever comes by a share link."""
    return [
        st.Page("replay.py", title="Shared session", icon=":material/link:"),
        st.Page("sessions.py", default=True, visibility="hidden"),  # which the link does not open
    ]


def pages() -> list[StreamlitPage]:
    """Return all pages."""
    return [
        st.Page("overview.py", title="Overview", icon=":material/monitoring:"),
        st.Page("sessions.py", title="Sessions", icon=":material/list:", default=True),
        st.Page("replay.py", title="Replay", icon=":material/play_circle:"),
        st.Page("compare.py", title="Compare", icon=":material/difference:"),
        st.Page("spend.py", title="Spend", icon=":material/payments:"),
        st.Page("budgets.py", title="Budgets & alerts", icon=":material/savings:"),
        st.Page("approvals.py", title="Approvals", icon=":material/approval_delegation:"),
        st.Page("models.py", title="Models & prices", icon=":material/sell:"),
        st.Page("audit.py", title="Audit", icon=":material/history:"),
        st.Page("integrity.py", title="Integrity", icon=":material/balance:"),
        st.Page("settings.py", title="Settings", icon=":material/settings:"),
    ]


@st.fragment(run_every=10)
def freshness() -> None:
    """Show when the last span came in."""
    try:
        health = page.client().health()
    except (Unreachable, Refused):
        health = Health(ready=False)
    with st.container(key="quiet-freshness"):
        st.text(state(health))


def state(health: Health) -> str:
    """Return the state of the store in a few words."""
    if not health.ready:
        return "Store: not ready"
    if health.last_received_at is None:
        return "Waiting for a first span"
    return f"Last span {text.ago(health.last_received_at, datetime.now(UTC))}"


if __name__ == "__main__":
    main()
