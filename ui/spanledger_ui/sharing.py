"""A link to one session for somebody without a key: read-only, for a while, and for that session alone."""

from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import streamlit as st

from spanledger_ui import page

LIFETIMES = {"a day": 1, "a week": 7, "a month": 30}


def offer(session_id: str) -> None:
    """Draw what makes a link."""
    with st.popover("Share", icon=":material/share:", type="tertiary"):
        with st.form("share", border=False):
            name = st.text_input("For whom", max_chars=200)
            lifetime = st.selectbox("It works for", list(LIFETIMES), index=1)
            wanted = st.form_submit_button("Make a link", icon=":material/link:")
        if wanted:
            ends = datetime.now(UTC) + timedelta(days=LIFETIMES[lifetime])
            with page.answers():
                made = page.client().access.share(session_id, ends.isoformat(), name)
            st.code(address(session_id, made.key), language=None, wrap_lines=True)
            st.text(
                "Whoever has it reads this session and nothing else. It is shown only now;"
                f" Settings takes it back, as key {made.kept.id}."
            )


def address(session_id: str, key: str) -> str:
    """Return the link."""
    return f"{st.context.url}?{urlencode({'session': session_id, 'share': key})}"
