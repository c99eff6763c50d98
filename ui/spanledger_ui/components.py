"""The pieces of the screens that Streamlit has no widget for.

Each is a folder of plain ES modules and a stylesheet, served by `run` under `assets()`; data goes
to them as values that their code turns into text nodes, never into HTML.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import Any, TypedDict

import streamlit as st
from streamlit.components.v2.types import ComponentRenderer

from spanledger_ui.strip import Strip

FOLDER = Path(__file__).parent
MODULES = ("replay", "ledger", "pulse")
"""The folders whose files the browser may fetch."""

SHARED = {
    "ledger": ("replay/dom.mjs", "replay/format.mjs", "replay/link.mjs"),
    "pulse": ("replay/dom.mjs",),
}
"""What a component imports from another folder."""

LOADER = """
// absolute, because this text itself is loaded from a blob, which has no folder; all at once,
// because a module that is found only inside another one waits for it
const files = {files}.map((file) => import(new URL(file, document.baseURI).href));
const [main] = await Promise.all(files);
export default main.default;
"""

AHEAD = """
// mounted first of all: modules are on their way while the API is still asked for what they show
export default ({ data }) => data.forEach((file) => import(new URL(file, document.baseURI).href));
"""


class Column(TypedDict, total=False):
    """A column of a ledger; `wide` takes what room is left and holds the link of its row.

    What is `named` says what it is where a narrow window has no headings; figures always do.
    """

    key: str
    label: str
    align: str
    wide: bool
    named: bool


def columns(
    labels: Mapping[str, str], wide: str = "", numbers: str = "", named: str = ""
) -> list[Column]:
    """Return the columns of a ledger.

    Args:
        labels: key → what stands above the column, in order.
        wide: keys of the columns that take what room is left.
        numbers: keys of the columns of figures, which stand on the right.
        named: keys of columns whose texts alone do not say what they are.
    """
    found = [Column(key=key, label=label) for key, label in labels.items()]
    for column in found:
        if column["key"] in wide.split():
            column["wide"] = True
        if column["key"] in numbers.split():
            column["align"] = "right"
        if column["key"] in named.split():
            column["named"] = True
    return found


Cell = Mapping[str, Any] | str
"""A text, or one with `title`, `tone`, `under`, `share`, or an `href` of its own."""


class Row(TypedDict, total=False):
    """A row of a ledger: texts by column; one with an `href` leads there, one with `pick` is chosen by it."""

    href: str
    pick: str
    cells: Mapping[str, Any]


def style(wanted: str) -> None:
    """Put the application's stylesheet into the page, and fetch the modules of the component wanted."""
    with st.container(key="style"):
        stylesheet()(key="stylesheet", data=files(wanted))


def ledger(
    label: str,
    columns: Sequence[Column],
    rows: Sequence[Row],
    *,
    key: str,
    total: Mapping[str, Any] | None = None,
    pairs: str = "",
) -> None:
    """Show a table; with `pairs`, where two rows that are ticked are taken, as `left` and `right`."""
    data = {
        "label": label,
        "columns": list(columns),
        "rows": list(rows),
        "sum": total,
        "pairs": pairs,
    }
    component("ledger")(key=key, data=data)


def replay(skeleton: bytes, *, key: str) -> str | None:
    """Show a packed session; return the key of the step that was just selected."""
    stepped: str | None = component("replay")(key=key, data=skeleton, on_step_change=nothing).get(
        "step"
    )
    return stepped


def pulse(
    strip: Strip, *, key: str, choose: Callable[[], None] | None = None
) -> tuple[int, int] | None:
    """Show a strip of bars; return the places of the first and the last that were just chosen.

    `choose` is called before the page is drawn anew; `chosen_bars` tells it the same.
    """
    mounted = component("pulse")(key=key, data=strip, on_chosen_change=choose or nothing)
    chosen: tuple[int, int] | None = mounted.get("chosen")
    return chosen


def chosen_bars(key: str) -> tuple[int, int]:
    """Return the places of the bars that were just chosen."""
    chosen: tuple[int, int] = st.session_state[key]["chosen"]
    return chosen


@cache
def stylesheet() -> ComponentRenderer:
    """Return what mounts `app.css` for the whole page."""
    sheet = (FOLDER / "app.css").read_text(encoding="utf-8")
    return st.components.v2.component("spanledger_style", css=sheet, js=AHEAD, isolate_styles=False)


@cache
def component(name: str) -> ComponentRenderer:
    """Return what mounts the component in the folder `name`."""
    return st.components.v2.component(
        f"spanledger_{name}",
        html=f'<div class="{name}" data-{name}></div>',
        css=(FOLDER / name / f"{name}.css").read_text(encoding="utf-8"),
        js=LOADER.format(files=files(name)),
    )


@cache
def files(name: str) -> list[str]:
    """Return the addresses of all modules that a component loads, its main one first."""
    others = [path.name for path in sorted((FOLDER / name).glob("*.mjs")) if path.stem != "main"]
    told = [f"{name}/{file}" for file in ["main.mjs", *others]]
    return [f"{assets()}/{file}" for file in [*told, *SHARED.get(name, ())]]


@cache
def assets() -> str:
    """Return where the modules lie: a browser keeps them for good, for what changes moves."""
    found = sorted(path for name in MODULES for path in (FOLDER / name).iterdir())
    content = b"".join(path.read_bytes() for path in found)
    return f"assets/{blake2b(content, digest_size=8).hexdigest()}"


def nothing() -> None:
    """Do nothing: Streamlit wants a callback for each event it is to report."""
