"""Tables as files: offers all that a page's table lists, not only the rows it shows.

The query API makes the file when somebody takes it, asked with the reader's own key.
"""

from functools import partial
from typing import Any

import streamlit as st

from spanledger_ui import page
from spanledger_ui.client.wire import PROJECT_HEADER, Parameters


def offer(table: str, wanted: Parameters) -> None:
    """Draw the button that offers a table, filtered as it is shown, in each format."""
    with st.popover("Export", icon=":material/download:"):
        st.download_button("CSV", **file(table, wanted, "csv"))
        st.download_button("JSON lines", **file(table, wanted, "jsonl"))
        st.download_button("Parquet", **file(table, wanted, "parquet"))
        st.text("A file of any size comes from the query API:")
        address = page.client().ledger.file_address(table, {**wanted, "format": "csv"})
        st.code(address, language=None, wrap_lines=True)
        if project := page.project():
            st.text("with this header, where the key is one of every project:")
            st.code(f"{PROJECT_HEADER}: {project}", language=None)


def file(table: str, wanted: Parameters, style: str) -> dict[str, Any]:
    """Return what a button needs to offer a table in a format; it is asked for when taken."""
    return {
        "data": partial(page.client().ledger.export, table, {**wanted, "format": style}),
        "file_name": f"spanledger-{table}.{style}",
        "on_click": "ignore",
        "key": f"export-{table}-{style}",
    }
