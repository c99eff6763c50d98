"""What the README and the examples show is run as it is written, and seen to be true."""

import re
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.serving import Server, serving

ROOT = Path(__file__).parent.parent
OURS = "http://127.0.0.1:4318"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("examples")) as running:
        yield running


def run(server: Server, code: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", code.replace(OURS, server.otlp)],
        env={"OTEL_EXPORTER_OTLP_ENDPOINT": server.otlp, "PYTHONWARNINGS": "error"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    server.settle()


def session(server: Server, name: str) -> dict[str, Any]:
    found: dict[str, Any] = httpx.get(f"{server.api}/api/v1/sessions/{name}", timeout=30).json()
    return found


def test_the_readmes_ten_lines_send_what_it_says(server: Server):
    readme = (ROOT / "README.md").read_text()
    (code,) = re.findall(r"```python\n(.*?)```", readme, re.DOTALL)
    run(server, code)
    found = session(server, "my-first-session")
    assert (found["totals"]["calls"], Decimal(found["totals"]["cost_usd"])) == (
        1,
        Decimal("0.0038"),
    )
    assert "`my-first-session` with one call at 0.0038 USD" in readme


def test_the_first_example_is_the_readmes(server: Server):
    run(server, (ROOT / "examples/first_session.py").read_text())
    found = session(server, "my-first-session")["totals"]
    assert (found["calls"], Decimal(found["cost_usd"])) == (2, Decimal("0.0076"))


def test_the_refund_agent_can_be_replayed_step_by_step(server: Server):
    run(server, (ROOT / "examples/refund_agent.py").read_text())
    found = session(server, "refund-of-B-2")
    assert (found["user_id"], found["agent"], found["tags"]) == ("ada", "refunds", ["example"])
    totals = found["totals"]
    assert (totals["calls"], totals["tool_calls"], totals["tool_errors"]) == (2, 2, 1)
    # 3 dollars a million in, 0.3 from the cache, 15 out
    assert Decimal(totals["cost_usd"]) == Decimal("0.0105") + Decimal("0.0048")
    events = httpx.get(f"{server.api}/api/v1/sessions/refund-of-B-2/events", timeout=30).json()
    steps = [(e["kind"], e["state_to"] or e["verdict"] or e["status"]) for e in events["events"]]
    assert steps == [
        ("agent", "unset"),
        ("llm", "unset"),
        ("tool", "error"),
        ("llm", "unset"),
        ("decision", "approved"),
        ("tool", "unset"),
        ("state", "refunded"),
    ]
