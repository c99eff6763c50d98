"""Who asks: a person who signed in at their provider, or one's own API key, kept for this session.

The ID token or key goes to the query API with every question, and the API alone decides what it
opens. A share link carries a key of its own in the URL, which opens one session.
"""

import streamlit as st

from spanledger_ui.client import Client

KEPT = "own-key"  # in the session's state: gone with the tab, never in a URL, file or cookie
CONNECTED = "own-clients"  # likewise: they carry keys in their headers


def own_key() -> str:
    """Return the key that this reader entered, '' where they did not."""
    return str(st.session_state.get(KEPT, ""))


def shared_key() -> str:
    """Return the key of a share link, '' where the URL is none."""
    return st.query_params.get("share", "")


def offered() -> bool:
    """Tell whether people can sign in here."""
    return "is_logged_in" in st.user


def id_token() -> str:
    """Return what the provider said of this reader, '' where they did not sign in."""
    return str(st.user.tokens.get("id", "")) if offered() and st.user.is_logged_in else ""


def own_client(api_url: str) -> Client | None:
    """Return the connection that carries this reader's key or token, None where there is none."""
    key = shared_key() or own_key() or id_token()
    if not key:
        return None
    known: dict[str, Client] = st.session_state.setdefault(CONNECTED, {})
    if key not in known:
        known[key] = Client(api_url, api_key=key)
    return known[key]


def ask() -> None:
    """Offer the way to the provider where there is one, and to enter a key."""
    if not offered():
        ask_key()
        return
    st.button("Sign in", on_click=st.login, icon=":material/login:", type="primary")
    with st.expander("Use an API key"):
        ask_key()


def ask_key() -> None:
    """Ask for a key; what is entered holds for this session."""
    with st.form("sign-in", border=False, width=420):
        entered = st.text_input("API key", type="password", autocomplete="current-password")
        if st.form_submit_button("Sign in", icon=":material/login:") and entered:
            sign_in(entered.strip())
    st.text("A key comes from whoever runs this server:")
    st.code("spanledger keys create --scopes read", language=None)


def sign_in(key: str) -> None:
    """Ask with this key from now on."""
    sign_out()
    st.session_state[KEPT] = key
    st.rerun()


def sign_out() -> None:
    """Forget the key, the connections that carry one or a token, and all that they opened."""
    st.session_state.pop(KEPT, None)
    for connected in st.session_state.pop(CONNECTED, {}).values():
        connected.close()
    forget_answers()


def forget_answers() -> None:
    """Drop what was kept of answers: another reader may see something else."""
    for name in [str(n) for n in st.session_state if str(n).startswith("kept-")]:
        del st.session_state[name]


def leave() -> None:
    """Sign out here and, where the provider knows how, there."""
    sign_out()
    st.logout()


def person() -> str:
    """Return what this reader is called, as their provider says it; '' where they did not sign in."""
    if own_key() or not id_token():
        return ""
    said = st.user.to_dict()
    return str(said.get("email") or said.get("preferred_username") or said.get("sub"))


def shown() -> None:
    """Show as whom this session asks, and let it be forgotten."""
    if key := own_key():
        st.text(f"You ask with your own key, which ends in {key[-4:]}.")
        st.button("Sign out", on_click=sign_out, icon=":material/logout:")
    elif name := person():
        st.text(f"You are signed in as {name}.")
        st.button("Sign out", on_click=leave, icon=":material/logout:")
