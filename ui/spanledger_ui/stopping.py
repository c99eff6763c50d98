"""The stop of one session: a person's word that it has to end, which its agents hear before their next step.

Who and why come in and stand on the list of stops, where one is lifted too.
"""

from urllib.parse import urlencode

import streamlit as st

from spanledger_ui import page, signin

ASKS = "Agents that ask the server before each step (guard) take no further one."


def offer(session_id: str) -> None:
    """Draw what stops a session, and the way to the budgets that would."""
    with st.popover("Stop", icon=":material/front_hand:", type="tertiary"):
        address = f"budgets?{urlencode({'session': session_id})}"
        st.link_button("Budgets that count it", address, icon=":material/savings:", type="tertiary")
        with st.form("stop", border=False):
            st.text(ASKS)
            by = signin.person() or st.text_input("Your name", max_chars=200, key="stop-by")
            reason = st.text_input("Why", max_chars=1000, key="stop-why")
            wanted = st.form_submit_button("Stop this session", icon=":material/front_hand:")
        if not wanted:
            return
        if not by.strip():
            st.error("Give your name: it stands beside the stop, and on the audit.")
            return
        with page.answers():
            page.client().limits.stop("session", session_id, reason, by.strip())
        st.text("It is stopped. Budgets & alerts lists the stop, and lifts it.")
