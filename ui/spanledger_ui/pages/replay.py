"""Replay: one session, step by step, with what each step said and what it cost so far."""

import streamlit as st

from spanledger_ui import components, page, panel, sharing, signin, skeleton, stopping

MOST_STEPS = 20_000
KEPT_S = 30  # of a session that runs on, so that coming back shows what came meanwhile


def main() -> None:
    """Draw the page."""
    session_id = st.query_params.get("session")
    if not session_id:
        choose()
        return
    with page.answers(otherwise=heading):
        payload, first = page.remembered("replay", session_id, KEPT_S, lambda: load(session_id))
    if first is None:
        st.info("This session has no steps yet.")
        return
    stage(session_id, payload, first)


def heading() -> None:
    """Draw the heading of a page without a session, which has its own."""
    st.header("Replay", anchor=False)


def choose() -> None:
    """Say how to get here with a session."""
    heading()
    st.info("Choose a session to replay it step by step.", icon=":material/play_circle:")
    page.way_to_sessions()


def load(session_id: str) -> tuple[bytes, str | None]:
    """Return a session packed for the component, and the key of its first step."""
    told = page.client().runs.columns(session_id, skeleton.FIELDS, MOST_STEPS)
    return skeleton.packed(told, page.zone(), page.now()), skeleton.first_key(told)


@st.fragment
def stage(session_id: str, payload: bytes, first: str) -> None:
    """Draw transcript and event; stepping draws only this part of the page anew."""
    left, right = st.columns([33, 17], gap="small")
    with left:
        stepped = components.replay(payload, key="replay")
    with right:
        if not signin.shared_key():
            with st.container(horizontal=True, horizontal_alignment="right"):
                stopping.offer(session_id)
                sharing.offer(session_id)
    with right, st.container(key="event", gap="xsmall"):
        trace_id, _, span_id = selected(session_id, stepped, first).partition(".")
        with page.answers():
            span = page.client().runs.span(trace_id, span_id)
        panel.event(span)


def selected(session_id: str, stepped: str | None, first: str) -> str:
    """Return the selected step: where the reader stepped to, else what the URL names.

    The component writes the URL itself while it steps, which Streamlit does not see; so the step
    it last reported wins until another session is opened.
    """
    known = st.session_state.get("selected")
    if stepped:
        known = (session_id, stepped)
    elif not known or known[0] != session_id:
        known = (session_id, st.query_params.get("event") or first)
    st.session_state["selected"] = known
    key: str = known[1]
    return key


if __name__ == "__main__":
    main()
