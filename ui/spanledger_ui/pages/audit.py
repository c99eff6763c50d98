"""Audit: who changed prices, dollars and keys, when, why, before and after."""

import json
from collections.abc import Mapping
from typing import Any

import streamlit as st

from spanledger_schema.api_ledger import AuditEntry
from spanledger_ui import components, page, text

PAGE_ROWS = 100
SHOWN_CHARS = 160

COLUMNS = components.columns({
    "at": "When", "what": "What", "before": "Before", "after": "After", "who": "Who",
    "why": "Why",
}, wide="what")  # fmt: skip


def main() -> None:
    """Draw the page."""
    st.header("Audit", anchor=False)
    before = st.query_params.get("before")
    with page.answers():
        found = page.client().ledger.audit(before=before, limit=PAGE_ROWS)
    if not found.items:
        st.info("Nothing was changed yet.", icon=":material/history:")
        st.text("Prices, repricings, keys and whatever else moves dollars are written down here.")
        return
    components.ledger("Changes", COLUMNS, [row(entry) for entry in found.items], key="audit")
    with st.container(horizontal=True, horizontal_alignment="right"):
        if before and st.button("Newest", icon=":material/first_page:"):
            st.query_params.pop("before")
            st.rerun()
        if found.next_before and st.button("Older", icon=":material/chevron_right:"):
            st.query_params["before"] = found.next_before
            st.rerun()


def row(entry: AuditEntry) -> components.Row:
    """Return the line of one change."""
    return {
        "cells": {
            "at": text.moment(entry.at, page.zone(), page.now()),
            "what": {"text": entry.action, "under": entry.subject},
            "before": brief(entry.before),
            "after": brief(entry.after),
            "who": entry.actor or text.UNKNOWN,
            "why": entry.note or text.UNKNOWN,
        }
    }


def brief(value: Any) -> components.Cell:
    """Return a value in one line, all of it in the tooltip."""
    if value is None:
        return {"text": text.UNKNOWN, "tone": "quiet"}
    if isinstance(value, Mapping):
        said = ", ".join(f"{name} {plain(part)}" for name, part in value.items())
    else:
        said = plain(value)
    return {"text": text.cut(said, SHOWN_CHARS)[0], "title": said}


def plain(value: Any) -> str:
    """Return a value as text: a string as it is, anything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


if __name__ == "__main__":
    main()
