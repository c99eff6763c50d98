"""Approvals: tool calls that wait for a person, what was said of others, and the policies."""

import json
from urllib.parse import urlencode

import streamlit as st

from spanledger_schema.api_approvals import ApprovalRow
from spanledger_ui import components, page, policyeditor, signin, text
from spanledger_ui.components import Row, columns

DAYS = 31
SHOWN_ROWS = 200
SHOWN_CHARS = 160
LOOK_EVERY_S = 3

TONES = {"approved": "ok", "denied": "error", "timed_out": "waiting"}

DECIDED = columns({
    "asked": "Asked", "tool": "Tool call", "arguments": "Arguments", "policy": "Policy",
    "verdict": "Said", "by": "By", "reason": "Why",
}, wide="tool", named="policy by")  # fmt: skip


def main() -> None:
    """Draw the page."""
    st.header("Approvals", anchor=False)
    waiting()
    with page.answers():
        decided([a for a in page.client().limits.approvals(days=DAYS) if a.verdict != "pending"])
    policyeditor.draw()


@st.fragment(run_every=LOOK_EVERY_S)
def waiting() -> None:
    """Show what waits now, the longest first, and take the word of whoever decides."""
    with page.answers():
        found = [a for a in page.client().limits.approvals(days=DAYS) if a.verdict == "pending"]
        if not found:
            st.text("Nothing waits for anybody.")
        for approval in reversed(found):
            question(approval)


def question(approval: ApprovalRow) -> None:
    """Show one call with its arguments, and a form for the answer."""
    with st.container(border=True):
        with st.container(key=f"asks-{approval.id}"):
            st.text(approval.tool)
        with st.container(key=f"quiet-{approval.id}"):
            st.text(about(approval))
        arguments = json.dumps(approval.arguments, indent=2, ensure_ascii=False)
        st.code(arguments, language=None, wrap_lines=True)  # all of what is to be allowed
        with (
            st.form(f"decide-{approval.id}", border=False),
            st.container(horizontal=True, vertical_alignment="bottom"),
        ):
            by = signin.person() or st.text_input(
                "Your name", max_chars=200, key=f"by-{approval.id}", width=240
            )
            reason = st.text_input("Reason", max_chars=1000, key=f"why-{approval.id}", width=360)
            approved = st.form_submit_button("Approve", icon=":material/check:", type="primary")
            denied = st.form_submit_button("Deny", icon=":material/close:")
    if not (approved or denied):
        return
    if not by.strip():
        st.error("Give your name: it stands on the audit.")
        return
    verdict = "approved" if approved else "denied"
    page.client().limits.decide_approval(approval.id, verdict, by.strip(), reason)
    st.rerun()


def about(approval: ApprovalRow) -> str:
    """Return who asks, by which policy, and until when."""
    who = [
        approval.agent and f"agent {approval.agent}",
        approval.user_id and f"for {approval.user_id}",
    ]
    session = approval.session_id and f"session {approval.session_id}"
    until = f"until {text.moment(approval.expires_at, page.zone(), page.now())}"
    parts = (*who, session, f"policy {approval.policy}", until)
    return " · ".join(text.apart(part) for part in parts if part)


def decided(found: list[ApprovalRow]) -> None:
    """Show what was said of earlier calls."""
    if not found:
        return
    st.subheader("Decided", anchor=False)
    rows = [decided_row(approval) for approval in found[:SHOWN_ROWS]]
    components.ledger("Decided", DECIDED, rows, key="decided")
    if len(found) > SHOWN_ROWS:
        st.text(f"The last {SHOWN_ROWS} of {len(found):,}.")


def decided_row(a: ApprovalRow) -> Row:
    """Return the line of a call that waits no more; it leads to its session."""
    arguments = json.dumps(a.arguments, ensure_ascii=False)
    row: Row = {
        "cells": {
            "asked": text.moment(a.asked_at, page.zone(), page.now()),
            "tool": {"text": a.tool, "under": a.agent or a.session_id, "title": a.session_id},
            "arguments": {"text": text.cut(arguments, SHOWN_CHARS)[0], "title": arguments},
            "policy": a.policy,
            "verdict": {"text": a.verdict.replace("_", " "), "tone": TONES[a.verdict]},
            "by": a.by or text.UNKNOWN,
            "reason": a.reason or text.UNKNOWN,
        }
    }
    if a.session_id:
        row["href"] = f"replay?{urlencode({'session': a.session_id})}"
    return row


if __name__ == "__main__":
    main()
