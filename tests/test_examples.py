"""What the README and the examples show is run as it is written, and seen to be true."""

import re
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.parts import Parts, parts

ROOT = Path(__file__).parent.parent
OURS = "http://127.0.0.1:4318"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Parts]:
    with parts(tmp_path_factory.mktemp("examples")) as running:
        yield running


def run(server: Parts, code: str) -> None:
    otlp = server.settings.url(server.settings.http_port)
    done = subprocess.run(
        [sys.executable, "-c", code.replace(OURS, otlp)],
        env={"OTEL_EXPORTER_OTLP_ENDPOINT": otlp, "PYTHONWARNINGS": "error"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    server.settle()


def session(server: Parts, name: str) -> dict[str, Any]:
    found: dict[str, Any] = server.api.get(f"/api/v1/sessions/{name}").json()
    return found


def test_the_readmes_ten_lines_send_what_it_says(server: Parts):
    readme = (ROOT / "README.md").read_text()
    (code,) = re.findall(r"```python\n(.*?)```", readme, re.DOTALL)
    run(server, code)
    found = session(server, "my-first-session")
    assert (found["totals"]["calls"], Decimal(found["totals"]["cost_usd"])) == (
        1,
        Decimal("0.0038"),
    )
    assert "`my-first-session` with one call at 0.0038 USD" in readme


def test_the_first_example_is_the_readmes(server: Parts):
    run(server, (ROOT / "examples/first_session.py").read_text())
    found = session(server, "my-first-session")["totals"]
    assert (found["calls"], Decimal(found["cost_usd"])) == (2, Decimal("0.0076"))


def test_the_refund_agent_can_be_replayed_step_by_step(server: Parts):
    run(server, (ROOT / "examples/refund_agent.py").read_text())
    found = session(server, "refund-of-B-2")
    assert (found["user_id"], found["agent"], found["tags"]) == ("ada", "refunds", ["example"])
    totals = found["totals"]
    assert (totals["calls"], totals["tool_calls"], totals["tool_errors"]) == (2, 2, 1)
    # 3 dollars a million in, 0.3 from the cache, 15 out
    assert Decimal(totals["cost_usd"]) == Decimal("0.0105") + Decimal("0.0048")
    events = server.api.get("/api/v1/sessions/refund-of-B-2/events").json()
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
