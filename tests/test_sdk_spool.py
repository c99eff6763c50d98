"""Batches on disk while the server is away: who sends them, how often, and what never fits."""

import json
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import spanledger
from spanledger import health
from spanledger.export.spool import Spool
from tests.sdk import LIMIT_S, Receiver, configured, receiving, script, told
from tests.test_sdk_export import silent

AWAY: tuple[int, dict[str, str], bytes] = (503, {}, b"")

PROGRAM = """
import json, os, signal, sys
import spanledger
spanledger.configure(sys.argv[1], spool=sys.argv[2], delay_s=60, shutdown_s=2, key="sk-1")
work = spanledger.tool(lambda number: number)
"""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@spanledger.tool
def work(number: int) -> int:
    return number


def numbers(receiver: Receiver) -> list[Any]:
    """Return what the tools of all accepted spans were called with, in order."""
    spans = [(s.start_time_unix_nano, str(s.attributes)) for s in receiver.spans()]
    return [int(text.partition('number\\":')[2].partition("}")[0]) for _, text in sorted(spans)]


def test_what_cannot_be_sent_waits_on_the_disk_and_goes_when_the_server_is_back(
    receiver: Receiver, tmp_path: Path
):
    receiver.answers = [AWAY]
    with configured(receiver.url, spool=str(tmp_path), delay_s=60):
        work(1), work(2)
        away = spanledger.flush(5)
        assert (away.delivered, away.spooled, away.dropped, bool(away)) == (0, 2, 0, False)
        assert (away.error, receiver.spans()) == ("HTTP 503", [])
        back = spanledger.flush(5)
        assert (back.delivered, back.spooled, bool(back)) == (2, 0, True)
    assert numbers(receiver) == [1, 2]


def test_while_the_server_is_away_nobody_asks_it_for_every_batch(
    receiver: Receiver, tmp_path: Path
):
    receiver.answers = [(503, {"retry-after": "600"}, b"")] * 9
    with configured(receiver.url, spool=str(tmp_path), delay_s=60, max_batch_spans=1):
        for number in range(5):
            work(number)
        assert spanledger.flush(5).spooled == 5
    assert len(receiver.headers) <= 3  # the first batch, and once for each flush


def test_who_is_killed_leaves_its_spans_to_whoever_starts_next(receiver: Receiver, tmp_path: Path):
    receiver.answers = [AWAY]
    kills = PROGRAM + "work(1); work(2); spanledger.flush(5); os.kill(os.getpid(), signal.SIGKILL)"
    assert script(kills, receiver.url, str(tmp_path)).returncode == -signal.SIGKILL
    assert receiver.spans() == []
    (batch,) = tmp_path.rglob("*.otlp")
    assert stat.S_IMODE(batch.stat().st_mode) == 0o600

    goes_on = PROGRAM + "work(3); print(json.dumps(spanledger.flush(10).delivered))"
    assert told(script(goes_on, receiver.url, str(tmp_path))) == 3
    assert numbers(receiver) == [1, 2, 3]
    assert list(tmp_path.rglob("*.otlp")) == []


def test_two_that_start_at_once_send_every_span_once(receiver: Receiver, tmp_path: Path):
    receiver.answers = [AWAY] * 2
    fills = PROGRAM + "for n in range(20): work(n); spanledger.flush(5)\nos._exit(0)"
    assert script(fills.replace("delay_s=60", "delay_s=60, max_batch_spans=1"),
                  receiver.url, str(tmp_path)).returncode == 0  # fmt: skip
    left = len(list(tmp_path.rglob("*.otlp")))
    sent = len(receiver.spans())
    goes_on = PROGRAM + "work(int(sys.argv[3])); spanledger.flush(20)"
    running = [
        subprocess.Popen([sys.executable, "-c", goes_on, receiver.url, str(tmp_path), str(number)])
        for number in (100, 101)
    ]
    assert [process.wait(LIMIT_S) for process in running] == [0, 0]
    spans = receiver.spans()
    assert (left + sent, len(spans)) == (20, 22)
    assert len({span.span_id for span in spans}) == 22


def test_what_a_server_that_hangs_keeps_at_the_end_is_kept(tmp_path: Path):
    with silent() as url:
        ends = PROGRAM.replace("shutdown_s=2", "shutdown_s=0.2") + "work(1)"
        assert script(ends, url, str(tmp_path)).returncode == 0
    spool = Spool(str(tmp_path), url, "sk-1", 1 << 20)
    assert spool.spans() == 1


def test_the_disk_is_filled_no_further_than_was_said(receiver: Receiver, tmp_path: Path):
    receiver.answers = [AWAY] * 9
    with configured(
        receiver.url, spool=str(tmp_path), delay_s=60, max_spool_bytes=1_500, give_up_s=0,
        max_batch_spans=1,
    ):  # fmt: skip
        for number in range(9):
            work(number)
        away = spanledger.flush(10)
    assert (away.spooled > 0, away.spooled + away.dropped) == (True, 9)
    assert away.reasons == {"gave_up": away.dropped}
    assert sum(file.stat().st_size for file in tmp_path.rglob("*.otlp")) <= 1_500


def test_nobodys_spans_go_out_under_the_key_of_another(receiver: Receiver, tmp_path: Path):
    receiver.answers = [AWAY] * 2  # the second is the end of the first configuration
    with configured(receiver.url, spool=str(tmp_path), key="sk-1"):
        work(1)
        assert spanledger.flush(5).spooled == 1
    with configured(receiver.url, spool=str(tmp_path), key="sk-2"):
        work(2)
        assert spanledger.flush(5).spooled == 0
    assert numbers(receiver) == [2]


def test_a_batch_that_was_being_written_is_none(receiver: Receiver, tmp_path: Path):
    with configured(receiver.url, spool=str(tmp_path)):
        folder = Spool(str(tmp_path), receiver.url, None, 0).folder
        folder.mkdir()
        (folder / "00000000000000000001-1-1-7.part").write_bytes(b"half a request")
        work(1)
        assert (spanledger.flush(5).delivered, spanledger.flush(5).spooled) == (1, 0)
    assert len(receiver.bodies) == 1


def test_a_disk_that_takes_nothing_is_as_none(receiver: Receiver, tmp_path: Path):
    (tmp_path / "file").write_text("in the way")
    receiver.answers = [(503, {"retry-after": "0.01"}, b"")]
    with configured(receiver.url, spool=str(tmp_path / "file")):
        assert work(1) == 1
        assert spanledger.flush(5).delivered == 1
    assert health.failures["spool"] == 0  # forgotten with the configuration


def test_a_lock_ends_with_its_process_though_a_child_of_it_lives_on(
    receiver: Receiver, tmp_path: Path
):
    spool = Spool(str(tmp_path), receiver.url, "sk-1", 1 << 20)
    assert spool.put(b"a", 1)
    dies = """
from spanledger import live
spool = live.runtime.exporter._spool
with spool.held() as batches:
    if os.fork() == 0:
        sys.stdout.write("child lives"), sys.stdout.flush()
        sys.stdin.read()
        os._exit(0)
    os.kill(os.getpid(), signal.SIGKILL)
"""
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM + dies, receiver.url, str(tmp_path)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stdout.read(11) == b"child lives"
        assert process.wait(LIMIT_S) == -signal.SIGKILL
        with spool.held() as batches:
            assert [batch.read_bytes() for batch in batches] == [b"a"]


def test_nothing_is_written_where_nobody_asked_for_it(receiver: Receiver, tmp_path: Path):
    code = PROGRAM.replace("spool=sys.argv[2], ", "") + (
        "os.chdir(sys.argv[2]); work(1); spanledger.flush(0.2)"
        "; print(json.dumps(spanledger.flush(0).spooled))"
    )
    receiver.answers = [AWAY] * 9
    assert json.loads(script(code, receiver.url, str(tmp_path)).stdout) == 0
    assert list(tmp_path.iterdir()) == []
