"""Settings: with which key this person asks, and the keys that others use."""

from datetime import datetime, time, timedelta
from typing import Any

import streamlit as st

from spanledger_schema.api_access import ApiKey
from spanledger_ui import components, page, projects, signin, text

SCOPES = ("ingest", "read", "admin")
LIFETIMES = {"never": None, "in 30 days": 30, "in 90 days": 90, "in a year": 365}

COLUMNS = components.columns({
    "id": "Id", "name": "For", "project": "Project", "scopes": "May", "created": "Made",
    "expires": "Expires", "state": "State",
}, wide="name", named="project scopes created expires")  # fmt: skip


def main() -> None:
    """Draw the page."""
    st.header("Settings", anchor=False)
    signin.shown()
    st.subheader("API keys", anchor=False)
    with page.answers():
        keys = page.client().access.keys()
    if keys:
        components.ledger("API keys", COLUMNS, [row(key) for key in keys], key="keys")
    else:
        st.info("There is no key yet. Make one for each agent that sends, and for each reader.")
    left, right = st.columns(2, gap="large")
    with left:
        create()
    with right:
        revoke([key for key in keys if not key.revoked])


def row(key: ApiKey) -> components.Row:
    """Return the line of one key."""
    zone, now = page.zone(), page.now()
    return {
        "cells": {
            "id": f"{key.id}…{key.hint}",
            "name": key.name or text.UNKNOWN,
            "project": "every project" if key.project_id == "*" else key.project_id,
            "scopes": ", ".join(map(opens, key.scopes)),
            "created": text.moment(key.created_at, zone, now),
            "expires": text.moment(key.expires_at, zone, now) if key.expires_at else "never",
            "state": state(key, now),
        }
    }


def opens(scope: str) -> str:
    """Return what a scope opens; that of a share link names its session."""
    name, _, session = scope.partition(":")
    return f"read session {session}" if name == "share" else scope


def state(key: ApiKey, now: datetime) -> components.Cell:
    """Return whether a key still opens anything."""
    if key.revoked:
        return {"text": "revoked", "tone": "error"}
    if key.expires_at and datetime.fromisoformat(key.expires_at) <= now:
        return {"text": "expired", "tone": "error"}
    return {"text": "good", "tone": "ok"}


def create() -> None:
    """Make a key, and show it this once."""
    with st.form("create", border=False):
        name = st.text_input("What the key is for", max_chars=200)
        project = st.text_input("Project, or * for every one", page.project() or projects.USUAL)
        scopes = st.multiselect("What it may do", SCOPES, default=["ingest"])
        lifetime = st.selectbox("It expires", list(LIFETIMES))
        if not st.form_submit_button("Make a key", icon=":material/key:"):
            return
    days = LIFETIMES[lifetime]
    wanted: dict[str, Any] = {"project_id": project, "scopes": scopes, "name": name}
    if days:
        ends = datetime.combine(page.now() + timedelta(days=days), time(), page.zone())
        wanted["expires_at"] = ends.isoformat()
    with page.answers():
        made = page.client().access.create_key(wanted)
    st.success("This is the only time that the key is shown. Copy it now.")
    st.code(made.key, language=None)


def revoke(keys: list[ApiKey]) -> None:
    """Make a key useless."""
    if not keys:
        return
    named = {f"{key.id} {key.name}": key.id for key in keys}
    with st.form("revoke", border=False):
        chosen = st.selectbox("Key to revoke", list(named), index=None)
        if not st.form_submit_button("Revoke", icon=":material/block:") or chosen is None:
            return
    with page.answers():
        page.client().access.revoke_key(named[chosen])
    st.rerun()


if __name__ == "__main__":
    main()
