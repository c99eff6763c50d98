"""`spanledger serve` with real processes: it starts, heals, stops, and leaves nothing behind."""

import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from urllib.request import urlopen

import httpx
import psutil
import pytest

from spanledger_collector.captures import CAPTURES
from spanledger_collector.store import connect
from tests.ports import free_port
from tests.serving import PORTS, Server, prepared, serving

WAIT_S = 60  # for what another process does


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Return the server of this module: each start takes six seconds of CPU."""
    with serving(tmp_path_factory.mktemp("standing")) as running:
        yield running


@pytest.fixture
def server(standing: Server) -> Server:
    """Return that server, running whatever the test before has done to it."""
    if standing.process.poll() is not None:
        standing.start()
    return standing


@pytest.fixture
def stopped(standing: Server) -> Server:
    """Return that server, stopped."""
    if standing.process.poll() is None:
        standing.stop()
    return standing


def wait_for(condition: Callable[[], bool], timeout_s: float = WAIT_S) -> None:
    give_up = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < give_up
        time.sleep(0.1)


def refused(*flags: str) -> str:
    """Return the one line with which `serve` refuses to start."""
    done = subprocess.run(
        [sys.executable, "-m", "spanledger", "serve", *flags],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    return line


def ports() -> list[str]:
    return [part for name in PORTS for part in (f"--{name.replace('_', '-')}", str(free_port()))]


def test_it_says_where_everything_is_and_everything_answers(standing: Server):
    for address in (standing.otlp, standing.api, standing.screens, str(standing.settings.data)):
        assert address in standing.said
    for url in (
        f"{standing.otlp}/readyz",
        f"{standing.api}/readyz",
        f"{standing.screens}/_stcore/health",
    ):
        assert urlopen(url, timeout=WAIT_S).status == 200
    assert standing.children().keys() == {"ingest", "store", "ui"}


def test_only_the_store_loads_the_engine(standing: Server):
    loaded = {
        name: any("chdb" in mapped.path for mapped in child.memory_maps())
        for name, child in standing.children().items()
    }
    assert loaded == {"ingest": False, "store": True, "ui": False}


@pytest.mark.parametrize("name", ["ingest", "store", "ui"])
def test_a_process_that_dies_is_started_again(server: Server, name: str):
    before = server.children()[name]
    before.send_signal(signal.SIGKILL)
    url = {
        "ingest": f"{server.otlp}/readyz",
        "store": f"{server.api}/readyz",
        "ui": f"{server.screens}/_stcore/health",
    }[name]

    def back() -> bool:
        try:
            return (
                server.children()[name].pid != before.pid
                and urlopen(url, timeout=WAIT_S).status == 200
            )
        except (OSError, KeyError):
            return False

    wait_for(back)
    assert f"{name} was killed by SIGKILL; starting it again" in server.log.read_text()


def test_a_port_in_use_is_one_sentence(tmp_path: Path):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        flags = [*ports(), "--api-port", str(port), "--data", str(tmp_path)]
        assert refused(*flags) == (
            f"spanledger: port {port} on 127.0.0.1 is in use;"
            " stop what uses it or give another with --api-port"
        )


def test_a_data_folder_in_use_is_one_sentence(standing: Server):
    assert refused(*ports(), "--data", str(standing.settings.data)) == (
        f"spanledger: data folder {standing.settings.data} is in use by process"
        f" {standing.process.pid}; stop that one or give another --data"
    )


def test_a_folder_whose_store_runs_alone_is_one_sentence(standing: Server):
    done = subprocess.run(
        [sys.executable, "-m", "spanledger", "store", "--data", str(standing.settings.data), *ports()],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    store = standing.children()["store"].pid
    assert (done.returncode, done.stderr) == (2, (
        f"spanledger: data folder {standing.settings.data} is in use by process {store};"
        " stop that one or give another --data\n"
    ))  # fmt: skip


def test_on_a_clickhouse_server_it_answers_the_same(clickhouse: str, tmp_path: Path):
    capture = next(c for c in CAPTURES if c.name == "openinference-crewai__two-agents")
    with serving(tmp_path, store=clickhouse) as server:
        sent = httpx.post(
            f"{server.otlp}/v1/traces",
            content=capture.spans().SerializeToString(),
            headers={"content-type": "application/x-protobuf"},
        )
        assert sent.status_code == 200
        server.settle()
        session = httpx.get(f"{server.api}/api/v1/sessions/{capture.session_id}").json()
        assert (session["spans"], session["totals"]["input_tokens"]) == (9, 8626)
        assert clickhouse not in server.said  # its password is nobody's business
        assert not (server.settings.data / "store").exists()
    with connect(clickhouse) as root:
        root.command("DROP DATABASE spanledger")


def test_a_clickhouse_server_that_is_away_is_one_sentence_and_ingest_goes_on(tmp_path: Path):
    server = prepared(tmp_path, store=f"http://me:secret@127.0.0.1:{free_port()}")
    server.launch()
    body = CAPTURES[0].spans().SerializeToString()

    def acknowledged() -> bool:
        with suppress(httpx.ConnectError):
            answer = httpx.post(
                f"{server.otlp}/v1/traces",
                content=body,
                headers={"content-type": "application/x-protobuf"},
            )
            return answer.status_code == 200
        return False

    wait_for(acknowledged)
    wait_for(lambda: "starting it again" in server.log.read_text())
    assert server.stop() == 0
    log = server.log.read_text()
    assert "Traceback" not in log
    assert "secret" not in log


def test_stopped_it_ends_well_and_leaves_nothing_behind(server: Server):
    children = server.children().values()
    assert server.stop() == 0
    assert [child for child in children if child.is_running()] == []
    assert "Traceback" not in server.log.read_text()


def test_it_finds_its_data_again_after_a_restart(stopped: Server):
    stopped.start()
    state = json.load(urlopen(f"{stopped.api}/readyz", timeout=WAIT_S))
    assert state["ready"] is True


def test_killed_it_leaves_nothing_behind(server: Server):
    children = list(server.children().values())
    server.process.kill()
    assert server.gone() == -signal.SIGKILL
    _, alive = psutil.wait_procs(children, timeout=WAIT_S)
    assert alive == []
