"""Integrity: everything that was received is somewhere, and the books balance."""

from datetime import datetime, tzinfo

import streamlit as st

from spanledger_schema.api_ledger import Identity, Verification
from spanledger_schema.api_spool import Forwarded, HeldBack, Integrity
from spanledger_ui import components, page, text

SUMMANDS = ("received", "rejected", "stored", "pending", "quarantined", "dropped")

ACCOUNT: list[components.Column] = [
    {"key": "spool", "label": "Spool", "wide": True},
    *(components.Column(key=key, label=key.capitalize(), align="right") for key in SUMMANDS),
    {"key": "duplicates", "label": "Sent twice", "align": "right"},
    {"key": "holds", "label": "Adds up"},
]

FORWARDED: list[components.Column] = [
    {"key": "target", "label": "Forwarded to", "wide": True},
    {"key": "sent", "label": "Sent", "align": "right"},
    {"key": "pending", "label": "Pending", "align": "right"},
    {"key": "refused", "label": "Refused", "align": "right"},
    {"key": "skipped", "label": "Skipped batches", "align": "right"},
    {"key": "state", "label": "State"},
]

HELD: list[components.Column] = [
    {"key": "since", "label": "Since"},
    {"key": "reason", "label": "Reason", "wide": True},
    {"key": "spool", "label": "Spool"},
    {"key": "batch", "label": "Batch", "align": "right"},
    {"key": "items", "label": "Items", "align": "right"},
]

IDENTITIES: list[components.Column] = [
    {"key": "name", "label": "Identity", "wide": True},
    {"key": "figures", "label": "Figures", "align": "right"},
    {"key": "holds", "label": "Holds"},
]


def main() -> None:
    """Draw the page."""
    st.header("Integrity", anchor=False)
    with page.answers():
        found = page.client().integrity()
        received(found)
        if found.forwarded:
            forwarded(found.forwarded)
    if any(account.quarantined for account in found.accounts):
        with page.answers():
            quarantine(page.client().quarantine())
    books()


def received(found: Integrity) -> None:
    """Show where everything is that was received."""
    st.subheader("Received = rejected + stored + pending + quarantined + dropped", anchor=False)
    for lack in found.degraded:
        st.error("The store lacks something that it once had.", icon=":material/warning:")
        st.code(lack, language=None, wrap_lines=True)
    if not found.accounts:
        st.info("Nothing was received yet.", icon=":material/inbox:")
        return
    rows: list[components.Row] = [
        {
            "cells": {
                "spool": {"text": account.signal, "under": account.spool},
                **{key: text.count(getattr(account, key)) for key in (*SUMMANDS, "duplicates")},
                "holds": verdict(account.holds),
            }
        }
        for account in found.accounts
    ]
    components.ledger("Received", ACCOUNT, rows, key="accounts")


def verdict(holds: bool) -> components.Cell:
    """Return the cell that says whether something holds."""
    return {"text": "yes", "tone": "ok"} if holds else {"text": "no", "tone": "error"}


def forwarded(targets: list[Forwarded]) -> None:
    """Show how far each target has come that everything is sent on to."""
    zone, now = page.zone(), page.now()
    rows: list[components.Row] = [
        {
            "cells": {
                "target": {"text": each.target, "under": each.spool},
                "sent": text.count(each.sent),
                "pending": text.count(each.pending),
                "refused": text.count(each.refused),
                "skipped": text.count(each.skipped_batches),
                "state": state(each, zone, now),
            }
        }
        for each in targets
    ]
    components.ledger("Forwarded", FORWARDED, rows, key="forwarded")


def state(target: Forwarded, zone: tzinfo, now: datetime) -> components.Cell:
    """Return the cell that says whether a target takes what is sent to it."""
    if target.failing_since is None:
        return {"text": "ok", "tone": "ok"}
    since = text.moment(target.failing_since, zone, now)
    return {"text": f"failing since {since}", "tone": "error", "title": target.trouble or ""}


def quarantine(held: list[HeldBack]) -> None:
    """Show what the store could not take, and let it try again."""
    st.subheader("Held back", anchor=False)
    zone, now = page.zone(), page.now()
    rows: list[components.Row] = [
        {
            "cells": {
                "since": text.moment(each.since, zone, now),
                "reason": each.reason,
                "spool": each.spool,
                "batch": text.count(each.batch),
                "items": text.count(each.items),
            }
        }
        for each in held
    ]
    components.ledger("Held back", HELD, rows, key="held")
    if st.button("Try again", icon=":material/refresh:"):
        with page.answers():
            released = page.client().retry_quarantine()
        st.text(f"{released.stored:,} stored, {released.held:,} still held back.")


def books() -> None:
    """Have the books checked, when somebody asks: it reads every trace."""
    st.subheader("The books", anchor=False)
    if not st.button("Check the books", icon=":material/balance:"):
        st.text("Counts lines, traces, sessions and days anew, and compares the sums.")
        return
    with page.answers(), st.spinner("Counting anew …"):
        identities(page.client().verify())


def identities(found: Verification) -> None:
    """Show every identity with its figures."""
    with st.container(key="quiet-verified"):
        st.text(f"{found.traces:,} traces and {found.spans:,} spans counted.")
    rows: list[components.Row] = [
        {
            "cells": {
                "name": {"text": each.name, "title": "; ".join(each.differences)},
                "figures": {"text": figures(each), "title": figures(each)},
                "holds": verdict(each.holds),
            }
        }
        for each in found.identities
    ]
    components.ledger("Identities", IDENTITIES, rows, key="identities")


def figures(identity: Identity) -> str:
    """Return the figures of an identity in one line."""
    return "  ·  ".join(f"{name} {value}" for name, value in identity.figures.items())


if __name__ == "__main__":
    main()
