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
}, wide="what", named="before after who why")  # fmt: skip


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
    before, after = changed(entry.before, entry.after)
    return {
        "cells": {
            "at": text.moment(entry.at, page.zone(), page.now()),
            "what": {"text": entry.action, "under": called(entry), "title": entry.subject},
            "before": brief(before),
            "after": brief(after),
            "who": entry.actor or text.UNKNOWN,
            "why": entry.note or text.UNKNOWN,
        }
    }


def changed(before: Any, after: Any) -> tuple[Any, Any]:
    """Return what was and what is, of two records the fields alone that are not the same."""
    if not (isinstance(before, Mapping) and isinstance(after, Mapping)):
        return before, after
    names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    was, is_now = ({n: side[n] for n in names if n in side} for side in (before, after))
    return was, is_now


def called(entry: AuditEntry) -> str:
    """Return what a record calls itself, else its id."""
    records = (side for side in (entry.after, entry.before) if isinstance(side, Mapping))
    return next((str(name) for record in records if (name := record.get("name"))), entry.subject)


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
