"""The log of deliveries, and a test of a channel: whether alerts reach whom they should.

What the API knows of attempts comes in; what is drawn is text. Which channels there are only the
process that delivers knows, so a channel is named by whoever tests it.
"""

from collections.abc import Sequence
from datetime import datetime, tzinfo

import streamlit as st

from spanledger_schema.api_alerts import DeliveryRow
from spanledger_ui import components, page, text

LOGGED_DAYS = 31
SHOWN_ROWS = 50

TONES = {"delivered": "ok", "retry": "waiting", "dead": "error", "asked": "running"}

COLUMNS = components.columns({
    "at": "When", "channel": "Channel", "event": "Event", "attempt": "Attempt",
    "outcome": "Outcome", "next": "Next attempt", "error": "Why not",
}, wide="channel", numbers="attempt")  # fmt: skip


def draw() -> None:
    """Draw the log and the test."""
    st.subheader("Deliveries", anchor=False)
    found = page.client().alerts.deliveries(days=LOGGED_DAYS, limit=SHOWN_ROWS)
    if found:
        rows = [row(each, page.zone(), page.now()) for each in found]
        components.ledger("Deliveries", COLUMNS, rows, key="deliveries")
        if len(found) == SHOWN_ROWS:
            st.text(f"The last {SHOWN_ROWS} attempts.")
    else:
        st.text("Nothing was sent yet. Whom to tell, the server reads from a file:")
        st.code("spanledger serve --channels FILE", language=None)
    test(found)


def row(attempt: DeliveryRow, zone: tzinfo, now: datetime) -> components.Row:
    """Return the line of one attempt."""
    asked = attempt.outcome == "asked"
    return {
        "cells": {
            "at": text.moment(attempt.at, zone, now),
            "channel": {"text": attempt.channel, "title": attempt.message_id},
            "event": attempt.event,
            "attempt": text.UNKNOWN if asked else text.count(attempt.attempt),
            "outcome": {"text": attempt.outcome, "tone": TONES[attempt.outcome]},
            "next": text.moment(attempt.next_at, zone, now),
            "error": attempt.error or text.UNKNOWN,
        }
    }


def test(known: Sequence[DeliveryRow]) -> None:
    """Have a test sent on a channel; what became of it is the next line of the log."""
    channels = sorted({attempt.channel for attempt in known})
    with (
        st.form("test-channel", border=False),
        st.container(horizontal=True, vertical_alignment="bottom"),
    ):
        channel = st.selectbox(
            "Channel to test",
            channels,
            index=None,
            accept_new_options=True,
            placeholder="As the file of channels names it",
            width=320,
        )
        if st.form_submit_button("Send a test", icon=":material/send:") and channel:
            page.client().alerts.test_channel(channel)
            st.rerun()
