"""Servers that fork their workers: gunicorn with and without `--preload`, Celery, as uWSGI does. S-08."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.request import urlopen

import pytest

from spanledger_schema import attributes as ours
from tests.ports import free_port
from tests.sdk import Receiver, receiving, said, script, told

LIMIT_S = 60

SERVICE = """
import os
import spanledger

spanledger.configure(os.environ["SPANLEDGER_ENDPOINT"], delay_s=60)

@spanledger.observe
def work(path):
    return path

work("loaded")

def app(environ, start):
    start("200 OK", [])
    return [work(environ["PATH_INFO"]) and str(os.getpid()).encode()]
"""

FORKS = """
import ctypes, json, os, sys
import spanledger

spanledger.configure(sys.argv[1], delay_s=60, shutdown_s=1)

@spanledger.observe
def work(who):
    return who

work("above")
pids = []
for number in range(2):
    pid = ctypes.PyDLL(None).fork()  # none of Python's hooks run
    if pid == 0:
        work(str(number))
        os._exit(0 if spanledger.flush(10).delivered == 1 else 7)
    pids.append(pid)
print(json.dumps([os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in pids]))
"""

TASKS = """
import os
import spanledger
from celery import Celery
from spanledger.workers import propagate

folder = os.environ["QUEUE"]
app = Celery("tasks", broker="filesystem://", backend="file://" + folder)
app.conf.broker_transport_options = dict.fromkeys(
    ("data_folder_in", "data_folder_out", "control_folder"), folder
)
spanledger.configure(os.environ["SPANLEDGER_ENDPOINT"], delay_s=60)
propagate(app)

@app.task
@spanledger.tool
def work(number):
    return number
"""

SENDS = """
from tasks import work
print([sent.get(timeout=60) for sent in [work.delay(number) for number in range(8)]])
"""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@contextmanager
def running(folder: Path, url: str, *command: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server in a process group of its own; what is left of it afterwards is killed."""
    environ = os.environ | {"SPANLEDGER_ENDPOINT": url, "QUEUE": str(folder)}
    process = subprocess.Popen(
        [sys.executable, *command], cwd=folder, env=environ, start_new_session=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(LIMIT_S)


def asked(url: str, number: int) -> bytes:
    """Return the id of the worker that answered, once the server is up."""
    until = time.monotonic() + LIMIT_S
    while True:
        try:
            with urlopen(f"{url}/{number}", timeout=LIMIT_S) as answer:
                return bytes(answer.read())
        except OSError:
            assert time.monotonic() < until
            time.sleep(0.05)


@pytest.mark.parametrize("options", [(), ("--preload",)], ids=["", "preload"])
def test_s08_two_workers_of_gunicorn_send_every_span_once(
    receiver: Receiver, tmp_path: Path, options: tuple[str, ...]
):
    (tmp_path / "service.py").write_text(SERVICE)
    address = f"127.0.0.1:{free_port()}"
    command = ("-m", "gunicorn", "--no-control-socket", "-w", "2", "-b", address)
    workers: set[bytes] = set()
    paths: list[str] = []
    with running(tmp_path, receiver.url, *command, *options, "service:app") as server:
        while len(workers) < 2:
            workers.add(asked(f"http://{address}", len(paths)))
            paths.append(f'{{"path":"/{len(paths)}"}}')
        server.terminate()
        assert server.wait(LIMIT_S) == 0
    loaded = ['{"path":"loaded"}'] * (1 if options else 2)
    spans = receiver.spans()
    assert sorted(said(span)[ours.INPUT] for span in spans) == sorted(loaded + paths)
    assert len({span.span_id for span in spans}) == len(spans)


def test_s08_two_processes_of_a_celery_worker_send_every_span_once(
    receiver: Receiver, tmp_path: Path
):
    (tmp_path / "tasks.py").write_text(TASKS)
    command = ("-m", "celery", "-A", "tasks", "worker", "--pool", "prefork", "-c", "2")
    with running(tmp_path, receiver.url, *command) as worker:
        with running(tmp_path, receiver.url, "-c", SENDS) as sender:
            assert sender.wait(LIMIT_S) == 0
        worker.terminate()
        assert worker.wait(LIMIT_S) == 0
    given = sorted(said(span)["gen_ai.tool.call.arguments"] for span in receiver.spans())
    assert given == [f'{{"number":{number}}}' for number in range(8)]


def test_s08_workers_that_are_forked_past_python_send_their_own(receiver: Receiver):
    assert told(script(FORKS, receiver.url)) == [0, 0]
    inputs = sorted(said(span)[ours.INPUT] for span in receiver.spans())
    assert inputs == ['{"who":"0"}', '{"who":"1"}', '{"who":"above"}']
