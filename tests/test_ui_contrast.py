"""What is written can be read: WCAG 2.2 AA contrast of the theme and of our stylesheets, in both themes.

Text needs 4.5 to 1 (success criterion 1.4.3) on every ground it stands on; what only marks a kind
needs 3 to 1 (1.4.11). Colours come from the files that browsers get.
"""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from spanledger_ui.components import FOLDER, MODULES
from spanledger_ui.theme import AXIS_DARK, AXIS_LIGHT, DARK, LIGHT

THEMES: list[dict[str, Any]] = [LIGHT, DARK]
SHEETS = [FOLDER / name / f"{name}.css" for name in MODULES]
FADED = 0.8  # opacity of quiet texts in app.css
SELECTED, HOVERED = 0.14, 0.08  # part of the primary colour in a ground
ONLY_MARKS = {"--kind-other", "--kind-agent", "--kind-decision"}
BESIDE_A_COLOUR = {
    "--kind-cut"
}  # what is cut off at the edge of a chart says nothing by its colour

Colour = tuple[float, float, float]


def colour(written: str) -> Colour:
    """Return red, green and blue of `#rrggbb`, from 0 to 1."""
    red, green, blue = bytes.fromhex(written.removeprefix("#"))
    return red / 255, green / 255, blue / 255


def mixed(upper: Colour, part: float, lower: Colour) -> Colour:
    """Return what so much of a colour over another comes to."""
    red, green, blue = (part * a + (1 - part) * b for a, b in zip(upper, lower, strict=True))
    return red, green, blue


def luminance(shown: Colour) -> float:
    """Return the relative luminance, as WCAG defines it."""
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in shown)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: Colour, other: Colour) -> float:
    """Return the contrast ratio, 1 to 21."""
    darker, lighter = sorted(map(luminance, (one, other)))
    return (lighter + 0.05) / (darker + 0.05)


def grounds(theme: dict[str, Any]) -> Iterator[Colour]:
    """Yield what our texts stand on: the page, its code blocks, a row that is selected or pointed at."""
    page, primary = colour(theme["backgroundColor"]), colour(theme["primaryColor"])
    yield from (page, colour(theme["secondaryBackgroundColor"]))
    yield from (mixed(primary, part, page) for part in (SELECTED, HOVERED))


def variables(theme: dict[str, Any]) -> dict[str, Colour]:
    """Return the colours of our stylesheets in a theme."""
    pattern = re.compile(r"(--[\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)")
    found = [pair for sheet in SHEETS for pair in pattern.findall(sheet.read_text())]
    assert len(found) > 9
    return {name: colour(dark if theme is DARK else light) for name, light, dark in found}


def quiet() -> set[float]:
    """Return the parts of the text colour that our stylesheets call quiet."""
    pattern = re.compile(r"--quiet: color-mix\(in srgb, var\(--st-text-color\) (\d+)%")
    return {int(part) / 100 for sheet in SHEETS for part in pattern.findall(sheet.read_text())}


def too_faint(texts: dict[str, Colour], theme: dict[str, Any], least: float) -> dict[str, float]:
    """Return the worst contrast of each text that is hard to read."""
    worst = {name: min(contrast(c, g) for g in grounds(theme)) for name, c in texts.items()}
    return {name: round(ratio, 2) for name, ratio in worst.items() if ratio < least}


def test_the_ratio_is_that_of_the_standard():
    assert contrast(colour("#000000"), colour("#ffffff")) == pytest.approx(21)
    assert contrast(colour("#767676"), colour("#ffffff")) == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize("theme", THEMES, ids=["light", "dark"])
def test_all_text_can_be_read_on_every_ground(theme: dict[str, Any]):
    text, page = colour(theme["textColor"]), colour(theme["backgroundColor"])
    texts = {
        "text": text,
        **{f"quiet {part}": mixed(text, part, page) for part in quiet()},
        "faded": mixed(text, FADED, page),
        "axis": colour(AXIS_DARK if theme is DARK else AXIS_LIGHT),
        "link": colour(theme["primaryColor"]),
    }
    toned = {n: c for n, c in variables(theme).items() if n not in ONLY_MARKS | BESIDE_A_COLOUR}
    assert too_faint(texts | toned, theme, 4.5) == {}


@pytest.mark.parametrize("theme", THEMES, ids=["light", "dark"])
def test_what_a_filled_button_says_can_be_read(theme: dict[str, Any]):
    sheet = (FOLDER / "app.css").read_text()
    (inks,) = re.findall(r"span { color: light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)", sheet)
    ink = colour(inks[1 if theme is DARK else 0])
    assert contrast(ink, colour(theme["primaryColor"])) >= 4.5


@pytest.mark.parametrize("theme", THEMES, ids=["light", "dark"])
def test_marks_of_kinds_can_be_told_from_the_ground(theme: dict[str, Any]):
    marks = {n: c for n, c in variables(theme).items() if n in ONLY_MARKS}
    assert too_faint(marks, theme, 3) == {}


@pytest.mark.parametrize("theme", THEMES, ids=["light", "dark"])
def test_the_ring_around_what_has_the_keyboard_is_seen(theme: dict[str, Any]):
    ring = {"focus": colour(theme["primaryColor"])}
    assert too_faint(ring, theme, 3) == {}


def test_what_the_keyboard_reaches_shows_it():
    for sheet in SHEETS:
        assert re.search(r":focus-visible \{ outline: 2px solid", sheet.read_text()), sheet.name
