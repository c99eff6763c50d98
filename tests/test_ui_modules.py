"""The browser's modules: their pure parts by node's own test runner, their manners by reading."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from spanledger_ui.components import FOLDER, MODULES, assets, files

MADE_OF_TEXT = re.compile(
    r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|Function\("
)
ELSEWHERE = re.compile(r"https?://(?!www\.w3\.org/2000/svg\")|//cdn|@import|url\(")
"""What would be fetched from another server; the name of SVG's namespace is a name only."""

IMPORTED = re.compile(r'^import .* from "(.+)";$', re.MULTILINE)


def sources(*suffixes: str) -> list[Path]:
    """Return the files that the browser gets."""
    files = (path for name in MODULES for path in sorted((FOLDER / name).iterdir()))
    return [path for path in [*files, FOLDER / "app.css"] if path.suffix in suffixes]


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_pure_modules_do_what_their_tests_say():
    tests = Path(__file__).parent / "js"
    ran = subprocess.run(
        ["node", "--test", *sorted(map(str, tests.glob("*.test.mjs")))],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.mark.parametrize(
    "path", sources(".mjs"), ids=lambda path: f"{path.parent.name}/{path.name}"
)
def test_a_module_never_makes_html_of_what_a_trace_says(path: Path):
    assert MADE_OF_TEXT.findall(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("path", sources(".mjs", ".css"), ids=lambda path: path.name)
def test_nothing_is_loaded_from_elsewhere(path: Path):
    assert ELSEWHERE.findall(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("name", MODULES)
def test_what_a_component_imports_is_fetched_ahead(name: str):
    told = {FOLDER / file.removeprefix(assets()).lstrip("/") for file in files(name)}
    imported = {
        (path.parent / found).resolve()
        for path in told
        for found in IMPORTED.findall(path.read_text(encoding="utf-8"))
    }
    assert told == {FOLDER / name / "main.mjs", *imported}
