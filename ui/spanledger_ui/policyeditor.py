"""The policies of a project: which hold, and a form that shows what one would have been about.

What a person enters comes in, what the API answers is drawn; how that is written is `policyform`'s
to say. The policy of the URL's `edit` is changed, else a new one is written down.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from spanledger_schema.api_approvals import PolicyRow
from spanledger_ui import components, page, policyform, signin
from spanledger_ui.policyform import NoCondition

DAYS = 31
LONGEST_MINUTES = 7 * 24 * 60.0


def draw() -> None:
    """Draw the policies and the form."""
    st.subheader("Policies", anchor=False)
    with page.answers():
        found = page.client().limits.policies()
    if found:
        rows = [policyform.policy_row(policy) for policy in found]
        components.ledger("Policies", policyform.POLICIES, rows, key="policies")
    else:
        st.text("None: every tool call is allowed.")
    editor(found)


def editor(found: Sequence[PolicyRow]) -> None:
    """Try a policy on what was called, then write it down; or end one."""
    known = next((p for p in found if p.id == st.query_params.get("edit")), None)
    if known:
        st.subheader("Change a policy", anchor=False)
    else:
        st.subheader("A new policy", anchor=False)
    with st.form(f"policy-{known.id if known else ''}", border=False):
        entered = fields(policyform.entered(known) if known else policyform.BLANK, known)
        with st.container(horizontal=True):
            tried = st.form_submit_button("Preview", icon=":material/visibility:")
            written = st.form_submit_button("Write it down", icon=":material/policy:")
            ended = bool(known) and st.form_submit_button("End it", icon=":material/delete:")
    if known:
        st.button("A new policy instead", on_click=leave, type="tertiary", icon=":material/add:")
    if tried or written or ended:
        carry_out(entered, preview_only=tried, ended=ended)


def fields(shown: Mapping[str, Any], known: PolicyRow | None) -> dict[str, Any]:
    """Draw the fields and return what is in them; each policy has widgets of its own."""
    of = known.id if known else ""
    left, middle, right = st.columns(3)
    with left:
        id_ = of or st.text_input("Name of the policy", max_chars=100, key="policy-id")
        tool = st.text_input(
            "Tool", shown["tool"], max_chars=200, placeholder="refund or refund_*", key=f"tool-{of}"
        )
        effects = list(policyform.EFFECTS)
        at = effects.index(shown["effect"])
        effect = st.selectbox("Then", effects, at, format_func=effect_of, key=f"effect-{of}")
    with middle:
        argument = st.text_input(
            "Amount in argument", shown["argument"], placeholder="order.amount", key=f"arg-{of}"
        )
        amount = st.text_input("From this amount on", shown["amount"], key=f"amount-{of}")
        conditions = st.text_area(
            "And where, one condition a line", shown["conditions"], height=68,
            placeholder="order.country != DE", key=f"where-{of}",
        )  # fmt: skip
    with right:
        minutes = st.number_input(
            "Minutes it waits", 0.1, LONGEST_MINUTES, shown["minutes"], 1.0, "%g", f"minutes-{of}"
        )
        channels = st.text_input(
            "Tell channels", shown["channels"], placeholder="all", key=f"told-{of}"
        )
        reason = st.text_input("Why", shown["reason"], max_chars=1000, key=f"reason-{of}")
    by = signin.person() or st.text_input("Written by", max_chars=200, width=320, key="policy-by")
    return {
        "id": id_.strip(), "tool": tool, "effect": effect, "argument": argument, "amount": amount,
        "conditions": conditions, "minutes": minutes, "channels": channels, "reason": reason,
        "by": by.strip(),
    }  # fmt: skip


def effect_of(effect: str) -> str:
    """Return what a person calls an effect."""
    return policyform.EFFECTS[effect]


def carry_out(entered: Mapping[str, Any], *, preview_only: bool, ended: bool) -> None:
    """Show what a policy would have been about, write it down, or end it."""
    try:
        wanted = policyform.fields(entered)
    except NoCondition as line:
        st.error("This is no condition. Write one such as: order.country != DE")
        st.code(str(line), language=None)
        return
    with page.answers():
        if preview_only:
            preview(wanted)
            return
        if not entered["by"] or not entered["id"]:
            st.error("Give the policy a name and your own: both stand on the audit.")
            return
        if ended:
            page.client().limits.end_policy(entered["id"], entered["by"])
        else:
            page.client().limits.put_policy(entered["id"], wanted, entered["by"])
        leave()
        st.rerun()


def preview(wanted: Mapping[str, Any]) -> None:
    """Show which calls of the past a policy would have been about."""
    found = page.client().limits.preview_policy(wanted, days=DAYS)
    st.text(policyform.verdict(found, DAYS))
    if not found.matches:
        return
    rows = [policyform.match_row(match, page.zone(), page.now()) for match in found.matches]
    components.ledger("It would have held", policyform.MATCHES, rows, key="policy-matches")
    if found.matched > len(rows):
        st.text(f"The newest {len(rows):,} of {found.matched:,}.")


def leave() -> None:
    """Leave the policy that was changed."""
    st.query_params.pop("edit", None)
