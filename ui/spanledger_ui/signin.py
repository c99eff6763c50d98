"""Who asks: the person's own API key, entered once and kept in this browser session only.

The key goes to the query API with every question, and the API alone decides what it opens.
"""

import streamlit as st

from spanledger_ui.client import Client

KEPT = "own-key"  # in the session's state: gone with the tab, never in a URL, file or cookie
CONNECTED = "own-client"  # likewise: it carries the key in its headers


def own_key() -> str:
    """Return the key that this reader entered, '' where they did not."""
    return str(st.session_state.get(KEPT, ""))


def own_client(api_url: str) -> Client | None:
    """Return the connection that carries this reader's key, None where they entered none."""
    key = own_key()
    if not key:
        return None
    if CONNECTED not in st.session_state:
        st.session_state[CONNECTED] = Client(api_url, api_key=key)
    kept: Client = st.session_state[CONNECTED]
    return kept


def ask() -> None:
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
    """Forget the key, the connection that carries it, and all that it opened."""
    st.session_state.pop(KEPT, None)
    if connected := st.session_state.pop(CONNECTED, None):
        connected.close()
    forget_answers()


def forget_answers() -> None:
    """Drop what was kept of answers: another reader may see something else."""
    for name in [str(n) for n in st.session_state if str(n).startswith("kept-")]:
        del st.session_state[name]


def shown() -> None:
    """Show with which key this session asks, and let it be forgotten."""
    if key := own_key():
        st.text(f"You ask with your own key, which ends in {key[-4:]}.")
        st.button("Sign out", on_click=sign_out, icon=":material/logout:")
