"""A real Chromium for tests of the screens, one for a module, and empty tabs of it.

The tabs of a module share what was fetched, not who signed in: 10 MB of Streamlit's scripts are read,
and compiled, once.
"""

import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

# The first draws no window and takes a quarter less CPU; the engine is the same.
PROGRAMS = ("chromium-headless-shell", "chromium", "chromium-browser")
CHROMIUM = next(filter(None, map(shutil.which, PROGRAMS)), None)
WAIT_MS = 60_000

needed = pytest.mark.skipif(
    CHROMIUM is None, reason="no browser: apt-get install chromium-headless-shell"
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Return a Chromium."""
    expect.set_options(timeout=WAIT_MS)
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture(scope="module")
def window(browser: Browser) -> Iterator[BrowserContext]:
    """Return what the tabs of a module share."""
    context = browser.new_context(viewport={"width": 1280, "height": 860}, reduced_motion="reduce")
    context.set_default_timeout(WAIT_MS)
    yield context
    context.close()


@pytest.fixture
def tab(window: BrowserContext) -> Iterator[Page]:
    """Return an empty tab, 1280 pixels wide; errors of its scripts fail the test."""
    page = window.new_page()
    broken: list[str] = []
    page.on("pageerror", lambda error: broken.append(str(error)))
    yield page
    page.close()
    window.clear_cookies()
    assert broken == []
