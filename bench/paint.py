"""How long until people see something: a table of many sessions and a replay of many steps.

Starts a server over a store that `bench/screens.py` has filled, sends it one long session as an
exporter does, and asks API and Chromium. The frame of the screens alone is the baseline.
"""

import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import httpx
from figures import note
from playwright.sync_api import Page, sync_playwright
from tests.browser import CHROMIUM
from tests.otlp import SPAN, TRACE, span, traces
from tests.serving import Server, serving

from spanledger_ui import skeleton

Took = TypeVar("Took")
ROUNDS = 5
PRESSES = 100
FIELDS = "&".join(f"field={name}" for name in skeleton.FIELDS)

STEP = """async (presses) => {
  const took = [];
  for (let i = 0; i < presses; i++) {
    const begun = performance.now();
    document.dispatchEvent(new KeyboardEvent("keydown", {key: "j", bubbles: true, composed: true}));
    await new Promise(requestAnimationFrame);
    took.push(performance.now() - begun);
  }
  return took;
}"""


def session(steps: int) -> list[bytes]:
    """Return the requests of one session of so many steps, in a tree two levels deep."""
    spans = [
        span(
            trace_id=TRACE,
            span_id=number.to_bytes(8),
            name=f"step {number}",
            parent_span_id=SPAN if number == 1 else max(1, number // 100).to_bytes(8),
            start_time_unix_nano=time.time_ns() + number * 1_000_000,
            end_time_unix_nano=time.time_ns() + number * 1_000_000 + 900_000,
        )
        for number in range(1, steps + 1)
    ]
    return [traces(*spans[at : at + 2000]) for at in range(0, steps, 2000)]


def send(server: Server, steps: int) -> None:
    """Send the session; return when the API has all of it."""
    kind = {"content-type": "application/x-protobuf"}
    for body in session(steps):
        httpx.post(f"{server.otlp}/v1/traces", content=body, headers=kind).raise_for_status()
    address = f"{server.api}/api/v1/sessions/{TRACE.hex()}"
    while httpx.get(address).json().get("spans") != steps:
        time.sleep(0.1)


def asked_ms(client: httpx.Client, address: str) -> float:
    """Return how long the API takes to answer on a connection that is open."""
    begun = time.perf_counter()
    client.get(address).raise_for_status()
    return (time.perf_counter() - begun) * 1000


def painted_ms(page: Page, address: str, selector: str) -> tuple[float, float]:
    """Return how long after the address was opened anything was painted, and something of this selector."""
    page.goto("about:blank")
    page.goto(address, wait_until="commit")
    page.wait_for_selector(selector, timeout=60_000)
    shown: float = page.evaluate("new Promise(requestAnimationFrame).then(() => performance.now())")
    anything: float = page.evaluate(
        "performance.getEntriesByName('first-contentful-paint')[0].startTime"
    )
    return anything, shown


def opened_ms(page: Page, address: str, name: str, selector: str) -> float:
    """Return how long after a click on a link, in the open app, the page behind it was painted."""
    page.goto(address)
    link = page.get_by_role("link", name=name, exact=True).first
    link.wait_for(timeout=60_000)
    page.evaluate(
        "addEventListener('click', () => { window.clicked = performance.now() }, {capture: true})"
    )
    link.click()
    page.wait_for_selector(selector, timeout=60_000)
    shown: float = page.evaluate(
        "new Promise(requestAnimationFrame).then(() => performance.now() - clicked)"
    )
    return shown


def report(what: str, took: list[float]) -> None:
    """Print the median and the slowest of some times."""
    print(f"{statistics.median(took):8.0f} ms  {max(took):8.0f} ms worst  {what}")
    painted = what.startswith(("first paint", "anything"))
    baseline = "first paint of the frame alone" if painted else "nothing: /healthz"
    note("screens", what, "ms", took, baseline)


def repeated(measure: Callable[[], Took]) -> list[Took]:
    """Return a measurement some times over, after one that warms up."""
    measure()
    return [measure() for _ in range(ROUNDS)]


def paints(folder: Path, dsn: str, steps: int) -> None:
    """Print what a filled store shows how fast."""
    with serving(folder, store=dsn) as server:
        send(server, steps)
        api, ui = f"{server.api}/api/v1/sessions", server.screens
        print(f"a session of {steps:,} steps; load {os.getloadavg()[0]:.1f}")
        questions = {
            "nothing: /healthz": f"{server.api}/healthz",
            "sessions, 50 rows": api,
            "skeleton": f"{api}/{TRACE.hex()}/events",
            "skeleton as Replay asks for it": f"{api}/{TRACE.hex()}/columns?{FIELDS}",
        }
        with httpx.Client(timeout=60) as client:
            for what, address in questions.items():
                report(what, repeated(lambda at=address: asked_ms(client, at)))
        with sync_playwright() as playwright:
            chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
            page = chromium.new_page(viewport={"width": 1280, "height": 860})
            pages = {
                "the frame alone": ("/compare", "[data-testid=stAlert]"),
                "sessions": ("/?range=all", "tbody tr"),
                "replay": (f"/replay?session={TRACE.hex()}", ".transcript .row"),
            }
            for what, (path, selector) in pages.items():
                both = repeated(lambda p=path, s=selector: painted_ms(page, ui + p, s))
                anything, took = map(list, zip(*both, strict=True))
                report(f"anything of {what}", anything)
                report(f"first paint of {what}", took)
            clicks = {
                "sessions": (f"{ui}/compare", "Sessions", pages["sessions"][1]),
                "replay": (f"{ui}/?range=all&q=steps:>100", "step 1", pages["replay"][1]),
            }
            for what, click in clicks.items():
                took = repeated(lambda c=click: opened_ms(page, *c))
                report(f"{what}, by a click in the open app", took)
            page.goto(f"{ui}{pages['replay'][0]}")
            page.wait_for_selector(pages["replay"][1])
            report("a step forward", page.evaluate(STEP, PRESSES))
            heap = page.evaluate("performance.memory.usedJSHeapSize") / 2**20
            print(f"{heap:8.0f} MiB of scripts' memory")
            chromium.close()
