"""Every span once, in the session it was made in, however `multiprocessing` makes the processes."""

import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sdk import Receiver, receiving, said

LIMIT_S = 60

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
