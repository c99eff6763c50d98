"""What a process checks before it works, and how it ends with its parent."""

import gc
import signal
import socket
import subprocess
import sys
from argparse import ArgumentParser
from importlib import import_module
from pathlib import Path

import pytest

from spanledger_collector import process
from spanledger_collector.process import Refused, importing
from spanledger_collector.settings import load
from tests.ports import free_port

CHILD = """
import signal, sys, time
from spanledger_collector import process
process.KILL_AFTER_S = 0
if sys.argv[1] == "stubborn":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
process.follow_parent(0.1)
print("started", flush=True)
time.sleep(600)
"""

HOLDER = """
import pathlib, sys
from spanledger_collector import process
with process.holding(pathlib.Path(sys.argv[1]), "it"):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.mark.parametrize(
    ("nature", "end"), [("kind", -signal.SIGTERM), ("stubborn", -signal.SIGKILL)]
)
def test_a_process_ends_when_its_parents_end_of_the_pipe_is_gone(nature: str, end: int):
    with subprocess.Popen(
        [sys.executable, "-c", CHILD, nature], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        assert child.stdin is not None
        assert child.stdout.readline() == b"started\n"
        child.stdin.close()
        assert child.wait(30) == end


def test_what_is_imported_is_no_garbage_and_what_comes_later_may_be():
    with importing():
        assert not gc.isenabled()
        imported = gc.get_freeze_count()
    assert gc.isenabled()
    assert gc.get_freeze_count() > imported
    gc.unfreeze()


def test_garbage_is_looked_for_again_where_a_module_is_missing():
    with pytest.raises(ModuleNotFoundError), importing():
        import_module("no_such_module")
    assert gc.isenabled()
    gc.unfreeze()


def test_a_port_in_use_is_refused_with_its_number_and_flag():
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(Refused) as caught:
            process.require_port(load({"http_port": str(port)}, {}), "http_port")
    assert str(caught.value) == (
        f"port {port} on 127.0.0.1 is in use; stop what uses it or give another with --http-port"
    )


def test_a_port_that_was_just_let_go_is_free():
    chosen = load({"http_port": str(free_port())}, {})
    address = (chosen.host, chosen.http_port)
    with socket.create_server(address) as other, socket.create_connection(address) as client:
        accepted, _ = other.accept()
        accepted.close()  # the server closes first: its port stays in TIME_WAIT
        client.recv(1)
    process.require_port(chosen, "http_port")


def test_an_address_that_is_not_ours_is_refused():
    with pytest.raises(
        Refused, match=r"^cannot listen on 192.0.2.1: .*; give another with --host$"
    ):
        process.require_port(load({"host": "192.0.2.1"}, {}), "http_port")


def test_the_data_folder_is_made_for_our_eyes_only(tmp_path: Path):
    process.prepare_folder(tmp_path / "a" / "b")
    assert (tmp_path / "a" / "b").stat().st_mode & 0o777 == 0o700


def test_a_data_folder_that_cannot_be_made_is_refused(tmp_path: Path):
    (tmp_path / "file").touch()
    with pytest.raises(Refused) as caught:
        process.prepare_folder(tmp_path / "file" / "data")
    assert str(caught.value) == (
        f"data folder {tmp_path}/file/data: Not a directory; give another with --data"
    )


def test_a_folder_that_another_process_holds_is_refused_until_that_one_dies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(process, "FOLDER_WAIT_S", 0.1)
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path / "lock")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        with pytest.raises(Refused) as caught, process.holding(tmp_path / "lock", "data folder X"):
            pass
        other.kill()
    assert str(caught.value) == (
        f"data folder X is in use by process {other.pid}; stop that one or give another --data"
    )
    with process.holding(tmp_path / "lock", "data folder X"):
        pass


def test_beginning_checks_what_it_is_told_to(tmp_path: Path):
    parser = ArgumentParser()
    process.flags(parser)
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = str(other.getsockname()[1])
        args = parser.parse_args(["--data", str(tmp_path / "new"), "--http-port", taken])
        chosen = process.begin(args, "api_port")
        assert chosen.data.is_dir()
        with pytest.raises(Refused):
            process.begin(args, "api_port", "http_port")
