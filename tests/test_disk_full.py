"""A disk that is really full: a small one of our own, which somebody else fills up."""

import os
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
from google.rpc.error_details_pb2 import RetryInfo

from spanledger_collector.spool import upkeep, writer
from tests.ingesting import PROTOBUF, Ingest, listening, settings_for
from tests.otlp import attribute, span, traces
from tests.test_grpc import TRACES

DISK = "16m"
BODY_BYTES = 400_000


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """Return a folder on a disk of 16 MiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK}", "spanledger-test", str(folder)]
    if os.geteuid() or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("needs the right to mount a tmpfs")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def body(number: int) -> bytes:
    """Return a request that no compression makes much smaller."""
    words = os.urandom(BODY_BYTES // 2).hex()
    return traces(span(span_id=number.to_bytes(8), attributes=[attribute("words", words)]))


def fill(disk: Path) -> Path:
    """Write a file until there is no room for another byte."""
    hog = disk / "hog"
    with hog.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            return hog


def post(ingest: Ingest, made: bytes) -> tuple[int, str | None]:
    """Send a request; return its status and after how long to come back."""
    answer = ingest.post("/v1/traces", made, PROTOBUF)
    return answer.status_code, answer.headers.get("retry-after")


def test_on_a_full_disk_nothing_is_half_acknowledged_and_it_goes_on_by_itself(
    disk: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(upkeep, "LOOK_S", float("inf"))  # nobody sees it coming
    monkeypatch.setattr(writer, "IDLE_S", 0.01)
    with listening(settings_for(disk)) as ingest:
        kept = [body(1), body(2)]
        assert [post(ingest, each) for each in kept] == [(200, None)] * 2
        hog = fill(disk)
        assert [post(ingest, body(n)) for n in (3, 4)] == [(503, "2")] * 2
        assert refused_over_grpc(ingest, body(5)) == (grpc.StatusCode.UNAVAILABLE, 2)
        assert [each.body for each in ingest.spooled()] == kept
        monkeypatch.setattr(upkeep, "LOOK_S", 0.01)
        wait_for(ingest, "disk_full")
        assert ingest.client.get("/readyz").status_code == 503
        assert post(ingest, body(6)) == (503, "2")
        hog.unlink()
        wait_for(ingest, "")
        kept.append(body(7))
        assert post(ingest, kept[-1]) == (200, None)
        assert [each.body for each in ingest.spooled()] == kept
        assert ingest.spool.stats().items["traces"] == 3


def refused_over_grpc(ingest: Ingest, made: bytes) -> tuple[grpc.StatusCode, int]:
    """Send a request that is refused; return its status and after how long to come back."""
    with grpc.insecure_channel(ingest.grpc) as channel, pytest.raises(grpc.RpcError) as caught:
        channel.unary_unary(f"/{TRACES}")(made, timeout=30)
    trailers = dict(caught.value.trailing_metadata())
    hint = RetryInfo.FromString(trailers["google.rpc.retryinfo-bin"])
    return caught.value.code(), hint.retry_delay.seconds


def wait_for(ingest: Ingest, refusal: str) -> None:
    """Wait until the spool has seen what there is to see."""
    tick = threading.Event()
    while ingest.spool.refusal != refusal:
        tick.wait(0.01)
