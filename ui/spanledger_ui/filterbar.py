"""The filter bar: the terms of the URL's `q` as pieces to remove, and to add with completion."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

import streamlit as st

from spanledger_schema import filter_sql, filters
from spanledger_ui import page
from spanledger_ui.client import Refused, Unreachable

COMPLETED = ("agent", "user", "model", "tag", "service", "environment", "tool", "status")
"""Fields whose observed values are offered."""

EXAMPLES = ("status:error", "cost:>1", "duration:>30s", "tokens:>100k", "unpriced:>0", "errors:>0")
VALUES_OF_EACH = 12
KEPT_S = 60
HEIGHT_PX = 38


@contextmanager
def above(changed: page.Callback) -> Iterator[None]:
    """Draw the bar above what the body draws, but after it: nobody waits for its completion.

    It is drawn whatever becomes of the body, which a filter that cannot be read stops.
    """
    place = page.place("filter", HEIGHT_PX)
    try:
        yield
    finally:
        with place:
            bar(changed)


def bar(changed: page.Callback) -> None:
    """Draw the bar; `changed` is called when a term was added or removed."""
    url = st.query_params.get("q", "")
    # a widget's state goes with its page, the note of what it showed does not
    if "terms" not in st.session_state or st.session_state.get("terms-of") != url:
        st.session_state.update({"terms": terms(url), "terms-of": url})
    shown: list[str] = st.session_state["terms"]
    offered = page.remembered("completion", "", KEPT_S, completion)
    st.multiselect(
        "Filter",
        [*shown, *(term for term in offered if term not in shown)],
        key="terms",
        accept_new_options=True,
        placeholder='agent:refunds cost:>1 "lost luggage"',
        label_visibility="collapsed",
        on_change=take,
        args=(changed,),
    )


def terms(written: str) -> list[str]:
    """Return the terms of a filter; one that cannot be read is one piece, for the API to refuse."""
    try:
        return list(dict.fromkeys(filters.split(written)))
    except filters.BadFilter:
        return [written]


def unknown_to_calls(written: str) -> str:
    """Return the fields of a filter that calls do not have, '' where it is one for calls."""
    fields = [term.field for term in filters.parse(written) if not isinstance(term, filters.Says)]
    known = {*filter_sql.CALLS.texts, *filter_sql.CALLS.numbers}
    return ", ".join(dict.fromkeys(field for field in fields if field not in known))


def completion() -> list[str]:
    """Return terms to choose from: the values that were seen, and examples of the other kind."""
    found = list(EXAMPLES)
    with suppress(Unreachable, Refused):  # the body of the page says so
        for field in COMPLETED:
            values = page.client().runs.values(field=field, limit=VALUES_OF_EACH)
            found += [filters.term(field, [seen.value]) for seen in values.items]
    return list(dict.fromkeys(found))


def take(changed: page.Callback) -> None:
    """Put the terms into the URL."""
    written = " ".join(st.session_state["terms"])
    st.session_state["terms-of"] = written
    if written:
        st.query_params["q"] = written
    else:
        st.query_params.pop("q", None)
    changed()
