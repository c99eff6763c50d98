"""The supervisor with real processes: small programs that answer over HTTP and can be told to die."""

import asyncio
import logging
import os
import re
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import psutil
import pytest

from spanledger_collector import supervise
from spanledger_collector.commands import serve
from spanledger_collector.settings import load
from spanledger_collector.supervise import Program, Supervisor
from tests.ports import free_port

PROGRAM = """
import http.server, os, pathlib, signal, sys
pids, port, behaviour = pathlib.Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
if behaviour == "stubborn":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
with pids.open("a") as file:
    file.write(f"{os.getpid()}\\n")
if behaviour.isdigit():
    sys.exit(int(behaviour))

class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
    def log_message(self, *_):
        pass

http.server.HTTPServer(("127.0.0.1", port), Answer).serve_forever()
"""


class Cast:
    """Programs that note the process ids under which they were started."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.script = folder / "program.py"
        self.script.write_text(PROGRAM)

    def program(self, name: str, behaviour: str = "kind") -> Program:
        port = free_port()
        command = (sys.executable, str(self.script), str(self.folder / name), str(port), behaviour)
        return Program(name, command, f"http://127.0.0.1:{port}/readyz")

    def pids(self, name: str) -> list[int]:
        file = self.folder / name
        return [int(line) for line in file.read_text().split()] if file.exists() else []


@pytest.fixture
def cast(tmp_path: Path) -> Cast:
    return Cast(tmp_path)


def supervised(
    programs: list[Program],
    during: Callable[[Supervisor], Awaitable[None]] | None = None,
    stop_s: float = 10.0,
) -> tuple[int, bool]:
    """Supervise until `during` returns, or until all is ready; return exit code and readiness."""

    async def run() -> tuple[int, bool]:
        supervisor = Supervisor(programs, {}, stop_s)
        told = asyncio.Event()
        running = asyncio.create_task(supervisor.run(told.set))
        ready = asyncio.create_task(told.wait())
        await asyncio.wait([running, ready], return_when=asyncio.FIRST_COMPLETED)
        ready.cancel()
        if during is not None and told.is_set():
            await during(supervisor)
        supervisor.stop()
        return await running, told.is_set()

    return asyncio.run(run())


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not condition():
            await asyncio.sleep(0.01)


def test_readiness_is_told_when_every_program_answers_and_all_end_when_stopped(cast: Cast):
    programs = [cast.program("a"), cast.program("b")]

    async def look(_: Supervisor) -> None:
        assert all(supervise.answers(program.ready_url) for program in programs)

    assert supervised(programs, look) == (0, True)
    for name in ("a", "b"):
        (pid,) = cast.pids(name)
        assert not psutil.pid_exists(pid)


def test_a_program_that_refuses_to_start_ends_the_others_and_sets_the_exit_code(cast: Cast):
    assert supervised([cast.program("a"), cast.program("b", "2")]) == (2, False)
    assert len(cast.pids("b")) == 1
    assert not any(psutil.pid_exists(pid) for pid in cast.pids("a"))


def test_a_program_that_dies_is_started_again(cast: Cast, caplog: pytest.LogCaptureFixture):
    async def kill(_: Supervisor) -> None:
        os.kill(cast.pids("a")[0], signal.SIGKILL)
        await until(lambda: len(cast.pids("a")) == 2)

    assert supervised([cast.program("a"), cast.program("b")], kill) == (0, True)
    assert len(cast.pids("b")) == 1
    assert caplog.messages == ["a was killed by SIGKILL; starting it again in 0.5 s"]


def test_a_program_that_keeps_dying_is_started_less_and_less_often(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    monkeypatch.setattr(supervise, "FIRST_PAUSE_S", 0.1)
    monkeypatch.setattr(supervise, "MOST_PAUSE_S", 0.2)

    async def wait_and_stop(supervisor: Supervisor) -> None:
        await until(lambda: len(cast.pids("a")) == 4)
        supervisor.stop()

    async def run() -> int:
        supervisor = Supervisor([cast.program("a", "3")], {}, 10)
        code, _ = await asyncio.gather(supervisor.run(pytest.fail), wait_and_stop(supervisor))
        return code

    assert asyncio.run(run()) == 0
    pauses = [re.sub(".* again in ", "", message) for message in caplog.messages]
    assert pauses[:3] == ["0.1 s", "0.2 s", "0.2 s"]


def test_a_program_that_will_not_stop_is_killed(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    monkeypatch.setattr(supervise, "KILL_AFTER_S", 0)
    assert supervised([cast.program("a", "stubborn")], stop_s=0.2) == (0, True)
    assert not psutil.pid_exists(cast.pids("a")[0])
    assert caplog.record_tuples == [
        ("spanledger_collector.supervise", logging.ERROR, "a did not stop within 0 s; killing it")
    ]


def test_asked_to_stop_twice_it_does_not_wait_and_says_so(
    cast: Cast, caplog: pytest.LogCaptureFixture
):
    async def stop(supervisor: Supervisor) -> None:
        supervisor.stop()  # `supervised` asks the second time

    assert supervised([cast.program("a", "stubborn")], stop, stop_s=3600) == (0, True)
    assert not psutil.pid_exists(cast.pids("a")[0])
    assert caplog.messages == ["a is told to stop at once; killing it"]


def test_sigterm_stops_it(cast: Cast):
    async def terminate(_: Supervisor) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        await until(lambda: not psutil.pid_exists(cast.pids("a")[0]))

    assert supervised([cast.program("a")], terminate) == (0, True)


@pytest.mark.parametrize(
    ("screens", "names"), [("on", ["ingest", "store", "ui"]), ("off", ["ingest", "store"])]
)
def test_a_server_starts_and_names_screens_unless_told_otherwise(screens: str, names: list[str]):
    chosen = load({"screens": screens}, {})
    assert [each.name for each in serve.programs(chosen)] == names
    assert (chosen.url(chosen.ui_port) in serve.addresses(chosen)) == ("ui" in names)
