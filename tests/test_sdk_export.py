"""How spans reach the server, and that nobody waits for it: S-03, S-05, S-06, S-12, S-18, S-19."""

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTracePartialSuccess,
    ExportTraceServiceResponse,
)

import spanledger
from spanledger import live
from spanledger_schema import attributes as ours
from tests.ports import free_port
from tests.sdk import Receiver, configured, receiving, said, script
from tests.sdk import told as json_of

DATA = Path(__file__).parent / "data"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@spanledger.observe
def work(x: int = 0) -> int:
    return x


@contextmanager
def silent() -> Iterator[str]:
    """Return the address of a server that accepts and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def test_s03_a_server_that_never_answers_costs_the_caller_nothing():
    with silent() as url, configured(url, max_queue_spans=1_000, timeout_s=0.2, give_up_s=0.2):
        began = time.thread_time()
        for x in range(5_000):
            assert work(x) == x
        assert time.thread_time() - began < 5  # 1 ms a call, twenty times what it takes
        run = live.now()
        assert run is not None
        assert len(run.exporter.buffer) <= 1_000
        began = time.monotonic()
        told = spanledger.flush(0.1)
        assert time.monotonic() - began < 2
        assert told.pending > 0
        spanledger.shutdown(0.1)


@pytest.mark.parametrize(
    "endpoint",
    ["http://127.0.0.1:{port}", "http://does-not-exist.invalid", "https://127.0.0.1:{port}"],
)
def test_s03_a_server_that_is_not_there_changes_nothing_and_is_told(endpoint: str):
    with configured(endpoint.format(port=free_port()), give_up_s=0):
        assert work(1) == 1
        told = spanledger.flush(10)
    assert (told.delivered, told.reasons) == (0, {"gave_up": 1})
    assert told.error


def test_s19_a_certificate_that_nobody_vouches_for_is_refused():
    served = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    served.load_cert_chain(DATA / "self-signed.pem")
    with receiving() as receiver:
        receiver.socket = served.wrap_socket(receiver.socket, server_side=True)
        with configured(receiver.url.replace("http:", "https:"), key="sk-1", give_up_s=0):
            work()
            told = spanledger.flush(10)
    assert (told.reasons, told.error) == ({"gave_up": 1}, "SSLCertVerificationError")
    assert receiver.headers == []


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 500])
def test_s18_what_the_server_refuses_is_not_sent_again(receiver: Receiver, status: int):
    receiver.answers = [(status, {}, b"")]
    with configured(receiver.url):
        work()
        told = spanledger.flush(5)
    assert (told.reasons, told.error, len(receiver.headers)) == (
        {"refused": 1},
        f"HTTP {status}",
        1,
    )


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_s18_what_may_pass_is_sent_again_as_the_same_bytes(receiver: Receiver, status: int):
    receiver.answers = [(status, {"retry-after": "0.01"}, b"")] * 2
    with configured(receiver.url):
        work()
        assert spanledger.flush(5).delivered == 1
    assert len(receiver.headers) == 3
    lengths = {(h["content-length"], h.get("content-encoding")) for h in receiver.headers}
    assert len(lengths) == 1
    assert len(receiver.spans()) == 1


def test_s18_a_wait_longer_than_what_is_left_ends_the_batch(receiver: Receiver):
    receiver.answers = [(503, {"retry-after": "60"}, b"")]
    with configured(receiver.url, give_up_s=1):
        work()
        assert spanledger.flush(5).reasons == {"gave_up": 1}


def test_what_the_server_rejects_is_counted_apart(receiver: Receiver):
    partial = ExportTracePartialSuccess(rejected_spans=1)
    body = ExportTraceServiceResponse(partial_success=partial).SerializeToString()
    receiver.answers = [(200, {}, body)]
    with configured(receiver.url, delay_s=60):
        work(), work()
        told = spanledger.flush(5)
    assert (told.delivered, told.rejected) == (1, 1)


def test_s05_flush_returns_in_time_when_the_thread_is_dead_or_cannot_start(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
):
    with configured(receiver.url, delay_s=60):
        run = live.now()
        assert run is not None

        def refuse(thread: threading.Thread) -> None:
            raise RuntimeError("can't start new thread")

        monkeypatch.setattr("spanledger.export.worker.start_bare", refuse)
        assert work(3) == 3
        assert spanledger.flush(0.05).pending == 1
        monkeypatch.undo()
        assert spanledger.flush(5).delivered == 1
        run.exporter._thread = threading.Thread()  # as after a fork nobody told us of: not alive
        work()
        assert spanledger.flush(5).delivered == 2


def test_s06_a_full_queue_drops_counts_and_tells_the_server(receiver: Receiver):
    with configured(receiver.url, delay_s=60, max_queue_spans=3):
        for _ in range(5):
            work()
        told = spanledger.flush(5)
        assert (told.delivered, told.dropped, told.reasons) == (3, 2, {"queue_full": 2})
        work()
        spanledger.flush(5)
    assert [h.get("x-spanledger-lost") for h in receiver.headers] == ["queue_full=2", None]


def test_s06_the_queue_is_bounded_by_bytes(receiver: Receiver):
    with configured(receiver.url, delay_s=60, max_queue_bytes=100_000):
        for _ in range(5):
            with spanledger.span("big", input="x" * 30_000):
                pass
        assert spanledger.flush(5).reasons == {"queue_full": 2}


def test_s11_a_batch_is_bounded_by_bytes(receiver: Receiver):
    with configured(receiver.url, delay_s=60, max_batch_bytes=100_000):
        for _ in range(6):
            with spanledger.span("big", input="x" * 40_000):
                pass
        assert spanledger.flush(5).delivered == 6
    assert len(receiver.bodies) == 3


def test_s11_a_span_that_is_too_large_is_cut_and_not_dropped(receiver: Receiver):
    with configured(receiver.url, max_batch_bytes=100_000):
        tracer = trace.get_tracer("other")
        long = {"gen_ai.operation.name": "chat", "gen_ai.input.messages": "é" * 300_000}
        with tracer.start_as_current_span("chat m", attributes=long) as span:
            span.add_event("log", {"message": "x" * 300_000})
        assert spanledger.flush(5).delivered == 1
    assert sum(map(len, receiver.bodies)) < 110_000
    found = said(receiver.one())
    assert found["gen_ai.operation.name"] == "chat"
    assert found["gen_ai.input.messages"].endswith("é... (300000 characters)")


def test_s12_nothing_of_the_environment_leaves_the_process(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("DATABASE_PASSWORD", "hunter2")
    with configured(receiver.url, key="sk-of-mine"):
        work(1)
        spanledger.flush(5)
    (body,) = receiver.bodies
    assert not any(word in body for word in (b"hunter2", b"DATABASE_PASSWORD", b"sk-of-mine"))


def test_the_key_and_the_version_go_out_and_spans_in_one_request(receiver: Receiver):
    with configured(receiver.url, key="sk-1", delay_s=60, headers={"X-Team": "a"}):
        work(), work()
        spanledger.flush(5)
    (headers,) = receiver.headers
    assert (headers["authorization"], headers["x-team"]) == ("Bearer sk-1", "a")


def test_s19_a_redirect_is_not_followed_and_the_key_stays_here(receiver: Receiver):
    with receiving() as other:
        receiver.answers = [(307, {"location": other.url + "/v1/traces"}, b"")]
        with configured(receiver.url, key="sk-1"):
            work()
            assert spanledger.flush(5).error == "HTTP 307"
        assert other.headers == []


def test_s19_an_endless_answer_is_not_read_and_no_proxy_is_taken_from_the_environment(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    receiver.answers = [(200, {}, b"x" * (1 << 20))]
    with configured(receiver.url):
        work()
        assert spanledger.flush(5).delivered == 1
        work()
        assert spanledger.flush(5).delivered == 2


def test_s12_the_mask_sees_content_of_all_kinds_and_nothing_else(receiver: Receiver):
    with configured(receiver.url, mask=lambda text: text.replace("secret", "***")):

        @spanledger.tool
        def fail(word: str) -> None:
            raise ValueError("secret")

        with pytest.raises(ValueError, match="secret"):
            fail("secret")
        spanledger.flush(5)
    span = receiver.one()
    assert "secret" not in str(span)
    assert said(span)["gen_ai.tool.call.arguments"] == '{"word":"***"}'
    assert said(span)["gen_ai.tool.name"] == "fail"


def hanging(text: str) -> str:
    threading.Event().wait(30)
    return text


@pytest.mark.parametrize(
    "mask", [lambda text: 1 / 0, lambda text: None, hanging, lambda text: exit(3)]
)
def test_s12_where_the_mask_fails_the_content_stays_here_and_the_usage_goes(
    receiver: Receiver, mask: Any, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("spanledger.masking.TimedMask.__init__.__defaults__", (0.05,))
    with configured(receiver.url, mask=mask):

        @spanledger.llm_call
        def ask(question: str) -> str:
            spanledger.record_usage(model="gpt-4o", input_tokens=3, output_tokens=4)
            return "secret"

        ask("secret")
        assert spanledger.flush(10).delivered == 1
    found = said(receiver.one())
    assert ours.INPUT not in found
    assert ours.OUTPUT not in found
    assert (found["gen_ai.usage.input_tokens"], found["gen_ai.response.model"]) == (3, "gpt-4o")


def test_s26_a_clock_that_is_set_back_gives_no_negative_length(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
):
    with configured(receiver.url):
        with spanledger.span("x"):
            now = time.time_ns()
            monkeypatch.setattr("time.time_ns", lambda: now - 3_600_000_000_000)
        monkeypatch.undo()
        spanledger.flush(5)
    span = receiver.one()
    assert span.end_time_unix_nano > span.start_time_unix_nano


def test_a_batch_that_fails_inside_is_counted_and_the_next_one_goes(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
):
    with configured(receiver.url, delay_s=60):
        with monkeypatch.context() as broken:
            broken.setattr("spanledger.export.worker.body", None)
            work(), work()
            assert spanledger.flush(5).reasons == {"failed": 2}
        work()
        assert spanledger.flush(5).delivered == 1
    assert receiver.headers[0]["x-spanledger-lost"] == "failed=2"


@pytest.mark.parametrize("answer", [(200, b"x"), (503, b""), (400, b"")])
def test_s08_what_sends_imports_nothing_while_it_runs(
    receiver: Receiver, answer: tuple[int, bytes]
):
    """A fork amidst an import leaves the child with a lock that nobody lets go of."""
    code = """
import json, sys, spanledger
spanledger.configure(sys.argv[1], give_up_s=0)
work = spanledger.observe(lambda x: x)
before = set(sys.modules)
work(1)
spanledger.flush(5)
print(json.dumps(sorted(set(sys.modules) - before)))
"""
    receiver.answers = [(answer[0], {}, answer[1])]
    assert json_of(script(code, receiver.url)) == []
