"""What a trace says never becomes Markdown or HTML: no call on the way there takes a variable."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import spanledger_ui

SOURCES = sorted(Path(spanledger_ui.__file__).parent.rglob("*.py"))

MARKDOWN = frozenset({
    "markdown", "write", "caption", "title", "header", "subheader", "metric", "error", "warning",
    "success", "info", "toast", "html", "latex", "badge", "help", "exception", "write_stream",
    "button", "link_button", "download_button", "page_link", "expander", "popover", "status",
    "spinner", "toggle", "checkbox", "radio", "selectbox", "multiselect", "slider", "text_input",
    "text_area", "number_input", "segmented_control", "pills", "form_submit_button", "chat_input",
    "date_input", "dialog", "navigation", "feedback", "iframe", "image", "table",
})  # fmt: skip
"""Calls whose first argument Streamlit reads as Markdown or HTML, or loads."""

READS_MARKDOWN_TOO = frozenset({"help", "label", "caption", "captions", "title"})
TAKES_PAGES = frozenset({"navigation", "page_link"})
"""Calls whose first argument is pages of ours."""


def calls(source: str) -> Iterator[tuple[str, ast.Call]]:
    """Yield method calls with their names."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            yield node.func.attr, node


def offences(source: str) -> list[str]:
    """Return the calls that could render what a trace says."""
    found = []
    for name, call in calls(source):
        given = [] if name in TAKES_PAGES else call.args[:1]
        said = [k.value for k in call.keywords if k.arg in READS_MARKDOWN_TOO]
        if name in MARKDOWN and not all(isinstance(a, ast.Constant) for a in [*given, *said]):
            found.append(f"line {call.lineno}: {name}")
        if any(keyword.arg == "unsafe_allow_html" for keyword in call.keywords):
            found.append(f"line {call.lineno}: unsafe_allow_html")
    return found


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_only_our_own_words_are_rendered(path: Path):
    assert offences(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "line",
    [
        "st.markdown(span.name)",
        "st.write(f'{span.name}')",
        "column.error('failed: ' + reason)",
        "st.expander(label=span.name)",
        "st.button('Go', help=span.name)",
        "st.text('x', unsafe_allow_html=True)",
    ],
)
def test_the_rule_notices(line: str):
    assert offences(line) != []


def test_plain_text_and_our_own_words_pass():
    assert offences("st.text(span.name)\nst.code(x, language=None)\nst.error('It failed.')") == []
