"""A form that tries a budget on its last periods and writes it down, changes or withdraws it.

What a person enters comes in, what the API answers is drawn; how that is written is `budgetform`'s
to say. The budget of the URL's `edit` is changed, else a new one is written down.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import streamlit as st

from spanledger_schema.api_budgets import BudgetRow
from spanledger_ui import budgetform, components, page, signin

PERIODS_BACK = 6
SHOWN_ROWS = 200


def draw(budgets: Sequence[BudgetRow]) -> None:
    """Draw the form, and do what it is told."""
    known = next((b for b in budgets if b.id == st.query_params.get("edit")), None)
    if known:
        st.subheader("Change a budget", anchor=False)
    else:
        st.subheader("A new budget", anchor=False)
    with st.form("budget", border=False):
        entered = fields(known)
        by = signin.person() or st.text_input(
            "Written by", max_chars=200, width=320, key="budget-by"
        )
        pressed = button(known)
    if known:
        st.button("A new budget instead", on_click=leave, type="tertiary", icon=":material/add:")
    if pressed:
        carry_out(pressed, known, entered, by.strip())


def button(known: BudgetRow | None) -> str:
    """Draw the buttons; return which was pressed, '' none."""
    with st.container(horizontal=True):
        pressed = {
            "preview": st.form_submit_button("Preview", icon=":material/visibility:"),
            "write": st.form_submit_button("Write it down", icon=":material/savings:"),
            "withdraw": bool(known) and st.form_submit_button("Withdraw", icon=":material/delete:"),
        }
    return next((name for name, was in pressed.items() if was), "")


def carry_out(pressed: str, known: BudgetRow | None, entered: dict[str, Any], by: str) -> None:
    """Show what a budget would have come to, or write it down, change or withdraw it."""
    wanted = budgetform.changed(known.written, entered) if known else budgetform.fields(entered)
    if pressed != "preview" and not by:
        st.error("Give your name: it stands on the audit.")
        return
    with page.answers():
        if pressed == "preview":
            preview(wanted)
            return
        if known is None:
            page.client().limits.add_budget(wanted, by)
        elif pressed == "withdraw":
            page.client().limits.withdraw_budget(known.id, by)
        else:
            page.client().limits.change_budget(known.id, wanted, by)
        leave()
        st.rerun()


def leave() -> None:
    """Leave the budget that was changed."""
    st.query_params.pop("edit", None)


def fields(known: BudgetRow | None) -> dict[str, Any]:
    """Draw the fields and return what is in them; each budget has widgets of its own."""
    of = known.id if known else "new"
    shown = budgetform.entered(known.written) if known else budgetform.BLANK
    rare = any(shown[name] for name in budgetform.RARE)
    common = often(shown, of)
    with st.expander("Narrower, reminders, who is told, notes", expanded=rare):
        return common | seldom(shown, of) | {"zone": shown["zone"] or page.zone_name()}


def often(shown: Mapping[str, Any], of: str) -> dict[str, Any]:
    """Draw what every budget says."""
    text, choice = partial(entry, shown, of), partial(options, shown, of)
    left, middle, right = st.columns(3)
    return {
        "name": left.text_input("Name", **text("name")),
        "limit": left.text_input("Limit", **text("limit")),
        "measure": left.selectbox("of", **choice("measure", budgetform.UNITS)),
        "unit": middle.selectbox("In each", **choice("unit", budgetform.PERIODS)),
        "scope.agent": middle.text_input("Only agent", **text("scope.agent")),
        "scope.user": middle.text_input("Only user", **text("scope.user")),
        "each": right.text_input("Counted apart by", **text("each")),
        "thresholds": right.text_input("Tell at per cent", **text("thresholds")),
        "hard": right.toggle("Hard: agents that ask must stop", shown["hard"], key=f"hard-{of}"),
    }


def seldom(shown: Mapping[str, Any], of: str) -> dict[str, Any]:
    """Draw what few budgets say."""
    text = partial(entry, shown, of)
    one, two, three, four = st.columns(4)
    return {
        "scope.session": one.text_input("Only session", **text("scope.session")),
        "scope.environment": one.text_input("Only environment", **text("scope.environment")),
        "scope.service": one.text_input("Only service", **text("scope.service")),
        "scope.provider": two.text_input("Only provider", **text("scope.provider")),
        "scope.model": two.text_input("Only model", **text("scope.model")),
        "scope.tag": two.text_input("Only tag", **text("scope.tag")),
        "hours": three.text_input("Hours, where it is rolling", **text("hours")),
        "starts_on": three.text_input("First weekday, or day of the month", **text("starts_on")),
        "remind_hours": three.text_input("Tell again after hours", **text("remind_hours")),
        "channels": four.text_input("Tell channels", **text("channels")),
        "owner": four.text_input("Owner", **text("owner")),
        "note": four.text_input("Note", **text("note")),
    }


def entry(shown: Mapping[str, Any], of: str, name: str) -> dict[str, Any]:
    """Return what a field of text is drawn with."""
    example = budgetform.EXAMPLES.get(name)
    return {"value": shown[name], "max_chars": 1000, "key": f"{name}-{of}", "placeholder": example}


def options(
    shown: Mapping[str, Any], of: str, name: str, words: Mapping[str, str]
) -> dict[str, Any]:
    """Return what a choice of words is drawn with."""
    at = list(words).index(shown[name])
    return {
        "options": words, "index": at, "format_func": words.__getitem__, "key": f"{name}-{of}",
    }  # fmt: skip


def preview(wanted: dict[str, Any]) -> None:
    """Show what a budget would have come to."""
    found = page.client().limits.preview_budget(wanted, periods=PERIODS_BACK)
    if not found:
        st.text("It would have counted nothing so far.")
        return
    zone, now, measure = page.zone(), page.now(), wanted["measure"]
    if any(each["basis"] == "forecast" for each in wanted.get("thresholds", ())):
        st.caption("Thresholds on the forecast are not tried: only what was spent is.")
    rows = [budgetform.preview_row(past, measure, zone, now) for past in found[:SHOWN_ROWS]]
    components.ledger("In the last periods", budgetform.PREVIEW, rows, key="preview")
