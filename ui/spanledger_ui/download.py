"""Tables as files: offers all that a page's table lists, not only the rows it shows.

The query API makes the file when somebody takes it, asked with the reader's own key.
"""

from functools import partial
from urllib.parse import urlencode

import streamlit as st

from spanledger_ui import page
from spanledger_ui.client import Parameters, asked

FORMATS = {"csv": "CSV", "jsonl": "JSON lines", "parquet": "Parquet"}


def offer(table: str, wanted: Parameters) -> None:
    """Draw the button that offers a table, filtered as it is shown, in each format."""
    client = page.client()
    with st.popover("Export", icon=":material/download:"):
        for name, label in FORMATS.items():
            st.download_button(
                label,
                partial(client.export, table, {**wanted, "format": name}),
                f"spanledger-{table}.{name}",
                on_click="ignore",
                key=f"export-{table}-{name}",
            )
        st.text("A file of any size comes from the query API:")
        query = urlencode(asked({**wanted, "format": "csv"}))
        st.code(f"{client.base_url}/api/v1/export/{table}?{query}", language=None, wrap_lines=True)
