"""Whole processes: start, threads, forks, ends. Each runs a program in a subprocess, with a limit.

S-04, S-07, S-08, S-09, S-21, S-25.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from spanledger import ids
from tests.sdk import LIMIT_S, Receiver, receiving, script, told
from tests.test_sdk_export import silent

CONFIGURED = """
import os, sys, json, time, threading
import spanledger
spanledger.configure(sys.argv[1], service="test", delay_s=0.05, shutdown_s=1)

@spanledger.tool
def work(x=0):
    return x
"""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


def test_s07_importing_and_configuring_starts_no_thread_and_opens_no_socket():
    code = """
import sys, json, os
def count(event, args):
    if event in ("socket.__new__", "socket.connect", "_thread.start_new_thread", "subprocess.Popen"):
        seen.append(event)
seen = []
import threading, socket
sys.addaudithook(count)
import spanledger
spanledger.configure("http://127.0.0.1:9")
print(json.dumps([seen, threading.active_count()]))
os._exit(0) if sys.stdout.flush() is None else None
"""
    assert told(script(code)) == [[], 1]


def test_importing_loads_nothing_that_takes_long():
    code = """
import sys, json, spanledger
heavy = ("opentelemetry.sdk", "google.protobuf", "grpc", "requests", "ssl", "asyncio", "numpy",
         "importlib.metadata", "email", "http.client", "spanledger.ask", "spanledger_schema.span")
print(json.dumps([name for name in heavy if name in sys.modules]))
"""
    assert told(script(code)) == []


def test_s07_fifty_threads_may_import_and_begin_at_once(receiver: Receiver):
    code = """
import sys, threading, json
start = threading.Barrier(50)
def run():
    start.wait()
    import spanledger
    spanledger.configure(sys.argv[1], delay_s=0.05)
    spanledger.observe(lambda: None)()
threads = [threading.Thread(target=run) for _ in range(50)]
[t.start() for t in threads]
[t.join() for t in threads]
import spanledger
print(json.dumps(bool(spanledger.flush(5).pending)))
"""
    assert told(script(code, receiver.url)) is False


def test_s07_where_no_thread_can_start_the_application_goes_on(receiver: Receiver):
    code = (
        CONFIGURED
        + """
import _thread
def refuse(*a, **k):
    raise RuntimeError("can't start new thread")
threading._start_new_thread = refuse
threading._start_joinable_thread = refuse
print(json.dumps([work(1), work(2), spanledger.flush(0.1).pending]))
"""
    )
    assert told(script(code, receiver.url)) == [1, 2, 2]


ENDS = {
    "normal": ("", 0),
    "sys.exit": ("sys.exit(3)", 3),
    "exception": ("raise ValueError('x')", 1),
}


@pytest.mark.parametrize("how", ENDS)
def test_s04_a_server_that_hangs_holds_the_end_up_no_longer_than_it_may(how: str):
    ending, status = ENDS[how]
    with silent() as url:
        began = time.monotonic()
        done = script(CONFIGURED + "work()\n" + ending, url)
        assert done.returncode == status
        assert time.monotonic() - began < 10  # one second of it is ours


@pytest.mark.parametrize("ending", ["", "sys.exit(0)"])
def test_s04_what_is_left_at_the_end_is_sent(receiver: Receiver, ending: str):
    done = script(CONFIGURED + "work()\n" + ending, receiver.url)
    assert (done.returncode, len(receiver.spans())) == (0, 1)


WAIT_S = 20.0


def ended_by(number: int, url: str, again: bool = False) -> tuple[int, float]:
    """Return exit code and seconds of a program that is sent a signal, and again until it ends."""
    code = (
        CONFIGURED.replace("shutdown_s=1", "shutdown_s=30")
        + """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job ignores it
work()
print("up", flush=True)
time.sleep(30)
"""
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, url], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert process.stdout is not None
    process.stdout.readline()
    began = time.monotonic()
    process.send_signal(number)
    try:
        while again and process.poll() is None and time.monotonic() - began < WAIT_S:
            time.sleep(0.5)  # what comes before the end has begun is swallowed by the interpreter
            process.send_signal(number)
        return process.wait(WAIT_S), time.monotonic() - began
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def test_s04_a_second_ctrl_c_ends_at_once():
    with silent() as url:
        code, seconds = ended_by(signal.SIGINT, url, again=True)
    assert (code != 0, seconds < 15) == (True, True)  # the server may hold it up for thirty


def test_s04_a_term_signal_ends_at_once():
    with silent() as url:
        code, seconds = ended_by(signal.SIGTERM, url)
    assert (code, seconds < 10) == (-signal.SIGTERM, True)


def test_s08_after_forks_of_forks_every_span_arrives_once(receiver: Receiver):
    code = (
        CONFIGURED.replace("delay_s=0.05", "delay_s=60")
        + """
work("parent before")
def child(name):
    pid = os.fork()
    if pid == 0:
        work(name)
        spanledger.flush(5)
    return pid
if child("child") == 0:
    if child("grandchild") == 0:
        os._exit(0)
    os.wait()
    os._exit(0)
os.wait()
work("parent after")
spanledger.flush(5)
"""
    )
    assert script(code, receiver.url).returncode == 0
    given = sorted(str(s.attributes).split('"{')[1][:40] for s in receiver.spans())
    assert len(given) == 4
    assert len({s.span_id for s in receiver.spans()}) == 4


def test_s08_a_fork_while_threads_record_leaves_no_lock_behind(receiver: Receiver):
    code = (
        CONFIGURED
        + """
stop = threading.Event()
def busy():
    while not stop.is_set():
        work()
threads = [threading.Thread(target=busy, daemon=True) for _ in range(3)]
[t.start() for t in threads]
codes = []
for _ in range(5):
    pid = os.fork()
    if pid == 0:
        work("child")
        os._exit(0 if spanledger.flush(5).pending == 0 else 7)
    codes.append(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
stop.set()
print(json.dumps(codes))
sys.stdout.flush()
os._exit(0)
"""
    )
    assert told(script(code, receiver.url, limit_s=60)) == [0] * 5


def test_s08_an_exporter_that_is_gone_does_not_come_back_in_a_child(receiver: Receiver):
    code = (
        CONFIGURED
        + """
import gc, weakref
from spanledger import live
gone = weakref.ref(live.runtime.exporter)
spanledger.shutdown(5)
gc.collect()
pid = os.fork()
if pid == 0:
    os._exit(0 if gone() is None else 7)
print(json.dumps(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])))
"""
    )
    assert told(script(code, receiver.url)) == 0


def test_s23_a_forked_child_that_configures_again_sends_every_span_once(receiver: Receiver):
    code = (
        CONFIGURED.replace("delay_s=0.05", "delay_s=60")
        + """
work("parent")
pid = os.fork()
if pid == 0:
    spanledger.configure(sys.argv[1], service="child", delay_s=60)
    work("child")
    os._exit(0 if spanledger.flush(5).delivered == 1 else 7)
assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
print(json.dumps(spanledger.flush(5).delivered))
"""
    )
    assert told(script(code, receiver.url)) == 1
    assert len({span.span_id for span in receiver.spans()}) == len(receiver.spans()) == 2


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_s08_multiprocessing_workers_send_their_own(
    receiver: Receiver, method: str, tmp_path: Path
):
    program = tmp_path / "program.py"
    program.write_text(
        CONFIGURED
        + f"""
import multiprocessing

def job(x):
    work(x)
    return spanledger.flush(5).pending

if __name__ == "__main__":
    work("parent")
    with multiprocessing.get_context("{method}").Pool(2) as pool:
        assert pool.map(job, range(4)) == [0] * 4
"""
    )
    done = subprocess.run(
        [sys.executable, program, receiver.url],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert len({s.span_id for s in receiver.spans()}) == len(receiver.spans()) == 5


def test_s09_children_and_seeded_programs_make_their_own_ids(tmp_path: Path):
    code = """
import os, json, pathlib, random, sys
from spanledger.ids import SystemIds
ids = SystemIds()
folder = pathlib.Path(sys.argv[1])
for n in range(8):
    if os.fork() == 0:
        random.seed(1)
        made = [ids.generate_span_id() for _ in range(1250)]
        (folder / str(n)).write_text(json.dumps(made))
        os._exit(0)
for n in range(8):
    os.wait()
found = [i for path in folder.iterdir() for i in json.loads(path.read_text())]
print(json.dumps([len(found), len(set(found))]))
"""
    assert told(script(code, str(tmp_path))) == [10_000, 10_000]


def test_s09_two_copies_of_a_snapshot_make_ids_of_their_own():
    state = ids._random.getstate()
    copies = []
    for _ in range(2):
        ids._random.setstate(state)
        made = ids.SystemIds()
        copies.append({made.generate_trace_id() for _ in range(1_000)})
    assert len(copies[0] | copies[1]) == 2_000


def test_s25_a_frozen_process_sends_on_when_it_thaws_though_its_connection_is_gone(
    receiver: Receiver,
):
    code = (
        CONFIGURED.replace("delay_s=0.05", "delay_s=60")
        + """
import signal
work("before")
spanledger.flush(5)
os.kill(os.getpid(), signal.SIGSTOP)
work("after")
print(json.dumps(spanledger.flush(10).delivered))
"""
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, receiver.url], stdout=subprocess.PIPE, text=True
    )
    try:
        _, status = os.waitpid(process.pid, os.WUNTRACED)
        assert os.WIFSTOPPED(status)
        receiver.hang_up()
        process.send_signal(signal.SIGCONT)
        out, _ = process.communicate(timeout=LIMIT_S)
    finally:
        process.kill()
    assert (json.loads(out), len(receiver.spans())) == (2, 2)


def test_s25_exec_after_fork_daemons_and_hard_exits_do_not_hang(receiver: Receiver):
    code = (
        CONFIGURED.replace("delay_s=0.05", "delay_s=60")
        + """
work()
spanledger.flush(5)
if os.fork() == 0:
    os.execv(sys.executable, [sys.executable, "-c", "pass"])
os.wait()
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        work("daemon")
        spanledger.flush(5)
        os._exit(0)
    os._exit(0)
os.wait()
work("lost by a hard exit, as it must be")
os._exit(0)
"""
    )
    assert script(code, receiver.url).returncode == 0
    until = time.monotonic() + 15
    while len(receiver.spans()) < 2 and time.monotonic() < until:
        time.sleep(0.05)
    assert len(receiver.spans()) == 2


def test_s25_a_notebook_that_runs_its_cells_again_sends_every_span_once(receiver: Receiver):
    code = (
        CONFIGURED
        + """
for _ in range(3):
    spanledger.configure(sys.argv[1], service="again", delay_s=60)
    work()
print(json.dumps(spanledger.shutdown(5).delivered))
"""
    )
    assert told(script(code, receiver.url)) == 1
    assert len(receiver.spans()) == 3


def test_s21_a_subinterpreter_may_use_it_or_be_told_no():
    code = """
import json
try:
    import _xxsubinterpreters as interpreters
except ImportError:
    import _interpreters as interpreters
inside = interpreters.create()
try:
    interpreters.run_string(inside, "import spanledger")
except Exception:
    pass
print(json.dumps(True))
"""
    assert told(script(code)) is True
