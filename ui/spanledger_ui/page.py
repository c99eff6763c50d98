"""What all pages share: the client, the reader's time, and what to show when there is no answer."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta, tzinfo
from time import monotonic
from typing import NoReturn, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import streamlit as st
from streamlit.delta_generator import DeltaGenerator
from streamlit.runtime.scriptrunner import StopException

from spanledger_ui import signin
from spanledger_ui.client import Client, Refused, Unreachable
from spanledger_ui.shapes import Misshapen

T = TypeVar("T")
Callback = Callable[[], object]

API_URL = "http://127.0.0.1:4320"
OTLP_URL = "http://127.0.0.1:4318"

PROJECT = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,63}")
"""What a project may be called."""

RANGES = {
    "1h": timedelta(hours=1),
    "24h": timedelta(days=1),
    "7d": timedelta(days=7),
    "30d": timedelta(days=30),
    "90d": timedelta(days=90),
    "all": None,
}
"""The presets of the time range, as they stand in the URL."""


def setting(name: str, default: str) -> str:
    """Return a value that `serve_ui` handed over."""
    return str(st.secrets[name]) if name in known_secrets() else default


def known_secrets() -> frozenset[str]:
    """Return the names handed over; none when the script runs without `serve_ui`."""
    try:
        return frozenset(st.secrets)
    except FileNotFoundError:
        return frozenset()


def client() -> Client:
    """Return the connection to the query API: this reader's own where they entered a key."""
    api_url = setting("api_url", API_URL)
    found = signin.own_client(api_url) or connection(api_url, setting("api_key", ""))
    return found.about(named) if (named := project()) else found


@st.cache_resource(show_spinner=False)
def connection(api_url: str, api_key: str) -> Client:
    """Return one client for all readers without a key of their own; the key is the server's."""
    return Client(api_url, api_key=api_key)


def project() -> str:
    """Return the project of the URL, '' where it names none that can be."""
    named = st.query_params.get("project", "")
    return named if PROJECT.fullmatch(named) else ""


def carried() -> dict[str, str]:
    """Return what goes along from page to page; `replay/link.mjs` takes the same along."""
    return {name: said for name in ("project", "tz") if (said := st.query_params.get(name))}


def way_to_sessions(icon: str = ":material/arrow_back:") -> None:
    """Draw the way to all sessions."""
    st.page_link("sessions.py", label="All sessions", icon=icon, query_params=carried())


def zone() -> tzinfo:
    """Return the time zone of the URL, else of the browser, else UTC."""
    for name in (st.query_params.get("tz"), st.context.timezone):
        try:
            if name:
                return ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError):
            continue
    return ZoneInfo("UTC")


def zone_name() -> str:
    """Return the IANA name of the reader's time zone."""
    return str(zone())


def now() -> datetime:
    """Return the time, to the minute: a page drawn twice in a minute asks the same question."""
    return datetime.now(UTC).replace(second=0, microsecond=0)


def now_or_later() -> datetime:
    """Return a moment by which everything that has arrived has begun."""
    return now() + timedelta(minutes=1)


def since(preset: str) -> str | None:
    """Return where a preset begins, None for everything there is."""
    length = RANGES.get(preset)
    return (now() - length).isoformat() if length else None


def remembered(name: str, key: object, seconds: float, make: Callable[[], T]) -> T:
    """Return what `make` made for this reader and `key`, for so many seconds."""
    known, key = st.session_state.get(f"kept-{name}"), (project(), key)
    if known and known[0] == key and monotonic() - known[1] < seconds:
        kept: T = known[2]
        return kept
    made = make()
    st.session_state[f"kept-{name}"] = (key, monotonic(), made)
    return made


def place(name: str, height_px: int) -> DeltaGenerator:
    """Return a place for what is drawn later, which keeps so much room; without any it takes none."""
    kept = st.container(key=f"place-{name}")
    kept.space(height_px)
    return kept


@contextmanager
def answers(otherwise: Callable[[], None] | None = None) -> Iterator[None]:
    """Stop the page with what to do, should the query API not answer what it was asked.

    `otherwise` draws first what a page has in the place of an answer: a heading, say.
    """
    try:
        yield
    except (Unreachable, Refused, Misshapen) as error:
        if otherwise:
            otherwise()
        unanswered(error)


def unanswered(error: Unreachable | Refused | Misshapen) -> NoReturn:
    """Say what became of a question, and what to do."""
    if isinstance(error, Unreachable):
        unreachable(str(error))
    if isinstance(error, Refused):
        refused(error)
    st.error("The query API answered in another shape than this page reads.")
    st.code(str(error), language=None, wrap_lines=True)
    st.text("UI and server are of different versions. Restart both from one installation.")
    stop()


def stop() -> NoReturn:
    """End the page here. After `st.stop` nothing more is shown, not what is drawn on the way out."""
    raise StopException


def unreachable(detail: str) -> NoReturn:
    """Say that nothing answers and what starts it, and look again until something does."""
    st.error("The query API does not answer.", icon=":material/cloud_off:")
    st.code(detail, language=None, wrap_lines=True)
    st.text("It is part of the server. Start both with:")
    st.code("spanledger serve", language=None)
    st.text("This page looks again every three seconds.")
    look_again()
    stop()


@st.fragment(run_every=3)
def look_again() -> None:
    """Draw the page anew as soon as the query API answers."""
    try:
        client().health()
    except (Unreachable, Refused):
        return
    st.rerun()


def refused(refusal: Refused) -> NoReturn:
    """Say what the query API objected to, in its own words."""
    if signin.shared_key():
        st.warning("This link shows nothing any more, or not this.", icon=":material/link_off:")
        st.text("It has expired, was taken back, or is of another session. Ask for a new one.")
        stop()
    if refusal.status == 401:
        if signin.person():
            st.warning("Your sign-in has ended.", icon=":material/lock:")
        elif key := signin.own_key():
            st.warning("No key here is this one.", icon=":material/key_off:")
            st.text(
                f"The key you entered ends in {key[-4:]}: mistyped, revoked, expired, or of another server."
            )
        else:
            st.warning("This server asks who you are.", icon=":material/lock:")
        signin.ask()
        stop()
    if refusal.status == 403:
        st.warning("You may not see this.", icon=":material/lock:")
        st.code(refusal.detail, language=None, wrap_lines=True)
        signin.shown()
        signin.ask()
        stop()
    if refusal.status == 404:
        st.warning("There is nothing at this address.", icon=":material/search_off:")
    else:
        st.error("The query API refused this.", icon=":material/block:")
    st.code(f"{refusal.status} {refusal.title}\n{refusal.detail}", language=None, wrap_lines=True)
    way_to_sessions()
    stop()
