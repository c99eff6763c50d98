"""`spanledger demo` against a real server: what a newcomer sees within a minute."""

import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from spanledger_collector.captures import CAPTURES
from tests.ports import free_port
from tests.serving import Server, serving

DATA = Path(__file__).parent / "data"
LINE = re.compile(r" *(\S+|no call)  +(\d+)  (.+) \((\S+)\)")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("demo"), screens="off") as running:
        yield running


def demo(http_port: int, api_port: int, ui_port: int) -> subprocess.CompletedProcess[str]:
    ports = {"http": http_port, "api": api_port, "ui": ui_port}
    flags = [f"--{name}-port={port}" for name, port in ports.items()]
    command = [sys.executable, "-m", "spanledger", "demo", *flags]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def expected(name: str) -> dict[str, Any]:
    folder = DATA / ("examples" if name.startswith("example__") else "otlp")
    found: dict[str, Any] = json.loads((folder / f"{name}.expect.json").read_text())
    return found


@pytest.fixture(scope="module")
def shown(server: Server) -> list[tuple[str, ...]]:
    """Return what the demo printed about each session: dollars, spans, what it shows, its id."""
    chosen = server.settings
    done = demo(chosen.http_port, chosen.api_port, chosen.ui_port)
    assert (done.returncode, done.stderr) == (0, "")
    # this server has no screens
    assert done.stdout.endswith(f"Look at them: {server.api}/api/v1/sessions\n")
    return [found.groups() for line in done.stdout.splitlines() if (found := LINE.fullmatch(line))]


def test_every_recording_becomes_sessions_with_all_their_spans(shown: list[tuple[str, ...]]):
    spans: Counter[str] = Counter()
    for _, count, shows, _ in shown:
        spans[shows] += int(count)
    assert spans == {c.shows: expected(c.name)["span_count"] for c in CAPTURES}


def test_the_dollars_printed_are_those_of_the_api(server: Server, shown: list[tuple[str, ...]]):
    items = httpx.get(f"{server.api}/api/v1/sessions", timeout=30).json()["items"]
    by_id = {item["id"]: item["totals"] for item in items}
    for dollars, _, _, session in shown:
        totals = by_id[session]
        if dollars == "no call":
            assert totals["calls"] == 0
        else:
            assert dollars.rstrip("+") == f"{Decimal(totals['cost_usd']):.4f}"
            assert dollars.endswith("+") == bool(totals["unpriced_calls"])
            assert Decimal(totals["cost_usd"]) > 0


def test_the_tokens_are_those_that_were_recorded(server: Server, shown: list[tuple[str, ...]]):
    items = httpx.get(f"{server.api}/api/v1/sessions", timeout=30).json()["items"]
    tokens = {i["id"]: (i["totals"]["input_tokens"], i["totals"]["output_tokens"]) for i in items}
    for capture in CAPTURES:
        ids = [session for _, _, shows, session in shown if shows == capture.shows]
        truth = expected(capture.name)
        truth = truth.get("attainable_from_attributes") or truth["totals"]
        summed = tuple(map(sum, zip(*(tokens[session] for session in ids), strict=True)))
        assert summed == (truth["input_tokens_total"], truth["output_tokens_total"]), capture.name


def test_a_second_demo_adds_sessions_and_changes_none(server: Server, shown: list[tuple[str, ...]]):
    url = f"{server.api}/api/v1/sessions"
    before = {item["id"]: item for item in httpx.get(url, timeout=30).json()["items"]}
    assert demo(server.settings.http_port, server.settings.api_port, 1).returncode == 0
    after = {item["id"]: item for item in httpx.get(url, timeout=30).json()["items"]}
    assert len(after) == 2 * len(shown)
    assert {session: after[session] for session in before} == before


def test_without_a_server_it_says_how_to_start_one():
    port = free_port()
    done = demo(port, 1, 2)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        f"spanledger: no server answers at http://127.0.0.1:{port}; start one with"
        " `spanledger serve` or `make serve`, or say where it is with --host and --http-port\n"
    )
