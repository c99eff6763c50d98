"""The whole way of an alert: overspend, a real server, a real channel, and both killed in between."""

import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.ingesting import PROTOBUF
from tests.journal import Call
from tests.otlp import attribute, span, traces
from tests.receivers import PATIENCE_S, SECRET, Hook
from tests.receivers import hook as listening_hook
from tests.serving import Server, serving


@pytest.fixture
def hook() -> Iterator[tuple[Hook, str]]:
    with listening_hook() as found:
        yield found


def spend(server: Server, number: int) -> None:
    """Have one call reported."""
    call = Call(f"{number:032x}", f"{number:016x}", "s", 100, 10)
    made = span(
        trace_id=bytes.fromhex(call.trace_id),
        span_id=bytes.fromhex(call.span_id),
        start_time_unix_nano=time.time_ns(),
        end_time_unix_nano=time.time_ns() + 1,
        attributes=[attribute(*each) for each in call.attributes().items()],
    )
    answer = httpx.post(f"{server.otlp}/v1/traces", content=traces(made), headers=PROTOBUF)
    assert answer.status_code == 200


def test_each_threshold_is_told_once_through_kills_of_store_and_watch(
    tmp_path: Path, hook: tuple[Hook, str]
):
    found, url = hook
    (tmp_path / "secret").write_text(SECRET)
    channels = tmp_path / "channels.toml"
    secret = json.dumps(str(tmp_path / "secret"))
    channels.write_text(
        f'[ops]\nkind = "webhook"\nurl = "{url}"\nprivate = true\nsecret_file = {secret}\n'
    )
    with serving(tmp_path, channels=str(channels), screens="off") as server:
        budget = {"name": "all", "measure": "calls", "limit": "2", "period": {"unit": "year"},
                  "thresholds": [{"percent": 50}, {"percent": 100}]}  # fmt: skip
        httpx.post(f"{server.api}/api/v1/budgets", json=budget).raise_for_status()
        found.open.clear()  # the first message arrives, and nobody hears that it did
        spend(server, 1)
        found.until(1)
        for name in ("watch", "store"):
            os.kill(server.children()[name].pid, signal.SIGKILL)
        found.open.set()
        spend(server, 2)
        found.until(2)
        deadline = time.monotonic() + PATIENCE_S
        while len(delivered(server)) < 2:
            assert time.monotonic() < deadline, server.log.read_text()
            time.sleep(0.1)
        assert found.thresholds() == ["actual:100", "actual:50"]
        assert delivered(server) == found.ids()


def delivered(server: Server) -> set[str]:
    """Return the messages that were delivered, as the log of deliveries says."""
    try:
        rows = httpx.get(f"{server.api}/api/v1/alerts/deliveries").json()
    except httpx.TransportError:  # the store is on its way back
        return set()
    return {row["message_id"] for row in rows if row["outcome"] == "delivered"}
