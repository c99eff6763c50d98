"""Every span once, whatever makes the processes: gunicorn with and without preload, multiprocessing."""

import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests.ports import free_port
from tests.sdk import Receiver, receiving, said

LIMIT_S = 60
REQUESTS = 6

SERVICE = """
import sys
import spanledger

spanledger.configure({url!r}, delay_s=0.05)
with spanledger.span("loaded"):
    pass

@spanledger.agent
def answer():
    return b"done"

def app(environ, start_response):
    start_response("200 OK", [("content-type", "text/plain")])
    return [answer()]
"""

POOL = """
import multiprocessing, sys
import spanledger
from spanledger.carry import in_session

spanledger.configure({url!r}, delay_s=0.05)

@spanledger.agent
def work(number):
    return number

if __name__ == "__main__":
    kind = multiprocessing.get_context(sys.argv[1])
    with spanledger.session("s-1", user="ada"), spanledger.span("parent"):
        children = [kind.Process(target=in_session(work), args=(n,)) for n in range(3)]
        for child in children:
            child.start()
        for child in children:
            child.join()
"""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as server:
        yield server


@pytest.mark.parametrize(("flags", "loaded"), [(["--preload"], 1), ([], 2)])
def test_gunicorn_sends_every_span_of_every_worker_once(
    receiver: Receiver, tmp_path: Path, flags: list[str], loaded: int
):
    (tmp_path / "service.py").write_text(SERVICE.format(url=receiver.url))
    port = free_port()
    command = ["gunicorn", *flags, "-w", "2", "-b", f"127.0.0.1:{port}", "service:app"]
    server = subprocess.Popen(
        [sys.executable, "-m", *command], cwd=tmp_path, stderr=subprocess.PIPE, text=True
    )
    try:
        assert server.stderr is not None
        booted = list(take(server.stderr, "Booting worker", 2))
        assert len(booted) == 2
        for _ in range(REQUESTS):
            with urlopen(f"http://127.0.0.1:{port}/", timeout=LIMIT_S) as reply:
                assert reply.read() == b"done"
    finally:
        server.send_signal(signal.SIGTERM)
        server.communicate(timeout=LIMIT_S)
    names = Counter(span.name for span in receiver.spans())
    assert names == {"loaded": loaded, "invoke_agent answer": REQUESTS}


def take(lines: Iterator[str], words: str, count: int) -> Iterator[str]:
    """Yield the first lines with some words."""
    for line in lines:
        if words in line:
            yield line
            count -= 1
            if not count:
                return


@pytest.mark.parametrize("kind", ["fork", "spawn", "forkserver"])
def test_a_process_sends_its_spans_once_and_in_the_session_it_was_started_in(
    receiver: Receiver, tmp_path: Path, kind: str
):
    program = tmp_path / "program.py"
    program.write_text(POOL.format(url=receiver.url))
    done = subprocess.run(
        [sys.executable, str(program), kind],
        capture_output=True, text=True, timeout=LIMIT_S, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    spans = receiver.spans()
    assert Counter(span.name for span in spans) == {"parent": 1, "invoke_agent work": 3}
    assert {said(span)["session.id"] for span in spans} == {"s-1"}
    assert len({span.trace_id for span in spans}) == 1
