"""Integrity: everything that was received is somewhere, and the books balance."""

from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo

import streamlit as st

from spanledger_schema.api_ledger import Identity, Verification
from spanledger_schema.api_spool import Forwarded, HeldBack, Integrity, SpoolAccount
from spanledger_ui import alertpath, components, page, text

SUMMANDS = ("received", "rejected", "stored", "pending", "quarantined", "dropped")

ACCOUNT = components.columns(
    {"spool": "Spool", **{key: key.capitalize() for key in SUMMANDS}, "duplicates": "Sent twice",
     "holds": "Adds up"},
    wide="spool", numbers=" ".join((*SUMMANDS, "duplicates")), named="holds",
)  # fmt: skip

FORWARDED = components.columns({
    "target": "Forwarded to", "sent": "Sent", "pending": "Pending", "refused": "Refused",
    "skipped": "Skipped batches", "state": "State",
}, wide="target", numbers="sent pending refused skipped")  # fmt: skip

HELD = components.columns({
    "since": "Since", "reason": "Reason", "spool": "Spool", "batch": "Batch", "items": "Items",
}, wide="reason", numbers="batch items", named="since spool")  # fmt: skip

IDENTITIES = components.columns({
    "name": "Identity", "figures": "Figures", "holds": "Holds",
}, wide="name figures")  # fmt: skip


def main() -> None:
    """Draw the page."""
    st.header("Integrity", anchor=False)
    with page.answers():
        found = page.client().ledger.integrity()
        received(found)
        beside("Lost by clients before it was sent", found.lost_by_clients)
        beside("Words taken out before anything was kept", found.redacted)
        if found.forwarded:
            forwarded(found.forwarded)
        alertpath.draw(found.alert_path)
    if any(account.quarantined for account in found.accounts):
        with page.answers():
            quarantine(page.client().ledger.quarantine())
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
    now = datetime.now(UTC)
    rows: list[components.Row] = [
        {
            "cells": {
                "spool": {"text": account.signal, "under": account.spool},
                **{key: text.count(getattr(account, key)) for key in (*SUMMANDS, "duplicates")},
                "pending": pending(account, now),
                "holds": verdict(account.holds),
            }
        }
        for account in found.accounts
    ]
    components.ledger("Received", ACCOUNT, rows, key="accounts")


def pending(account: SpoolAccount, now: datetime) -> components.Cell:
    """Return the cell of what waits to be stored, and how long the oldest of it has waited."""
    if account.waiting_since is None:
        return text.count(account.pending)
    received = text.ago(account.waiting_since, now)
    return {"text": text.count(account.pending), "under": f"oldest {received}"}


def beside(what: str, counted: Mapping[str, int]) -> None:
    """Say what the account of spans leaves out; nothing where it left out nothing."""
    if counted:
        parts = (
            f"{name.replace('_', ' ')} {text.count(number)}"
            for name, number in sorted(counted.items())
        )
        st.text(f"{what}: {', '.join(parts)}.")


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
            released = page.client().ledger.retry_quarantine()
        st.text(f"{released.stored:,} stored, {released.held:,} still held back.")


def books() -> None:
    """Have the books checked, when somebody asks: it reads every trace."""
    st.subheader("The books", anchor=False)
    if not st.button("Check the books", icon=":material/balance:"):
        st.text("Counts lines, traces, sessions and days anew, and compares the sums.")
        return
    with page.answers(), st.spinner("Counting anew …"):
        identities(page.client().ledger.verify())


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
