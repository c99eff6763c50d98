"""Whether an alert would arrive, in a line: as the last synthetic one did."""

from datetime import datetime, tzinfo

import streamlit as st

from spanledger_schema.api_budgets import AlertPath
from spanledger_ui import page, text


def draw(path: AlertPath) -> None:
    """Draw the line, below a warning where an alert might not arrive."""
    if path.overdue:
        st.warning("An alert might not arrive.", icon=":material/notifications_off:")
    st.text(words(path, page.zone(), page.now()))


def words(path: AlertPath, zone: tzinfo, now: datetime) -> str:
    """Return what is said of the path of alerts."""
    last = "Alert path not proven yet: that takes a channel to tell people on"
    if path.proven_at is not None and path.took_s is not None:
        last = (
            f"Alert path proven {text.moment(path.proven_at, zone, now)}, took {path.took_s:.1f} s"
        )
    if path.overdue:
        return (
            f"{last}. The synthetic alert since then has not arrived: is spanledger watch running?"
        )
    return f"{last}."
