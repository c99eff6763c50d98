"""The SDK's own sender for gRPC, of the extra `grpc`, against the real server."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import spanledger
from spanledger_collector import decode
from spanledger_schema.span import Span
from tests.ingesting import Ingest, listening, settings_for
from tests.ports import free_port
from tests.sdk import configured, script, told


@pytest.fixture
def ingest(tmp_path: Path) -> Iterator[Ingest]:
    """Return an ingest server that really listens, in a thread."""
    with listening(settings_for(tmp_path)) as running:
        yield running


@spanledger.tool
def work(number: int) -> int:
    return number


def kept(ingest: Ingest) -> list[Span]:
    """Return the spans that the server has on disk."""
    return [span for b in ingest.spooled() for span in decode.spans(b.body, b.encoding).spans]


def test_spans_arrive_whole_over_grpc(ingest: Ingest):
    with configured(f"http://{ingest.grpc}", protocol="grpc", delay_s=60):
        for number in range(20):
            assert work(number) == number
        assert spanledger.flush(10) == spanledger.Delivery(delivered=20)
    given = [span.attributes["gen_ai.tool.call.arguments"] for span in kept(ingest)]
    assert given == [f'{{"number":{number}}}' for number in range(20)]


def test_what_never_arrived_is_told_to_the_server_over_grpc_too(ingest: Ingest):
    with configured(f"http://{ingest.grpc}", protocol="grpc", delay_s=60, max_queue_spans=2):
        for number in range(5):
            work(number)
        assert spanledger.flush(10).reasons == {"queue_full": 3}
        work(6)
        assert spanledger.flush(10).delivered == 3
    assert ingest.figures()['spanledger_client_spans_lost_total{reason="queue_full"}'] == 3


def test_a_server_that_has_no_room_is_tried_again_until_it_has(
    ingest: Ingest, monkeypatch: pytest.MonkeyPatch
):
    with configured(f"http://{ingest.grpc}", protocol="grpc"):
        with monkeypatch.context() as full:
            full.setattr(type(ingest.spool), "refusal", "spool_full")
            work(1)
            told = spanledger.flush(0.5)
            assert (told.pending, told.delivered) == (1, 0)
        assert spanledger.flush(30).delivered == 1
    assert len(kept(ingest)) == 1


def test_a_call_without_the_key_that_is_asked_for_is_refused_for_good(tmp_path: Path):
    with (
        listening(settings_for(tmp_path, keys="required")) as ingest,
        configured(f"http://{ingest.grpc}", protocol="grpc", key="sk-of-nobody"),
    ):
        work(1)
        told = spanledger.flush(10)
    assert (told.reasons, told.error) == ({"refused": 1}, "UNAUTHENTICATED")


def test_a_server_that_is_not_there_changes_nothing_over_grpc():
    with configured(f"http://127.0.0.1:{free_port()}", protocol="grpc", give_up_s=0):
        assert work(1) == 1
        told = spanledger.flush(20)
    assert (told.reasons, told.error) == ({"gave_up": 1}, "UNAVAILABLE")


def test_s08_a_forked_child_sends_its_own_over_grpc(ingest: Ingest):
    code = """
import os, sys, spanledger
spanledger.configure(sys.argv[1], protocol="grpc", delay_s=60)
work = spanledger.tool(lambda number: number)
work(1)
assert spanledger.flush(10).delivered == 1
child = os.fork()
work(2)
assert spanledger.flush(10).pending == 0
if child:
    assert os.waitpid(child, 0)[1] == 0
os._exit(0)
"""
    done = script(code, f"http://{ingest.grpc}", limit_s=60)
    assert done.returncode == 0, done.stderr
    assert len({span.span_id for span in kept(ingest)}) == len(kept(ingest)) == 3


def test_s21_without_the_extra_for_grpc_it_says_so_and_records_nothing():
    code = """
import json, logging, sys
sys.modules["grpc"] = None
logging.basicConfig(stream=sys.stdout, format="%(message)s")
import spanledger
spanledger.configure("http://127.0.0.1:9", protocol="grpc")
print(json.dumps([spanledger.tool(lambda x: x)(3), spanledger.flush(1).delivered]))
"""
    done = script(code)
    assert told(done) == [3, 0]
    assert "pip install 'spanledger[grpc]'" in done.stdout
