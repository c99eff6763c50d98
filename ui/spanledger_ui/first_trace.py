"""What an empty project shows: the lines that send a first trace, until one arrives."""

from urllib.parse import urlsplit

import streamlit as st

from spanledger_ui import page
from spanledger_ui.client import Refused, Unreachable


def invitation() -> None:
    """Show how to send a first trace, until one arrives."""
    otlp = page.setting("otlp_url", page.OTLP_URL)
    st.info("No trace has arrived yet. This page shows the first one by itself.")
    st.subheader("Anything that sends OpenTelemetry", anchor=False)
    keyed = page.client().keyed
    st.code(exports(otlp, keyed), language=None)
    if keyed:
        st.text("A key that may ingest is made in Settings, or by: spanledger keys create")
    else:  # the recorded ones are sent without a key
        st.subheader("Recorded sessions to look around in", anchor=False)
        st.code(demo(otlp, page.setting("api_url", page.API_URL)), language=None)
    arrival()


def exports(otlp_url: str, keyed: bool) -> str:
    """Return the lines that have an agent send here, with a key where we ask with one ourselves."""
    key = ["export OTEL_EXPORTER_OTLP_HEADERS='Authorization=Bearer YOUR_KEY'"] if keyed else []
    return "\n".join([
        f"export OTEL_EXPORTER_OTLP_ENDPOINT={otlp_url}",
        "export OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf",
        *key,
        "python your_agent.py",
    ])  # fmt: skip


def demo(otlp_url: str, api_url: str) -> str:
    """Return the command that sends recorded sessions here, with the ports that are not the usual ones."""
    ports = {"http": (otlp_url, page.OTLP_URL), "api": (api_url, page.API_URL)}
    told = [
        f" --{name}-port {here}"
        for name, (address, usual) in ports.items()
        if (here := urlsplit(address).port) and here != urlsplit(usual).port
    ]
    return "".join(["spanledger demo", *told])


@st.fragment(run_every=2)
def arrival() -> None:
    """Draw the page anew as soon as there is a session."""
    try:
        arrived = page.client().runs.sessions(limit=1).items
    except (Unreachable, Refused):
        st.rerun()
    if arrived:
        st.rerun()
